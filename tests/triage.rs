//! Triage as a whole: crash files of many bugs and two engines become as many buckets, and what is known, new, gone or broken is said.

#[path = "triage/corpus.rs"]
mod corpus;
#[path = "triage/minimiser.rs"]
mod minimiser;
#[path = "triage/rare.rs"]
mod rare;
#[path = "triage/reports.rs"]
mod reports;
#[path = "triage/runs.rs"]
mod runs;
#[path = "triage/support.rs"]
mod support;

use corpus::{Crashes, Finder, bugs_of_distinct_sites};
use ptefuzz::lockstep::KnownSignatures;
use ptefuzz::program::Program;
use ptefuzz::pte::Environment;
use ptefuzz::triage::{Settings, triage};
use std::collections::BTreeSet;
use std::path::Path;

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

#[test]
fn the_corpus_of_crashes_is_clean_for_what_is_right_and_has_a_bucket_for_each_bug_that_it_shows() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/crashes");
    let known = KnownSignatures::default();
    let look = |subject| {
        let environment = Environment::default();
        let settings = Settings {
            subject: &subject,
            environment,
            collisions: false,
            target: None,
            known: &known,
            jobs: 2,
            watch: None,
        };
        triage(&directory, &settings).expect("the corpus")
    };
    let right = look("packed".parse().expect("a subject"));
    assert!(right.files >= 50, "{}", right.files);
    assert_eq!((right.clean, right.broken, right.buckets.len()), (right.files, 0, 0));
    let bugs = bugs_of_distinct_sites(12);
    let wrong = look(support::subject(&bugs));
    let alike: BTreeSet<&str> = wrong.buckets.iter().flat_map(|bucket| bucket.resembles.iter().copied()).collect();
    let mut shown = 0;
    for bug in bugs {
        let text =
            std::fs::read(directory.join(format!("{}.pte", bug.slug))).expect("a reproducer named after the bug");
        if Finder::new(bug).shows(&Program::read(&text).expect("a program")) {
            shown += 1;
            assert!(alike.contains(bug.slug), "no bucket resembles {}", bug.slug);
        }
    }
    assert!(shown >= 8, "{shown}");
}
