//! mprotect, NUMA hinting and uffd-wp changes.

use super::{
    DEVICE_READ, DEVICE_WRITE, MIGRATION_READ, MIGRATION_WRITE, NONE_PROT, READONLY, SHARED, SPECIAL, SWAPPED,
};
use crate::model::tests::{ask, x86};
use crate::site::SiteId;

#[test]
fn a_device_entry_loses_soft_dirty_with_its_write_and_a_migration_entry_keeps_it() {
    let protect = |pte: u64| ask(&x86(), SiteId::ChangeProt, pte, &[("newprot", READONLY)]);
    assert_eq!(protect(DEVICE_WRITE | 6).pte, DEVICE_READ | 4);
    assert_eq!(protect(MIGRATION_WRITE | 6).pte, MIGRATION_READ | 6);
    assert_eq!(protect(MIGRATION_WRITE | 0xf8).pte, MIGRATION_READ, "the unused low bits are built anew");
    assert_eq!(protect(MIGRATION_READ | 0xf8).pte, MIGRATION_READ | 0xf8);
}

#[test]
fn the_dirty_shortcut_gives_write_back_after_uffd_wp_took_it() {
    let named = [("dirty_acct", 1), ("uffd_wp", 1), ("newprot", READONLY)];
    let pte = ask(&x86(), SiteId::ChangeProt, 0x8000_0000_1234_5067, &named).pte;
    assert_eq!(pte, 0x8000_0000_1234_5467, "uffd-wp and writable at once");
}

#[test]
fn the_dirty_shortcut_wants_soft_dirty_where_the_vma_tracks_it() {
    let protect = |pte: u64, vm_softdirty: u64| {
        let named = [("dirty_acct", 1), ("vm_softdirty", vm_softdirty), ("newprot", READONLY)];
        ask(&x86(), SiteId::ChangeProt, pte, &named).pte & 2
    };
    assert_eq!(protect(0x1065, 1), 0);
    assert_eq!(protect(0x1065, 0), 2);
    assert_eq!(protect(0x1865, 1), 2);
}

#[test]
fn lifting_uffd_wp_does_not_give_write_back() {
    let named = [("uffd_resolve", 1), ("newprot", READONLY)];
    assert_eq!(ask(&x86(), SiteId::ChangeProt, 0x8000_0000_1234_5425, &named).pte, 0x8000_0000_1234_5025);
    assert_eq!(ask(&x86(), SiteId::ChangeProt, SWAPPED | 4, &[("uffd_resolve", 1)]).pte, SWAPPED);
}

#[test]
fn numa_hinting_keeps_write_in_a_prot_none_pte_and_drops_no_execute() {
    let answer = ask(&x86(), SiteId::ChangeProt, 0x8000_0000_1234_5027, &[("prot_numa", 1), ("newprot", NONE_PROT)]);
    assert_eq!((answer.pte, answer.outcome), (0x000f_ffff_edcb_a122, 3));
}

#[test]
fn numa_hinting_skips_a_page_on_the_tasks_node_in_private_mappings_only() {
    let hint = |vm_shared: u64| {
        let named = [("prot_numa", 1), ("same_node", 1), ("vm_shared", vm_shared), ("newprot", NONE_PROT)];
        ask(&x86(), SiteId::ChangeProt, 0x8000_0000_1234_5027, &named).outcome
    };
    assert_eq!((hint(0), hint(1)), (0, 3));
}

#[test]
fn a_present_pte_counts_even_if_it_stays_equal_and_a_swap_pte_only_if_it_changes() {
    let protect = |pte: u64| ask(&x86(), SiteId::ChangeProt, pte, &[("newprot", SHARED)]).outcome;
    assert_eq!([0x8000_0000_1234_5027, SWAPPED, MIGRATION_WRITE, SPECIAL, 0].map(protect), [3, 0, 3, 0, 0]);
}

#[test]
fn the_patch_itself_neither_makes_nor_drops_the_special_pte() {
    let answer = |pte: u64, flag: &str| ask(&x86(), SiteId::ChangeProt, pte, &[(flag, 1), ("newprot", READONLY)]).pte;
    assert_eq!(answer(0, "uffd_wp"), 0);
    assert_eq!(answer(SPECIAL, "uffd_resolve"), SPECIAL);
}
