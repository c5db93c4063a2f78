//! The museum as a whole: names, order, composition.

use super::hunt::hunt_at;
use super::watched::Watched;
use super::{Buggy, By, Caught, Crash, MUSEUM, OUT, control, find, hunt, near};
use crate::engine::Runner;
use crate::exhaust::{Domain, walk};
use crate::lockstep::{Lockstep, Subject};
use crate::model::Model;
use crate::program::{CallSource, Program, RangeBuffer, Rng};
use crate::pte::{Environment, Special};
use crate::site::{Answer, Call, RANGE_SITES, RangeCall, SiteId};
use crate::subjects::SubjectName;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Nobody stops these hunts.
static GO_ON: AtomicBool = AtomicBool::new(false);

#[test]
fn ids_are_sorted_and_ids_and_slugs_are_unique() {
    assert!(MUSEUM.is_sorted_by(|a, b| a.id < b.id), "{:?}", MUSEUM.map(|bug| bug.id));
    let slugs: BTreeSet<_> = MUSEUM.iter().map(|bug| bug.slug).collect();
    assert_eq!(slugs.len(), MUSEUM.len());
}

#[test]
fn each_bug_says_what_went_wrong_and_what_it_did_to_users() {
    for bug in &MUSEUM {
        for text in [bug.mistake, bug.harm, bug.fixed] {
            assert!(text.len() > 10, "{}: {text:?}", bug.id);
        }
    }
}

#[test]
fn a_bug_is_found_by_its_slug_or_its_id_in_either_case() {
    for bug in &MUSEUM {
        let lower = bug.id.to_ascii_lowercase();
        for name in [bug.slug, bug.id, &lower] {
            assert_eq!(find(name).map(|found| found.id), Some(bug.id));
        }
    }
    assert_eq!(find("mremap"), None);
}

#[test]
fn subjects_are_named_by_bugs_and_an_unknown_one_is_told_its_neighbours() {
    let two: SubjectName = "bug:H12+hmm-decodes-special".parse().expect("two bugs");
    assert_eq!(two.to_string(), "bug:mremap-marks-special+hmm-decodes-special");
    assert_eq!(two.to_string().parse(), Ok(two));
    let error = "bug:mremap-mark-specials".parse::<SubjectName>().expect_err("no such bug");
    assert!(error.starts_with("found \"mremap-mark-specials\", expected a bug of"), "{error}");
    assert!(error.contains("such as mremap-marks-special, "), "{error}");
    assert_eq!(near("pagemap")[0], "pagemap-decodes-special");
    assert!("bug:".parse::<SubjectName>().is_err());
    assert!("bugs".parse::<SubjectName>().is_err_and(|error| error.contains("bug:SLUG")));
}

/// The answer of a subject to one call.
fn one(subject: &mut Buggy, site: SiteId, pte: u64) -> Answer {
    let mut answer = [Answer::default()];
    subject.answer(&[Call { site, pte, p: [0; 3] }], &mut answer);
    answer[0]
}

#[test]
fn bugs_compose_and_of_two_at_one_site_the_last_one_stands() {
    let [h01, h02, h12] = ["H01", "H02", "H12"].map(|id| find(id).expect("a bug"));
    let environment = Environment::default();
    let mut both = Buggy::with_all(environment, [h12, h01]);
    assert_eq!(one(&mut both, SiteId::MoveSoftDirty, 0x4).pte, 0x6);
    assert_eq!(one(&mut both, SiteId::Smaps, 0x4), one(&mut Buggy::new(environment).with(h01), SiteId::Smaps, 0x4));
    let mut last = Buggy::with_all(environment, [h01, h02]);
    assert_eq!(one(&mut last, SiteId::Smaps, 0x4), one(&mut Buggy::new(environment).with(h02), SiteId::Smaps, 0x4));
    let mut none = Buggy::new(environment);
    assert_eq!(one(&mut none, SiteId::MoveSoftDirty, 0x4).pte, 0x4);
}

/// An id without the letter of its part.
fn number(id: &str) -> &str {
    id.trim_end_matches(['A', 'B', 'C'])
}

#[test]
fn every_candidate_is_in_the_museum_or_out_with_a_reason_and_none_is_both() {
    let listed = |letter: char, last: usize| (1..=last).map(move |n| format!("{letter}{n:02}"));
    let candidates: BTreeSet<String> = listed('H', 15).chain(listed('M', 75)).chain(listed('R', 8)).collect();
    let planted = MUSEUM.iter().flat_map(|bug| std::iter::once(bug.id).chain(bug.also.iter().copied()));
    let planted: BTreeSet<String> = planted.map(|id| number(id).to_string()).collect();
    let out: BTreeSet<String> = OUT.iter().map(|out| out.id.to_string()).collect();
    assert_eq!(out.len(), OUT.len(), "one row each");
    assert_eq!(planted.intersection(&out).count(), 0);
    assert_eq!(planted.union(&out).cloned().collect::<BTreeSet<_>>(), candidates);
    assert!(OUT.is_sorted_by(|a, b| a.id < b.id));
}

