//! The museum as a whole: names, order, composition.

use super::{Buggy, MUSEUM, find, near};
use crate::lockstep::Subject;
use crate::pte::Environment;
use crate::site::{Answer, Call, SiteId};
use crate::subjects::SubjectName;
use std::collections::BTreeSet;

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
