//! What each hunk taken back shows: by value under which special value, and by its use of the special pte (SPEC, section 8).

use super::support::{at_its_site, divergences, names, revert, reverts, signatures};
use crate::lockstep::{Divergence, Lockstep, Signature, Witness};
use crate::model::Model;
use crate::museum::{Bug, Buggy, Ranges};
use crate::pte::{Environment, Special};
use crate::site::{Budgets, RangeCall, SITES, SiteId, TOTALS};
use std::collections::BTreeSet;

/// By value under 0x4, migration, device and soft-dirty; then the uses under 0x4 that no rule allows.
const SEEN: [(&str, &str, &[&str]); 16] = [
    ("H01", "++++", &["decode:special"]),
    ("H02", "++++", &[]),
    ("H03", ".++.", &["decode:special"]),
    ("H04", "++++", &["swap-flag:special+store:special"]),
    ("H05", "++++", &["decode:special+swap-flag:special"]),
    ("H06", "++++", &["do_swap_page:special"]),
    ("H07", "++++", &["swap-flag:special"]),
    ("H08", "+.++", &["decode:special"]),
    (
        "H09",
        "++++",
        &[
            "decode:special",
            "decode:special+swap-flag:special",
            "present-flag:present+decode:special+swap-flag:special",
            "present-flag:protnone+decode:special+swap-flag:special",
        ],
    ),
    ("H10", ".+..", &["decode:special"]),
    (
        "H11",
        "++++",
        &["decode:special", "decode:special+swap-flag:special", "decode:special+swap-flag:special+store:special"],
    ),
    ("H12", "+++.", &["swap-flag:special"]),
    ("H13", "..+.", &["decode:special"]),
    ("H14", ".+..", &["decode:special"]),
    ("H15", "..+.", &["decode:special"]),
    ("R01", ".++.", &["decode:special"]),
];

/// The handler that `get_mctgt_type()` entered: a witness of ours in the outcome of `mctgt`, and not what the kernel returns.
const MCTGT_HANDLER: u64 = 0xf0;

/// Every divergence on the special pte, with 2000 generated parameters of the site.
fn on_special(mut subject: Buggy, bug: &Bug, special: Special) -> Vec<Divergence> {
    let mut lockstep = Lockstep::new(Model::new(Environment::new(special)));
    divergences(&mut lockstep, &mut subject, bug.site, 2000, |call| call.pte == special.value())
}

/// Whether both answers differ in something else than these bits of the outcome.
fn differs_beyond(divergence: &Divergence, bits: u64) -> bool {
    let Witness::Call { right, wrong, .. } = &divergence.witness else { return false };
    right.pte != wrong.pte || right.aux != wrong.aux || (right.outcome ^ wrong.outcome) & !bits != 0
}

/// One cell a special value: whether the revert shows by value, the handler that mctgt entered apart.
fn by_value(bug: &Bug, apart: u64) -> String {
    let cell = |special: Special| {
        let found = on_special(at_its_site(bug, Environment::new(special)).by_value(), bug, special);
        if found.iter().any(|divergence| differs_beyond(divergence, apart)) { '+' } else { '.' }
    };
    Special::ALL.into_iter().map(cell).collect()
}

#[test]
fn the_reverts_visible_by_value_are_those_of_the_table_cell_by_cell() {
    let measured: Vec<_> = reverts().map(|bug| (bug.id, by_value(bug, MCTGT_HANDLER))).collect();
    for (bug, (id, row)) in reverts().zip(&measured) {
        println!("{id} {:<36} {row}", bug.slug);
    }
    let expected = SEEN.map(|(id, row, _)| (id, row.to_string()));
    assert_eq!(measured, expected);
}

#[test]
fn the_two_hunks_of_check_pte_show_under_one_shifted_value_each() {
    let rows = ["H14", "H15"].map(|id| by_value(revert(id), 0));
    let together: String =
        rows[0].chars().zip(rows[1].chars()).map(|(a, b)| if a == '+' || b == '+' { '+' } else { '.' }).collect();
    assert_eq!(together, ".++.");
}

#[test]
fn the_handler_that_memcg_enters_shows_its_revert_under_every_special_value() {
    assert_eq!(by_value(revert("H08"), 0), "++++");
    let special = Special::Migration;
    let found = on_special(at_its_site(revert("H08"), Environment::new(special)).by_value(), revert("H08"), special);
    assert_eq!(names(&found), BTreeSet::from(["mctgt/outcome/handler:none->swap".to_string()]));
}

