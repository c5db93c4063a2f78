//! The notable rules of zap, unmap, migration and swapoff.

use super::*;
use crate::model::events::*;
use crate::model::{migrate, swapfile, uffd_wp, unmap, zap};
use crate::site::params;

#[test]
fn zap_with_details_keeps_every_entry_but_device_private_ones() {
    let p = params::Zap { details: true, ..Default::default() };
    for kind in [0, HWPOISON, MIGR_READ, MIGR_WRITE] {
        let old = held(kind, 0x55, 0);
        assert_eq!(zap::zap(&model(), old, &p).pte, old);
    }
    let got = zap::zap(&model(), held(DEV_READ, 0x55, 0), &p);
    assert_eq!((got.pte, got.aux, got.outcome), (0, 0x55, CLEAR | RSS_PAGE | RMAP_DEL | PUT_PAGE));
}

#[test]
fn zap_spares_pages_of_other_mappings_but_not_ptes_without_a_page() {
    let p = params::Zap { details: true, check_mapping: true, ..Default::default() };
    assert_eq!(zap::zap(&model(), page(0x10, D), &p).pte, page(0x10, D));
    assert_eq!(zap::zap(&model(), page(0x10, SPECIAL), &p).outcome, BAD_PTE | CLEAR | TLB);
    assert_eq!(zap::zap(&model(), page(ZERO_PFN, SPECIAL), &p).outcome, CLEAR | TLB);
    assert_eq!(zap::zap(&model(), page(0x10, SPECIAL | DEVMAP), &p).outcome, CLEAR | TLB);
}

#[test]
fn zap_complains_of_the_special_pte_and_clears_it() {
    let got = zap::zap(&model(), X, &params::Zap { area: 0x1000, map_byte: 1, ..Default::default() });
    assert_eq!((got.pte, got.aux, got.outcome), (0, 0, CLEAR | RSS_SWAP | SWAP_BAD | BAD_PTE));
}

#[test]
fn zap_frees_a_good_swap_entry_and_counts_only_32_bits_of_the_area() {
    let good = params::Zap { area: 1 << 32 | 0x1000, map_byte: 1, ..Default::default() };
    let got = zap::zap(&model(), held(3, 0xfff, 0), &good);
    assert_eq!((got.outcome, got.aux), (CLEAR | RSS_SWAP | SWAP_FREE, val(3, 0xfff)));
    assert_eq!(zap::zap(&model(), held(3, 0x1000, 0), &good).outcome, CLEAR | RSS_SWAP | SWAP_BAD | BAD_PTE);
    assert_eq!(zap::zap(&model(), held(0, 0, 0), &good).outcome, CLEAR | RSS_SWAP | BAD_PTE);
}

const OLD: params::Unmap = params::Unmap {
    ttu_migration: false,
    ttu_munlock: false,
    ttu_split_huge_pmd: false,
    ttu_ignore_mlock: false,
    ttu_ignore_access: true,
    ttu_ignore_hwpoison: false,
    ttu_batch_flush: false,
    ttu_rmap_locked: false,
    ttu_split_freeze: false,
    pg_anon: false,
    pg_swapbacked: false,
    pg_swapcache: false,
    pg_dirty: false,
    pg_hwpoison: false,
    zone_device: false,
    devpriv: false,
    vm_locked: false,
    swap_dup_fail: false,
    thp: false,
    page_pfn: 0x1000,
    private: 0,
};

#[test]
fn unmap_leaves_a_pte_alone_that_maps_another_page() {
    for other in [page(0x1001, A), held(MIGR_READ, 0x1000, 0), held(0, 0x1000, 0), X, 0] {
        let got = unmap::unmap(&model(), other, &OLD);
        assert_eq!((got.pte, got.outcome, got.aux), (other, 1, 0));
    }
    let inside = unmap::unmap(&model(), page(0x11ff, 0), &params::Unmap { thp: true, ..OLD });
    assert_eq!((inside.pte, inside.aux), (0, 0x11ff));
    let behind = unmap::unmap(&model(), page(0x1200, 0), &params::Unmap { thp: true, ..OLD });
    assert_eq!(behind.pte, page(0x1200, 0));
}

