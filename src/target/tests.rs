//! Sessions on any input, what they check and what they leave alone, and what is read from outside.

use super::*;
use crate::engine::Runner;
use crate::packed::Packed;
use crate::program::{Rng, WorldProgram};
use crate::pte::{Class, Special};
use crate::site::{Answer, Call};
use std::collections::BTreeSet;

/// Packed, but for mremap's soft-dirty: there it marks whatever is not none.
struct MarksSpecial(Packed<crate::packed::Watch>);

impl crate::lockstep::Subject for MarksSpecial {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (call, answer) in calls.iter().zip(answers) {
            *answer = self.0.answer(call);
            if call.site == SiteId::MoveSoftDirty && self.0.class(call.pte) == Class::Special {
                answer.pte |= 2;
            }
        }
    }

    fn environment(&self) -> Environment {
        Environment::default()
    }
}

fn wrong() -> Box<dyn crate::lockstep::Subject> {
    Box::new(MarksSpecial(Packed::observed(Environment::default())))
}

fn target(name: &str) -> &'static Target {
    Target::by_name(name).expect("a target")
}

fn cells() -> Box<Cells> {
    Box::new([0; CELLS])
}

const LOSES_SPECIAL: &[u8] =
    b"ptefuzz 1\nvma 0..16 shmem-shared rw uffd-wp\nwrite 3\nuffd-wp 3\nzap 3 dontneed keep-marker\nmremap 3 -> 7 event\n";

/// Inputs of every sort: junk, mutations, and texts that are cut anywhere.
fn inputs(target: &Target, environment: Environment, n: u64) -> Vec<Vec<u8>> {
    let mut rng = Rng::new(11);
    let mut mutator = target.mutator(environment);
    let mut all = Vec::new();
    let mut data = vec![0; target.max_len];
    let mut size = 0;
    for seed in 0..n {
        all.push((0..rng.below(800)).map(|_| rng.next() as u8).collect());
        size = mutator.mutate(&mut data, size, target.max_len, seed);
        all.push(data[..size].to_vec());
        let mut text = target.program(&data[..size]).to_text().into_bytes();
        text.truncate(rng.below(text.len() as u32 + 1) as usize);
        all.push(text);
    }
    all
}

#[test]
fn any_input_runs_clean_on_packed_in_every_environment() {
    for environment in Environment::all() {
        let settings = Settings { environment, ..Settings::default() };
        for target in &TARGETS {
            let mut session = Session::new(target, &settings).expect("a session");
            let mut cells = cells();
            for input in inputs(target, environment, 150) {
                let found = session.run(&input, &mut cells);
                assert!(
                    found.is_empty(),
                    "{} {environment}: {} in\n{}",
                    target.name,
                    found[0].1.signature,
                    target.program(&input).to_text()
                );
            }
            assert!(cells.iter().filter(|count| **count > 0).count() > 20, "{} reaches little", target.name);
        }
    }
}

#[test]
fn a_session_finds_what_a_replay_of_its_program_finds() {
    let target = target("sequence");
    let mut session = Session::against(target, wrong());
    let mut runner = Runner::new(Environment::default());
    let mut shown = 0;
    // Mutations of a program that shows it, among others.
    let mut mutator = target.mutator(Environment::default());
    let near = (0..100).map(|seed| {
        let mut data = LOSES_SPECIAL.to_vec();
        data.resize(600, 0);
        let size = mutator.mutate(&mut data, LOSES_SPECIAL.len(), 600, seed);
        data.truncate(size);
        data
    });
    for input in inputs(target, Environment::default(), 100).into_iter().chain(near) {
        let replayed = runner.all(&target.program(&input), &mut *wrong());
        let found = session.run(&input, &mut cells());
        let pair = |(step, divergence): &(usize, crate::lockstep::Divergence)| (*step, divergence.signature);
        assert_eq!(found.iter().map(pair).collect::<Vec<_>>(), replayed.iter().map(pair).collect::<Vec<_>>());
        shown += found.len();
    }
    assert!(shown > 20, "the wrong subject was caught {shown} times");
}

