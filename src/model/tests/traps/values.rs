//! What a value is, and what the primitives make of it.

use super::{MIGRATION_READ, MIGRATION_WRITE, NONE_PROT, SHARED, SPECIAL, SWAPPED};
use crate::model::tests::{ask, configured, x86};
use crate::pte::{Class, Config, SwapEntry};
use crate::site::SiteId;

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
fn marking_dirty_marks_soft_dirty_too() {
    assert_eq!(ask(&x86(), SiteId::Bitop, 0x1, &[("operation", 0)]).pte, 0x841);
}

#[test]
fn device_write_is_type_30_and_device_read_31_while_migration_read_comes_first() {
    let classes = [28, 29, 30, 31].map(|kind| x86().entry_class(SwapEntry { kind, offset: 0 }));
    assert_eq!(classes, [Class::MigrationRead, Class::MigrationWrite, Class::DeviceWrite, Class::DeviceRead]);
}

#[test]
fn pat_is_lost_under_a_new_protection_in_these_versions() {
    assert_eq!(ask(&x86(), SiteId::PteModify, 0x1234_50bf, &[("newprot", 0x25)]).pte, 0x1234_503d);
}

#[test]
fn accessed_comes_from_the_old_pte_and_not_from_the_protection() {
    assert_eq!(ask(&x86(), SiteId::PteModify, 0x1234_5005, &[("newprot", 0x25)]).pte, 0x1234_5005);
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
