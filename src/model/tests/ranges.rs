//! Range calls: the loop, its counters and where it stops.

use super::{Model, x86};
use crate::site::{Budgets, Call, RANGE_SITES, RangeAnswer, RangeCall, SiteId, TOTALS, totals_names};

const PAGE: u64 = 0x8000_0000_1234_5027;
const YOUNG_PAGE: u64 = PAGE | 0x20;
const OLD_READONLY_PAGE: u64 = 0x8000_0000_1234_5005;
const SWAPPED: u64 = 0x07ff_ffff_ffdb_9600;
const SWAPPED_WP: u64 = SWAPPED | 4;
const SPECIAL: u64 = 0x4;

struct Ran {
    ptes: Vec<u64>,
    aux: Vec<u64>,
    totals: [u64; TOTALS],
}

fn run(model: &Model, site: SiteId, ptes: &[u64], params: &[[u64; 3]], budgets: Budgets) -> Ran {
    let mut ran = Ran { ptes: vec![0; ptes.len()], aux: vec![0; ptes.len()], totals: [0; TOTALS] };
    let call = RangeCall { site, ptes, params, budgets };
    model.range(&call, &mut RangeAnswer { ptes: &mut ran.ptes, aux: &mut ran.aux, totals: &mut ran.totals });
    ran
}

/// A scan of entries that all have the same parameter flags.
fn scan(ptes: &[u64], flags: u64, budgets: Budgets) -> Ran {
    run(&x86(), SiteId::KhugeScan, ptes, &vec![[flags, 0, 0]; ptes.len()], budgets)
}

const GENEROUS: Budgets = Budgets { swap: 64, none: 511, shared: 256 };

#[test]
fn entries_of_a_range_are_answered_as_single_calls_are() {
    let ptes = [0, 0x20, PAGE, 0x120, SWAPPED, SWAPPED_WP, SPECIAL, 0xefff_ffff_ffdb_9602];
    for site in RANGE_SITES {
        let params: Vec<[u64; 3]> = (0..ptes.len() as u64).map(|i| [i & 3, 0x25, 0]).collect();
        let ran = run(&x86(), site, &ptes, &params, GENEROUS);
        let stops = [SiteId::KhugeScan].contains(&site);
        for i in 0..if stops { 2 } else { ptes.len() } {
            let one = x86().answer(&Call { site, pte: ptes[i], p: params[i] });
            assert_eq!((ran.ptes[i], ran.aux[i]), (one.pte, one.aux), "{site:?} entry {i}");
        }
    }
}

#[test]
fn totals_have_room_for_every_name() {
    for site in RANGE_SITES {
        assert!((1..=TOTALS).contains(&totals_names(site).len()), "{site:?}");
    }
}

#[test]
fn mprotect_counts_present_pages_even_if_nothing_changes_and_swap_only_if_it_does() {
    let ptes = [PAGE, SWAPPED, SWAPPED_WP, SPECIAL, 0];
    let ran = run(&x86(), SiteId::ChangeProt, &ptes, &[[4, 0x8000_0000_0000_0027, 0]; 5], Budgets::default());
    assert_eq!(ran.totals[..2], [2, 2]);
    assert_eq!(ran.ptes, [PAGE & !2 | 0x400, SWAPPED_WP, SWAPPED_WP, SPECIAL, 0]);
}

#[test]
fn mremap_moves_the_special_pte_but_flushes_only_for_present_ones() {
    let moved = |ptes: &[u64]| run(&x86(), SiteId::MoveSoftDirty, ptes, &vec![[0; 3]; ptes.len()], Budgets::default());
    assert_eq!(moved(&[SPECIAL, 0, 0x40, SWAPPED]).totals[..2], [2, 0]);
    assert_eq!(moved(&[SPECIAL, 0x120]).totals[..2], [2, 1]);
}

#[test]
fn clear_refs_stores_every_swap_pte_and_no_special_one() {
    let ran = run(&x86(), SiteId::ClearSoftDirty, &[SWAPPED, SPECIAL, 0, PAGE], &[[0; 3]; 4], Budgets::default());
    assert_eq!(ran.totals[0], 2);
}

#[test]
fn pagemap_totals_count_the_words_bits() {
    let ran = run(&x86(), SiteId::Pagemap, &[PAGE | 0x800, SWAPPED, SPECIAL, 0], &[[0; 3]; 4], Budgets::default());
    assert_eq!(ran.totals[..3], [1, 1, 1]);
}

#[test]
fn smaps_sums_bytes_and_shares() {
    let ran =
        run(&x86(), SiteId::Smaps, &[SWAPPED, SWAPPED, SPECIAL, PAGE | 0x60], &[[3, 2, 0]; 4], Budgets::default());
    assert_eq!(ran.totals, [1, 3 * 4096, 4096 << 12, 1, 1, 1, 0, 0]);
}