#[test]
fn each_revert_but_one_is_seen_by_its_use_of_the_special_pte_when_its_values_are_right() {
    for (bug, (id, _, uses)) in reverts().zip(SEEN) {
        let found = on_special(at_its_site(bug, Environment::default()).by_use(), bug, Special::X86);
        let site = SITES[bug.site as usize].name;
        let expected: BTreeSet<_> = uses.iter().map(|uses| format!("{site}/use/{uses}")).collect();
        assert_eq!(names(&found), expected, "{id}");
    }
}

#[test]
fn every_use_of_the_special_pte_is_seen_under_every_special_value() {
    for (bug, (id, _, uses)) in reverts().zip(SEEN).filter(|(_, (_, _, uses))| !uses.is_empty()) {
        for special in Special::ALL {
            let subject = at_its_site(bug, Environment::new(special)).by_use();
            let found = on_special(subject, bug, special);
            // The two halves of the rmap walk use the pte under some of their flags only, and so does what has two places to do so.
            assert!(!found.is_empty(), "{id} under {}: none of {uses:?}", special.name());
            for divergence in &found {
                let name = divergence.signature.to_string();
                assert!(name.contains(":special"), "{id} under {}: {name}", special.name());
            }
        }
    }
}

#[test]
fn a_revert_makes_its_own_site_diverge_and_no_other() {
    for bug in reverts() {
        let found = signatures(at_its_site(bug, Environment::default()), 1000);
        let site = format!("{}/", SITES[bug.site as usize].name);
        assert!(!found.is_empty(), "{}", bug.slug);
        assert!(found.iter().all(|name| name.starts_with(&site)), "{}: {found:?}", bug.slug);
    }
}

#[test]
fn where_nothing_is_special_no_revert_diverges() {
    use crate::pte::Config::{NoArchUffdWp, NoUserfaultfd};
    for environment in [NoArchUffdWp, NoUserfaultfd].map(Environment::of) {
        for bug in reverts() {
            assert_eq!(signatures(at_its_site(bug, environment), 200), [""; 0], "{} in {environment}", bug.slug);
        }
    }
}

/// A scan of so many swap ptes with the special one behind them: signature, and the totals of both.
fn scan(slots: usize, subject: Buggy) -> (Signature, [u64; TOTALS], [u64; TOTALS]) {
    let mut subject = subject;
    let ptes: Vec<u64> = (0..slots).map(|i| 0x07ff_ffff_ffff_fe00 - ((i as u64) << 9)).chain([0x4]).collect();
    let params = vec![[0; 3]; ptes.len()];
    let budgets = Budgets { swap: 64, ..Budgets::default() };
    let call = RangeCall { site: SiteId::KhugeScan, ptes: &ptes, params: &params, budgets };
    let mut lockstep = Lockstep::new(Model::new(Environment::default()));
    let mut found = Vec::new();
    assert!(lockstep.range(&mut subject, &call, &mut |divergence| found.push(divergence)));
    let [Divergence { signature, witness: Witness::Range(range), .. }] = &found[..] else {
        panic!("one divergence, not {found:?}")
    };
    (*signature, range.right_totals, range.wrong_totals)
}

#[test]
fn a_scan_that_counts_the_special_pte_is_seen_in_the_aggregates_of_its_range() {
    let counts = Buggy::new(Environment::default()).with(revert("H07"));
    let (signature, right, wrong) = scan(64, counts.clone());
    assert_eq!(signature.to_string(), "khuge_scan[]/aux/+unmapped");
    assert_eq!(right[..3], [7, 64, 64], "SCAN_PTE_UFFD_WP at the special pte, 64 swap ptes");
    assert_eq!(wrong[..3], [4, 64, 65], "SCAN_EXCEED_SWAP_PTE at the same pte, which was the 65th");

    // A subject whose single entries say nothing of counters shows it in the aggregates alone.
    let silent = counts.range_of(SiteId::KhugeScan, |packed, call, answer| {
        let Ranges::Whole(scan) = revert("H07").ranges else { return false };
        scan(packed, call, answer);
        if let Some(aux) = answer.aux.last_mut() {
            *aux = 0;
        }
        true
    });
    assert_eq!(scan(64, silent.clone()).0.to_string(), "khuge_scan[]/total/result");
    let (signature, right, wrong) = scan(63, silent);
    assert_eq!(signature.to_string(), "khuge_scan[]/total/unmapped");
    assert_eq!((right[..3].to_vec(), wrong[..3].to_vec()), (vec![7, 63, 63], vec![7, 63, 64]));
}