#[test]
fn unmap_carries_soft_dirty_and_uffd_wp_into_the_swap_entry() {
    let p = params::Unmap { pg_anon: true, pg_swapbacked: true, pg_swapcache: true, private: val(2, 0x99), ..OLD };
    let got = unmap::unmap(&model(), page(0x1000, SOFT_DIRTY | UFFD_WP | D), &p);
    assert_eq!(got.pte, held(2, 0x99, SWP_SOFT_DIRTY | SWP_UFFD_WP));
    let events = CLEAR | TLB | PG_DIRTY | SWAP_DUP | STORE | RSS_PAGE | RSS_SWAP | RMAP_DEL | PUT_PAGE;
    assert_eq!((got.outcome, got.aux), (1 | events, 0x1000));
}

#[test]
fn unmap_of_a_poisoned_page_loses_the_flags_and_comes_before_migration() {
    let p = params::Unmap { pg_hwpoison: true, ttu_migration: true, ..OLD };
    let got = unmap::unmap(&model(), page(0x1000, RW | SOFT_DIRTY | UFFD_WP), &p);
    assert_eq!(got.pte, held(HWPOISON, 0x1000, 0));
}

#[test]
fn unmap_of_a_file_page_loses_uffd_wp_and_rfc_13_would_leave_the_special_pte() {
    let old = page(0x1000, UFFD_WP);
    assert_eq!(unmap::unmap(&model(), old, &OLD).pte, 0);
    let got = uffd_wp::install_uffd_wp(&model(), old, &params::InstallUffdWp { vm_anon: false });
    assert_eq!((got.pte, got.outcome), (X, STORE));
}

#[test]
fn unmap_of_anonymous_memory_whose_flags_disagree_warns_and_leaves_nothing() {
    let p = params::Unmap { pg_anon: true, pg_swapbacked: true, ..OLD };
    let got = unmap::unmap(&model(), page(0x1000, 0), &p);
    assert_eq!((got.pte, got.outcome, got.aux), (0, CLEAR | TLB | WARN, 0));
}

#[test]
fn unmap_drops_a_lazily_freeable_page_unless_it_is_dirty_again() {
    let p = params::Unmap { pg_anon: true, ..OLD };
    let old = page(0x1000, D);
    assert_eq!(unmap::unmap(&model(), old, &p).pte, 0, "the pte's own dirty bit is not looked at");
    let got = unmap::unmap(&model(), old, &params::Unmap { pg_dirty: true, ..p });
    assert_eq!((got.pte, got.outcome), (old, CLEAR | TLB | PG_DIRTY | STORE | SETSWAPBACKED));
}

#[test]
fn unmap_stops_at_an_accessed_pte_in_v5_10() {
    let p = params::Unmap { ttu_ignore_access: false, ..OLD };
    let got = unmap::unmap(&model(), page(0x1000, A | D), &p);
    assert_eq!((got.pte, got.outcome), (page(0x1000, D), STORE));
}

#[test]
fn unmap_takes_write_from_a_migrating_device_page() {
    let p = params::Unmap { ttu_migration: true, devpriv: true, ..OLD };
    let got = unmap::unmap(&model(), held(DEV_WRITE, 0x1000, SWP_UFFD_WP), &p);
    assert_eq!(got.pte, held(MIGR_READ, 0x1000, SWP_UFFD_WP));
    let got = unmap::unmap(&model(), page(0x1000, RW | US), &p);
    assert_eq!(got.pte, held(MIGR_READ, 0x1000, SWP_SOFT_DIRTY | SWP_UFFD_WP), "write and user, misread");
}

#[test]
fn unmap_carries_no_uffd_wp_where_the_architecture_has_none() {
    for model in without_uffd_wp() {
        let got = unmap::unmap(&model, page(0x1000, UFFD_WP), &params::Unmap { ttu_migration: true, ..OLD });
        assert_eq!(got.pte, held(MIGR_READ, 0x1000, 0));
        let got = uffd_wp::install_uffd_wp(&model, page(0x1000, UFFD_WP), &params::InstallUffdWp { vm_anon: false });
        assert_eq!((got.pte, got.outcome), (0, 0));
    }
}

