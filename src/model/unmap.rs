//! The rmap side: `try_to_unmap_one()` and `page_mkclean_one()` in mm/rmap.c, for one pte.

use super::entry;
use super::events::{
    CLEAR, MLOCK, PG_DIRTY, PUT_PAGE, RMAP_DEL, RSS_PAGE, RSS_SWAP, SETSWAPBACKED, STORE, SWAP_DUP, TLB, WARN,
};
use super::page::{answer, frame, untouched, when};
use super::pte::{Held, Mapped, Model, Pte};
use crate::pte::{Class, SwapEntry};
use crate::site::{Answer, params};

/// The rmap callback returned true: the walk may go on.
const WENT_WELL: u64 = 1;

/// `page_mkclean_one()` counted this pte.
const CLEANED: u64 = 1;

/// Number of base pages of the huge page of `TU_THP`.
const THP_PAGES: u64 = 512;

/// The rmap walk without flags, `map_pte()` and `check_pte()`: the pfn of the page that this pte maps, if that is the page walked for.
///
/// A device private entry stands for the page that was asked for itself, also within a huge page: `pte_pfn()` means nothing there.
fn mapped_page(model: &Model, raw: u64, page_pfn: u64, thp: bool) -> Option<u64> {
    let page = frame(model, page_pfn);
    let is_page = |pfn: u64| pfn.wrapping_sub(page) < if thp { THP_PAGES } else { 1 };
    match model.read(raw) {
        Pte::Present(mapped) if is_page(mapped.pfn) => Some(mapped.pfn),
        Pte::Swap(held) if is_device_private(model, &held) && is_page(held.entry.offset) => Some(page),
        _ => None,
    }
}

fn is_device_private(model: &Model, held: &Held) -> bool {
    matches!(model.entry_class(held.entry), Class::DeviceRead | Class::DeviceWrite)
}

/// `try_to_unmap_one()` of v5.10; with `TTU_IGNORE_ACCESS` as v5.11 is. The auxiliary word is the pfn that leaves the rmap.
pub(super) fn unmap(model: &Model, raw: u64, p: &params::Unmap) -> Answer {
    let Some(subpage) = mapped_page(model, raw, p.page_pfn, p.thp) else {
        return answer(raw, WENT_WELL, 0);
    };
    // A device private entry that gets past the migration of device pages is read with the present bits: not a legal state, but what the
    // kernel does.
    let old = model.read_mapped(raw);
    let nothing_to_munlock = p.ttu_munlock && !p.vm_locked;
    let cannot_migrate = p.ttu_migration && p.zone_device && !p.devpriv;
    if nothing_to_munlock || cannot_migrate {
        answer(raw, WENT_WELL, 0)
    } else if p.vm_locked && !p.ttu_ignore_mlock {
        answer(raw, when(!p.thp, MLOCK), 0)
    } else if p.ttu_migration && p.devpriv {
        migrate_device_page(model, raw, p)
    } else if old.young && !p.ttu_ignore_access {
        answer(model.write_mapped(&Mapped { young: false, ..old }), STORE, 0)
    } else {
        unmap_page(model, raw, &old, subpage, p)
    }
}

/// A device private page that migrates leaves a read migration entry, whatever its pte allowed. The flags are read in the swap encoding
/// without a look at the class: of a present pte these are write and user.
fn migrate_device_page(model: &Model, raw: u64, p: &params::Unmap) -> Answer {
    let page = frame(model, p.page_pfn);
    let old = entry::taken_for_entry(model, raw);
    let left = Held { entry: entry::migration(model, page, false), rest: 0, ..old };
    answer(model.write_held(&left), WENT_WELL | CLEAR | STORE | RMAP_DEL | PUT_PAGE, page)
}

/// What [`unmap_page`] leaves in the place of the page.
struct Left {
    /// The pte afterwards.
    pte: u64,
    /// What happened on the way.
    events: u64,
    /// Whether the page lost this mapping.
    unmapped: bool,
}

/// The pte is cleared and flushed, dirty goes to the page, and then the kind of page and the reason for unmapping decide what is left.
fn unmap_page(model: &Model, raw: u64, old: &Mapped, subpage: u64, p: &params::Unmap) -> Answer {
    let flush = old.hardware && !p.ttu_batch_flush;
    let cleared = CLEAR | when(flush, TLB) | when(old.dirty, PG_DIRTY);
    let migrates = p.ttu_migration || p.ttu_split_freeze;
    let left = if p.pg_hwpoison && !p.ttu_ignore_hwpoison {
        let pte = model.encode(entry::hwpoison(model, subpage));
        Left { pte, events: STORE | RSS_PAGE, unmapped: true }
    } else if migrates {
        let held = carried_over(old, entry::migration(model, subpage, old.write));
        Left { pte: model.write_held(&held), events: STORE, unmapped: true }
    } else if p.pg_anon {
        leave_for_anon(model, raw, old, p)
    } else {
        // Here uffd-wp is lost, which RFC 13/30 repairs.
        Left { pte: 0, events: RSS_PAGE, unmapped: true }
    };
    if left.unmapped {
        answer(left.pte, WENT_WELL | cleared | left.events | RMAP_DEL | PUT_PAGE, subpage)
    } else {
        answer(left.pte, cleared | left.events, 0)
    }
}

/// Anonymous memory: a lazily freeable page is dropped if it is still clean and gets its pte back if not; others go to their swap slot.
fn leave_for_anon(model: &Model, raw: u64, old: &Mapped, p: &params::Unmap) -> Left {
    let restored = |events: u64| Left { pte: raw, events: events | STORE, unmapped: false };
    if p.pg_swapbacked != p.pg_swapcache {
        Left { pte: 0, events: WARN, unmapped: false }
    } else if !p.pg_swapbacked && !p.pg_dirty {
        Left { pte: 0, events: RSS_PAGE, unmapped: true }
    } else if !p.pg_swapbacked {
        restored(SETSWAPBACKED)
    } else if p.swap_dup_fail {
        restored(SWAP_DUP)
    } else {
        let held = carried_over(old, entry::from_val(model, p.private));
        Left { pte: model.write_held(&held), events: SWAP_DUP | STORE | RSS_PAGE | RSS_SWAP, unmapped: true }
    }
}

/// A pte with this entry, and soft-dirty and uffd-wp of the mapped one carried over into the swap encoding.
fn carried_over(old: &Mapped, entry: SwapEntry) -> Held {
    Held { entry, soft_dirty: old.soft_dirty, uffd_wp: old.uffd_wp, rest: 0 }
}

/// `page_mkclean_one()` of v5.10, the same in v5.11: where the pte maps the page and is dirty or writable, both go, so that the next write
/// is seen. A device private entry is tested and changed with the present bits.
pub(super) fn page_mkclean(model: &Model, raw: u64, p: &params::PageMkclean) -> Answer {
    if mapped_page(model, raw, p.page_pfn, p.thp).is_none() {
        return untouched(raw);
    }
    let old = model.read_mapped(raw);
    if !old.dirty && !old.write {
        return untouched(raw);
    }
    let clean = Mapped { dirty: false, write: false, ..old };
    answer(model.write_mapped(&clean), CLEANED | CLEAR | STORE | when(old.hardware, TLB), 0)
}
