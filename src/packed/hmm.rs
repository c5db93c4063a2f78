//! `hmm_vma_handle_pte()` of mm/hmm.c, in v5.10's form, which the patch missed, and with the hunk of version 3.

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call};

/// What the caller needs of a pte that the CPU sees with certain flags.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Nothing,
    Fault,
    WriteFault,
}

impl<O: Observer> Packed<O> {
    /// `hmm_vma_handle_pte()`, v5.10, which RFC 07/30 does not touch: the special pte is decoded.
    #[inline]
    pub fn hmm_rfc(&mut self, call: &Call) -> Answer {
        self.hmm_pte(call, none(call.pte))
    }

    /// `hmm_vma_handle_pte()`, v5.10 with the hunk of version 3 (05/27): the special pte is answered like none.
    #[inline]
    pub fn hmm_v3(&mut self, call: &Call) -> Answer {
        self.hmm_pte(call, none(call.pte) || self.masks.is_special(call.pte))
    }

    /// Both forms; `empty` says whether the pte is answered as none.
    #[inline]
    pub(crate) fn hmm_pte(&mut self, call: &Call, empty: bool) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        if empty {
            hmm_fault_or(pte, flags, 0, 0)
        } else if present(pte) {
            self.hmm_present(pte, flags)
        } else {
            self.hmm_entry(pte, flags)
        }
    }

    /// A pte that is taken to hold an entry.
    #[inline]
    pub(crate) fn hmm_entry(&mut self, pte: u64, flags: u64) -> Answer {
        let entry = self.decode(pte);
        if entry.is_device() && any(flags, hm_owner_match()) {
            return plain(pte, 0, entry.offset | hmm_valid() | when(entry.is_device_write(), hmm_write()));
        }
        if entry.is_swap() || hmm_need(flags, 0) == Need::Nothing {
            hmm_fault_or(pte, flags, 0, 0)
        } else if entry.is_migration() {
            plain(pte, ho_ebusy() | ho_migwait(), hmm_unwritten())
        } else {
            plain(pte, ho_efault(), hmm_unwritten())
        }
    }

    /// A present pte; one with PROT_NONE is not valid for the device.
    #[inline]
    pub(crate) fn hmm_present(&mut self, pte: u64, flags: u64) -> Answer {
        self.present_flag(pte);
        let valid = !protnone(pte);
        let cpu = when(valid, hmm_valid()) | when(valid && any(pte, write()), hmm_write());
        if hmm_need(flags, cpu) != Need::Nothing || has_page(pte) || maps_zero_page(pte) {
            return hmm_fault_or(pte, flags, cpu, pfn(pte) | cpu);
        }
        if hmm_need(flags, 0) == Need::Nothing {
            plain(pte, 0, hmm_error())
        } else {
            plain(pte, ho_efault(), hmm_unwritten())
        }
    }
}

/// `hmm_pte_need_fault()` with the default flags only.
#[inline]
pub(crate) fn hmm_need(flags: u64, cpu: u64) -> Need {
    if !any(flags, hm_req_fault()) {
        Need::Nothing
    } else if any(flags, hm_req_write()) && !any(cpu, hmm_write()) {
        Need::WriteFault
    } else if !any(cpu, hmm_valid()) {
        Need::Fault
    } else {
        Need::Nothing
    }
}

/// Faults what is needed; else reports `value`.
#[inline]
fn hmm_fault_or(pte: u64, flags: u64, cpu: u64, value: u64) -> Answer {
    match hmm_need(flags, cpu) {
        Need::Nothing => plain(pte, 0, value),
        Need::WriteFault if !any(flags, hm_vm_write()) => plain(pte, ho_eperm(), hmm_unwritten()),
        _ => {
            let result = if any(flags, hm_fault_error()) { ho_efault() } else { ho_ebusy() };
            plain(pte, result | ho_faulted(), hmm_unwritten())
        }
    }
}