#[test]
fn a_target_checks_its_own_sites_and_no_others() {
    for (name, finds) in
        [("sequence", true), ("mremap", true), ("uffd_wp", true), ("mprotect", false), ("observers", false)]
    {
        let found = !Session::against(target(name), wrong()).run(LOSES_SPECIAL, &mut cells()).is_empty();
        assert_eq!(found, finds, "{name}");
    }
}

#[test]
fn text_and_bytes_of_a_program_run_alike() {
    let target = target("sequence");
    let bytes = target.program(LOSES_SPECIAL).to_bytes();
    let signature = |input: &[u8]| Session::against(target, wrong()).run(input, &mut cells())[0].1.signature;
    assert_eq!(signature(LOSES_SPECIAL), signature(&bytes));
}

#[test]
fn a_text_counts_as_far_as_it_parses_and_one_of_the_other_kind_is_empty() {
    let text = |input: &[u8]| target("sequence").program(input).to_text();
    assert_eq!(text(b"ptefuzz 1\nwrite 3\nwri"), "ptefuzz 1\nwrite 3\n");
    assert_eq!(text(b"ptefuzz 1\nwrite 3\n\xff\xfe"), "ptefuzz 1\nwrite 3\n");
    assert_eq!(text(b"ptefuzz 1 raw\nfork 0x4\n"), "ptefuzz 1\n");
    let raw = |input: &[u8]| target("raw").program(input).to_text();
    assert_eq!(raw(b"ptefuzz 1 raw\nclassify 0x4\nrange zap\n 0x4\n"), "ptefuzz 1 raw\nclassify 0x4\n");
    assert_eq!(raw(b"ptefuzz 1\nwrite 3\n"), "ptefuzz 1 raw\n");
}

#[test]
fn an_operation_that_the_target_has_not_stands_for_one_that_it_has() {
    let target = target("mprotect");
    for input in inputs(target, Environment::default(), 100) {
        let Program::World(WorldProgram { ops, .. }) = target.program(&input) else { panic!("no world program") };
        assert!(ops.iter().all(|op| target.menu.has_code(op.code)));
    }
}

#[test]
fn known_signatures_are_not_reported_and_others_are() {
    let target = target("sequence");
    let mut session = Session::against(target, wrong());
    let signature = session.run(LOSES_SPECIAL, &mut cells())[0].1.signature;
    session.known = crate::lockstep::KnownSignatures::from_text(&signature.to_string()).expect("a signature");
    assert!(session.run(LOSES_SPECIAL, &mut cells()).is_empty());
    session.known = crate::lockstep::KnownSignatures::from_text("zap/pte/*").expect("a signature");
    assert_eq!(session.run(LOSES_SPECIAL, &mut cells()).len(), 1);
}

