//! What the passes do to one pte, without a branch: every arm is computed, and masks of its class select.
//!
//! These are the same rules as those of the sites beside (`mprotect`, `mremap`, `task_mmu`), written so that a compiler
//! turns a loop over them into vector code: what depends on the parameters alone leaves the loop where they are the
//! same for all entries. They observe nothing, since they compute what they do not use.

use crate::packed::Masks;
use crate::packed::entry::*;
use crate::packed::masks::*;

/// All ones where the condition holds, else 0.
///
/// Conditions of a pte are kept in this form and select words, not one another: of what it knows to be a choice between
/// booleans the compiler makes vectors of bytes, and widens them again.
#[inline(always)]
fn mask(condition: bool) -> u64 {
    when(condition, u64::MAX)
}

/// `yes` where the mask is all ones, `no` where it is 0.
#[inline(always)]
fn pick(mask: u64, yes: u64, no: u64) -> u64 {
    (yes & mask) | (no & !mask)
}

/// `pte_present()`.
#[inline(always)]
fn is_present(pte: u64) -> u64 {
    mask(present(pte))
}

/// `pte_has_swap_entry()` of a pte that is not present. Where no value is special, none stands for it: that has no entry
/// either.
#[inline(always)]
fn holds_entry(masks: &Masks, pte: u64) -> u64 {
    !(mask(none(pte)) | mask(pte == masks.special()))
}

/// `change_pte_range()` of one pte: the pte afterwards, and 1 if it is stored and counted, else 0.
#[inline(always)]
pub(super) fn change_prot(masks: &Masks, pte: u64, [flags, newprot, _]: [u64; 3]) -> (u64, u64) {
    let is_present = is_present(pte);
    let (protected, kept) = (change_present(masks, pte, flags, newprot), numa_keeps(pte, flags));
    let entry = pick(holds_entry(masks, pte), change_entry(masks, pte, flags), pte);
    let new = pick(is_present, pick(kept, pte, protected), entry);
    // Either of the two: the sum is 0 or 1.
    (new, (is_present & !kept & 1) + (!is_present & mask(entry != pte) & 1))
}

/// A present pte under its new protection.
#[inline(always)]
fn change_present(masks: &Masks, pte: u64, flags: u64, newprot: u64) -> u64 {
    let (wp, resolve) = (any(flags, cp_uffd_wp()), any(flags, cp_uffd_resolve()));
    // What NUMA balancing keeps, userfaultfd takes and sets, and what a dirty pte needs to be given write back.
    let kept = carry(flags, cp_prot_numa(), write());
    let taken = when(wp, write()) | when(resolve & !wp, masks.wp);
    let set = when(wp, masks.wp);
    let needed = dirty() | carry(flags, cp_vm_softdirty(), soft_dirty());
    let granted = carry(flags, cp_dirty_acct(), write());

    let mixed = (pte & masks.keep) | (newprot & !masks.keep);
    let turned = mask(any(pte, present_hw()) == ((mixed != 0) & !any(mixed, present_hw())));
    let new = (mixed ^ (turned & pfn_field())) | (pte & kept);
    let new = (new & !taken) | set;
    new | (mask(new & needed == needed) & granted)
}

/// Whether a NUMA hinting pass leaves a present pte as it is: for what it is, or for what its page is.
#[inline(always)]
fn numa_keeps(pte: u64, flags: u64) -> u64 {
    let numa = any(flags, cp_prot_numa());
    let private = !any(flags, cp_vm_shared());
    let cow = any(flags, cp_vm_maywrite()) & private;
    let by_facts = any(flags, cp_pg_ksm() | cp_file_dirty())
        | (cow & any(flags, cp_mapcount2()))
        | (any(flags, cp_same_node()) & private);
    // What is asked of the pte, and what it must be to change: nothing of nothing in any other pass, and nothing is not
    // something where the page decides.
    let asked = when(numa & !by_facts, present_hw() | page_special());
    let changes = when(numa, present_hw());
    mask(pte & asked != changes)
}

/// A pte that holds an entry: its read form, with the uffd-wp flag that was asked for.
#[inline(always)]
fn change_entry(masks: &Masks, pte: u64, flags: u64) -> u64 {
    let offset = pte & (offset_field() << offset_shift());
    let migration = offset | (pte & (swp_soft_dirty() | masks.swp_wp)) | (type_migration_read() << type_shift());
    let device = offset | (pte & masks.swp_wp) | (type_device_read() << type_shift());
    let kind = swap_type(pte);
    let read = pick(mask(kind == type_device_write()), device, pte);
    let read = pick(mask(kind == type_migration_write()), migration, read);
    let set = carry(flags, cp_uffd_wp(), masks.swp_wp);
    (read & !carry(flags, cp_uffd_wp() | cp_uffd_resolve(), masks.swp_wp)) | set
}

/// `move_soft_dirty_pte()` of one pte.
#[inline(always)]
pub(super) fn move_soft_dirty(masks: &Masks, pte: u64) -> u64 {
    let of_entry = holds_entry(masks, pte) & swp_soft_dirty();
    pte | pick(is_present(pte), soft_dirty(), of_entry)
}

/// `clear_soft_dirty()` of one pte: the pte afterwards, and 1 if it is stored, else 0.
#[inline(always)]
pub(super) fn clear_soft_dirty(masks: &Masks, pte: u64, flags: u64) -> (u64, u64) {
    let cow = any(flags, cs_vm_maywrite()) & !any(flags, cs_vm_shared());
    let may_be_pinned = cow & any(flags, cs_has_pinned()) & any(flags, cs_pg_pinned());
    // What is asked of the pte, and what a pinned one is: something of nothing where none can be.
    let asked = when(may_be_pinned, write() | page_special());
    let pinned = mask(pte & asked == write());
    // The bits that go, and one that says that the pte is stored: swap type and NX stand there, and none of them goes.
    let of_present = STORED | write() | soft_dirty();
    let of_entry = holds_entry(masks, pte) & (STORED | swp_soft_dirty());
    let gone = pick(is_present(pte), of_present & !pinned, of_entry);
    (pte & !(gone & !STORED), gone >> 63)
}

/// The bit of a word that says that the pte is stored.
const STORED: u64 = 1 << 63;

/// `pte_to_pagemap_entry()` of one pte: the word.
#[inline(always)]
pub(super) fn pagemap(masks: &Masks, pte: u64, flags: u64) -> u64 {
    let mapped = is_present(pte);
    let held = holds_entry(masks, pte) & !mapped;
    let kind = swap_type(pte);
    let of_page = mask(kind == type_migration_read())
        | mask(kind == type_migration_write())
        | mask(kind == type_device_read())
        | mask(kind == type_device_write());
    let page = (mapped & mask(has_page(pte))) | (held & of_page);

    let turned = mask(!any(pte, present_hw()));
    let pfn = ((pte ^ turned) & pfn_field()) >> pfn_shift();
    let entry = kind | (swap_offset(pte) << pagemap_type_bits());
    let frame = (pfn & mapped) | (entry & held);
    let tracked = (pte & soft_dirty() & mapped) | (pte & swp_soft_dirty() & held);
    let of_any_page =
        when(!any(flags, pm_pg_anon()), pagemap_file()) | carry(flags, pm_mapcount1(), pagemap_exclusive());

    (frame & carry(flags, pm_show_pfn(), pagemap_frame()))
        | (mapped & pagemap_present())
        | (held & pagemap_swap())
        | (mask(tracked != 0) & pagemap_soft_dirty())
        | carry(flags, pm_vm_softdirty(), pagemap_soft_dirty())
        | (page & of_any_page)
}
