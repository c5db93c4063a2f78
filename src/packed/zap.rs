//! `zap_pte_range()` of mm/memory.c, one pte (v5.10, which RFC 07/30 leaves alone).

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call};

impl<O: Observer> Packed<O> {
    /// `zap_pte_range()`, v5.10: the special pte is freed like a slot, and complained about. The auxiliary word is
    /// the frame number that lost a mapping, or the entry that was freed.
    #[inline]
    pub fn zap(&mut self, call: &Call) -> Answer {
        if none(call.pte) {
            plain(call.pte, 0, 0)
        } else if present(call.pte) {
            self.zap_present(call)
        } else {
            self.zap_entry(call)
        }
    }

    /// A present pte: its page learns what the pte knew.
    #[inline]
    pub(crate) fn zap_present(&mut self, call: &Call) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        self.present_flag(pte);
        let page = has_page(pte);
        if page && spares_mapping(flags) {
            return plain(pte, 0, 0);
        }
        let events = ev_clear() | ev_tlb() | bad_pte(pte) | when(page, zap_page_events(pte, flags));
        self.finish(pte, 0, events, when(page, pfn(pte)))
    }

    /// A pte that is taken to hold an entry.
    #[inline]
    pub(crate) fn zap_entry(&mut self, call: &Call) -> Answer {
        let (pte, [flags, area, map_byte]) = (call.pte, call.p);
        let entry = self.decode(pte);
        if entry.is_device() {
            if spares_mapping(flags) {
                return plain(pte, 0, 0);
            }
            let events = ev_clear() | ev_rss_page() | ev_rmap_del() | ev_put_page();
            return self.finish(pte, 0, events, entry.offset);
        }
        if any(flags, z_details()) {
            return plain(pte, 0, 0);
        }
        if !entry.is_swap() {
            return self.finish(pte, 0, ev_clear() | when(entry.is_migration(), ev_rss_page()), 0);
        }
        let (freed, aux) = free_swap(entry, area, map_byte);
        let bad = when(!any(freed, ev_swap_free()), ev_bad_pte());
        self.finish(pte, 0, ev_clear() | ev_rss_swap() | freed | bad, aux)
    }
}

/// Whether only one mapping's pages are to go, and this is another's.
#[inline(always)]
pub(crate) fn spares_mapping(flags: u64) -> bool {
    any(flags, z_details()) & any(flags, z_check_mapping()) & !any(flags, z_mapping_match())
}

/// What happens to the page of a present pte that is cleared.
#[inline]
pub(crate) fn zap_page_events(pte: u64, flags: u64) -> u64 {
    let file = !any(flags, z_pg_anon());
    let dirtied = file & any(pte, dirty());
    let touched = file & any(pte, accessed()) & !any(flags, z_seq_read());
    ev_rss_page()
        | ev_rmap_del()
        | when(dirtied, ev_pg_dirty() | ev_force_flush())
        | when(touched, ev_pg_accessed())
        | carry(flags, z_mapcount_neg(), ev_bad_pte())
        | carry(flags, z_tlb_full(), ev_force_flush())
}

/// `free_swap_and_cache()` of a slot: the event, and the entry if it was really freed. An entry whose value is 0 is
/// passed over in silence.
#[inline]
pub(crate) fn free_swap(entry: Entry, area: u64, map_byte: u64) -> (u64, u64) {
    let area = area & area_field();
    let val = entry.val();
    if val == 0 {
        (0, 0)
    } else if area == 0 || entry.offset >= area || !any(map_byte, map_byte_field()) {
        (ev_swap_bad(), 0)
    } else {
        (ev_swap_free(), val)
    }
}