/// Which of a fixed sample of calls and ranges of its site lockstep reports for a bug, under every special value.
fn wrong_cells(bug: &super::Bug) -> Vec<u32> {
    let mut cells = Vec::new();
    let mut number = 0;
    for environment in Special::ALL.map(Environment::new) {
        let source = CallSource::new(environment, vec![bug.site], false);
        let mut lockstep = Lockstep::new(Model::new(environment));
        let mut subject = Buggy::new(environment).with(bug);
        let mut rng = Rng::new(3);
        for _ in 0..6000 {
            let call = source.call(&mut rng);
            lockstep.calls(&mut subject, &[call], |_, _, _| {}, &mut |_| cells.push(number));
            number += 1;
        }
        let mut buffer = RangeBuffer::default();
        for _ in 0..if RANGE_SITES.contains(&bug.site) { 300 } else { 0 } {
            source.range(&mut rng, &mut buffer);
            let (ptes, params) = (&buffer.ptes[..buffer.len], &buffer.params[..buffer.len]);
            let call = RangeCall { site: bug.site, ptes, params, budgets: buffer.budgets };
            lockstep.range(&mut subject, &call, &mut |_| cells.push(number));
            number += 1;
        }
    }
    cells
}

#[test]
fn no_two_bugs_are_wrong_in_the_same_cells_and_each_is_wrong_in_some() {
    let mut seen: BTreeMap<(SiteId, Vec<u32>), &str> = BTreeMap::new();
    for bug in &MUSEUM {
        let cells = wrong_cells(bug);
        assert!(!cells.is_empty(), "{} is wrong nowhere", bug.id);
        if let Some(other) = seen.insert((bug.site, cells), bug.id) {
            panic!("{other} and {} are one bug", bug.id);
        }
    }
}

/// The wrong cells of a bug in the walk of its site, in all and by signature, under every special value.
fn walked(bug: &'static super::Bug, domain: Domain) -> Vec<u64> {
    let mut counts = Vec::new();
    for environment in Special::ALL.map(Environment::new) {
        let make = || Ok(Box::new(Buggy::new(environment).with(bug)) as Box<dyn Subject>);
        let report = walk(environment, &[bug.site], domain, &make, false).expect("a subject");
        counts.push(report.divergences());
        counts.extend(report.rows.iter().flat_map(|row| &row.found).map(|seen| seen.count));
    }
    counts
}

#[test]
fn the_walk_counts_no_two_bugs_alike_and_sees_each_that_is_not_in_a_loop() {
    let mut seen: BTreeMap<(SiteId, Vec<u64>), &str> = BTreeMap::new();
    for bug in MUSEUM.iter().filter(|bug| !bug.loop_only) {
        // As many wrong cells in all, and as many of each signature: more than being wrong in as many places. What needs more than two
        // parameters at once is in the full domain only.
        let counts = Domain::ALL.into_iter().rev().map(|domain| walked(bug, domain));
        let mut counts = counts;
        let counts = counts.find(|counts| counts.iter().any(|n| *n > 0)).unwrap_or_default();
        assert!(!counts.is_empty(), "{} is wrong nowhere in the domain", bug.id);
        if let Some(other) = seen.insert((bug.site, counts), bug.id) {
            panic!("{other} and {} look like one bug", bug.id);
        }
    }
}

#[test]
fn the_walk_finds_a_bug_at_its_site_under_the_first_special_value_that_shows_it() {
    let hunt = super::hunt_by_walk(find("H12").expect("a bug"), Duration::from_secs(60), &GO_ON);
    let found = hunt.detected.expect("in the domain");
    assert_eq!((found.special, found.first.signature.site()), (Special::X86, Some(SiteId::MoveSoftDirty)));
    assert!(!found.in_world() && hunt.programs == 0 && hunt.site_calls > 0);
    assert!(super::hunt_by_walk(find("M61").expect("a bug"), Duration::from_secs(60), &GO_ON).detected.is_none());
}

#[test]
fn each_bug_is_caught_by_an_oracle_that_is_asked_alone() {
    for bug in &MUSEUM {
        let caught = Caught::of(bug);
        println!("{:5} {caught:?}", bug.id);
        assert!(caught.at_all(), "{}", bug.id);
    }
}

