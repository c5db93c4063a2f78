//! mm/hmm.c: mirroring a page table into a device.

use super::answered;
use super::pte::{Mapped, Model, Pte};
use crate::pte::{Class, SwapEntry};
use crate::site::{Answer, params};

const HMM_PFN_VALID: u64 = 1 << 63;
const HMM_PFN_WRITE: u64 = 1 << 62;
const HMM_PFN_ERROR: u64 = 1 << 61;
/// What `*hmm_pfn` was before, and is afterwards where it is not written.
const UNWRITTEN: u64 = 0x123;

const OK: u64 = 0;
const EBUSY: u64 = 1;
const EPERM: u64 = 2;
const EFAULT: u64 = 3;
const FAULTED: u64 = 0x100;
const MIGRATION_WAIT: u64 = 0x200;

/// What the device asks for, and what a fault would meet.
struct Request {
    fault: bool,
    write: bool,
    vm_write: bool,
    owner_match: bool,
    fault_error: bool,
}

/// What `hmm_pte_need_fault()` finds necessary.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Nothing,
    Fault,
    WriteFault,
}

/// `hmm_vma_handle_pte()`, v5.10, which RFC 07/30 (20210115170907.24498-8-peterx@redhat.com) missed: the special pte is decoded.
pub(super) fn handle_pte_rfc(model: &Model, raw: u64, p: &params::HmmRfc) -> Answer {
    let request = Request {
        fault: p.req_fault,
        write: p.req_write,
        vm_write: p.vm_write,
        owner_match: p.owner_match,
        fault_error: p.fault_error,
    };
    match model.read(raw) {
        Pte::None(_) => nothing_mapped(raw, &request),
        Pte::Present(mapped) => present(model, raw, &mapped, &request),
        Pte::Swap(held) => swapped(model, raw, held.entry, &request),
        Pte::Special => swapped(model, raw, model.decode(raw), &request),
    }
}

/// `hmm_vma_handle_pte()`, v5.10 + the hunk of version 3 of the patch (05/27): `pte_none(pte) || is_swap_special_pte(pte)`.
pub(super) fn handle_pte_v3(model: &Model, raw: u64, p: &params::HmmV3) -> Answer {
    let request = Request {
        fault: p.req_fault,
        write: p.req_write,
        vm_write: p.vm_write,
        owner_match: p.owner_match,
        fault_error: p.fault_error,
    };
    match model.read(raw) {
        Pte::None(_) | Pte::Special => nothing_mapped(raw, &request),
        Pte::Present(mapped) => present(model, raw, &mapped, &request),
        Pte::Swap(held) => swapped(model, raw, held.entry, &request),
    }
}

/// None: a fault if the device wants the page, else a frame of 0.
fn nothing_mapped(raw: u64, request: &Request) -> Answer {
    match need_fault(request, 0) {
        Need::Nothing => answered(raw, OK, 0),
        need => hmm_vma_fault(raw, need, request),
    }
}

/// A pte with a swap entry. The caller's own device memory is reported where it is, and never faulted back.
fn swapped(model: &Model, raw: u64, entry: SwapEntry, request: &Request) -> Answer {
    let class = model.entry_class(entry);
    match class {
        Class::DeviceWrite if request.owner_match => {
            return answered(raw, OK, entry.offset | HMM_PFN_VALID | HMM_PFN_WRITE);
        }
        Class::DeviceRead if request.owner_match => return answered(raw, OK, entry.offset | HMM_PFN_VALID),
        _ => {}
    }
    match (need_fault(request, 0), class) {
        (Need::Nothing, _) => answered(raw, OK, 0),
        (need, Class::Swap) => hmm_vma_fault(raw, need, request),
        (_, Class::MigrationRead | Class::MigrationWrite) => answered(raw, EBUSY | MIGRATION_WAIT, UNWRITTEN),
        _ => answered(raw, EFAULT, UNWRITTEN),
    }
}

/// A present pte; `PROT_NONE` is as good as nothing to a device.
fn present(model: &Model, raw: u64, mapped: &Mapped, request: &Request) -> Answer {
    let cpu_flags = match (mapped.hardware, mapped.write) {
        (false, _) => 0,
        (true, false) => HMM_PFN_VALID,
        (true, true) => HMM_PFN_VALID | HMM_PFN_WRITE,
    };
    let need = need_fault(request, cpu_flags);
    if need != Need::Nothing {
        return hmm_vma_fault(raw, need, request);
    }
    if mapped.special && mapped.pfn != model.layout().zero_pfn {
        return match need_fault(request, 0) {
            Need::Nothing => answered(raw, OK, HMM_PFN_ERROR),
            _ => answered(raw, EFAULT, UNWRITTEN),
        };
    }
    answered(raw, OK, mapped.pfn | cpu_flags)
}

/// `hmm_pte_need_fault()`. A request for write without one for a fault asks for nothing.
fn need_fault(request: &Request, cpu_flags: u64) -> Need {
    if !request.fault {
        Need::Nothing
    } else if request.write && cpu_flags & HMM_PFN_WRITE == 0 {
        Need::WriteFault
    } else if cpu_flags & HMM_PFN_VALID == 0 {
        Need::Fault
    } else {
        Need::Nothing
    }
}

/// `hmm_vma_fault()`: faults the page in and has the caller look again.
fn hmm_vma_fault(raw: u64, need: Need, request: &Request) -> Answer {
    if need == Need::WriteFault && !request.vm_write {
        return answered(raw, EPERM, UNWRITTEN);
    }
    answered(raw, FAULTED | if request.fault_error { EFAULT } else { EBUSY }, UNWRITTEN)
}
