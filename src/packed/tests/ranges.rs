//! Ranges against the sites that they are made of.

use super::*;
use crate::site::{Budgets, RANGE_SITES, RangeAnswer, RangeCall, SiteId, TOTALS, totals_names};

/// A range's answer that owns its slices.
struct Owned {
    ptes: Vec<u64>,
    aux: Vec<u64>,
    totals: [u64; TOTALS],
}

fn range(packed: &mut Packed, site: SiteId, ptes: &[u64], params: &[[u64; 3]], budgets: Budgets) -> Owned {
    let mut owned = Owned { ptes: vec![0; ptes.len()], aux: vec![0; ptes.len()], totals: [0; TOTALS] };
    let mut answer = RangeAnswer { ptes: &mut owned.ptes, aux: &mut owned.aux, totals: &mut owned.totals };
    assert!(packed.range(&RangeCall { site, ptes, params, budgets }, &mut answer), "{site:?} has a range form");
    owned
}

/// A present pte with a normal page, a writable one, a slot, a write-protected slot.
const PAGE: u64 = 0x1234_0025;
const WRITABLE: u64 = 0x1234_0007;
const SLOT: u64 = 0x07ff_ffff_ffff_fc00;
const WP_SLOT: u64 = SLOT | 4;

fn scan(ptes: &[u64], flags: u64, budgets: Budgets) -> Owned {
    let mut packed = Packed::new(Environment::default());
    range(&mut packed, SiteId::KhugeScan, ptes, &vec![[flags, 0, 0]; ptes.len()], budgets)
}

#[test]
fn every_entry_is_answered_as_its_site_answers_it() {
    let mut rng = Rng(3);
    let mut packed = Packed::new(Environment::default());
    for site in RANGE_SITES.into_iter().filter(|site| *site != SiteId::KhugeScan) {
        let ptes: Vec<u64> = (0..512).map(|_| rng.word()).collect();
        let params: Vec<[u64; 3]> = (0..512).map(|_| [rng.word() & !0x80, 0x27, rng.word()]).collect();
        let found = range(&mut packed, site, &ptes, &params, Budgets::default());
        for i in 0..512 {
            let one = packed.answer(&Call { site, pte: ptes[i], p: params[i] });
            assert_eq!((found.ptes[i], found.aux[i]), (one.pte, one.aux), "{site:?}, entry {i}");
        }
        assert!(found.totals[totals_names(site).len()..].iter().all(|total| *total == 0), "{site:?}");
    }
}

#[test]
fn totals_are_the_sums_of_what_the_entries_did() {
    let mut packed = Packed::new(Environment::default());
    let ptes = [0, 0x4, PAGE, SLOT, WP_SLOT];
    let protect = range(&mut packed, SiteId::ChangeProt, &ptes, &[[4, 0x25, 0]; 5], Budgets::default());
    assert_eq!(protect.totals, [2, 2, 0, 0, 0, 0, 0, 0]);
    let moved = range(&mut packed, SiteId::MoveSoftDirty, &ptes, &[[0; 3]; 5], Budgets::default());
    assert_eq!(moved.totals, [4, 1, 0, 0, 0, 0, 0, 0]);
    let cleared = range(&mut packed, SiteId::ClearSoftDirty, &ptes, &[[0; 3]; 5], Budgets::default());
    assert_eq!(cleared.totals, [3, 0, 0, 0, 0, 0, 0, 0]);
    let pagemap = range(&mut packed, SiteId::Pagemap, &ptes, &[[2, 0, 0]; 5], Budgets::default());
    assert_eq!(pagemap.totals, [1, 2, 5, 0, 0, 0, 0, 0]);
    let smaps = range(&mut packed, SiteId::Smaps, &ptes, &[[3, 2, 0]; 5], Budgets::default());
    assert_eq!(smaps.totals, [1, 4 * 4096, 1 << 24, 1, 0, 2, 0, 0]);
    let zapped = range(&mut packed, SiteId::Zap, &[PAGE | 0x40, SLOT, 0, 0x4], &[[0, 8, 1]; 4], Budgets::default());
    assert_eq!(zapped.totals, [1, 2, 1, 1, 1, 3, 1, 0]);
}