#[test]
fn where_only_uses_or_shifted_values_show_a_bug_the_oracles_say_so() {
    let caught = |id: &str| Caught::of(find(id).expect("a bug"));
    let wait = caught("H10");
    assert_eq!((wait.value, wait.by_use, wait.aggregate), ([false, true, false, false], true, false));
    let scan = caught("H02");
    assert_eq!((scan.value[0], scan.by_use, scan.aggregate), (true, false, true));
    assert_eq!(caught("M61").value, [true; 4], "a mistake of the loop shows in ranges");
    assert_eq!(caught("M41A").conservation, ["soft-dirty"]);
    assert_eq!(caught("M05").laws, ["migration-end-keeps-soft-dirty"]);
}

#[test]
fn what_is_right_breaks_no_law_not_even_one_of_conservation() {
    for site in [SiteId::Unmap, SiteId::ForkRfc02, SiteId::Zap, SiteId::ChangeProt, SiteId::RemoveMigration] {
        let right = super::Bug { site, wrong: crate::packed::Packed::dispatch, ..*find("M41A").expect("a bug") };
        let caught = Caught::of(&right);
        assert!(!caught.at_all() && caught.laws.is_empty() && caught.conservation.is_empty(), "{site:?}: {caught:?}");
    }
}

#[test]
fn a_hunt_says_what_it_reached_triggered_and_detected_and_is_the_same_again() {
    let bug = find("M41A").expect("a bug");
    let first = hunt(bug, 1, Duration::from_secs(60), &GO_ON);
    let again = hunt(bug, 1, Duration::from_secs(60), &GO_ON);
    let detection = first.detected.as_ref().expect("an easy bug");
    assert_eq!(detection.by(), By::Value);
    assert!(detection.in_world());
    assert_eq!(detection.first.signature.site(), Some(bug.site));
    assert!(first.triggered > 0 && first.reached >= first.triggered && first.site_calls >= first.reached);
    let numbers = |hunt: &super::Hunt| (hunt.reached, hunt.triggered, hunt.programs, hunt.site_calls);
    assert_eq!(numbers(&first), numbers(&again));
    assert_eq!(again.detected.map(|d| d.program), Some(detection.program.clone()));
}

#[test]
fn a_bug_that_is_not_there_is_reached_but_never_triggered_nor_detected() {
    let mut right = *find("M41A").expect("a bug");
    right.wrong = crate::packed::Packed::unmap;
    let hunt = hunt(&right, 1, Duration::from_millis(300), &GO_ON);
    assert!(hunt.reached > 0);
    assert_eq!((hunt.triggered, hunt.detected.is_none(), hunt.elsewhere.len()), (0, true, 0));
}

#[test]
fn what_is_seen_at_another_site_only_is_missed() {
    let bug = find("M41A").expect("a bug");
    let watched = |environment| Watched::new(bug, environment);
    let hunt = hunt_at(SiteId::Smaps, true, 1, Duration::from_millis(300), &GO_ON, watched);
    assert!(hunt.detected.is_none());
    assert!(!hunt.elsewhere.is_empty() && hunt.elsewhere.iter().all(|at| at.site() == Some(bug.site)));
}

#[test]
fn the_canary_is_found_in_the_first_few_programs() {
    let hunt = hunt(&super::CANARY, 1, Duration::from_secs(60), &GO_ON);
    assert!(hunt.detected.is_some());
    assert!(hunt.programs <= 16, "{}", hunt.programs);
    assert!(!MUSEUM.contains(&super::CANARY));
}

#[test]
fn a_reproducer_is_small_is_read_as_it_was_written_and_shows_its_bug_again() {
    let bug = find("H12").expect("a bug");
    let crash = Crash::make(bug, Duration::from_secs(60)).expect("an easy bug");
    let text = crash.to_text(bug);
    assert!(text.starts_with("# H12 mremap-marks-special: move_soft_dirty_pte() sets"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 96), "{text}");
    assert_eq!(Crash::from_text(&text), Ok(crash.clone()));
    let environment = Environment::new(crash.special);
    let first = Runner::new(environment).first(&crash.program, &mut Buggy::new(environment).with(bug));
    assert_eq!(first.map(|(_, first)| first.signature.to_string()), Some(crash.signature));
    let Program::World(world) = crash.program else { panic!("a raw program") };
    assert!(world.ops.len() <= 5, "{text}");
}

#[test]
fn a_reproducer_without_its_comments_is_refused_with_what_it_lacks() {
    let error = Crash::from_text("ptefuzz 1\nwrite 3\n").expect_err("no comments").to_string();
    assert!(error.contains("# special: "), "{error}");
    let error = Crash::from_text("# special: 0x4\nptefuzz 1\n").expect_err("no signature").to_string();
    assert!(error.contains("# signature: "), "{error}");
}

#[test]
fn packed_as_it_is_passes_the_control() {
    let control = control(1, Duration::from_millis(500), &GO_ON);
    assert_eq!(control.signatures, []);
    assert!(control.programs > 0 && control.site_calls > 0);
}
