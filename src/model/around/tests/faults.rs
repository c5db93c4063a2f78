//! The notable rules of the page faults.

use super::*;
use crate::model::events::*;
use crate::model::{fault, wp_page};
use crate::site::params;

#[test]
fn a_fault_on_the_special_pte_goes_to_do_swap_page_until_rfc_08() {
    assert_eq!(fault::pte_fault(&model(), X, &params::PteFault::default()).outcome, 3);
    let p = params::PteFaultRfc08 { write: true, vm_uffd_wp: true, ..Default::default() };
    let got = fault::pte_fault_rfc08(&model(), X, &p);
    assert_eq!((got.pte, got.outcome), (X, 6), "as a read, whatever the access");
    for leftover in [params::PteFaultRfc08 { vm_uffd_wp: false, ..p }, params::PteFaultRfc08 { vm_anon: true, ..p }] {
        let got = fault::pte_fault_rfc08(&model(), X, &leftover);
        assert_eq!((got.pte, got.outcome), (0, 7 | CLEAR));
    }
}

#[test]
fn a_fault_on_none_goes_by_the_vma_and_ignores_the_erratum_bits() {
    for none in [0, A, D, A | D] {
        assert_eq!(
            fault::pte_fault(&model(), none, &params::PteFault { vm_anon: true, ..Default::default() }).outcome,
            1
        );
        assert_eq!(
            fault::pte_fault(&model(), none, &params::PteFault { write: true, ..Default::default() }).outcome,
            0x12
        );
    }
}

#[test]
fn none_is_tested_before_special_where_the_special_value_is_zero() {
    for model in without_uffd_wp() {
        assert_eq!(fault::pte_fault_rfc08(&model, 0, &params::PteFaultRfc08::default()).outcome, 2);
        assert_eq!(fault::pte_fault_rfc08(&model, X, &params::PteFaultRfc08::default()).outcome, 3);
    }
}

#[test]
fn a_read_fault_computes_accessed_and_does_not_store_it() {
    let got = fault::pte_fault(&model(), page(0x10, RW), &params::PteFault::default());
    assert_eq!((got.pte, got.outcome), (page(0x10, RW), MMU_CACHE));
    let got = fault::pte_fault(&model(), page(0x10, RW), &params::PteFault { write: true, ..Default::default() });
    assert_eq!((got.pte, got.outcome), (page(0x10, RW | A | D | SOFT_DIRTY), MMU_CACHE | STORE));
}

#[test]
fn a_write_fault_that_changes_nothing_flushes_once() {
    let done = page(0x10, RW | A | D | SOFT_DIRTY);
    let p = params::PteFault { write: true, ..Default::default() };
    assert_eq!(fault::pte_fault(&model(), done, &p).outcome, TLB);
    assert_eq!(fault::pte_fault(&model(), done, &params::PteFault { tried: true, ..p }).outcome, 0);
}

#[test]
fn prot_none_is_a_numa_hint_only_in_an_accessible_vma() {
    let p = params::PteFault { vm_access: true, ..Default::default() };
    assert_eq!(fault::pte_fault(&model(), protnone(0x10, 0), &p).outcome, 4);
    assert_eq!(fault::pte_fault(&model(), protnone(0x10, 0), &params::PteFault::default()).outcome, MMU_CACHE);
}

#[test]
fn a_numa_fault_gives_write_back_and_inverts_the_pfn_again() {
    let p = params::NumaPage { prot: READONLY, target: true, migrate_ok: true, ..Default::default() };
    let got = fault::numa_page(&model(), protnone(0x10, RW | D | UFFD_WP), &p);
    assert_eq!(got.pte, 0x10 << 12 | READONLY | RW | D | UFFD_WP);
    assert_eq!(got.outcome, 0x101 | CLEAR | STORE | MMU_CACHE | GET_PAGE);
    let got = fault::numa_page(&model(), protnone(0x10, 0), &params::NumaPage { target: false, ..p });
    assert_eq!(got.outcome, 0x102 | CLEAR | STORE | MMU_CACHE | GET_PAGE | PUT_PAGE);
}

