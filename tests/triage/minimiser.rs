//! The minimiser on what fuzzing finds: small, the same every time, and done when it says so.

use crate::corpus::Finder;
use ptefuzz::engine::{Runner, minimize};
use ptefuzz::museum::{Buggy, MUSEUM};
use ptefuzz::program::{Generator, Program, Rng, WorldProgram};
use ptefuzz::pte::Environment;

fn operations(program: &Program) -> usize {
    match program {
        Program::World(world) => world.ops.len(),
        Program::Raw(raw) => raw.records.len(),
    }
}

#[test]
fn what_the_generator_finds_of_each_bug_becomes_at_most_six_operations_and_stays_so() {
    let mut bugs = 0;
    for bug in &MUSEUM {
        let mut finder = Finder::new(bug);
        let Some(program) = finder.world(1).pop() else { continue };
        bugs += 1;
        let mut runner = Runner::new(Environment::default());
        let mut buggy = Buggy::with_all(Environment::default(), [bug]);
        let (_, found) = runner.first(&program, &mut buggy).expect("the bug shows");
        let small = minimize(&mut runner, &mut buggy, &program, found.signature);
        assert!(operations(&small) <= 6, "{}: {}\n{}", bug.slug, found.signature, small.to_text());
        assert!(runner.shows(&small, &mut buggy, found.signature), "{}", bug.slug);
        assert_eq!(minimize(&mut runner, &mut buggy, &small, found.signature), small, "{}", bug.slug);
        assert_eq!(minimize(&mut runner, &mut buggy, &program, found.signature), small, "{}", bug.slug);
    }
    assert!(bugs >= 8, "{bugs}");
}

#[test]
fn a_program_of_a_thousand_operations_becomes_as_small() {
    let bug = MUSEUM.iter().find(|bug| bug.slug == "mprotect-changes-special").expect("a hunk");
    let mut runner = Runner::new(Environment::default());
    let mut buggy = Buggy::with_all(Environment::default(), [bug]);
    let mut generator = Generator::new();
    let shown = (0..40).find_map(|seed| {
        let mut rng = Rng::new(1000 * seed);
        let mut long = WorldProgram::default();
        while long.ops.len() < 1000 {
            let (tree, ops) = generator.program(&mut rng);
            long.tree = tree;
            long.ops.extend_from_slice(ops);
        }
        long.ops.truncate(1000);
        let program = Program::World(long);
        runner.first(&program, &mut buggy).map(|(_, found)| (program, found.signature))
    });
    let (program, signature) = shown.expect("one of forty long programs shows it");
    let small = minimize(&mut runner, &mut buggy, &program, signature);
    assert!(operations(&small) <= 6, "{}", small.to_text());
    assert_eq!(minimize(&mut runner, &mut buggy, &small, signature), small);
}

#[test]
fn what_does_not_show_the_signature_is_given_back_as_it_is() {
    let bug = MUSEUM.iter().find(|bug| bug.slug == "mremap-marks-special").expect("a hunk");
    let environment = Environment::default();
    let (mut runner, mut buggy) = (Runner::new(environment), Buggy::with_all(environment, [bug]));
    let shows = Program::from_text("ptefuzz 1 raw\nmove_soft_dirty 0x4\n").expect("a program");
    let (_, found) = runner.first(&shows, &mut buggy).expect("the bug shows");
    let other = Program::from_text("ptefuzz 1\nvma 0..9 anon rw\nwrite 3 fail=oom\n").expect("a program");
    assert_eq!(minimize(&mut runner, &mut buggy, &other, found.signature), other);
}

#[test]
fn no_candidate_leaves_its_site_s_domain() {
    let bug = MUSEUM.iter().find(|bug| bug.slug == "swap-fault-decodes-special").expect("a hunk");
    let environment = Environment::default();
    let (mut runner, mut buggy) = (Runner::new(environment), Buggy::with_all(environment, [bug]));
    for program in Finder::new(bug).raw(20) {
        let (_, found) = runner.first(&program, &mut buggy).expect("the bug shows");
        let Program::Raw(small) = minimize(&mut runner, &mut buggy, &program, found.signature) else {
            panic!("a raw program")
        };
        assert!(small.check(|pte| runner.class(pte)).is_ok(), "{}", small.to_text());
        assert_eq!(small.records.len(), 1);
    }
}
