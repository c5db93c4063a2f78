//! mm/memory.c, the swap fault: `do_swap_page()`.

use super::answered;
use super::events::{FAULT_HWPOISON, FAULT_MAJOR, FAULT_OOM, FAULT_RETRY, FAULT_SIGBUS, FAULT_WRITE};
use super::primitive::pfn_pte;
use super::pte::{Held, Model, Pte};
use crate::pte::Class;
use crate::site::{Answer, params};

// Which way the fault went: bits 16 to 19 of the outcome.
const WARN_SPECIAL: u64 = 1 << 16;
const MIGRATION: u64 = 2 << 16;
const DEVICE_PRIVATE: u64 = 3 << 16;
const HWPOISON: u64 = 4 << 16;
const BAD_PTE: u64 = 5 << 16;
const SWAP_IN: u64 = 6 << 16;

const DO_WP_PAGE: u64 = 1 << 20;
const SWAP_FREE: u64 = 1 << 21;
const RMAP_EXCLUSIVE: u64 = 1 << 22;

/// `do_swap_page()`, v5.10 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com), reached with every pte that is neither none nor present.
///
/// The special pte warns once and is left alone. Nothing installs a page then, so the access faults again, until a later patch of the
/// series catches it before it gets here.
pub(super) fn do_swap_page(model: &Model, raw: u64, p: &params::DoSwapPage) -> Answer {
    let held = match model.read(raw) {
        Pte::Swap(held) => held,
        Pte::Special => return answered(raw, WARN_SPECIAL, 0),
        Pte::None(_) | Pte::Present(_) => return answered(raw, 0, 0),
    };
    let outcome = match model.entry_class(held.entry) {
        Class::Swap => return swap_in(model, raw, &held, p),
        Class::MigrationRead | Class::MigrationWrite => MIGRATION,
        Class::DeviceRead | Class::DeviceWrite => DEVICE_PRIVATE,
        Class::HwPoison => HWPOISON | FAULT_HWPOISON,
        _ => BAD_PTE | FAULT_SIGBUS,
    };
    answered(raw, outcome, 0)
}

/// A real swap entry: the page is read in and installed, or one of the exits was taken and the pte stays.
fn swap_in(model: &Model, raw: u64, held: &Held, p: &params::DoSwapPage) -> Answer {
    match page_to_install(p) {
        Ok(fault) => install(model, held, p, SWAP_IN | fault),
        Err(fault) => answered(raw, SWAP_IN | fault, 0),
    }
}

/// The way to a page that can be installed, in the kernel's order: the fault code so far, or the one of the exit that was taken.
fn page_to_install(p: &params::DoSwapPage) -> Result<u64, u64> {
    let fault = match (p.swapcache, p.no_page) {
        (true, _) if p.pg_hwpoison => return Err(FAULT_HWPOISON),
        (true, _) => 0,
        (false, true) => return Err(if p.pte_changed { 0 } else { FAULT_OOM }),
        (false, false) => FAULT_MAJOR,
    };
    if p.lock_fail {
        return Err(fault | FAULT_RETRY);
    }
    if p.cache_changed {
        return Err(fault);
    }
    if p.ksm_oom {
        return Err(FAULT_OOM);
    }
    if p.pte_changed {
        return Err(fault);
    }
    if p.not_uptodate {
        return Err(FAULT_SIGBUS);
    }
    Ok(fault)
}

/// The page goes in with the flags of the swap pte. uffd-wp takes write away after the reuse grant, which still says `VM_FAULT_WRITE`.
fn install(model: &Model, held: &Held, p: &params::DoSwapPage, outcome: u64) -> Answer {
    let mut pte = model.read_mapped(pfn_pte(model, p.pfn, p.prot));
    let mut outcome = outcome | SWAP_FREE;
    if p.write && p.reuse {
        // pte_mkdirty() sets soft-dirty too; maybe_mkwrite() asks the vma.
        pte.dirty = true;
        pte.soft_dirty = true;
        pte.write |= p.vm_write;
        outcome |= FAULT_WRITE | RMAP_EXCLUSIVE;
    } else if p.write {
        outcome |= DO_WP_PAGE;
    }
    pte.soft_dirty |= held.soft_dirty;
    if held.uffd_wp {
        pte.uffd_wp = true;
        pte.write = false;
    }
    answered(model.write_mapped(&pte), outcome, 0)
}
