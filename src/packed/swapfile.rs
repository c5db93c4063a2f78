//! `unuse_pte_range()` and `unuse_pte()` of mm/swapfile.c, one pte: v5.10, and with the hunk of version 3.

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call};

impl<O: Observer> Packed<O> {
    /// `unuse_pte_range()`, v5.10: the special pte is decoded, and matches type 0. The auxiliary word is the entry
    /// freed.
    #[inline]
    pub fn unuse(&mut self, call: &Call) -> Answer {
        self.unuse_if(call, is_swap(call.pte))
    }

    /// `unuse_pte_range()`, v5.10 with the hunk of version 3: the special pte is skipped.
    #[inline]
    pub fn unuse_v3(&mut self, call: &Call) -> Answer {
        self.unuse_if(call, self.masks.has_entry(call.pte))
    }

    /// Both forms; `looked_at` says whether the pte is taken to hold an entry.
    #[inline]
    pub(crate) fn unuse_if(&mut self, call: &Call, looked_at: bool) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        if !looked_at {
            return plain(pte, 0, 0);
        }
        let entry = self.decode(pte);
        if entry.kind != (flags >> un_type_shift()) & un_type_field() {
            return plain(pte, 0, 0);
        }
        let area = flags >> un_area_shift();
        let no_file = !entry.is_swap() || area == 0;
        let outside = entry.offset >= area;
        let complaint = when(no_file && entry.val() != 0, ev_swap_bad());
        if entry.val() == 0 || no_file || outside || any(flags, un_no_page()) {
            let gone = any(flags, un_map_zero() | un_map_bad());
            let failed = when(!gone, ev_nomem() | code_enomem());
            return plain(pte, complaint | when(outside, ev_wild()) | failed, 0);
        }
        self.unuse_page(call, entry)
    }

    /// The page takes the entry's place, if the pte is exactly the entry's but for soft-dirty. Both flags are lost.
    #[inline]
    pub(crate) fn unuse_page(&mut self, call: &Call, entry: Entry) -> Answer {
        let (pte, [flags, prot, page]) = (call.pte, call.p);
        if any(flags, un_ksm_oom()) {
            return plain(pte, ev_put_page() | ev_nomem() | code_enomem(), 0);
        }
        self.swap_flag(pte);
        let ignored = swp_soft_dirty() | carry(flags, un_sameswp_fixed(), self.masks.swp_wp);
        if pte & !ignored != entry.pte() {
            return plain(pte, ev_put_page(), 0);
        }
        let new = pfn_pte(page, prot);
        self.built_present(new);
        let events = ev_store() | ev_rss_swap() | ev_rss_page() | ev_get_page() | ev_rmap_add() | ev_swap_free();
        self.finish(pte, new & !accessed(), ev_put_page() | events, entry.val())
    }
}