#[test]
fn page_mkclean_changes_present_bits_of_a_device_entry_too() {
    let p = params::PageMkclean { page_pfn: 0x1000, thp: false };
    let got = unmap::page_mkclean(&model(), page(0x1000, RW | D | A | UFFD_WP), &p);
    assert_eq!((got.pte, got.outcome), (page(0x1000, A | UFFD_WP), 1 | CLEAR | STORE | TLB));
    let got = unmap::page_mkclean(&model(), held(DEV_WRITE, 0x1000, SWP_SOFT_DIRTY), &p);
    assert_eq!((got.pte, got.outcome), (held(DEV_WRITE, 0x1000, 0), 1 | CLEAR | STORE));
    assert_eq!(unmap::page_mkclean(&model(), page(0x1000, A), &p).outcome, 0);
}

#[test]
fn a_migration_round_trip_of_a_writable_pte_loses_uffd_wp() {
    let p = params::RemoveMigration { vm_write: true, prot: READONLY, new_pfn: 0x20, ..Default::default() };
    let got = migrate::remove_migration(&model(), held(MIGR_WRITE, 0x10, SWP_UFFD_WP | SWP_SOFT_DIRTY), &p);
    assert_eq!(got.pte, (0x20 << 12 | READONLY | RW | SOFT_DIRTY) & !A);
    let got = migrate::remove_migration(
        &model(),
        held(MIGR_READ, 0x10, SWP_UFFD_WP),
        &params::RemoveMigration { prot: SHARED, ..p },
    );
    assert_eq!(got.pte, (0x20 << 12 | SHARED | UFFD_WP) & !A, "and a read entry may end up writable and protected");
}

#[test]
fn a_device_page_takes_its_write_from_the_protection_even_for_a_read_entry() {
    let p = params::RemoveMigration { new_devpriv: true, prot: SHARED, new_pfn: 0x20, ..Default::default() };
    let got = migrate::remove_migration(&model(), held(MIGR_READ, 0x10, SWP_UFFD_WP), &p);
    assert_eq!(got.pte, held(DEV_WRITE, 0x20, SWP_UFFD_WP));
}

#[test]
fn migrate_collect_answers_the_special_pte_like_none_from_v3_on() {
    let v3 = params::MigrateCollectV3 { vm_anon: true, ..Default::default() };
    assert_eq!(migrate::migrate_collect(&model(), X, &(&v3).into()).aux, 0);
    let got = migrate::migrate_collect_v3(&model(), X, &v3);
    assert_eq!((got.pte, got.outcome, got.aux), (X, 1, 2));
}

#[test]
fn migrate_collect_counts_a_page_whose_lock_is_taken_and_leaves_its_pte() {
    let p = params::MigrateCollect { select_system: true, ..Default::default() };
    let old = page(0x10, RW | UFFD_WP);
    let got = migrate::migrate_collect(&model(), old, &p);
    assert_eq!((got.pte, got.outcome, got.aux), (old, 1 | GET_PAGE, 0x10 << 6 | 0xb));
    let got = migrate::migrate_collect(&model(), old, &params::MigrateCollect { trylock: true, ..p });
    assert_eq!((got.pte, got.aux), (held(MIGR_WRITE, 0x10, SWP_UFFD_WP), 0x10 << 6 | 0xf));
}

#[test]
fn swapoff_loses_both_flags_and_never_matches_uffd_wp_before_v5_13() {
    let p = params::Unuse { kind: 1, area: 0x100, prot: SHARED, pfn: 0x30, ..Default::default() };
    let got = swapfile::unuse(&model(), held(1, 5, SWP_SOFT_DIRTY), &p);
    assert_eq!((got.pte, got.aux), ((0x30 << 12 | SHARED) & !A, val(1, 5)));
    let protected = held(1, 5, SWP_UFFD_WP);
    let got = swapfile::unuse(&model(), protected, &p);
    assert_eq!((got.pte, got.outcome), (protected, PUT_PAGE));
    let got = swapfile::unuse(&model(), protected, &params::Unuse { sameswp_fixed: true, ..p });
    assert_eq!(got.pte, (0x30 << 12 | SHARED) & !A);
}

#[test]
fn swapoff_of_type_0_reads_wild_memory_on_the_special_pte_until_v3() {
    let v3 = params::UnuseV3 { area: 0x100, ..Default::default() };
    let got = swapfile::unuse(&model(), X, &(&v3).into());
    assert_eq!((got.pte, got.outcome), (X, 1 | WILD | NOMEM));
    assert_eq!(swapfile::unuse_v3(&model(), X, &v3).outcome, 0);
}
