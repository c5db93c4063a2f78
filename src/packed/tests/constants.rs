//! Would anybody notice? Each constant of packed is made wrong, one at a time, and some recorded row must fail.

use super::flip::Constant;
use super::*;
use std::collections::BTreeSet;

/// Wrong values that no recorded row notices, and why.
const UNNOTICED: &[(&str, &[u64], &str)] = &[
    ("dso_bad_pte", &[4, 6], "every type that is no swap area is assigned: that arm is dead"),
    (
        "gu_pg_dirty",
        &[0x10],
        "no row has only one of PageDirty() and PageTransCompound() where a dirty page would be told so",
    ),
    ("huge_pages", &[511, 513], "no row stands at the end of a huge page"),
    ("map_byte_field", &[0x7f, 0xdf, 0xef, 0xf7, 0xfb], "no row has a swap_map[] byte with only that bit"),
    ("scan_half", &[255, 257], "ranges only, which have no rows (tests::ranges)"),
    ("scan_lack_referenced", &[8, 10], "ranges only, which have no rows (tests::ranges)"),
    ("scan_page_ro", &[7, 9], "ranges only, which have no rows (tests::ranges)"),
    ("scan_succeed", &[0, 2], "ranges only, which have no rows (tests::ranges)"),
    ("smaps_shared", &[1], "a page shared among one is the page in full"),
    ("swap_space_shift", &[15], "no row has an offset between the two bounds"),
];

/// Every wrong value that a constant is tried with: a mask without one of its bits and, if it has only one, moved up;
/// a number one off.
fn wrong_values(constant: &Constant) -> Vec<u64> {
    let value = constant.value;
    if !constant.is_mask {
        return vec![value.wrapping_add(1), value.wrapping_sub(1)];
    }
    if value.is_power_of_two() {
        return vec![0, value << 1];
    }
    (0..64).filter(|bit| value >> bit & 1 != 0).map(|bit| value & !(1 << bit)).collect()
}

/// Whether some recorded row fails while `constant` is `value`.
fn is_noticed(files: &[Vectors], constant: &Constant, value: u64) -> bool {
    flip::replace(constant, value);
    let noticed = files.iter().any(|vectors| vectors.first_failure().is_some());
    flip::restore();
    noticed
}

#[test]
fn every_wrong_constant_is_noticed_by_a_recorded_row() {
    let files = all_vectors();
    let mut silent = BTreeSet::new();
    for constant in flip::all() {
        for value in wrong_values(&constant) {
            if !is_noticed(&files, &constant, value) {
                silent.insert((constant.name, value));
            }
        }
    }
    let listed = UNNOTICED.iter().flat_map(|(name, values, _)| values.iter().map(|value| (*name, *value)));
    let listed: BTreeSet<(&str, u64)> = listed.collect();
    let new: Vec<_> = silent.difference(&listed).collect();
    let noticed: Vec<_> = listed.difference(&silent).collect();
    assert!(new.is_empty(), "no recorded row notices: {new:x?}");
    assert!(noticed.is_empty(), "listed as unnoticed, but noticed: {noticed:x?}");
}

#[test]
fn names_of_constants_are_distinct() {
    let names: BTreeSet<&str> = flip::all().map(|constant| constant.name).collect();
    assert_eq!(names.len(), flip::all().count());
    assert!(names.len() > 300);
}