#[test]
fn a_crash_says_signature_first_then_why_then_program_then_command() {
    let target = target("sequence");
    let mut session = Session::against(target, wrong());
    let (step, divergence) = session.run(LOSES_SPECIAL, &mut cells())[0].clone();
    let settings = Settings { environment: Environment::new(Special::Device), ..Settings::default() };
    let text = crash_message(&divergence, step, &target.program(LOSES_SPECIAL), &settings, "/tmp/x.pte");
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part:?} in\n{text}"));
    assert_eq!(at(&divergence.signature.to_string()), 0);
    let order =
        [at("step 5"), at("move_soft_dirty"), at("ptefuzz 1\nvma"), at("ptefuzz replay --special device /tmp/x.pte")];
    assert!(order[0] < order[2] && order[1] < order[2] && order[2] < order[3], "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn variables_are_read_and_what_they_cannot_say_is_refused_with_name_and_expectation() {
    let read = |pairs: &'static [(&str, &str)]| {
        Settings::from_variables(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| value.to_string()))
    };
    assert_eq!(read(&[]).expect("nothing set").arguments(), "");
    let some = read(&[("PTEFUZZ_SUBJECT", "model"), ("PTEFUZZ_SPECIAL", "device")]).expect("both are known");
    assert_eq!(some.arguments(), " --subject model --special device");
    let config = read(&[("PTEFUZZ_CONFIG", "no-userfaultfd"), ("PTEFUZZ_SPECIAL", "")]).expect("empty is not set");
    assert_eq!(config.arguments(), " --config no-userfaultfd");
    for (pairs, name) in [
        (&[("PTEFUZZ_SUBJECT", "pakced")][..], "PTEFUZZ_SUBJECT"),
        (&[("PTEFUZZ_SPECIAL", "0x5")], "PTEFUZZ_SPECIAL"),
        (&[("PTEFUZZ_CONFIG", "full")], "PTEFUZZ_CONFIG"),
        (&[("PTEFUZZ_CONFIG", "no-userfaultfd"), ("PTEFUZZ_SPECIAL", "0x4")], "PTEFUZZ_SPECIAL"),
        (&[("PTEFUZZ_KNOWN", "/nowhere/at/all")], "PTEFUZZ_KNOWN"),
    ] {
        let error = Settings::from_variables(|n| pairs.iter().find(|(m, _)| *m == n).map(|(_, v)| v.to_string()));
        let error = error.expect_err("refused");
        assert!(error.starts_with(name), "{error}");
    }
}

#[test]
fn every_row_of_the_table_makes_sense() {
    let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), TARGETS.len());
    for target in &TARGETS {
        assert!(target.contract.ends_with('.') && !target.checks.is_empty() && target.max_len > 100, "{}", target.name);
        if target.is_world() {
            let called: BTreeSet<_> =
                target.menu.codes.iter().flat_map(|code| crate::program::Operation::of(*code).sites).collect();
            for site in target.checks.iter().filter(|_| target.name != "sequence") {
                assert!(called.contains(site), "{} checks {site:?}, which none of its operations calls", target.name);
            }
        }
    }
}

#[test]
fn a_harness_says_what_a_planted_bug_does_and_leaves_its_program_as_text() {
    let dir = std::env::temp_dir().join(format!("ptefuzz-harness-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let subject = "bug:mremap-marks-special".parse().expect("a bug of the museum");
    let settings = Settings { subject, ..Settings::default() };
    let mut harness = Harness::new(target("sequence"), settings).expect("a harness");
    assert_eq!(harness.run(b"ptefuzz 1\nvma 0..4 anon rw\nwrite 3\n", &mut cells(), Some(&dir)), Ok(()));
    let message = harness.run(LOSES_SPECIAL, &mut cells(), Some(&dir)).expect_err("a divergence");
    assert!(message.starts_with("move_soft_dirty/pte/special->swap\n"), "{message}");
    let command = message.lines().last().expect("a line");
    let file = command.strip_prefix("ptefuzz replay --subject bug:mremap-marks-special ").expect("the command");
    let text = std::fs::read(file).expect("the program");
    assert_eq!(Program::read(&text), Ok(target("sequence").program(LOSES_SPECIAL)));
    assert_eq!(std::fs::read_dir(&dir).expect("the directory").count(), 1, "nothing else is left there");
    std::fs::remove_dir_all(&dir).expect("removed");
}

#[test]
fn a_harness_refuses_what_there_is_not() {
    let error = Harness::from_env("sequel").map(|_| ()).expect_err("no such target");
    assert!(error.contains("sequel") && error.contains("sequence"), "{error}");
}

#[test]
fn the_last_target_is_that_of_all_sequences() {
    assert_eq!(Target::sequence().name, "sequence");
    assert_eq!(Target::sequence().menu.codes, crate::program::OpCode::ALL);
}