#[test]
fn a_scan_stops_where_the_budget_of_the_whole_scan_is_exceeded() {
    let budgets = Budgets { swap: 2, ..GENEROUS };
    let ran = scan(&[SWAPPED, PAGE, SWAPPED, 0, SWAPPED, PAGE], 0, budgets);
    assert_eq!(ran.totals[..7], [4, 4, 3, 1, 0, 1, 1]);
    assert_eq!(ran.aux, [8, 3, 8, 4, 8, 0], "each entry names the counters that it raised");
    assert_eq!(ran.ptes, [SWAPPED, PAGE, SWAPPED, 0, SWAPPED, PAGE], "a scan changes nothing");
}

#[test]
fn a_scan_ignores_the_budget_bits_of_single_calls() {
    assert_eq!(scan(&[SWAPPED], 7, Budgets::default()).totals[0], 4);
    assert_eq!(scan(&[0], 7, Budgets::default()).totals[0], 3);
    assert_eq!(scan(&[PAGE], 7 | 0x10, Budgets::default()).totals[0], 5);
}

#[test]
fn the_special_pte_stops_a_scan_before_it_is_counted_and_a_wp_swap_pte_after() {
    assert_eq!(scan(&[YOUNG_PAGE, SPECIAL], 0, Budgets::default()).totals[..3], [7, 1, 0]);
    assert_eq!(scan(&[YOUNG_PAGE, SWAPPED_WP], 0, GENEROUS).totals[..3], [7, 1, 1]);
    assert_eq!(scan(&[YOUNG_PAGE, SWAPPED_WP], 0, Budgets::default()).totals[..3], [4, 1, 1]);
}

#[test]
fn an_armed_vma_stops_at_the_first_none_and_counts_nothing() {
    assert_eq!(scan(&[PAGE, 0], 8, GENEROUS).totals[..4], [3, 1, 0, 0]);
}

#[test]
fn a_scan_that_nothing_stopped_gives_the_kernels_verdict() {
    let verdict = |ptes: &[u64]| scan(ptes, 0, GENEROUS).totals[..2].to_vec();
    assert_eq!(verdict(&[]), [8, 0], "SCAN_PAGE_RO");
    assert_eq!(verdict(&[OLD_READONLY_PAGE | 0x20]), [8, 1], "SCAN_PAGE_RO");
    assert_eq!(verdict(&[PAGE & !0x20]), [9, 1], "SCAN_LACK_REFERENCED_PAGE");
    assert_eq!(verdict(&[YOUNG_PAGE]), [1, 1], "SCAN_SUCCEED");
    assert_eq!(verdict(&[YOUNG_PAGE, SWAPPED]), [9, 2], "swapped, and few were referenced");
    let mut table = [YOUNG_PAGE; 257];
    table[0] = SWAPPED;
    assert_eq!(verdict(&table), [1, 257], "swapped, and half of the huge page was referenced");
    assert_eq!(verdict(&table[..256]), [9, 256]);
}

#[test]
fn fork_stops_behind_the_entry_that_got_no_memory() {
    let (swap_cont, nomem) = (0x100, 0x80);
    let mut params = [[0, 0x8000_0000_0000_0025, 0]; 4];
    params[2][0] = swap_cont | nomem;
    let ptes = [PAGE, SWAPPED, SWAPPED, YOUNG_PAGE];
    let ran = run(&x86(), SiteId::ForkRfc02, &ptes, &params, Budgets::default());
    assert_eq!(ran.ptes[1..], [SWAPPED, 0, 0]);
    assert_eq!(ran.aux[1..], [SWAPPED, SWAPPED, YOUNG_PAGE], "the parent keeps what was not copied");
    let [rss_page, rss_swap, .., error, index, _] = ran.totals;
    assert_eq!((rss_page, rss_swap, error, index), (1, 1, 1, 2));

    let whole = run(&x86(), SiteId::ForkRfc02, &ptes[..2], &params[..2], Budgets::default());
    assert_eq!(whole.totals[5..7], [0, 2]);
}

#[test]
fn zap_counts_what_it_frees() {
    let ptes = [PAGE, SWAPPED, 0, SPECIAL];
    let ran = run(&x86(), SiteId::Zap, &ptes, &[[0, 0x2000, 1]; 4], Budgets::default());
    let [rss_page, rss_swap, swap_free, swap_bad, rmap_del, cleared, force_flush, _] = ran.totals;
    assert_eq!((rss_page, rmap_del, force_flush), (1, 1, 0));
    assert_eq!((rss_swap, swap_free, swap_bad), (2, 1, 1), "the special pte is complained about");
    assert_eq!(cleared, 3);
    assert_eq!(ran.ptes, [0; 4]);
}
