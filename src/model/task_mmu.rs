//! fs/proc/task_mmu.c: what /proc tells of a page table, and the clearing of soft-dirty.

use super::answered;
use super::pte::{Held, Mapped, Model, Pte};
use crate::pte::Class;
use crate::site::{Answer, params};

/// `clear_soft_dirty()`, v5.11 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com); v5.10, which knows no exception for pinned pages, where
/// neither pinned parameter is set. Outcome 1: stored.
///
/// Write goes with soft-dirty, so that the next write faults and sets both. Dirty stays: it is the page's business.
pub(super) fn clear_soft_dirty(model: &Model, raw: u64, p: &params::ClearSoftDirty) -> Answer {
    match model.read(raw) {
        Pte::Present(mapped) if pte_is_pinned(&mapped, p) => answered(raw, 0, 0),
        Pte::Present(mapped) => {
            let pte = Mapped { write: false, soft_dirty: false, ..mapped };
            answered(model.write_mapped(&pte), 1, 0)
        }
        Pte::Swap(held) => answered(model.write_held(&Held { soft_dirty: false, ..held }), 1, 0),
        Pte::None(_) | Pte::Special => answered(raw, 0, 0),
    }
}

/// `pte_is_pinned()` of v5.11: write protection would make copy-on-write replace a page that a device writes to.
fn pte_is_pinned(mapped: &Mapped, p: &params::ClearSoftDirty) -> bool {
    let cow_mapping = p.vm_maywrite && !p.vm_shared;
    mapped.write && cow_mapping && p.has_pinned && mapped.has_normal_page() && p.pg_pinned
}

/// Bits of a pagemap entry that hold the frame: `PM_PFRAME_MASK`.
const PM_PFRAME_MASK: u64 = (1 << 55) - 1;
const PM_SOFT_DIRTY: u64 = 1 << 55;
const PM_MMAP_EXCLUSIVE: u64 = 1 << 56;
const PM_FILE: u64 = 1 << 61;
const PM_SWAP: u64 = 1 << 62;
const PM_PRESENT: u64 = 1 << 63;
/// `MAX_SWAPFILES_SHIFT`: bits of a frame that hold the swap type.
const PM_SWAP_TYPE_BITS: u32 = 5;

/// `pte_to_pagemap_entry()`, v5.10 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com). Auxiliary: the 64-bit entry.
///
/// The special pte reads like none: it has no frame to show, and this patch has no bit to tell of uffd-wp.
pub(super) fn pte_to_pagemap_entry(model: &Model, raw: u64, p: &params::Pagemap) -> Answer {
    let (frame, kind, soft_dirty, page) = match model.read(raw) {
        Pte::Present(mapped) => (mapped.pfn, PM_PRESENT, mapped.soft_dirty, mapped.has_normal_page()),
        Pte::Swap(Held { entry, soft_dirty, .. }) => {
            let frame = entry.kind as u64 | entry.offset << PM_SWAP_TYPE_BITS;
            (frame, PM_SWAP, soft_dirty, model.entry_page(entry).is_some())
        }
        Pte::None(_) | Pte::Special => (0, 0, false, false),
    };
    let mut word = kind;
    if p.show_pfn {
        word |= frame & PM_PFRAME_MASK;
    }
    if soft_dirty || p.vm_softdirty {
        word |= PM_SOFT_DIRTY;
    }
    if page && !p.pg_anon {
        word |= PM_FILE;
    }
    if page && p.mapcount1 {
        word |= PM_MMAP_EXCLUSIVE;
    }
    answered(raw, 0, word)
}

const SMAPS_RESIDENT: u64 = 0x1;
const SMAPS_SWAP: u64 = 0x2;
const SMAPS_SWAP_PSS: u64 = 0x4;
const SMAPS_YOUNG: u64 = 0x8;
const SMAPS_DIRTY: u64 = 0x10;
const SMAPS_XA_LOAD: u64 = 0x20;
/// A page in the fixed point of `swap_pss`: `PAGE_SIZE << PSS_SHIFT`.
const PSS_PAGE: u64 = 4096 << 12;

/// `smaps_pte_entry()`, v5.10 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com). Auxiliary: what `swap_pss` grew by.
///
/// The special pte joins none: a shmem page behind either may be swapped out, which only the page cache knows.
pub(super) fn smaps_pte_entry(model: &Model, raw: u64, p: &params::Smaps) -> Answer {
    match model.read(raw) {
        Pte::Present(mapped) if mapped.has_normal_page() => answered(raw, smaps_account(model, raw), 0),
        Pte::Present(_) => answered(raw, 0, 0),
        Pte::Swap(held) => match model.entry_class(held.entry) {
            Class::Swap => smaps_swap(raw, p.swapcount),
            _ if model.entry_page(held.entry).is_some() => answered(raw, smaps_account(model, raw), 0),
            _ => answered(raw, 0, 0),
        },
        Pte::None(_) | Pte::Special if p.check_shmem => {
            answered(raw, SMAPS_XA_LOAD | if p.xa_value { SMAPS_SWAP } else { 0 }, 0)
        }
        Pte::None(_) | Pte::Special => answered(raw, 0, 0),
    }
}

/// A page's worth of Swap, and of SwapPss the share that falls to this pte.
fn smaps_swap(raw: u64, swapcount: u64) -> Answer {
    // swp_swapcount() is a C int.
    let sharers = (swapcount as i32).max(1) as u64;
    let share = PSS_PAGE / sharers;
    answered(raw, SMAPS_SWAP | if share != 0 { SMAPS_SWAP_PSS } else { 0 }, share)
}

/// `smaps_account()`. Its young and dirty come from `*pte` as it stands, of a migration or device entry too (v5.10 and v5.11).
fn smaps_account(model: &Model, raw: u64) -> u64 {
    SMAPS_RESIDENT
        | if raw & model.layout().accessed != 0 { SMAPS_YOUNG } else { 0 }
        | if raw & model.layout().dirty != 0 { SMAPS_DIRTY } else { 0 }
}

/// `smaps_hugetlb_range()` for one pte, v5.10 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com).
///
/// Outcome 1: counts as private, 2: as shared. Auxiliary: the page's pfn.
pub(super) fn smaps_hugetlb_range(model: &Model, raw: u64, p: &params::SmapsHugetlb) -> Answer {
    let page = match model.read(raw) {
        Pte::Present(mapped) => mapped.normal_page(),
        Pte::Swap(held) => model.entry_page(held.entry),
        Pte::None(_) | Pte::Special => None,
    };
    match page {
        Some(pfn) => answered(raw, if p.mapcount2 { 2 } else { 1 }, pfn),
        None => answered(raw, 0, 0),
    }
}
