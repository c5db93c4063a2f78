//! What the passes do to one pte, without a branch: every arm is computed and the class of the pte selects.
//!
//! These are the same rules as those of the sites beside (`mprotect`, `mremap`, `task_mmu`), written so that a compiler
//! turns a loop over them into vector code: what depends on the parameters alone leaves the loop where they are the
//! same for all entries. They observe nothing, since they compute what they do not use.

use crate::packed::Masks;
use crate::packed::entry::*;
use crate::packed::masks::*;

/// One or the other word.
#[inline(always)]
fn pick(condition: bool, yes: u64, no: u64) -> u64 {
    if condition { yes } else { no }
}

/// `pte_has_swap_entry()` of a pte that is not present. Neither side is skipped, unlike in [`Masks::has_entry`].
#[inline(always)]
fn holds_entry(masks: &Masks, pte: u64) -> bool {
    !none(pte) & !masks.is_special(pte)
}

/// `change_pte_range()` of one pte: the pte afterwards, and whether it is stored and counted.
#[inline(always)]
pub(super) fn change_prot(masks: &Masks, pte: u64, [flags, newprot, _]: [u64; 3]) -> (u64, bool) {
    let (protected, kept) = change_present(masks, pte, flags, newprot);
    let entry = change_entry(masks, pte, flags);
    let entry = pick(holds_entry(masks, pte), entry, pte);
    let new = pick(present(pte), pick(kept, pte, protected), entry);
    (new, pick(present(pte), !kept as u64, (entry != pte) as u64) != 0)
}

/// A present pte under its new protection, and whether NUMA balancing leaves it as it is.
#[inline(always)]
fn change_present(masks: &Masks, pte: u64, flags: u64, newprot: u64) -> (u64, bool) {
    let numa = any(flags, cp_prot_numa());
    let (wp, resolve) = (any(flags, cp_uffd_wp()), any(flags, cp_uffd_resolve()));
    // What userfaultfd takes and sets, and what a dirty pte needs to be given write back.
    let taken = when(wp, write()) | when(resolve & !wp, masks.wp);
    let set = when(wp, masks.wp);
    let needed = dirty() | carry(flags, cp_vm_softdirty(), soft_dirty());
    let granted = carry(flags, cp_dirty_acct(), write());

    let mixed = (pte & masks.keep) | (newprot & !masks.keep);
    let turned = any(pte, present_hw()) == ((mixed != 0) & !any(mixed, present_hw()));
    let new = (mixed ^ when(turned, pfn_field())) | (pte & when(numa, write()));
    let new = (new & !taken) | set;
    let new = new | when(new & needed == needed, granted);

    let private = !any(flags, cp_vm_shared());
    let cow = any(flags, cp_vm_maywrite()) & private;
    let by_facts = any(flags, cp_pg_ksm() | cp_file_dirty())
        | (cow & any(flags, cp_mapcount2()))
        | (any(flags, cp_same_node()) & private);
    let by_pte = pte & (present_hw() | page_special()) != present_hw();
    (new, numa & (by_facts | by_pte))
}

/// A pte that holds an entry: its read form, with the uffd-wp flag that was asked for.
#[inline(always)]
fn change_entry(masks: &Masks, pte: u64, flags: u64) -> u64 {
    let offset = pte & (offset_field() << offset_shift());
    let migration = offset | (pte & (swp_soft_dirty() | masks.swp_wp)) | (type_migration_read() << type_shift());
    let device = offset | (pte & masks.swp_wp) | (type_device_read() << type_shift());
    let kind = swap_type(pte);
    let read = pick(kind == type_device_write(), device, pte);
    let read = pick(kind == type_migration_write(), migration, read);
    let set = carry(flags, cp_uffd_wp(), masks.swp_wp);
    (read & !carry(flags, cp_uffd_wp() | cp_uffd_resolve(), masks.swp_wp)) | set
}

/// `move_soft_dirty_pte()` of one pte.
#[inline(always)]
pub(super) fn move_soft_dirty(masks: &Masks, pte: u64) -> u64 {
    let entry = pte | when(holds_entry(masks, pte), swp_soft_dirty());
    pick(present(pte), pte | soft_dirty(), entry)
}

/// `clear_soft_dirty()` of one pte: the pte afterwards, and whether it is stored.
#[inline(always)]
pub(super) fn clear_soft_dirty(masks: &Masks, pte: u64, flags: u64) -> (u64, bool) {
    let cow = any(flags, cs_vm_maywrite()) & !any(flags, cs_vm_shared());
    let may_be_pinned = cow & any(flags, cs_has_pinned()) & any(flags, cs_pg_pinned());
    let pinned = may_be_pinned & (pte & (write() | page_special()) == write());
    let stored = pick(present(pte), !pinned as u64, holds_entry(masks, pte) as u64) != 0;
    let cleared = pte & !pick(present(pte), write() | soft_dirty(), swp_soft_dirty());
    (pick(stored, cleared, pte), stored)
}

/// `pte_to_pagemap_entry()` of one pte: the word.
#[inline(always)]
pub(super) fn pagemap(masks: &Masks, pte: u64, flags: u64) -> u64 {
    let kind = swap_type(pte);
    let holds = holds_entry(masks, pte) & !present(pte);
    let of_page = (kind == type_migration_read())
        | (kind == type_migration_write())
        | (kind == type_device_read())
        | (kind == type_device_write());
    let page = (present(pte) & has_page(pte)) | (holds & of_page);

    let mapped = ((pte ^ when(!any(pte, present_hw()), pfn_field())) & pfn_field()) >> pfn_shift();
    let held = kind | (swap_offset(pte) << pagemap_type_bits());
    let frame = pick(present(pte), mapped, when(holds, held)) & carry(flags, pm_show_pfn(), pagemap_frame());
    let kind = pick(present(pte), pagemap_present(), when(holds, pagemap_swap()));
    let tracked = pick(present(pte), pte & soft_dirty(), when(holds, pte & swp_soft_dirty())) != 0;

    frame
        | kind
        | when(tracked | any(flags, pm_vm_softdirty()), pagemap_soft_dirty())
        | when(
            page,
            when(!any(flags, pm_pg_anon()), pagemap_file()) | carry(flags, pm_mapcount1(), pagemap_exclusive()),
        )
}
