//! What is easily read wrong, each by hand: SPEC section 7, with the numbers written out.

use super::{Model, ask, configured, shifted, x86};
use crate::pte::{Class, Config, Special, SwapEntry};
use crate::site::SiteId;

const NONE_PROT: u64 = 0x120;
const READONLY: u64 = 0x8000_0000_0000_0025;
const SHARED: u64 = 0x8000_0000_0000_0027;
const SPECIAL: u64 = 0x4;
/// Type 1, offset 0x1234.
const SWAPPED: u64 = 0x0fff_ffff_ffdb_9600;
const MIGRATION_WRITE: u64 = 0xefff_ffff_ffdb_9600;
const MIGRATION_READ: u64 = 0xe7ff_ffff_ffdb_9600;
const DEVICE_WRITE: u64 = 0xf7ff_ffff_ffdb_9600;
const DEVICE_READ: u64 = 0xffff_ffff_ffdb_9600;
const HWPOISON: u64 = 0xdfff_ffff_ffdb_9600;

#[test]
fn special_is_one_exact_value_and_not_a_bit_test() {
    for neighbour in [0x6, 0x24, 0x44, 0x64, 0x84, 0xc] {
        assert_eq!(x86().class(neighbour), Class::Swap, "{neighbour:#x}");
    }
    assert_eq!(x86().class(0x4), Class::Special);
    assert_eq!(x86().class(0x5), Class::Present);
    assert_eq!(x86().class(0x104), Class::ProtNone);
}

#[test]
fn none_ignores_accessed_and_dirty_and_so_is_not_only_zero() {
    for none in [0, 0x20, 0x40, 0x60] {
        assert_eq!(x86().class(none), Class::None, "{none:#x}");
    }
}

#[test]
fn the_offset_is_inverted_so_the_first_slot_is_not_zero_and_the_last_is() {
    assert_eq!(x86().encode(SwapEntry { kind: 0, offset: 0 }), 0x07ff_ffff_ffff_fe00);
    assert_eq!(x86().encode(SwapEntry { kind: 0, offset: (1 << 50) - 1 }), 0);
    assert_eq!(x86().encode(SwapEntry { kind: 29, offset: 0x1234 }), MIGRATION_WRITE);
    assert_eq!(x86().decode(SPECIAL), SwapEntry { kind: 0, offset: (1 << 50) - 1 });
}

#[test]
fn prot_none_is_present_and_keeps_its_frame_number_inverted_and_its_flags_upright() {
    let pte = ask(&x86(), SiteId::PfnPte, 0, &[("pfn", 0x12345), ("prot", NONE_PROT)]).pte;
    assert_eq!(pte, 0x000f_ffff_edcb_a120);
    let c = x86().classify(pte);
    assert!(c.present && c.protnone && c.young && !c.dirty);
    assert_eq!(c.pfn, 0x12345);
}

#[test]
fn a_frame_number_is_not_inverted_under_a_protection_of_zero() {
    assert_eq!(ask(&x86(), SiteId::PfnPte, 0, &[("pfn", 0x12345), ("prot", 0)]).pte, 0x1234_5000);
}

#[test]
fn bits_1_and_2_are_write_and_user_where_present_is_set_in_either_form() {
    assert_eq!(ask(&x86(), SiteId::ClearSoftDirty, 0x102, &[]).pte, 0x100, "write is taken");
    assert_eq!(ask(&x86(), SiteId::ClearSoftDirty, 0x2 | SWAPPED, &[]).pte, SWAPPED, "swap soft-dirty is taken");
    assert_eq!(ask(&x86(), SiteId::MoveSoftDirty, 0x102, &[]).pte, 0x902);
}

#[test]
fn marking_dirty_marks_soft_dirty_too() {
    assert_eq!(ask(&x86(), SiteId::Bitop, 0x1, &[("operation", 0)]).pte, 0x841);
}

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
fn device_write_is_type_30_and_device_read_31_while_migration_read_comes_first() {
    let classes = [28, 29, 30, 31].map(|kind| x86().entry_class(SwapEntry { kind, offset: 0 }));
    assert_eq!(classes, [Class::MigrationRead, Class::MigrationWrite, Class::DeviceWrite, Class::DeviceRead]);
}

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
fn pat_is_lost_under_a_new_protection_in_these_versions() {
    assert_eq!(ask(&x86(), SiteId::PteModify, 0x12345_0bf, &[("newprot", 0x25)]).pte, 0x12345_03d);
}

#[test]
fn accessed_comes_from_the_old_pte_and_not_from_the_protection() {
    assert_eq!(ask(&x86(), SiteId::PteModify, 0x1234_5005, &[("newprot", 0x25)]).pte, 0x1234_5005);
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

#[test]
fn pagemap_shows_neither_swap_nor_write_protection_of_the_special_pte() {
    let aux = |pte: u64| ask(&x86(), SiteId::Pagemap, pte, &[("show_pfn", 1), ("mapcount1", 1)]).aux;
    assert_eq!(aux(SPECIAL), 0);
    assert_eq!(aux(SWAPPED), 1 << 62 | 0x1234 << 5 | 1);
}

#[test]
fn without_uffd_wp_in_the_architecture_its_flags_mean_nothing() {
    for config in [Config::NoArchUffdWp, Config::NoUserfaultfd] {
        let model = configured(config);
        assert_eq!(model.class(0x4), Class::Swap);
        let protect = |pte: u64| ask(&model, SiteId::ChangeProt, pte, &[("uffd_wp", 1), ("newprot", SHARED)]).pte;
        assert_eq!(
            protect(0x8000_0000_1234_5427),
            0x8000_0000_1234_5025,
            "write goes, bit 10 comes from the protection"
        );
        assert_eq!(protect(SWAPPED), SWAPPED);
        assert_eq!(protect(MIGRATION_WRITE | 6), MIGRATION_READ | 2, "built anew without bit 2");
        assert_eq!(ask(&model, SiteId::Bitop, 0x1, &[("operation", 8)]).pte, 0x1);
        let c = model.classify(0xfff);
        assert!(!c.uffd_wp && !c.swp_uffd_wp);
    }
}

#[test]
fn none_is_special_too_where_the_special_value_is_zero_and_only_there() {
    let c = configured(Config::NoArchUffdWp).classify(0);
    assert!(c.none && c.special && !c.is_swap);
    assert!(!configured(Config::NoArchUffdWp).classify(0x20).special);
    assert!(!configured(Config::NoUserfaultfd).classify(0).special);
}
