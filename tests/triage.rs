//! Triage as a whole: crash files of many bugs and two engines become as many buckets, and what is known, new, gone or broken is said.

#[path = "triage/corpus.rs"]
mod corpus;
#[path = "triage/minimiser.rs"]
mod minimiser;
#[path = "triage/reports.rs"]
mod reports;
#[path = "triage/runs.rs"]
mod runs;
#[path = "triage/support.rs"]
mod support;

use corpus::{Crashes, bugs_of_distinct_sites};
use ptefuzz::lockstep::KnownSignatures;
use ptefuzz::program::Program;
use ptefuzz::pte::Environment;
use ptefuzz::triage::{Settings, triage};
use std::collections::BTreeSet;

#[test]
fn two_thousand_crash_files_of_twelve_bugs_and_two_engines_are_twelve_buckets() {
    let bugs = bugs_of_distinct_sites(12);
    let directory = support::directory("twelve");
    let mut crashes = Crashes::new(&directory);
    for (index, bug) in bugs.iter().enumerate() {
        crashes.add(bug, if index < 8 { 167 } else { 166 });
    }
    assert_eq!(crashes.written(), 2000);
    let subject = support::subject(&bugs);
    let known = KnownSignatures::default();
    let settings = Settings {
        subject: &subject,
        environment: Environment::default(),
        collisions: false,
        target: None,
        known: &known,
        jobs: 2,
        watch: None,
    };
    let found = triage(&directory, &settings).expect("a directory");
    assert_eq!((found.files, found.clean, found.broken), (2000, 0, 0));
    let leads: Vec<String> = found.buckets.iter().map(|bucket| bucket.signature.to_string()).collect();
    assert_eq!(found.buckets.len(), 12, "{leads:#?}");
    let explained: BTreeSet<&str> =
        found.buckets.iter().filter_map(|bucket| bucket.resembles.first().copied()).collect();
    let planted: BTreeSet<&str> = bugs.iter().map(|bug| bug.slug).collect();
    assert_eq!(explained, planted, "each bucket is one of the bugs, and each bug has its bucket");
    for bucket in &found.buckets {
        let size = match &bucket.reproducer {
            Program::World(world) => world.ops.len(),
            Program::Raw(raw) => raw.records.len(),
        };
        assert!(size <= 6, "{}: {size} operations\n{}", bucket.signature, bucket.reproducer.to_text());
        assert!(bucket.count >= 100, "{}: {} files", bucket.signature, bucket.count);
        assert!(bucket.merged.is_some() || bucket.signatures.len() == 1, "a bucket of several signatures says why");
    }
    // The number of workers changes nothing.
    let alone = triage(&directory, &Settings { jobs: 1, ..settings }).expect("a directory");
    assert_eq!(format!("{alone:?}"), format!("{found:?}"));
    std::fs::remove_dir_all(&directory).expect("removed");
}
