//! /proc: pagemap, smaps and clear_refs; and mremap.

use super::{HWPOISON, MIGRATION_READ, SPECIAL, SWAPPED};
use crate::model::tests::{ask, x86};
use crate::site::SiteId;

#[test]
fn bits_1_and_2_are_write_and_user_where_present_is_set_in_either_form() {
    assert_eq!(ask(&x86(), SiteId::ClearSoftDirty, 0x102, &[]).pte, 0x100, "write is taken");
    assert_eq!(ask(&x86(), SiteId::ClearSoftDirty, 0x2 | SWAPPED, &[]).pte, SWAPPED, "swap soft-dirty is taken");
    assert_eq!(ask(&x86(), SiteId::MoveSoftDirty, 0x102, &[]).pte, 0x902);
}

#[test]
fn clearing_soft_dirty_of_two_bogus_swap_ptes_gives_special_and_none() {
    assert_eq!(ask(&x86(), SiteId::ClearSoftDirty, 0x6, &[]).pte, 0x4);
    assert_eq!(ask(&x86(), SiteId::ClearSoftDirty, 0x2, &[]).pte, 0);
}

#[test]
fn clear_soft_dirty_stores_no_special_pte_and_every_swap_pte() {
    let stores = |pte: u64| ask(&x86(), SiteId::ClearSoftDirty, pte, &[]).outcome;
    assert_eq!([SPECIAL, 0, 0x20, SWAPPED, HWPOISON].map(stores), [0, 0, 0, 1, 1]);
}

#[test]
fn a_pinned_page_is_spared_only_if_it_is_writable_and_mapped_copy_on_write() {
    let pinned = [("vm_maywrite", 1), ("has_pinned", 1), ("pg_pinned", 1)];
    let stores = |pte: u64| ask(&x86(), SiteId::ClearSoftDirty, pte, &pinned).outcome;
    assert_eq!(stores(0x1234_5027), 0);
    assert_eq!(stores(0x1234_5025), 1, "read-only");
    assert_eq!(stores(0x1234_5227), 1, "no normal page");
}

#[test]
fn smaps_looks_for_shmem_behind_the_special_pte_as_behind_none() {
    let named = [("check_shmem", 1), ("xa_value", 1)];
    for pte in [SPECIAL, 0, 0x60] {
        assert_eq!(ask(&x86(), SiteId::Smaps, pte, &named).outcome, 0x22, "{pte:#x}");
    }
    assert_eq!(ask(&x86(), SiteId::Smaps, HWPOISON, &named).outcome, 0);
}

#[test]
fn smaps_takes_the_swap_count_for_a_c_int() {
    let share = |count: u64| ask(&x86(), SiteId::Smaps, SWAPPED, &[("swapcount", count)]).aux;
    assert_eq!(share(1 << 32 | 1), 4096 << 12);
    assert_eq!(share(u64::MAX), 4096 << 12, "-1 sharers are fewer than two");
    assert_eq!(share(3), (4096 << 12) / 3);
}

#[test]
fn smaps_reads_accessed_and_dirty_off_a_migration_entry() {
    assert_eq!(ask(&x86(), SiteId::Smaps, MIGRATION_READ | 0x60, &[]).outcome, 0x19);
}

#[test]
fn pagemap_shows_neither_swap_nor_write_protection_of_the_special_pte() {
    let aux = |pte: u64| ask(&x86(), SiteId::Pagemap, pte, &[("show_pfn", 1), ("mapcount1", 1)]).aux;
    assert_eq!(aux(SPECIAL), 0);
    assert_eq!(aux(SWAPPED), 1 << 62 | 0x1234 << 5 | 1);
}
