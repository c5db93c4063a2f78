//! Swap faults, waiting and hmm.

use super::{READONLY, SPECIAL, SWAPPED};
use crate::model::Model;
use crate::model::tests::{ask, shifted, x86};
use crate::pte::Special;
use crate::site::SiteId;

#[test]
fn a_swap_fault_takes_write_away_after_the_grant_and_still_says_vm_fault_write() {
    let named = [("write", 1), ("vm_write", 1), ("reuse", 1), ("swapcache", 1), ("prot", READONLY), ("pfn", 0x12345)];
    let wp = ask(&x86(), SiteId::DoSwapPage, SWAPPED | 4, &named);
    assert_eq!((wp.pte, wp.outcome), (0x8000_0000_1234_5c65, 0x66_0008));
    let plain = ask(&x86(), SiteId::DoSwapPage, SWAPPED, &named);
    assert_eq!((plain.pte, plain.outcome), (0x8000_0000_1234_5867, 0x66_0008));
}

#[test]
fn a_write_fault_without_reuse_goes_on_to_do_wp_page() {
    let named = [("write", 1), ("vm_write", 1), ("prot", READONLY), ("pfn", 0x12345)];
    let answer = ask(&x86(), SiteId::DoSwapPage, SWAPPED | 2, &named);
    assert_eq!((answer.pte, answer.outcome), (0x8000_0000_1234_5825, 0x36_0004));
}

#[test]
fn the_exits_of_a_swap_fault_come_in_the_kernels_order() {
    let exit = |failures: &[(&str, u64)]| {
        let answer = ask(&x86(), SiteId::DoSwapPage, SWAPPED, failures);
        assert_eq!(answer.pte, SWAPPED, "nothing is installed");
        answer.outcome & 0xffff
    };
    assert_eq!(exit(&[("no_page", 1)]), 0x1);
    assert_eq!(exit(&[("no_page", 1), ("pte_changed", 1)]), 0);
    assert_eq!(exit(&[("no_page", 1), ("swapcache", 1), ("pg_hwpoison", 1)]), 0x10);
    assert_eq!(exit(&[("pg_hwpoison", 1), ("lock_fail", 1)]), 0x404);
    assert_eq!(exit(&[("cache_changed", 1), ("ksm_oom", 1)]), 0x4);
    assert_eq!(exit(&[("ksm_oom", 1), ("pte_changed", 1)]), 0x1);
    assert_eq!(exit(&[("pte_changed", 1), ("not_uptodate", 1)]), 0x4);
    assert_eq!(exit(&[("not_uptodate", 1), ("swapcache", 1)]), 0x2);
}

#[test]
fn a_swap_fault_on_the_special_pte_warns_and_changes_nothing() {
    for special in Special::ALL {
        let answer = ask(&shifted(special), SiteId::DoSwapPage, special.value(), &[("write", 1), ("vm_write", 1)]);
        assert_eq!((answer.pte, answer.outcome), (special.value(), 0x1_0000));
    }
}

#[test]
fn hmm_answers_the_special_pte_like_none_by_luck_and_decodes_it_all_the_same() {
    let wanted = [("req_fault", 1), ("vm_write", 1)];
    for pte in [SPECIAL, 0] {
        assert_eq!(ask(&x86(), SiteId::HmmRfc, pte, &wanted).outcome, 0x101, "{pte:#x}");
    }
    let value = Special::Migration.value();
    assert_eq!(ask(&shifted(Special::Migration), SiteId::HmmRfc, value, &wanted).outcome, 0x201);
    assert_eq!(ask(&shifted(Special::Migration), SiteId::HmmV3, value, &wanted).outcome, 0x101);
}

#[test]
fn hmm_takes_a_wish_to_write_alone_for_no_wish() {
    let answer = ask(&x86(), SiteId::HmmV3, SWAPPED, &[("req_write", 1)]);
    assert_eq!((answer.outcome, answer.aux), (0, 0));
}

#[test]
fn waiting_is_for_migration_entries_and_not_for_a_special_pte_that_decodes_to_one() {
    let value = Special::Migration.value();
    let wait = |model: Model, pte: u64| {
        let answer = ask(&model, SiteId::MigrationWait, pte, &[("ref_ok", 1)]);
        (answer.outcome, answer.aux)
    };
    assert_eq!(wait(x86(), value), (1, 0x1234));
    assert_eq!(wait(shifted(Special::Migration), value), (0, 0));
}
