//! `do_swap_page()` of mm/memory.c (v5.10 with RFC 06/30 and 07/30).

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call};

impl<O: Observer> Packed<O> {
    /// `do_swap_page()`, v5.10 with RFC 07/30: the special pte is warned about and left alone.
    #[inline]
    pub fn do_swap_page(&mut self, call: &Call) -> Answer {
        let pte = call.pte;
        if self.masks.is_special(pte) {
            return dispatched(pte, dso_warn(), 0);
        }
        let entry = self.decode(pte);
        if entry.is_swap() { self.swap_in(call) } else { non_swap_fault(pte, entry) }
    }

    /// A slot of a swap area: every exit in the kernel's order, then the page is installed.
    #[inline]
    pub(crate) fn swap_in(&mut self, call: &Call) -> Answer {
        let flags = call.p[0];
        let cached = any(flags, ds_swapcache());
        let major = when(!cached, vm_fault_major());
        let exit = match flags {
            _ if !cached && any(flags, ds_no_page()) => when(!any(flags, ds_pte_changed()), vm_fault_oom()),
            _ if cached && any(flags, ds_pg_hwpoison()) => vm_fault_hwpoison(),
            _ if any(flags, ds_lock_fail()) => major | vm_fault_retry(),
            _ if any(flags, ds_cache_changed()) => major,
            _ if any(flags, ds_ksm_oom()) => vm_fault_oom(),
            _ if any(flags, ds_pte_changed()) => major,
            _ if any(flags, ds_not_uptodate()) => vm_fault_sigbus(),
            _ => return self.swap_install(call, major),
        };
        dispatched(call.pte, dso_swapin(), exit)
    }

    /// The page takes the entry's place. uffd-wp takes write away even after the reuse grant gave it.
    #[inline]
    pub(crate) fn swap_install(&mut self, call: &Call, major: u64) -> Answer {
        let (old, [flags, prot, page]) = (call.pte, call.p);
        let mut pte = pfn_pte(page, prot);
        self.swap_flag(old);
        self.built_present(pte);
        let written = any(flags, ds_write());
        let reuse = written && any(flags, ds_reuse());
        pte |= when(reuse, dirtied() | carry(flags, ds_vm_write(), write()));
        pte |= carry(old, swp_soft_dirty(), soft_dirty());
        if any(old, self.masks.swp_wp) {
            pte = (pte | self.masks.wp) & !write();
        }
        let extra = when(reuse, vm_fault_write() | dsf_exclusive()) | when(written && !reuse, dsf_do_wp_page());
        dispatched(pte, dso_swapin(), major | extra | dsf_swap_free())
    }
}

/// An entry that is no slot.
#[inline]
fn non_swap_fault(pte: u64, entry: Entry) -> Answer {
    match entry {
        e if e.is_migration() => dispatched(pte, dso_migration(), 0),
        e if e.is_device() => dispatched(pte, dso_devpriv(), 0),
        e if e.is_hwpoison() => dispatched(pte, dso_hwpoison(), vm_fault_hwpoison()),
        _ => dispatched(pte, dso_bad_pte(), vm_fault_sigbus()),
    }
}

/// An answer with the branch that was taken.
#[inline(always)]
fn dispatched(pte: u64, branch: u64, code: u64) -> Answer {
    plain(pte, (branch << dso_shift()) | code, 0)
}
