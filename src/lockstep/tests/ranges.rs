//! Ranges: mistakes of a loop, of its counters and of its stop, and the hunks in the ranges of their sites.

use super::support::{SEED, revert, reverts, signatures_at};
use crate::engine::Runner;
use crate::lockstep::{Divergence, Lockstep, Subject};
use crate::model::Model;
use crate::museum::Buggy;
use crate::packed::passes::Facts;
use crate::packed::{Packed, Watch};
use crate::program::{CallSource, Program, RangeBuffer, RawProgram, Rng};
use crate::pte::Environment;
use crate::site::{Budgets, RANGE_SITES, RangeAnswer, RangeCall, SiteId};

/// Every divergence of generated ranges of one site.
fn divergences(subject: &mut Buggy, site: SiteId) -> Vec<Divergence> {
    let environment = subject.environment();
    let source = CallSource::new(environment, vec![site], false);
    let mut lockstep = Lockstep::new(Model::new(environment));
    let (mut rng, mut buffer) = (Rng::new(SEED), RangeBuffer::default());
    let mut found = Vec::new();
    for _ in 0..1500 {
        source.range(&mut rng, &mut buffer);
        let n = buffer.len;
        let call = RangeCall { site, ptes: &buffer.ptes[..n], params: &buffer.params[..n], budgets: buffer.budgets };
        lockstep.range(subject, &call, &mut |divergence| found.push(divergence));
    }
    found
}

/// Their signatures, sorted, each once.
fn signatures(mut subject: Buggy, site: SiteId) -> Vec<String> {
    super::support::names(&divergences(&mut subject, site)).into_iter().collect()
}

fn wrong() -> Buggy {
    Buggy::new(Environment::default())
}

#[test]
fn a_loop_that_leaves_its_last_entry_alone_is_seen_in_ranges_only() {
    let site = SiteId::MoveSoftDirty;
    let short = wrong().range_of(site, |packed, call, answer| {
        let answered = packed.range(call, answer);
        if let (Some(last), Some(before)) = (answer.ptes.last_mut(), call.ptes.last()) {
            *last = *before;
        }
        answered
    });
    let expected = ["move_soft_dirty[]/pte/-soft-dirty", "move_soft_dirty[]/pte/-swp-soft-dirty"];
    assert_eq!(signatures(short.clone(), site), expected);
    assert_eq!(signatures_at(&[site], short, 4000), expected);
}

/// A vector pass with a mistake in one of eight lanes, which takes the special pte for an entry there: what a constant that was not
/// broadcast would do.
fn one_wrong_lane(packed: &mut Packed<Watch>, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
    let answered = packed.range(call, answer);
    let ignorant = Packed::new(Environment { special: None, ..packed.masks.environment });
    let mut wrong = vec![0; call.ptes.len()];
    match call.site {
        SiteId::MoveSoftDirty => drop(ignorant.move_ptes(call.ptes, &mut wrong)),
        _ => drop(ignorant.change_protection(call.ptes, &mut wrong, Facts::Each(call.params))),
    }
    for i in (5..call.ptes.len()).step_by(8) {
        answer.ptes[i] = wrong[i];
    }
    answered
}

#[test]
fn a_mistake_in_one_lane_of_a_pass_is_seen_in_ranges() {
    let expected = [
        (SiteId::MoveSoftDirty, "move_soft_dirty[]/pte/special->swap"),
        (SiteId::ChangeProt, "change_prot[]/pte/special->none"),
    ];
    for (site, signature) in expected {
        assert_eq!(signatures(wrong().range_of(site, one_wrong_lane), site), [signature]);
        assert_eq!(signatures_at(&[site], wrong().range_of(site, one_wrong_lane), 4000), [signature]);
    }
}

#[test]
fn counters_that_the_entries_do_not_show_are_named_themselves() {
    let twice = wrong().range_of(SiteId::Fork, |packed, call, answer| {
        let answered = packed.range(call, answer);
        answer.totals[1] *= 2;
        answered
    });
    assert_eq!(signatures(twice, SiteId::Fork), ["fork[]/total/rss_swap"]);
    let one_behind = wrong().range_of(SiteId::Fork, |packed, call, answer| {
        let answered = packed.range(call, answer);
        answer.totals[6] += answer.totals[5];
        answered
    });
    assert_eq!(signatures(one_behind, SiteId::Fork), ["fork[]/total/index"]);
}

#[test]
fn a_scan_that_goes_on_beyond_a_budget_is_seen_by_its_result_or_by_what_it_counts_behind() {
    let generous = wrong().range_of(SiteId::KhugeScan, |packed, call, answer| {
        packed.range(&RangeCall { budgets: Budgets { swap: u32::MAX, ..call.budgets }, ..*call }, answer)
    });
    let found = signatures(generous, SiteId::KhugeScan);
    assert!(found.iter().any(|name| name == "khuge_scan[]/total/result"), "{found:?}");
    let expected = |name: &String| name == "khuge_scan[]/total/result" || name.starts_with("khuge_scan[]/aux/+");
    assert!(found.iter().all(expected), "{found:?}");
}

#[test]
fn what_a_subject_without_a_range_form_left_in_the_answer_is_not_looked_at() {
    let none = wrong().range_of(SiteId::Zap, |_, _, answer| {
        answer.ptes.fill(0x4);
        false
    });
    assert_eq!(signatures(none, SiteId::Zap), [""; 0]);
}

#[test]
fn the_hunks_show_in_the_ranges_of_their_sites_too() {
    let expected: [(&str, &[&str]); 7] = [
        ("H01", &["smaps[]/aux/~value"]),
        ("H02", &["smaps[]/total/swap", "smaps[]/total/xa_loads"]),
        ("H04", &["clear_soft_dirty[]/total/stores"]),
        ("H05", &["pagemap[]/aux/+swap", "pagemap[]/aux/~frame+swap"]),
        ("H07", &["khuge_scan[]/aux/+unmapped"]),
        ("H11", &["change_prot[]/pte/special->none"]),
        ("H12", &["move_soft_dirty[]/pte/special->swap"]),
    ];
    let mut seen = expected.into_iter();
    for bug in reverts().filter(|bug| RANGE_SITES.contains(&bug.site)) {
        let found = signatures(wrong().with(bug), bug.site);
        let found: Vec<_> = found.iter().map(String::as_str).collect();
        assert_eq!(seen.next(), Some((bug.id, &found[..])));
    }
    assert_eq!(seen.next(), None);
}

#[test]
fn the_program_of_a_range_divergence_shows_it_again() {
    let mremap = revert("H12");
    let mut subject = wrong().with(mremap);
    let found = divergences(&mut subject, mremap.site);
    let mut runner = Runner::new(Environment::default());
    for divergence in &found[..20] {
        let program = RawProgram::from_text(&divergence.to_raw().to_text()).expect("the text of a program");
        let again = runner.first(&Program::Raw(program), &mut subject).map(|(_, again)| again.signature);
        assert_eq!(again, Some(divergence.signature));
    }
}
