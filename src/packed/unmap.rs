//! `try_to_unmap_one()` of mm/rmap.c, one pte (v5.10; v5.11 where TTU_IGNORE_ACCESS is set).

use super::entry::*;
use super::masks::*;
use super::rmap::Frames;
use super::{Observer, Packed, plain};
use crate::pte::Class;
use crate::site::{Answer, Call};

/// What becomes of the mapping, once the pte has been cleared.
struct Fate {
    pte: u64,
    events: u64,
    /// The mapping is gone: the page loses it, and the function returns true.
    gone: bool,
}

impl Fate {
    /// The mapping is gone and `pte` stands in its place.
    fn gone(pte: u64, events: u64) -> Fate {
        Fate { pte, events, gone: true }
    }

    /// The mapping stays, or the function gives up.
    fn kept(pte: u64, events: u64) -> Fate {
        Fate { pte, events, gone: false }
    }
}

impl<O: Observer> Packed<O> {
    /// `try_to_unmap_one()`, v5.10; the auxiliary word is the frame number that lost a mapping.
    pub fn unmap(&mut self, call: &Call) -> Answer {
        let (pte, [flags, page, _]) = (call.pte, call.p);
        let page = pfn_of_word(page);
        let huge = any(flags, tu_thp());
        let unlocking = any(flags, ttu_munlock()) && !any(flags, tu_vm_locked());
        if unlocking || (any(flags, ttu_migration()) && is_public_device(flags)) {
            return plain(pte, code_unmapped(), 0);
        }
        if !self.maps_frame(pte, Frames::of(page, huge)) {
            return plain(pte, code_unmapped(), 0);
        }
        if any(flags, tu_vm_locked()) && !any(flags, ttu_ignore_mlock()) {
            return plain(pte, when(!huge, ev_mlock()), 0);
        }
        if any(flags, ttu_migration()) && any(flags, tu_devpriv()) {
            return self.unmap_device_page(pte, page);
        }
        self.present_flag(pte);
        if any(pte, accessed()) && !any(flags, ttu_ignore_access()) {
            return self.finish(pte, pte & !accessed(), ev_store(), 0);
        }
        let frame = if present(pte) { pfn(pte) } else { page };
        let fate = self.unmap_fate(call, frame);
        let mut events = fate.events | ev_clear() | carry(pte, dirty(), ev_pg_dirty());
        events |= when(any(pte, present_hw()) && !any(flags, ttu_batch_flush()), ev_tlb());
        events |= when(fate.gone, ev_rmap_del() | ev_put_page() | code_unmapped());
        self.finish(pte, fate.pte, events, when(fate.gone, frame))
    }

    /// A device private page leaves for system memory: a read migration entry, and both swap flags from the bits
    /// where a device pte has them.
    fn unmap_device_page(&mut self, pte: u64, page: u64) -> Answer {
        // With no look at the class: the page is a device's, whatever the pte is.
        self.swap_flag(pte);
        let new = Entry::migration(page, false).pte();
        self.built_entry(Class::MigrationRead);
        let events = ev_clear() | ev_store() | ev_rmap_del() | ev_put_page();
        self.finish(pte, new | (pte & (swp_soft_dirty() | self.masks.swp_wp)), events | code_unmapped(), page)
    }

    /// What takes the place of the pte that was cleared. The first of these rules that holds decides.
    fn unmap_fate(&mut self, call: &Call, frame: u64) -> Fate {
        let (pte, flags) = (call.pte, call.p[0]);
        if any(flags, tu_pg_hwpoison()) && !any(flags, ttu_ignore_hwpoison()) {
            let poisoned = Entry { kind: type_hwpoison(), offset: frame };
            Fate::gone(poisoned.pte(), ev_store() | ev_rss_page())
        } else if any(flags, ttu_migration() | ttu_split_freeze()) {
            let writable = any(pte, write());
            self.built_entry(if writable { Class::MigrationWrite } else { Class::MigrationRead });
            Fate::gone(Entry::migration(frame, writable).pte() | self.flags_to_swap(pte), ev_store())
        } else if any(flags, tu_pg_anon()) {
            self.unmap_anon(call)
        } else {
            Fate::gone(0, ev_rss_page())
        }
    }

    /// An anonymous page: discarded, kept, or swapped out to the entry in `page_private()`.
    fn unmap_anon(&mut self, call: &Call) -> Fate {
        let (pte, flags) = (call.pte, call.p[0]);
        let backed = any(flags, tu_pg_swapbacked());
        if backed != any(flags, tu_pg_swapcache()) {
            Fate::kept(0, ev_warn())
        } else if !backed && !any(flags, tu_pg_dirty()) {
            Fate::gone(0, ev_rss_page())
        } else if !backed {
            Fate::kept(pte, ev_store() | ev_setswapbacked())
        } else if any(flags, tu_swap_dup_fail()) {
            Fate::kept(pte, ev_swap_dup() | ev_store())
        } else {
            self.built_entry(Class::Swap);
            let swapped = Entry::of_val(call.p[2]).pte() | self.flags_to_swap(pte);
            Fate::gone(swapped, ev_swap_dup() | ev_store() | ev_rss_page() | ev_rss_swap())
        }
    }

    /// Soft-dirty and uffd-wp of a present pte, as the swap flags of what replaces it.
    #[inline(always)]
    pub(crate) fn flags_to_swap(&self, pte: u64) -> u64 {
        carry(pte, soft_dirty(), swp_soft_dirty()) | carry(pte, self.masks.wp, self.masks.swp_wp)
    }
}

/// A page of a device that is not private.
fn is_public_device(flags: u64) -> bool {
    any(flags, tu_zone_device()) && !any(flags, tu_devpriv())
}
