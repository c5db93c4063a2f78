//! The notable rules of fork.

use super::*;
use crate::model::events::*;
use crate::model::fork;
use crate::site::params;

const COW: params::Fork = params::Fork {
    vm_maywrite: true,
    vm_shared: false,
    vm_write: true,
    src_uffd_wp: false,
    dst_uffd_wp: false,
    has_pinned: false,
    pg_pinned: false,
    nomem: false,
    swap_cont: false,
    prot: SHARED,
    new_pfn: 0x777,
};

fn child_has_uffd_wp() -> params::ForkRfc02 {
    params::ForkRfc02 { vm_maywrite: true, dst_uffd_wp: true, ..Default::default() }
}

#[test]
fn fork_takes_write_from_both_sides_of_a_cow_mapping_and_accessed_from_the_child() {
    let got = fork::fork(&model(), page(0x10, RW | A | D | SOFT_DIRTY), &COW);
    assert_eq!(got.pte, page(0x10, D | SOFT_DIRTY));
    assert_eq!(got.aux, page(0x10, A | D | SOFT_DIRTY));
    assert_eq!(got.outcome, STORE | SRC_STORE | GET_PAGE | RMAP_ADD | RSS_PAGE);
}

#[test]
fn fork_cleans_the_child_of_a_shared_mapping_and_leaves_the_parent() {
    let p = params::Fork { vm_shared: true, ..COW };
    let got = fork::fork(&model(), page(0x10, RW | A | D), &p);
    assert_eq!((got.pte, got.aux), (page(0x10, RW), page(0x10, RW | A | D)));
}

#[test]
fn fork_copies_a_pinned_page_at_once_and_loses_uffd_wp_in_v5_10_only() {
    let old = page(0x10, RW | UFFD_WP);
    let pinned = params::Fork { has_pinned: true, pg_pinned: true, dst_uffd_wp: true, ..COW };
    let got = fork::fork(&model(), old, &pinned);
    assert_eq!((got.pte, got.aux), (0x777 << 12 | SHARED | D | SOFT_DIRTY, old));
    assert_eq!(got.outcome, RETRY | STORE | RMAP_ADD | RSS_PAGE | PG_COPY);

    let p =
        params::ForkRfc02 { has_pinned: true, pg_pinned: true, prot: SHARED, new_pfn: 0x777, ..child_has_uffd_wp() };
    let got = fork::fork_rfc02(&model(), old, &p);
    assert_eq!(got.pte, (0x777 << 12 | SHARED | D | SOFT_DIRTY | UFFD_WP) & !RW);
}

#[test]
fn fork_asks_the_parents_vma_about_uffd_wp_in_v5_10_and_the_childs_after_rfc_02() {
    let old = page(0x10, UFFD_WP);
    assert_eq!(fork::fork(&model(), old, &params::Fork { src_uffd_wp: true, ..COW }).pte, old);
    assert_eq!(fork::fork(&model(), old, &params::Fork { dst_uffd_wp: true, ..COW }).pte, page(0x10, 0));
    assert_eq!(fork::fork_rfc02(&model(), old, &child_has_uffd_wp()).pte, old);
    let p = params::ForkRfc02 { src_uffd_wp: true, dst_uffd_wp: false, ..child_has_uffd_wp() };
    assert_eq!(fork::fork_rfc02(&model(), old, &p).pte, page(0x10, 0));
}

#[test]
fn fork_keeps_soft_dirty_of_a_migration_entry_and_drops_it_of_a_device_entry() {
    let both = SWP_SOFT_DIRTY | SWP_UFFD_WP;
    let got = fork::fork(&model(), held(MIGR_WRITE, 0x1234, both | 0x80), &COW);
    assert_eq!((got.pte, got.aux), (held(MIGR_READ, 0x1234, both), held(MIGR_READ, 0x1234, both)));
    let got = fork::fork(&model(), held(DEV_WRITE, 0x1234, both), &COW);
    assert_eq!((got.pte, got.aux), (held(DEV_READ, 0x1234, SWP_UFFD_WP), held(DEV_READ, 0x1234, SWP_UFFD_WP)));
}

#[test]
fn fork_takes_the_special_pte_for_a_swap_entry_until_rfc_17() {
    let got = fork::fork(&model(), X, &COW);
    assert_eq!((got.pte, got.outcome), (X, SWAP_DUP | RSS_SWAP | STORE));
    let p = params::ForkRfc02 { vm_maywrite: true, ..Default::default() };
    assert_eq!(fork::fork_rfc02(&model(), X, &p).pte, 0, "the flag goes, and none is left");
    let copied = fork::fork_rfc17(&model(), X, &params::ForkRfc17 { dst_uffd_wp: true, ..Default::default() });
    assert_eq!((copied.pte, copied.outcome), (X, STORE));
    let left_out = fork::fork_rfc17(&model(), X, &params::ForkRfc17::default());
    assert_eq!((left_out.pte, left_out.outcome), (0, 0));
}

#[test]
fn fork_takes_an_error_for_success_where_the_entry_is_zero() {
    let p = params::Fork { swap_cont: true, nomem: true, ..COW };
    let got = fork::fork(&model(), held(0, 0, 0), &p);
    assert_eq!((got.pte, got.outcome), (0, SWAP_DUP));
    assert_eq!(fork::fork(&model(), held(0, 1, 0), &p).outcome, 1 | SWAP_DUP | RETRY | NOMEM);
}
