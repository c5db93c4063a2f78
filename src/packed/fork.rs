//! `copy_pte_range()` of mm/memory.c, one pte: v5.10, with RFC 02/30, and with RFC 17/30.

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call};

/// Which tree's `copy_pte_range()` it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// v5.10, the same in v5.11.
    V510,
    /// With RFC 02/30, or RFC 17/30 where the special pte has been dealt with: the child's vma decides about uffd-wp.
    ChildDecides,
}

impl<O: Observer> Packed<O> {
    /// `copy_pte_range()`, v5.10 and v5.11. The special pte is copied like a slot of a swap area.
    #[inline]
    pub fn fork(&mut self, call: &Call) -> Answer {
        self.copy_pte(call, Form::V510)
    }

    /// `copy_pte_range()`, v5.10 with RFC 02/30. The special pte is still copied like a slot.
    #[inline]
    pub fn fork_rfc02(&mut self, call: &Call) -> Answer {
        self.copy_pte(call, Form::ChildDecides)
    }

    /// `copy_pte_range()`, v5.10 with RFC 07/30 and 17/30: the special pte is copied if the child's vma can do with it.
    #[inline]
    pub fn fork_rfc17(&mut self, call: &Call) -> Answer {
        let pte = call.pte;
        if self.masks.is_special_swap(pte) {
            let copied = any(call.p[0], fk_dst_uffd_wp());
            return self.finish(pte, when(copied, pte), when(copied, ev_store()), pte);
        }
        self.copy_pte(call, Form::ChildDecides)
    }

    /// One pte of a parent; the answer is the child's, the auxiliary word is the parent's afterwards.
    #[inline]
    pub(crate) fn copy_pte(&mut self, call: &Call, form: Form) -> Answer {
        if none(call.pte) {
            plain(0, 0, call.pte)
        } else if present(call.pte) {
            self.copy_present(call, form)
        } else {
            self.copy_nonpresent(call, form)
        }
    }

    /// `copy_present_pte()`: what COW takes from both, and what the child starts without.
    #[inline]
    pub(crate) fn copy_present(&mut self, call: &Call, form: Form) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        self.present_flag(pte);
        let cow = is_cow(flags, fk_maywrite(), fk_shared());
        if has_page(pte) && cow && any(flags, fk_has_pinned()) && any(flags, fk_pg_pinned()) {
            return self.copy_pinned(call, form);
        }
        let protects = when(cow, pte & write());
        let drops =
            accessed() | carry(flags, fk_shared(), dirty()) | when(!any(flags, deciding_vma(form)), self.masks.wp);
        let mut events = ev_store() | bad_pte(pte) | when(protects != 0, ev_src_store());
        events |= when(has_page(pte), ev_get_page() | ev_rmap_add() | ev_rss_page());
        self.finish(pte, pte & !(protects | drops), events, pte & !protects)
    }

    /// A page that may be pinned is copied at once, so that the parent keeps the one that it pinned.
    pub(crate) fn copy_pinned(&mut self, call: &Call, form: Form) -> Answer {
        let (pte, [flags, prot, page]) = (call.pte, call.p);
        if any(flags, fk_nomem()) {
            return plain(0, ev_retry() | ev_nomem() | code_enomem(), pte);
        }
        let mut new = pfn_pte(page, prot);
        self.built_present(new);
        new |= dirtied() | carry(flags, fk_vm_write(), write());
        if form == Form::ChildDecides && any(flags, fk_dst_uffd_wp()) && any(pte, self.masks.wp) {
            new = (new | self.masks.wp) & !write();
        }
        let events = ev_retry() | ev_store() | ev_rmap_add() | ev_rss_page() | ev_pg_copy();
        self.finish(pte, new, events, pte)
    }

    /// `copy_nonpresent_pte()`: taken for an entry, whatever it is.
    #[inline]
    pub(crate) fn copy_nonpresent(&mut self, call: &Call, form: Form) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        let entry = self.decode(pte);
        if entry.is_swap() {
            return self.copy_swap(call, entry, form);
        }
        let cow = is_cow(flags, fk_maywrite(), fk_shared());
        let page = entry.is_migration() | entry.is_device();
        let shared = if cow { self.read_form(pte, entry) } else { pte };
        let rewritten = cow & (entry.is_migration_write() | entry.is_device_write());
        let events = ev_store()
            | when(page, ev_rss_page())
            | when(entry.is_device(), ev_get_page() | ev_rmap_add())
            | when(rewritten, ev_src_store());
        let child = self.child_swap_flags(shared, flags, form, rewritten);
        self.finish(pte, child, events, shared)
    }

    /// A slot: one more user of it, which may take memory for the count.
    #[inline]
    pub(crate) fn copy_swap(&mut self, call: &Call, entry: Entry, form: Form) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        let mut events = ev_swap_dup();
        if any(flags, fk_swap_cont()) {
            if entry.val() == 0 {
                // The error is the entry's value: this one looks like success, and the child gets nothing.
                return plain(0, events, pte);
            }
            events |= ev_retry();
            if any(flags, fk_nomem()) {
                return plain(0, events | ev_nomem() | code_enomem(), pte);
            }
        }
        let child = self.child_swap_flags(pte, flags, form, false);
        self.finish(pte, child, events | ev_rss_swap() | ev_store(), pte)
    }

    /// The child's copy of a pte that holds an entry: without uffd-wp if the child's vma lacks it, where that is
    /// asked at all.
    #[inline]
    fn child_swap_flags(&mut self, pte: u64, flags: u64, form: Form, rewritten: bool) -> u64 {
        if form == Form::V510 || any(flags, fk_dst_uffd_wp()) {
            return pte;
        }
        if !rewritten {
            self.swap_flag(pte);
        }
        pte & !self.masks.swp_wp
    }
}

/// The flag of the vma that decides whether a present pte's copy keeps uffd-wp.
#[inline(always)]
pub(crate) fn deciding_vma(form: Form) -> u64 {
    if form == Form::V510 { fk_src_uffd_wp() } else { fk_dst_uffd_wp() }
}
