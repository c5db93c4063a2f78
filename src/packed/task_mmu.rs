//! fs/proc/task_mmu.c: `clear_soft_dirty()`, `pte_to_pagemap_entry()`, `smaps_pte_entry()`, `smaps_hugetlb_range()`
//! (v5.10 with RFC 06/30 and 07/30; the pinned pages of `clear_soft_dirty()` are v5.11's).

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call, Use};

impl<O: Observer> Packed<O> {
    /// `clear_soft_dirty()`, v5.11 with RFC 07/30.
    #[inline]
    pub fn clear_soft_dirty(&mut self, call: &Call) -> Answer {
        let pte = call.pte;
        let new = if present(pte) {
            self.present_flag(pte);
            if is_pinned(pte, call.p[0]) {
                return plain(pte, 0, 0);
            }
            pte & !(write() | soft_dirty())
        } else if self.masks.has_entry(pte) {
            self.swap_flag(pte);
            pte & !swp_soft_dirty()
        } else {
            return plain(pte, 0, 0);
        };
        self.used(Use::Store, pte);
        plain(new, cso_store(), 0)
    }

    /// `pte_to_pagemap_entry()`, v5.10 with RFC 07/30; the auxiliary word is the pagemap entry.
    #[inline]
    pub fn pagemap(&mut self, call: &Call) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        let (mut word, mut frame, mut page) = (0, 0, false);
        if present(pte) {
            self.present_flag(pte);
            frame = pfn(pte);
            page = has_page(pte);
            word = pagemap_present() | carry(pte, soft_dirty(), pagemap_soft_dirty());
        } else if self.masks.has_entry(pte) {
            self.swap_flag(pte);
            let entry = self.decode(pte);
            frame = entry.kind | (entry.offset << pagemap_type_bits());
            page = entry.is_migration() | entry.is_device();
            word = pagemap_swap() | carry(pte, swp_soft_dirty(), pagemap_soft_dirty());
        }
        word |= when(any(flags, pm_show_pfn()), frame & pagemap_frame());
        word |= when(page && !any(flags, pm_pg_anon()), pagemap_file());
        word |= when(page && any(flags, pm_mapcount1()), pagemap_exclusive());
        word |= carry(flags, pm_vm_softdirty(), pagemap_soft_dirty());
        plain(pte, 0, word)
    }

    /// `smaps_pte_entry()`, v5.10 with RFC 07/30; the auxiliary word is what SwapPss grew by.
    #[inline]
    pub fn smaps(&mut self, call: &Call) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        if present(pte) {
            self.present_flag(pte);
            plain(pte, when(has_page(pte), smaps_account(pte)), 0)
        } else if self.masks.has_entry(pte) {
            self.smaps_entry(pte, call.p[1])
        } else {
            let looked = any(flags, sm_check_shmem());
            plain(pte, when(looked, smo_xa_loaded() | carry(flags, sm_xa_value(), smo_swap())), 0)
        }
    }

    /// A pte that holds an entry: a slot counts into Swap and SwapPss, a page under migration or on a device as
    /// resident.
    pub(crate) fn smaps_entry(&mut self, pte: u64, swapcount: u64) -> Answer {
        let entry = self.decode(pte);
        if entry.is_swap() {
            let pss = swap_pss(swapcount);
            plain(pte, smo_swap() | when(pss != 0, smo_swap_pss()), pss)
        } else if entry.is_migration() | entry.is_device() {
            // The kernel passes the present bits on, although this is no present pte.
            self.present_flag(pte);
            plain(pte, smaps_account(pte), 0)
        } else {
            plain(pte, 0, 0)
        }
    }

    /// `smaps_hugetlb_range()`, v5.10 with RFC 07/30; the auxiliary word is the page's frame number.
    #[inline]
    pub fn smaps_hugetlb(&mut self, call: &Call) -> Answer {
        let pte = call.pte;
        let page = if present(pte) {
            self.present_flag(pte);
            has_page(pte).then(|| pfn(pte))
        } else if self.masks.has_entry(pte) {
            let entry = self.decode(pte);
            (entry.is_migration() | entry.is_device()).then_some(entry.offset)
        } else {
            None
        };
        let Some(pfn) = page else { return plain(pte, 0, 0) };
        let shared = any(call.p[0], sh_mapcount2());
        plain(pte, if shared { sho_shared() } else { sho_private() }, pfn)
    }
}

/// `pte_is_pinned()`: a writable pte of a COW mapping whose page may be pinned.
#[inline]
pub(crate) fn is_pinned(pte: u64, flags: u64) -> bool {
    let cow = is_cow(flags, cs_vm_maywrite(), cs_vm_shared());
    any(pte, write()) & cow & any(flags, cs_has_pinned()) & has_page(pte) & any(flags, cs_pg_pinned())
}

/// What `smaps_account()` is told of a page: resident, and the pte's accessed and dirty.
#[inline(always)]
pub(crate) fn smaps_account(pte: u64) -> u64 {
    smo_resident() | carry(pte, accessed(), smo_young()) | carry(pte, dirty(), smo_dirty())
}

/// One page's share of SwapPss. The count is a C `int`: with less than two users, and so if negative, the page counts
/// in full.
#[inline]
pub(crate) fn swap_pss(swapcount: u64) -> u64 {
    let full = page_bytes() << smaps_pss_shift();
    let users = swapcount as u32 as i32;
    if i64::from(users) >= smaps_shared() as i64 { full / users.unsigned_abs().max(1) as u64 } else { full }
}
