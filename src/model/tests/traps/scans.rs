//! khugepaged, the rmap walk and charge moving.

use super::{DEVICE_READ, HWPOISON, MIGRATION_READ, SPECIAL, SWAPPED};
use crate::model::tests::{ask, shifted, x86};
use crate::pte::Special;
use crate::site::SiteId;

#[test]
fn the_rmap_walk_lets_the_special_pte_pass_under_migration_and_then_turns_it_away() {
    for special in Special::ALL {
        let model = shifted(special);
        let pfn = model.decode(special.value()).offset;
        let walk = |migration: u64| {
            ask(&model, SiteId::Pvmw, special.value(), &[("migration", migration), ("page_pfn", pfn), ("nr_pages", 1)])
                .outcome
        };
        assert_eq!((walk(1), walk(0)), (1, 0), "{special:?}");
    }
}

#[test]
fn the_rmap_walk_finds_every_page_of_a_huge_one_but_only_the_head_of_a_hugetlb_one() {
    let walk = |hugetlb: u64| {
        let named = [("hugetlb", hugetlb), ("page_pfn", 0x12340), ("nr_pages", 0x10)];
        ask(&x86(), SiteId::Pvmw, 0x8000_0000_1234_f025, &named).outcome
    };
    assert_eq!((walk(0), walk(1)), (3, 1));
}

#[test]
fn charge_moving_has_no_handler_for_the_special_pte() {
    let every_flag = 0xfff;
    let model = x86();
    let mctgt = |pte: u64| model.answer(&crate::site::Call { site: SiteId::Mctgt, pte, p: [every_flag, 0, 0] }).outcome;
    assert_eq!(mctgt(SPECIAL), 0);
    assert_eq!(mctgt(0), 0x31);
    assert_eq!(mctgt(SWAPPED), 0x21);
    assert_eq!(mctgt(DEVICE_READ), 0x23);
    assert_eq!(mctgt(MIGRATION_READ), 0x20);
}

#[test]
fn the_first_slot_of_the_first_swap_area_is_no_entry_to_charge_moving() {
    let charge = [("move_anon", 1), ("swap_cgroup", 1)];
    assert_eq!(ask(&x86(), SiteId::Mctgt, 0x07ff_ffff_ffff_fe00, &charge).outcome, 0x20);
    let second = ask(&x86(), SiteId::Mctgt, 0x07ff_ffff_ffff_fc00, &charge);
    assert_eq!((second.outcome, second.aux), (0x22, 1));
}

#[test]
fn khugepaged_meets_the_special_pte_before_its_budget_and_a_wp_swap_pte_behind_it() {
    let scan = |pte: u64, max_swap1: u64| {
        let answer = ask(&x86(), SiteId::KhugeScan, pte, &[("max_swap1", max_swap1)]);
        (answer.outcome, answer.aux)
    };
    assert_eq!(scan(SPECIAL, 0), (7, 0));
    assert_eq!(scan(SWAPPED | 4, 0), (4, 8));
    assert_eq!(scan(SWAPPED | 4, 1), (7, 8));
}

#[test]
fn khugepaged_counts_a_special_mapped_zero_page_as_zero_and_another_as_no_page() {
    let scan = |pte: u64| {
        let answer = ask(&x86(), SiteId::KhugeScan, pte, &[("max_none1", 1)]);
        (answer.outcome, answer.aux)
    };
    assert_eq!(scan(0x8000_0000_5a5a_5225), (100, 4));
    assert_eq!(scan(0x8000_0000_5a5a_6227), (10, 1));
}

#[test]
fn khugepaged_faults_migration_and_hwpoison_entries_in_and_never_the_special_pte() {
    let called = |pte: u64| ask(&x86(), SiteId::KhugeSwapin, pte, &[]).outcome;
    assert_eq!([SWAPPED, MIGRATION_READ, HWPOISON, DEVICE_READ, SPECIAL, 0, 0x1].map(called), [1, 1, 1, 1, 0, 0, 0]);
}
