//! mm/madvise.c: `madvise_free_pte_range()` and `swapin_walk_pmd_entry()`, one pte each: v5.10, and with the hunks of
//! version 3.

use super::entry::*;
use super::masks::*;
use super::zap::free_swap;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call};

impl<O: Observer> Packed<O> {
    /// `madvise_free_pte_range()`, v5.10: the special pte is freed like a slot. The auxiliary word is the entry freed.
    #[inline]
    pub fn madv_free(&mut self, call: &Call) -> Answer {
        self.lazy_free(call, is_swap(call.pte))
    }

    /// `madvise_free_pte_range()`, v5.10 with the hunk of version 3: the special pte is skipped.
    #[inline]
    pub fn madv_free_v3(&mut self, call: &Call) -> Answer {
        self.lazy_free(call, self.masks.has_entry(call.pte))
    }

    /// Both forms; `looked_at` says whether a pte that is not present is taken to hold an entry.
    #[inline]
    pub(crate) fn lazy_free(&mut self, call: &Call, looked_at: bool) -> Answer {
        let (pte, [flags, area, map_byte]) = (call.pte, call.p);
        if present(pte) {
            return self.lazy_free_present(pte, flags);
        }
        if !looked_at {
            return plain(pte, 0, 0);
        }
        let entry = self.decode(pte);
        if !entry.is_swap() {
            return plain(pte, 0, 0);
        }
        let (freed, aux) = free_swap(entry, area, map_byte);
        self.finish(pte, 0, ev_clear() | ev_rss_swap() | freed, aux)
    }

    /// A present pte: its page becomes lazily freeable, unless somebody else has a say in it.
    #[inline]
    pub(crate) fn lazy_free_present(&mut self, pte: u64, flags: u64) -> Answer {
        self.present_flag(pte);
        if !has_page(pte) {
            return plain(pte, bad_pte(pte), 0);
        }
        let mut events = 0;
        if any(flags, mf_thp()) {
            events |= when(!any(flags, mf_mapcount2()), ev_get_page() | ev_put_page());
            if any(flags, mf_mapcount2() | mf_trylock_fail() | mf_split_fail()) {
                return plain(pte, events, 0);
            }
        }
        let swapcache = any(flags, mf_pg_swapcache());
        if swapcache | any(flags, mf_pg_dirty()) {
            let busy = any(flags, mf_trylock_fail() | mf_mapcount2());
            if busy | (swapcache & any(flags, mf_tryfree_fail())) {
                return plain(pte, events, 0);
            }
            events |= ev_clear_pg_dirty();
        }
        let used = any(pte, accessed() | dirty());
        events |= ev_lazyfree() | when(used, ev_clear() | ev_store() | ev_tlb());
        self.finish(pte, pte & !(accessed() | dirty()), events, 0)
    }

    /// `swapin_walk_pmd_entry()`, v5.10: the special pte is read ahead, and refused. The auxiliary word is the entry.
    #[inline]
    pub fn willneed(&mut self, call: &Call) -> Answer {
        self.read_ahead(call, is_swap(call.pte))
    }

    /// `swapin_walk_pmd_entry()`, v5.10 with the hunk of version 3: the special pte is skipped.
    #[inline]
    pub fn willneed_v3(&mut self, call: &Call) -> Answer {
        self.read_ahead(call, self.masks.has_entry(call.pte))
    }

    /// Both forms; `looked_at` says whether the pte is taken to hold an entry.
    #[inline]
    pub(crate) fn read_ahead(&mut self, call: &Call, looked_at: bool) -> Answer {
        let (pte, area) = (call.pte, call.p[1]);
        if !looked_at {
            return plain(pte, 0, 0);
        }
        let entry = self.decode(pte);
        if !entry.is_swap() {
            return plain(pte, 0, 0);
        }
        let val = entry.val();
        let accepted = val != 0 && entry.offset < area;
        let complaint = when(val != 0 && area == 0, ev_swap_bad());
        plain(pte, wno_called() | when(accepted, wno_accepted()) | complaint, val)
    }
}