#[test]
fn a_numa_fault_takes_bit_10_from_the_protection_where_it_is_not_uffd_wp() {
    for model in without_uffd_wp() {
        let got = fault::numa_page(
            &model,
            protnone(0x10, UFFD_WP),
            &params::NumaPage { prot: READONLY, ..Default::default() },
        );
        assert_eq!(got.pte, 0x10 << 12 | READONLY);
    }
}

#[test]
fn an_anonymous_write_fault_is_dirty_only_in_a_writable_vma() {
    let p = params::AnonPage { write: true, prot: SHARED, pfn: 0x40, ..Default::default() };
    assert_eq!(fault::anon_page(&model(), 0, &p).pte, 0x40 << 12 | SHARED);
    let got = fault::anon_page(&model(), 0, &params::AnonPage { vm_write: true, prot: READONLY, ..p });
    assert_eq!(got.pte, 0x40 << 12 | READONLY | RW | D | SOFT_DIRTY);
}

#[test]
fn an_anonymous_read_fault_maps_the_zero_page_as_special() {
    let p = params::AnonPage { prot: READONLY, ..Default::default() };
    let got = fault::anon_page(&model(), A, &p);
    assert_eq!((got.pte, got.outcome), (ZERO_PFN << 12 | READONLY | SPECIAL, STORE | MMU_CACHE));
    assert_eq!(fault::anon_page(&model(), X, &p).outcome, MMU_TLB, "the special pte is not none");
}

#[test]
fn an_anonymous_write_fault_that_lost_the_race_calls_update_mmu_cache() {
    let p = params::AnonPage { write: true, ..Default::default() };
    assert_eq!(fault::anon_page(&model(), page(0x10, 0), &p).outcome, MMU_CACHE | PUT_PAGE);
    assert_eq!(
        fault::anon_page(&model(), page(0x10, 0), &params::AnonPage { oom: true, ..p }).outcome,
        FAULT_OOM | NOMEM
    );
}

#[test]
fn finish_fault_wants_none_and_with_uffd_wp_exactly_the_special_pte() {
    let p = params::FinishFaultRfc08 { vm_write: true, vm_shared: true, prot: SHARED, pfn: 0x50, ..Default::default() };
    let protect = params::FinishFaultRfc08 { uffd_wp: true, ..p };
    assert_eq!(fault::finish_fault_rfc08(&model(), 0, &p).pte, 0x50 << 12 | SHARED);
    assert_eq!(fault::finish_fault_rfc08(&model(), X, &p).outcome, FAULT_NOPAGE | MMU_TLB);
    assert_eq!(fault::finish_fault_rfc08(&model(), 0, &protect).outcome, FAULT_NOPAGE | MMU_TLB);
    assert_eq!(fault::finish_fault_rfc08(&model(), X, &protect).pte, (0x50 << 12 | SHARED | UFFD_WP) & !RW);
    let got = fault::finish_fault(&model(), X, &(&protect).into());
    assert_eq!(got.outcome, FAULT_NOPAGE | MMU_TLB, "before RFC 08/30 nobody knows the flag");
}

#[test]
fn finish_fault_warns_of_a_write_with_uffd_wp_and_installs_all_the_same() {
    let p = params::FinishFaultRfc08 {
        write: true,
        vm_shared: true,
        uffd_wp: true,
        prot: SHARED,
        pfn: 0x50,
        ..Default::default()
    };
    let got = fault::finish_fault_rfc08(&model(), X, &p);
    assert_eq!(got.pte, (0x50 << 12 | SHARED | UFFD_WP | D | SOFT_DIRTY) & !RW);
    assert_eq!(got.outcome & WARN, WARN);
}