#[test]
fn fork_stops_behind_the_entry_that_fails() {
    let mut packed = Packed::new(Environment::default());
    let fails = [0x100 | 0x80, 0x25, 0];
    let found = range(&mut packed, SiteId::Fork, &[SLOT, SLOT, PAGE], &[[0; 3], fails, [0; 3]], Budgets::default());
    assert_eq!(found.ptes, [SLOT, 0, 0]);
    assert_eq!(found.aux, [SLOT, SLOT, PAGE]);
    assert_eq!(found.totals, [0, 1, 2, 1, 0, 1, 1, 0]);
    let whole = range(&mut packed, SiteId::Fork, &[SLOT, 0x4], &[[0; 3]; 2], Budgets::default());
    assert_eq!(whole.totals, [0, 2, 2, 2, 0, 0, 2, 0]);
}

#[test]
fn the_scan_of_one_entry_is_the_site() {
    let mut rng = Rng(5);
    let mut packed = Packed::new(Environment::default());
    for _ in 0..20_000 {
        let (pte, flags) = (rng.word(), rng.next() & 0x7ff);
        let budgets =
            Budgets { swap: (flags & 1) as u32, none: (flags >> 1 & 1) as u32, shared: (flags >> 2 & 1) as u32 };
        let one = packed.answer(&Call { site: SiteId::KhugeScan, pte, p: [flags, 0, 0] });
        let found = range(&mut packed, SiteId::KhugeScan, &[pte], &[[flags & !7, 0, 0]], budgets);
        assert_eq!((found.ptes[0], found.aux[0]), (pte, one.aux));
        if one.outcome == 100 {
            assert_eq!(found.totals[1], 1);
        } else {
            assert_eq!(found.totals[..2], [one.outcome, 0]);
        }
    }
}

#[test]
fn scan_budgets_are_live() {
    let budgets = Budgets { swap: 2, none: 1, shared: 0 };
    let within = scan(&[SLOT, 0, SLOT, WRITABLE], 0, budgets);
    assert_eq!(within.totals, [9, 4, 2, 1, 0, 0, 1, 0], "nothing referenced");
    let third_slot = scan(&[SLOT, SLOT, SLOT, WRITABLE], 0, budgets);
    assert_eq!(third_slot.totals, [4, 2, 3, 0, 0, 0, 0, 0], "a counter that exceeds its budget has been counted");
    assert_eq!(third_slot.aux, [8, 8, 8, 0]);
    let second_hole = scan(&[0, 0x20, SLOT], 0, budgets);
    assert_eq!(second_hole.totals, [3, 1, 0, 2, 0, 0, 0, 0]);
    let shared = scan(&[WRITABLE], 0x10, budgets);
    assert_eq!(shared.totals, [5, 0, 0, 0, 1, 0, 1, 0]);
}

#[test]
fn the_special_pte_ends_a_scan_before_anything_is_counted() {
    let budgets = Budgets { swap: 1, none: 0, shared: 0 };
    assert_eq!(scan(&[SLOT, 0x4], 0, budgets).totals, [7, 1, 1, 0, 0, 0, 0, 0]);
    assert_eq!(scan(&[SLOT, WP_SLOT], 0, budgets).totals, [4, 1, 2, 0, 0, 0, 0, 0]);
    assert_eq!(scan(&[WP_SLOT], 0, budgets).totals, [7, 0, 1, 0, 0, 0, 0, 0]);
}

#[test]
fn the_verdict_of_a_whole_scan_asks_write_then_references() {
    let many = Budgets { swap: 600, none: 600, shared: 600 };
    assert_eq!(scan(&[PAGE; 4], 0, many).totals[0], 8, "nothing writable");
    assert_eq!(scan(&[WRITABLE; 4], 0, many).totals[0], 9, "nothing referenced");
    assert_eq!(scan(&[WRITABLE; 4], 0x200, many).totals, [1, 4, 0, 0, 0, 4, 1, 0]);
    let mut half = vec![WRITABLE; 256];
    half.push(SLOT);
    assert_eq!(scan(&half, 0x200, many).totals[0], 1, "256 referenced are enough");
    assert_eq!(scan(&half[1..], 0x200, many).totals[0], 9, "255 are not, with something swapped out");
}

#[test]
fn a_site_without_a_range_form_is_not_answered() {
    let mut packed = Packed::new(Environment::default());
    let mut totals = [0; TOTALS];
    let mut answer = RangeAnswer { ptes: &mut [], aux: &mut [], totals: &mut totals };
    let call = RangeCall { site: SiteId::Gup, ptes: &[], params: &[], budgets: Budgets::default() };
    assert!(!packed.range(&call, &mut answer));
}
