//! The notable rules of mincore, madvise, gup and the accessors.

use super::*;
use crate::model::events::*;
use crate::model::{accessor, gup, madvise, mincore};
use crate::site::{Answer, params};

#[test]
fn mincore_follows_a_wild_pointer_on_the_special_pte_until_v3() {
    let v3 = params::MincoreV3 { area: 1 << 20, ..Default::default() };
    let got = mincore::mincore(&model(), X, &(&v3).into());
    assert_eq!((got.outcome, got.aux), (0x20 | WILD, 0x3_ffff_ffff_ffff));
    assert_eq!(mincore::mincore_v3(&model(), X, &v3).outcome, 0);
    let file = params::MincoreV3 { vm_file: true, incore: true, uptodate: true, ..v3 };
    assert_eq!(mincore::mincore_v3(&model(), X, &file).outcome, 0x11 | PUT_PAGE);
}

#[test]
fn mincore_counts_what_is_on_its_way_as_resident() {
    for kind in [HWPOISON, MIGR_READ, MIGR_WRITE, DEV_READ, DEV_WRITE] {
        assert_eq!(mincore::mincore(&model(), held(kind, 5, 0), &params::Mincore::default()).outcome, 1);
    }
    assert_eq!(mincore::mincore(&model(), protnone(5, 0), &params::Mincore::default()).outcome, 1);
}

#[test]
fn mincore_knows_an_address_space_for_each_16384_pages_of_the_area() {
    let p = params::Mincore { area: 1, ..Default::default() };
    assert_eq!(mincore::mincore(&model(), held(0, 0x3fff, 0), &p).outcome, 0x20);
    assert_eq!(mincore::mincore(&model(), held(0, 0x4000, 0), &p).outcome, 0x20 | WILD);
}

#[test]
fn madv_free_gives_the_special_pte_back_like_a_swap_entry_until_v3() {
    let v3 = params::MadvFreeV3 { area: 0x100, map_byte: 1, ..Default::default() };
    let got = madvise::madv_free(&model(), X, &(&v3).into());
    assert_eq!((got.pte, got.outcome), (0, CLEAR | RSS_SWAP | SWAP_BAD));
    let got = madvise::madv_free_v3(&model(), X, &v3);
    assert_eq!((got.pte, got.outcome), (X, 0));
}

#[test]
fn madv_free_makes_the_pte_forget_use_and_keeps_write_and_the_flags() {
    let got = madvise::madv_free(&model(), page(0x10, RW | A | D | SOFT_DIRTY | UFFD_WP), &params::MadvFree::default());
    assert_eq!(got.pte, page(0x10, RW | SOFT_DIRTY | UFFD_WP));
    assert_eq!(got.outcome, CLEAR | STORE | TLB | LAZYFREE);
}

#[test]
fn madv_free_treats_a_clean_page_that_others_map_and_stops_at_a_dirty_one() {
    let p = params::MadvFree { mapcount2: true, ..Default::default() };
    assert_eq!(madvise::madv_free(&model(), page(0x10, 0), &p).outcome, LAZYFREE);
    assert_eq!(madvise::madv_free(&model(), page(0x10, A), &params::MadvFree { pg_dirty: true, ..p }).outcome, 0);
}

#[test]
fn madv_free_splits_a_huge_page_and_goes_on_with_the_same_pte() {
    let p = params::MadvFree { thp: true, ..Default::default() };
    assert_eq!(madvise::madv_free(&model(), page(0x10, 0), &p).outcome, GET_PAGE | PUT_PAGE | LAZYFREE);
    let failed = params::MadvFree { split_fail: true, ..p };
    assert_eq!(madvise::madv_free(&model(), page(0x10, A), &failed).outcome, GET_PAGE | PUT_PAGE);
}

#[test]
fn willneed_asks_for_the_special_pte_and_is_refused_until_v3() {
    let got = madvise::willneed(&model(), X, &params::Willneed { area: 0x100 });
    assert_eq!((got.outcome, got.aux), (1, 0x3_ffff_ffff_ffff));
    assert_eq!(madvise::willneed(&model(), X, &params::Willneed { area: 0 }).outcome, 1 | SWAP_BAD);
    assert_eq!(
        madvise::willneed_v3(&model(), X, &params::WillneedV3 { area: 0 }),
        Answer { pte: X, ..Answer::default() }
    );
    assert_eq!(madvise::willneed(&model(), held(0, 0xff, 0), &params::Willneed { area: 0x100 }).outcome, 3);
}

