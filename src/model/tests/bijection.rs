//! The enum accounts for every bit: what is read is written back, in every environment.

use super::Model;
use crate::pte::{Class, Environment, Special};
use proptest::prelude::*;

/// Several values of each class, at the edges of what the class can hold.
const REPRESENTATIVES: [u64; 45] = [
    // None, with what the erratum may leave.
    0,
    0x20,
    0x40,
    0x60,
    // Present: read-only, writable, dirty and soft-dirty, special zero page, uffd-wp, devmap, all bits, a protection key.
    0x8000_0000_1234_5025,
    0x8000_0000_1234_5067,
    0x0000_0000_0abc_d867,
    0x8000_0000_5a5a_5225,
    0x8000_0000_1234_5425,
    0x0400_0000_1234_5227,
    0xffff_ffff_ffff_ffff,
    0x3800_000f_ffff_f425,
    0x1,
    // PROT_NONE: frame number 0, an ordinary one, the highest, with write kept by NUMA balancing, with uffd-wp.
    0x100,
    0x120,
    0x800f_ffff_ffff_f120,
    0x800f_ffff_edcb_a162,
    0x8000_0000_0000_0100,
    0x000f_ffff_edcb_a560,
    // Swap: the first and last slots of the first, a middle and the last type, with each flag, and stray low bits.
    0x07ff_ffff_ffff_fe00,
    0x07ff_ffff_ffff_fc06,
    0x0000_0000_0000_0200,
    0x6fff_ffff_edcb_9602,
    0xd7ff_ffff_ffdb_9604,
    0xd000_0000_0000_0000,
    0x0fff_ffff_ffff_fee0,
    0x2,
    0x8,
    0x80,
    // Hwpoison.
    0xdfff_ffff_ffdb_9600,
    0xd800_0000_0000_0000,
    // Migration, read and write.
    0xe7ff_ffff_ffdb_9600,
    0xe000_0000_0000_0002,
    0xefff_ffff_ffdb_9606,
    0xefff_ffff_ffff_fe00,
    // Device private, write and read.
    0xf7ff_ffff_ffdb_9604,
    0xf000_0000_0000_0000,
    0xffff_ffff_ffdb_9602,
    0xffff_ffff_ffff_fe00,
    // The special values, and what is nearly one.
    0x4,
    0x6,
    0x24,
    0xe7ff_ffff_ffdb_9604,
    0xffff_ffff_ffdb_9604,
    0xffff_ffff_ffdb_9624,
];

#[test]
fn every_class_has_several_representatives_in_the_environment_of_x86_64() {
    let model = Model::new(Environment::default());
    for class in Class::ALL {
        let count = REPRESENTATIVES.iter().filter(|raw| model.class(**raw) == class).count();
        let wanted = if class == Class::Special { 1 } else { 2 };
        assert!(count >= wanted, "{class:?} has {count}");
    }
}

#[test]
fn what_is_read_is_written_back_within_three_bits_of_every_representative() {
    for model in Environment::all().map(Model::new) {
        for raw in REPRESENTATIVES {
            for_each_within_three_bits(raw, |value| assert_eq!(model.write(model.read(value)), value, "{value:#x}"));
        }
    }
}

#[test]
fn the_accessors_of_present_ptes_lose_nothing_whatever_the_class() {
    for model in Environment::all().map(Model::new) {
        for raw in REPRESENTATIVES {
            for_each_within_three_bits(raw, |value| {
                assert_eq!(model.write_mapped(&model.read_mapped(value)), value, "{value:#x}");
            });
        }
    }
}

#[test]
fn each_special_value_is_the_only_special_one_of_its_environment() {
    for special in Special::ALL {
        let model = Model::new(Environment::new(special));
        let specials: Vec<u64> =
            REPRESENTATIVES.into_iter().filter(|raw| model.class(*raw) == Class::Special).collect();
        assert_eq!(specials, [special.value()]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_is_read_is_written_back_for_any_value(value: u64) {
        for model in Environment::all().map(Model::new) {
            prop_assert_eq!(model.write(model.read(value)), value);
        }
    }

    #[test]
    fn none_present_entry_and_special_partition_every_value(value: u64, low in 0u64..0x1000) {
        // Config::NoArchUffdWp calls 0 both none and special; its other values obey.
        for model in Environment::all().map(Model::new) {
            for raw in [value, low, value & !0xfff | low].into_iter().filter(|raw| *raw != 0) {
                let c = model.classify(raw);
                let kinds = [c.none, c.present, c.special, c.has_swap_entry];
                prop_assert_eq!(kinds.iter().filter(|kind| **kind).count(), 1, "{:#x}", raw);
            }
        }
    }
}

fn for_each_within_three_bits(raw: u64, mut check: impl FnMut(u64)) {
    check(raw);
    for i in 0..64 {
        check(raw ^ 1 << i);
        for j in 0..i {
            check(raw ^ 1 << i ^ 1 << j);
            for k in 0..j {
                check(raw ^ 1 << i ^ 1 << j ^ 1 << k);
            }
        }
    }
}