#[test]
fn finish_fault_installs_the_copy_of_a_private_mapping() {
    let p = params::FinishFault { write: true, prot: READONLY, pfn: 0x50, ..Default::default() };
    assert_eq!(fault::finish_fault(&model(), 0, &p).pte, 0x51 << 12 | READONLY | D | SOFT_DIRTY);
    assert_eq!(fault::finish_fault(&model(), X, &params::FinishFault { unstable: true, ..p }).outcome, FAULT_SIGBUS);
}

#[test]
fn a_write_to_a_protected_page_is_a_userfault_only_while_the_vma_is_registered() {
    let p = params::WpPage { vm_uffd_wp: true, ..Default::default() };
    let got = wp_page::wp_page(&model(), page(0x10, UFFD_WP), &p);
    assert_eq!((got.pte, got.outcome), (page(0x10, UFFD_WP), 0x4000 | UFFD));
    for model in without_uffd_wp() {
        assert_eq!(wp_page::wp_page(&model, page(0x10, UFFD_WP), &p).outcome & UFFD, 0);
    }
}

#[test]
fn reuse_keeps_a_stale_uffd_wp_beside_write() {
    let p = params::WpPage { vm_write: true, pg_anon: true, ..Default::default() };
    let got = wp_page::wp_page(&model(), page(0x10, UFFD_WP), &p);
    assert_eq!(got.pte, page(0x10, UFFD_WP | RW | A | D | SOFT_DIRTY));
    assert_eq!(got.outcome, FAULT_WRITE | 0x1000 | STORE | MMU_CACHE);
}

#[test]
fn a_copy_keeps_nothing_of_the_old_pte() {
    let p = params::WpPage {
        vm_write: true,
        pg_anon: true,
        count2: true,
        prot: READONLY,
        new_pfn: 0x60,
        ..Default::default()
    };
    let got = wp_page::wp_page(&model(), page(0x10, UFFD_WP | A | 0x5 << 59), &p);
    assert_eq!(got.pte, 0x60 << 12 | READONLY | RW | D | SOFT_DIRTY);
    let events = GET_PAGE | PG_COPY | CLEAR | TLB | STORE | MMU_CACHE | RMAP_ADD | RMAP_DEL | PUT_PAGE;
    assert_eq!(got.outcome, FAULT_WRITE | 0x2000 | events);
}

#[test]
fn a_copy_of_the_zero_page_copies_nothing_and_cannot_fail_to() {
    let p = params::WpPage { copyfail: true, new_pfn: 0x60, prot: READONLY, ..Default::default() };
    let got = wp_page::wp_page(&model(), page(ZERO_PFN, SPECIAL), &p);
    assert_eq!(got.outcome & (PG_COPY | GET_PAGE | BAD_PTE), 0);
    assert_eq!(got.outcome & 0x2000, 0x2000);
}

#[test]
fn pfn_mkwrite_ends_without_vm_fault_write() {
    let p = params::WpPage { vm_write: true, vm_shared: true, ..Default::default() };
    let old = page(0x10, SPECIAL | DEVMAP);
    assert_eq!(wp_page::wp_page(&model(), old, &p).outcome & 0xffff, 0x1008);
    let asked = params::WpPage { pfn_mkwrite: true, ..p };
    assert_eq!(wp_page::wp_page(&model(), old, &asked).outcome & 0xffff, 0x1000);
    let lost = params::WpPage { changed: true, ..asked };
    assert_eq!(wp_page::wp_page(&model(), old, &lost).outcome, FAULT_NOPAGE | MMU_TLB);
}

#[test]
fn page_mkwrite_that_fails_leaves_the_page_clean() {
    let p = params::WpPage {
        vm_write: true,
        vm_shared: true,
        page_mkwrite: true,
        mkwrite_fail: true,
        ..Default::default()
    };
    let got = wp_page::wp_page(&model(), page(0x10, 0), &p);
    assert_eq!((got.pte, got.outcome), (page(0x10, 0), FAULT_SIGBUS | GET_PAGE | PUT_PAGE));
}