#[test]
fn gup_waits_at_most_twice_and_then_finds_nothing() {
    let p = params::Gup { foll_migration: true, second: held(MIGR_READ, 9, 0), ..Default::default() };
    let got = gup::gup(&model(), held(MIGR_WRITE, 9, 0), &p);
    assert_eq!((got.pte, got.outcome), (0, 1 | MIGWAIT));
    let got = gup::gup(&model(), held(MIGR_WRITE, 9, 0), &params::Gup { second: page(7, 0), ..p });
    assert_eq!((got.pte, got.outcome, got.aux), (page(7, 0), 2 | MIGWAIT, 7));
}

#[test]
fn gup_of_the_special_pte_is_a_fault_and_not_a_hole_in_the_dump() {
    let p = params::GupV3 { foll_dump: true, vm_anon: true, ..Default::default() };
    assert_eq!(gup::gup_v3(&model(), X, &p).outcome, 0);
    assert_eq!(gup::gup_v3(&model(), 0, &p).outcome, 3 | 14 << 8);
    assert_eq!(gup::gup_v3(&model(), 0, &params::GupV3::default()).outcome, 1);
}

#[test]
fn gup_never_asks_for_uffd_wp() {
    let p = params::Gup { foll_write: true, ..Default::default() };
    assert_eq!(gup::gup(&model(), page(7, RW | UFFD_WP), &p).outcome, 2);
    assert_eq!(gup::gup(&model(), page(7, 0), &p).outcome, 4);
    let forced = params::Gup { foll_force: true, foll_cow: true, ..p };
    assert_eq!(gup::gup(&model(), page(7, D), &forced).outcome, 2);
}

#[test]
fn gup_touches_a_pte_without_a_page_and_returns_eexist() {
    let p = params::Gup { foll_touch: true, foll_write: true, ..Default::default() };
    let got = gup::gup(&model(), page(7, RW | SPECIAL), &p);
    assert_eq!(got.pte, page(7, RW | SPECIAL | A | D | SOFT_DIRTY));
    assert_eq!(got.outcome, 3 | 17 << 8 | BAD_PTE | STORE | MMU_CACHE);
}

#[test]
fn gup_cannot_both_get_and_pin() {
    let p = params::Gup { foll_get: true, foll_pin: true, ..Default::default() };
    assert_eq!(gup::gup(&model(), 0, &p).outcome, 3 | 22 << 8 | WARN);
}

fn accessor(pte: u64, operation: u64, entry: u64, argument: u64) -> Answer {
    accessor::accessor(&model(), pte, &params::Accessor { operation, entry, argument })
}

#[test]
fn set_access_flags_stores_only_a_dirty_pte_and_tells_the_difference_either_way() {
    assert_eq!((accessor(1, 0, 3, 0).pte, accessor(1, 0, 3, 0).outcome), (1, 1));
    assert_eq!((accessor(1, 0, 3, 1).pte, accessor(1, 0, 3, 1).outcome), (3, 1 | STORE));
    assert_eq!(accessor(3, 0, 3, 1).outcome, 0);
}

#[test]
fn raw_bit_accessors_hit_whatever_stands_in_the_slot() {
    assert_eq!(accessor(held(1, 5, SWP_SOFT_DIRTY), 3, 0, 0).pte, held(1, 5, 0));
    let young = accessor(held(1, 5, A), 1, 0, 0);
    assert_eq!((young.pte, young.outcome), (held(1, 5, 0), 1 | STORE));
    assert_eq!(accessor(X, 4, 0, 0), Answer { aux: X, outcome: CLEAR, ..Answer::default() });
}

#[test]
fn clear_flush_does_not_flush_prot_none() {
    assert_eq!(accessor(page(7, 0), 6, 0, 0).outcome, CLEAR | TLB);
    assert_eq!(accessor(protnone(7, 0), 6, 0, 0).outcome, CLEAR);
    assert_eq!((accessor(page(7, 0), 7, 0, 0).outcome, accessor(protnone(7, 0), 7, 0, 0).outcome), (1, 0));
}
