//! The reverse map's walk over ptes, `map_pte()` and `check_pte()` of mm/page_vma_mapped.c (v5.10 with RFC 06/30 and
//! 07/30), and `page_mkclean_one()` of mm/rmap.c (v5.10).

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call};

/// The frame numbers that a page has.
#[derive(Clone, Copy)]
pub(crate) struct Frames {
    pub(crate) first: u64,
    pub(crate) count: u64,
}

impl Frames {
    /// The page with this number modulo 2^40, or a huge one of `huge_pages()` mapped by ptes.
    #[inline(always)]
    pub(crate) fn of(first: u64, huge: bool) -> Frames {
        Frames { first: pfn_of_word(first), count: if huge { huge_pages() } else { 1 } }
    }

    /// `pfn_is_match()`.
    #[inline(always)]
    pub(crate) fn has(self, pfn: u64) -> bool {
        pfn >= self.first && pfn - self.first < self.count
    }
}

impl<O: Observer> Packed<O> {
    /// `map_pte()` and `check_pte()`, v5.10 with RFC 07/30. Both are asked, whatever the first says.
    #[inline]
    pub fn pvmw(&mut self, call: &Call) -> Answer {
        let [flags, first, pages] = call.p;
        let count = if any(flags, pv_hugetlb()) { 1 } else { pages.max(1) };
        let map = self.map_pte(call.pte, flags);
        let check = self.check_pte(call.pte, flags, Frames { first, count });
        plain(call.pte, when(map, pvo_map()) | when(check, pvo_check()), 0)
    }

    /// `map_pte()`: whether the pte is worth a closer look. Looking for migration entries it still lets the special
    /// pte pass.
    #[inline]
    pub(crate) fn map_pte(&mut self, pte: u64, flags: u64) -> bool {
        if any(flags, pv_sync()) {
            true
        } else if any(flags, pv_migration()) {
            is_swap(pte)
        } else if self.masks.has_entry(pte) {
            self.decode(pte).is_device()
        } else {
            present(pte)
        }
    }

    /// `check_pte()`: whether the pte maps, or held before its migration, one of these frames.
    #[inline]
    pub(crate) fn check_pte(&mut self, pte: u64, flags: u64, frames: Frames) -> bool {
        let migration = any(flags, pv_migration());
        if self.masks.has_entry(pte) {
            let entry = self.decode(pte);
            let kind = if migration { entry.is_migration() } else { entry.is_device() };
            kind && frames.has(entry.offset)
        } else if !migration && present(pte) {
            self.present_flag(pte);
            frames.has(pfn(pte))
        } else {
            false
        }
    }

    /// Whether a pte maps one of these frames: present, or as a device private page. Other ptes are not used.
    #[inline]
    pub(crate) fn maps_frame(&mut self, pte: u64, frames: Frames) -> bool {
        let device = self.masks.has_entry(pte) && Entry::of(pte).is_device();
        (device || present(pte)) && self.check_pte(pte, 0, frames)
    }

    /// `page_mkclean_one()`, v5.10: what is dirty or writable becomes clean and write-protected.
    #[inline]
    pub fn page_mkclean(&mut self, call: &Call) -> Answer {
        let pte = call.pte;
        if !self.maps_frame(pte, Frames::of(call.p[1], any(call.p[0], tu_thp()))) {
            return plain(pte, 0, 0);
        }
        // A device private pte is tested and changed with the present bits too.
        self.present_flag(pte);
        if !any(pte, dirty() | write()) {
            return plain(pte, 0, 0);
        }
        let events = ev_clear() | ev_store() | carry(pte, present_hw(), ev_tlb());
        self.finish(pte, pte & !(dirty() | write()), events | code_cleaned(), 0)
    }
}
