//! `do_wp_page()` of mm/memory.c, on a present pte without write (v5.10).

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call};

impl<O: Observer> Packed<O> {
    /// `do_wp_page()`, v5.10: userfaultfd first, then reuse, else a copy.
    #[inline]
    pub fn wp_page(&mut self, call: &Call) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        self.present_flag(pte);
        if any(flags, wp_vm_uffd_wp()) && any(pte, self.masks.wp) {
            return plain(pte, wpo_uffd() | ev_uffd(), 0);
        }
        let shared = any(flags, wp_vm_write()) && any(flags, wp_vm_shared());
        if !has_page(pte) {
            let events = bad_pte(pte);
            return if shared { self.wp_pfn_shared(call, events) } else { self.wp_copy(call, events) };
        }
        if any(flags, wp_pg_anon()) {
            let others = wp_pg_ksm() | wp_count2() | wp_trylock_fail() | wp_mapcount2();
            if any(flags, others) { self.wp_copy(call, 0) } else { self.wp_reuse(call, vm_fault_write()) }
        } else if shared {
            self.wp_page_shared(call)
        } else {
            self.wp_copy(call, 0)
        }
    }

    /// `wp_page_reuse()`: written where it stands. `extra` is the code and what happened before.
    #[inline]
    pub(crate) fn wp_reuse(&mut self, call: &Call, extra: u64) -> Answer {
        let pte = call.pte;
        let new = pte | accessed() | dirtied() | carry(call.p[0], wp_vm_write(), write());
        let events = when(new != pte, wpo_reuse() | ev_store() | ev_mmu_cache());
        self.finish(pte, new, extra | events, 0)
    }

    /// `wp_pfn_shared()`: no page, a shared writable mapping; its owner may be asked.
    pub(crate) fn wp_pfn_shared(&mut self, call: &Call, events: u64) -> Answer {
        let flags = call.p[0];
        if !any(flags, wp_pfn_mkwrite()) {
            self.wp_reuse(call, events | vm_fault_write())
        } else if any(flags, wp_mkwrite_fail()) {
            plain(call.pte, events | vm_fault_sigbus(), 0)
        } else if any(flags, wp_changed()) {
            plain(call.pte, events | vm_fault_nopage() | ev_mmu_tlb(), 0)
        } else {
            self.wp_reuse(call, events)
        }
    }

    /// `wp_page_shared()`: a file page in a shared writable mapping; its owner may be asked, and the page becomes
    /// dirty.
    pub(crate) fn wp_page_shared(&mut self, call: &Call) -> Answer {
        let flags = call.p[0];
        let asks = any(flags, wp_page_mkwrite());
        let events = ev_get_page() | ev_put_page();
        if asks && any(flags, wp_mkwrite_fail()) {
            plain(call.pte, events | vm_fault_sigbus(), 0)
        } else if asks && any(flags, wp_changed()) {
            plain(call.pte, events | vm_fault_nopage() | ev_mmu_tlb(), 0)
        } else {
            self.wp_reuse(call, events | ev_pg_dirty() | vm_fault_write())
        }
    }

    /// `wp_page_copy()`: a new page, with nothing of the old pte's flags.
    pub(crate) fn wp_copy(&mut self, call: &Call, events: u64) -> Answer {
        let (pte, [flags, prot, page]) = (call.pte, call.p);
        let old_page = has_page(pte);
        let mut events = events | when(old_page, ev_get_page());
        if any(flags, wp_oom()) {
            return plain(pte, events | ev_nomem() | vm_fault_oom() | when(old_page, ev_put_page()), 0);
        }
        if !maps_zero_page(pte) {
            if any(flags, wp_copyfail()) {
                return plain(pte, events | ev_put_page(), 0);
            }
            events |= ev_pg_copy();
        }
        if any(flags, wp_changed()) {
            return plain(pte, events | ev_mmu_tlb() | ev_put_page(), 0);
        }
        let mut new = pfn_pte(page, prot);
        self.built_present(new);
        new |= dirtied() | carry(flags, wp_vm_write(), write());
        events |= ev_clear() | ev_store() | ev_mmu_cache() | ev_rmap_add() | carry(pte, present_hw(), ev_tlb());
        events |= when(!(old_page && any(flags, wp_pg_anon())), ev_rss_page());
        events |= when(old_page, ev_rmap_del() | ev_put_page());
        self.finish(pte, new, events | vm_fault_write() | wpo_copy(), 0)
    }
}
