//! Every constant of the layout and every parameter, changed in turn: the recorded answers must notice.
//!
//! A constant that could be wrong without any row failing is not known to be right, so those are listed here with their reason.

use super::recorded::{class_row_holds, row_holds};
use super::vectors::{File, Row, files};
use super::{Model, sites_here};
use crate::pte::{Layout, X86_64};
use crate::site::{Site, flip};

/// Changes of the layout that no recorded answer notices, and why.
const UNNOTICED_CONSTANTS: &[(&str, &str)] = &[
    ("user = 0", LEFT_OVER),
    ("user << 1", LEFT_OVER),
    ("pwt = 0", LEFT_OVER),
    ("pwt << 1", LEFT_OVER),
    ("pcd = 0", LEFT_OVER),
    ("pcd << 1", LEFT_OVER),
    ("pat = 0", LEFT_OVER),
    ("pat << 1", LEFT_OVER),
];

/// No rule names these bits: a present pte carries them in `Mapped::rest`, and `modify_keeps` says which of them survive.
const LEFT_OVER: &str = "the model has no use for this name";

/// Parameters that no recorded answer depends on, and why.
const UNNOTICED_PARAMETERS: &[(&str, &str)] = &[
    ("fork dst_uffd_wp", "v5.10 asks the parent's vma"),
    ("fork_rfc02 src_uffd_wp", "the child's vma decides"),
    ("fork_rfc17 src_uffd_wp", "the child's vma decides"),
    ("zap fullmm", "matters to what the TLB does, not to the pte"),
    ("unmap ttu_split_huge_pmd", "is about the pmd"),
    ("unmap ttu_rmap_locked", "is about a lock"),
    ("remove_migration pg_anon", "chooses between two functions that add the same mapping"),
    ("gup foll_nowait", "is for the fault that may follow"),
    ("gup foll_populate", "is for the caller"),
    ("gup foll_hwpoison", "is for the fault that may follow"),
    ("gup foll_tried", "is for the fault that may follow"),
    ("gup_v3 foll_nowait", "is for the fault that may follow"),
    ("gup_v3 foll_populate", "is for the caller"),
    ("gup_v3 foll_hwpoison", "is for the fault that may follow"),
    ("gup_v3 foll_tried", "is for the fault that may follow"),
    ("gup_v3 split_fail", "no recorded row fails to split here; rows of gup do"),
    ("finish_fault uffd_wp", "has a meaning from RFC 08/30 on"),
    ("pte_fault vm_uffd_wp", "has a meaning from RFC 08/30 on"),
];

#[test]
fn every_constant_of_the_layout_is_noticed_by_a_recorded_answer() {
    let mut unnoticed = Vec::new();
    let mut changes = 0;
    for (index, name) in Layout::NAMES.iter().enumerate() {
        for (change, value) in changed_values(name, index) {
            changes += 1;
            let mut layout = X86_64;
            *layout.field_mut(index).expect("a field for each name") = value;
            if !is_noticed(&layout) {
                unnoticed.push(change);
            }
        }
    }
    assert!(changes > Layout::NAMES.len());
    same_list(&unnoticed, UNNOTICED_CONSTANTS);
}

#[test]
fn every_parameter_is_noticed_by_a_recorded_answer() {
    let mut unnoticed = Vec::new();
    for site in sites_here() {
        for field in site.fields {
            flip::set(Some((site.id, field.word, field.shift)));
            if !site_rows_fail(site) {
                unnoticed.push(format!("{} {}", site.name, field.name));
            }
        }
    }
    flip::set(None);
    let is_here = |listed: &str| sites_here().iter().any(|site| listed.split(' ').next() == Some(site.name));
    let listed: Vec<_> = UNNOTICED_PARAMETERS.iter().copied().filter(|(listed, _)| is_here(listed)).collect();
    same_list(&unnoticed, &listed);
}

/// The unnoticed are exactly the listed.
fn same_list(unnoticed: &[String], listed: &[(&str, &str)]) {
    let surprising: Vec<_> = unnoticed.iter().filter(|u| !listed.iter().any(|(l, _)| l == u)).collect();
    let stale: Vec<_> = listed.iter().filter(|(l, _)| !unnoticed.iter().any(|u| u == l)).collect();
    assert!(surprising.is_empty(), "nothing notices: {surprising:#?}");
    assert!(stale.is_empty(), "listed as unnoticed, but noticed: {stale:#?}");
}

/// Every wrong value that a field of the layout is tried with, and how to call it.
fn changed_values(name: &str, index: usize) -> Vec<(String, u64)> {
    let mut layout = X86_64;
    let value = *layout.field_mut(index).expect("a field for each name");
    let is_number = ["shift", "type", "max", "zero"].iter().any(|word| name.contains(word));
    if is_number {
        vec![(format!("{name} + 1"), value.wrapping_add(1)), (format!("{name} - 1"), value.wrapping_sub(1))]
    } else if value.is_power_of_two() {
        vec![(format!("{name} = 0"), 0), (format!("{name} << 1"), value << 1)]
    } else {
        let set_bits = (0..64).filter(|bit| value >> bit & 1 != 0);
        set_bits.map(|bit| (format!("{name} without bit {bit}"), value & !(1 << bit))).collect()
    }
}

/// Whether some row fails under this layout. The rows of one site after the other: what a constant matters to is soon found.
fn is_noticed(layout: &Layout) -> bool {
    let fails = |file: &File| {
        let model = Model::with_layout(file.environment, layout.clone());
        file.classify.iter().any(|row| !class_row_holds(&model, row))
            || sites_here().iter().any(|site| some_row_fails(&model, &file.rows[site.id as usize]))
    };
    files().iter().any(fails)
}

fn site_rows_fail(site: &Site) -> bool {
    files().iter().any(|file| some_row_fails(&Model::new(file.environment), &file.rows[site.id as usize]))
}

fn some_row_fails(model: &Model, rows: &[Row]) -> bool {
    rows.iter().any(|row| !row_holds(model, row))
}
