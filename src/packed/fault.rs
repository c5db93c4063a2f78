//! Faults of mm/memory.c: the dispatch of `handle_pte_fault()`, `do_numa_page()`, `do_anonymous_page()`,
//! `finish_fault()` (v5.10, and with RFC 08/30), and `pte_install_uffd_wp_if_needed()` of RFC 13/30.

use super::entry::*;
use super::masks::*;
use super::primitive::modify;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call, Use};

impl<O: Observer> Packed<O> {
    /// `handle_pte_fault()`, v5.10: the special pte goes to `do_swap_page()`.
    #[inline]
    pub fn pte_fault(&mut self, call: &Call) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        if none(pte) {
            let write = carry(flags, di_write(), dio_as_write());
            let handler = if any(flags, di_vm_anon()) { dio_anon() } else { dio_do_fault() | write };
            plain(pte, handler, 0)
        } else if present(pte) {
            self.fault_present(pte, flags)
        } else {
            self.used(Use::SwapFault, pte);
            plain(pte, dio_swap(), 0)
        }
    }

    /// `handle_pte_fault()`, v5.10 with RFC 08/30: the special pte is faulted in with its protection, or cleared
    /// where it is a leftover.
    #[inline]
    pub fn pte_fault_rfc08(&mut self, call: &Call) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        if !self.masks.is_special_swap(pte) {
            return self.pte_fault(call);
        }
        if any(flags, di_vm_uffd_wp()) && !any(flags, di_vm_anon()) {
            plain(pte, dio_do_fault_uffd_wp(), 0)
        } else {
            self.finish(pte, 0, dio_uffd_clear() | ev_clear(), 0)
        }
    }

    /// A present pte: NUMA hinting, write protection, or only its accessed and dirty bits. A read's are computed but
    /// not stored.
    #[inline]
    pub(crate) fn fault_present(&mut self, pte: u64, flags: u64) -> Answer {
        self.present_flag(pte);
        if protnone(pte) && any(flags, di_vm_access()) {
            return plain(pte, dio_numa(), 0);
        }
        let writes = any(flags, di_write());
        if writes && !any(pte, write()) {
            return plain(pte, dio_wp(), 0);
        }
        let new = pte | accessed() | when(writes, dirtied());
        if new == pte {
            plain(pte, when(writes && !any(flags, di_tried()), ev_tlb()), 0)
        } else {
            self.finish(pte, if writes { new } else { pte }, ev_mmu_cache() | when(writes, ev_store()), 0)
        }
    }

    /// `do_numa_page()`, v5.10: the pte becomes present again, writable if it was.
    #[inline]
    pub fn numa_page(&mut self, call: &Call) -> Answer {
        let (pte, [flags, prot, _]) = (call.pte, call.p);
        if any(flags, np_changed()) {
            return plain(pte, 0, 0);
        }
        self.present_flag(pte);
        let new = modify(pte, prot, self.masks.keep) | accessed() | (pte & write());
        self.built_present(new);
        let events = ev_clear() | ev_store() | ev_mmu_cache() | bad_pte(new);
        if !has_page(new) || any(flags, np_compound()) {
            return self.finish(pte, new, events, 0);
        }
        let target = any(flags, np_target());
        let moved = if any(flags, np_migrate_ok()) { tnf_migrated() } else { tnf_migrate_fail() };
        let told = npo_called()
            | when(!any(new, write()), tnf_no_group())
            | when(any(flags, np_mapcount2()) && any(flags, np_shared()), tnf_shared())
            | when(target, moved);
        self.finish(pte, new, events | told | ev_get_page() | when(!target, ev_put_page()), 0)
    }

    /// `do_anonymous_page()`, v5.10; `call.pte` is what stands in the table under the lock.
    #[inline]
    pub fn anon_page(&mut self, call: &Call) -> Answer {
        let (pte, [flags, prot, page]) = (call.pte, call.p);
        if any(flags, ap_vm_shared()) {
            return plain(pte, vm_fault_sigbus(), 0);
        }
        let writes = any(flags, ap_write());
        if writes && any(flags, ap_oom()) {
            return plain(pte, vm_fault_oom() | ev_nomem(), 0);
        }
        let back = when(writes, ev_put_page());
        if !none(pte) {
            return plain(pte, back | if writes { ev_mmu_cache() } else { ev_mmu_tlb() }, 0);
        }
        if any(flags, ap_unstable()) {
            return plain(pte, back | vm_fault_sigbus(), 0);
        }
        if any(flags, ap_uffd_missing()) {
            return plain(pte, back | ev_uffd(), 0);
        }
        let new = pfn_pte(if writes { page } else { zero_pfn() }, prot);
        self.built_present(new);
        let written = carry(flags, ap_vm_write(), dirtied() | write());
        let events = ev_store() | ev_mmu_cache() | when(writes, ev_rmap_add() | ev_rss_page());
        self.finish(pte, new | if writes { written } else { page_special() }, events, 0)
    }

    /// `finish_fault()` and `alloc_set_pte()`, v5.10: installs a page where the table holds none.
    #[inline]
    pub fn finish_fault(&mut self, call: &Call) -> Answer {
        self.install_page(call, none(call.pte), 0)
    }

    /// `finish_fault()` and `alloc_set_pte()`, v5.10 with RFC 07/30 and 08/30: a fault that keeps the protection
    /// replaces the special pte only.
    #[inline]
    pub fn finish_fault_rfc08(&mut self, call: &Call) -> Answer {
        let protects = any(call.p[0], ff_uffd_wp());
        let unchanged = if protects { self.masks.is_special(call.pte) } else { none(call.pte) };
        let answer = self.install_page(call, unchanged, when(protects, write()));
        let warns = protects && any(call.p[0], ff_write()) && any(answer.outcome, ev_store());
        Answer { outcome: answer.outcome | when(warns, ev_warn()), ..answer }
    }

    /// Both forms; `unchanged`: the table holds what it has to, `takes`: the write bit if it is taken away for uffd-wp.
    #[inline]
    pub(crate) fn install_page(&mut self, call: &Call, unchanged: bool, takes: u64) -> Answer {
        let (pte, [flags, prot, page]) = (call.pte, call.p);
        let private = !any(flags, ff_vm_shared());
        if private && any(flags, ff_unstable()) {
            return plain(pte, vm_fault_sigbus(), 0);
        }
        if !unchanged {
            return plain(pte, vm_fault_nopage() | ev_mmu_tlb(), 0);
        }
        let writes = any(flags, ff_write());
        let new = pfn_pte(page ^ when(writes && private, ff_cow_page()), prot);
        self.built_present(new);
        let written = when(writes, dirtied() | carry(flags, ff_vm_write(), write()));
        let events = ev_store() | ev_mmu_cache() | ev_rmap_add() | ev_rss_page();
        self.finish(pte, ((new | written) & !takes) | when(takes != 0, self.masks.wp), events, 0)
    }

    /// `pte_install_uffd_wp_if_needed()`, RFC 13/30: leaves the special pte where a write-protected pte of a file
    /// mapping was cleared.
    #[inline]
    pub fn install_uffd_wp(&mut self, call: &Call) -> Answer {
        let pte = call.pte;
        if any(call.p[0], iu_vm_anon()) {
            return plain(0, 0, 0);
        }
        let protected = if present(pte) {
            self.present_flag(pte);
            any(pte, self.masks.wp)
        } else if is_swap(pte) {
            self.swap_flag(pte);
            any(pte, self.masks.swp_wp)
        } else {
            false
        };
        self.finish(pte, when(protected, self.masks.special()), when(protected, ev_store()), 0)
    }
}
