//! Jobs and fleets: what they run adds up, what one finds reaches the others, and what is found can be shown again alone.

use super::*;
use crate::lockstep::{Lockstep, Subject};
use crate::model::Model;
use crate::museum::Buggy;
use crate::packed::Packed;
use crate::program::{Program, WorldProgram};
use crate::pte::Environment;
use crate::subjects::SubjectName;
use crate::target::Target;
use crate::world::World;
use std::collections::BTreeSet;
use std::sync::Arc;

const SEED: u64 = 3;

fn world_run(seed: u64, target: &str, habits: Habits) -> WorldRun {
    let environment = Environment::default();
    let target = Target::by_name(target).expect("a target");
    WorldRun::with(Lockstep::new(Model::new(environment)), World::new(environment), seed, target, habits)
}

fn fleet(jobs: u64, target: &str) -> Fleet<WorldPrograms> {
    Fleet::new((0..jobs).map(|job| world_run(SEED + job, target, Habits::default())).collect())
}

fn programs(programs: u64) -> Limits {
    Limits { time: None, programs: Some(programs) }
}

fn packed() -> Result<Packed<crate::packed::Watch>, String> {
    Ok(Packed::observed(Environment::default()))
}

fn bug(slug: &str) -> Result<Box<dyn Subject>, String> {
    format!("bug:{slug}").parse::<SubjectName>()?.build(Environment::default())
}

/// A fleet's run to its end: its state, what was kept, and the signatures that were told of.
fn run<S: Subject>(
    fleet: &mut Fleet<WorldPrograms>,
    make: impl Fn() -> Result<S, String> + Sync,
    limits: Limits,
) -> (Progress, Vec<Arc<Kept>>, Vec<String>) {
    let (mut kept, mut finds) = (Vec::new(), Vec::new());
    let mut told = |news: &News| match news {
        News::Kept(program) => kept.push(Arc::clone(program)),
        News::Find(find) => finds.push(find.first.signature.to_string()),
    };
    let progress = fleet.run(make, limits, &mut |_, _| Next::Continue, &mut told).expect("a subject");
    (progress, kept, finds)
}

#[test]
fn the_programs_of_all_jobs_add_up_to_what_was_asked_for() {
    for jobs in [1, 2, 3] {
        let mut fleet = fleet(jobs, "sequence");
        let (progress, ..) = run(&mut fleet, packed, programs(1_000));
        assert_eq!(progress.programs, 1_000);
        assert_eq!(progress.site_calls, fleet.tally().site_calls());
        assert_eq!(progress.covered, fleet.coverage().covered());
        assert!(fleet.finds().is_empty());
        assert!(fleet.jobs().iter().all(|job| job.progress(Default::default()).programs >= 1_000 / jobs));
    }
}

#[test]
fn what_is_told_of_reaches_every_cell_that_was_reached() {
    for jobs in [1, 2] {
        let mut fleet = fleet(jobs, "sequence");
        let (progress, kept, _) = run(&mut fleet, packed, programs(2_000));
        let cells: BTreeSet<u16> = kept.iter().flat_map(|kept| kept.cells.iter().copied()).collect();
        assert_eq!(cells.len(), progress.covered, "{jobs} jobs");
        assert!(kept.len() > 100 && kept.len() == progress.corpus, "{} of {}", kept.len(), progress.corpus);
    }
}

#[test]
fn one_job_does_the_same_every_time() {
    let once = || {
        let mut fleet = fleet(1, "sequence");
        let (progress, kept, _) = run(&mut fleet, packed, programs(2_000));
        (progress.operations, progress.site_calls, kept)
    };
    assert_eq!(once(), once());
}

#[test]
fn what_many_jobs_find_can_be_shown_again_alone() {
    let mut fleet = fleet(3, "sequence");
    let (_, _, told) = run(&mut fleet, || bug("mremap-marks-special"), programs(6_000));
    let finds = fleet.finds();
    let signatures: Vec<String> = finds.sorted().iter().map(|find| find.first.signature.to_string()).collect();
    assert!(!signatures.is_empty());
    assert_eq!(told.iter().collect::<BTreeSet<_>>(), signatures.iter().collect(), "each is told of, and once");
    assert_eq!(told.len(), signatures.len());
    let mut subject = bug("mremap-marks-special").expect("a bug");
    for find in finds.sorted() {
        assert!(find.count > 0);
        let shows = Runner::new(Environment::default()).shows(&find.source, &mut *subject, find.first.signature);
        assert!(shows, "{}\n{}", find.first.signature, find.source.to_text());
    }
}

#[test]
fn programs_to_start_from_are_run_by_one_job_or_many() {
    let text = "ptefuzz 1\nvma 0..16 shmem-shared rw uffd-wp\nwrite 3\nuffd-wp 3\nzap 3 dontneed keep-marker\nmremap 3 -> 40\n";
    let seed = WorldProgram::from_text(text).expect("a program");
    for jobs in [1, 2] {
        let mut fleet = fleet(jobs, "sequence");
        fleet.give(Kept { tree: seed.tree, ops: seed.ops.clone().into(), cells: Box::default() });
        let (progress, kept, _) = run(&mut fleet, packed, programs(jobs));
        assert_eq!(progress.programs, jobs);
        assert!(kept.iter().any(|kept| kept.program() == seed), "{jobs} jobs");
    }
}

#[test]
fn programs_that_come_in_while_a_fleet_runs_are_run() {
    let text = "ptefuzz 1\nvma 0..16 shmem-shared rw uffd-wp\nwrite 3\nuffd-wp 3\nzap 3 dontneed keep-marker\nmremap 3 -> 40 event\n";
    let late = WorldProgram::from_text(text).expect("a program");
    for jobs in [1, 2] {
        let mut fleet = fleet(jobs, "sequence");
        let door = fleet.door();
        let (mut given, mut looks) = (0, 0);
        let mut watch = |progress: &Progress, _: &[JobProgress]| {
            looks += 1;
            // Long after the jobs have found nothing to start from, three at different times; then until none waits.
            if progress.programs > 1000 && given < 3 {
                given += 1;
                door.give(Kept { tree: late.tree, ops: late.ops.clone().into(), cells: Box::default() });
            }
            if given == 3 && door.waiting() == 0 || looks > 1_000_000 { Next::Stop } else { Next::Continue }
        };
        let limits = Limits { time: None, programs: None };
        assert!(fleet.run(packed, limits, &mut watch, &mut |_| {}).is_ok());
        assert_eq!((given, fleet.door().waiting()), (3, 0), "{jobs} jobs");
    }
}

#[test]
fn a_target_runs_its_own_operations_and_reports_its_own_sites() {
    let mut fleet = fleet(1, "mprotect");
    let target = Target::by_name("mprotect").expect("a target");
    let (_, kept, told) = run(&mut fleet, || bug("mremap-marks-special"), programs(3_000));
    assert!(told.is_empty(), "mremap is none of its business: {told:?}");
    assert!(kept.iter().flat_map(|kept| kept.ops.iter()).all(|op| target.menu.has_code(op.code)));
    assert!(fleet.tally().site_calls() > 10_000);
}

#[test]
fn a_subject_that_cannot_be_had_ends_the_run_with_its_reason() {
    for jobs in [1, 2] {
        let none = || Err::<Buggy, String>("no such library".to_string());
        let mut told = |_: &News| {};
        let result = fleet(jobs, "sequence").run(none, programs(10), &mut |_, _| Next::Continue, &mut told);
        assert_eq!(result, Err("no such library".to_string()));
    }
}

#[test]
fn a_watcher_ends_the_run() {
    for jobs in [1, 2] {
        let mut fleet = fleet(jobs, "sequence");
        let mut told = |_: &News| {};
        let limits = Limits { time: None, programs: None };
        let mut looks = 0;
        let mut watch = |_: &Progress, shown: &[JobProgress]| {
            assert_eq!(shown.len() as u64, jobs);
            looks += 1;
            if looks > 3 { Next::Stop } else { Next::Continue }
        };
        assert!(fleet.run(packed, limits, &mut watch, &mut told).is_ok());
    }
}

#[test]
fn coverage_reaches_more_cells_than_generation_alone() {
    let covered = |coverage| {
        let mut run = world_run(SEED, "sequence", Habits { coverage, ..Habits::default() });
        run.run(&mut Packed::observed(Environment::default()), programs(20_000), &mut |_| Next::Continue).covered
    };
    let (with, without) = (covered(true), covered(false));
    assert!(with > without, "{with} with the corpus, {without} without");
}

#[test]
fn of_a_signature_that_two_jobs_found_the_earlier_program_stays() {
    let find = |program: u64, seed: u64| {
        let mut run = world_run(seed, "sequence", Habits::default());
        let mut subject = bug("mremap-marks-special").expect("a bug");
        run.run(&mut *subject, programs(2_000), &mut |_| Next::Continue);
        let first = run.finds().sorted()[0].first.clone();
        let mut finds = Finds::default();
        finds.add(program, first, |_| Program::World(WorldProgram::default()));
        finds
    };
    let (late, early) = (find(9, 1), find(4, 1));
    for (mut one, other) in [(late.clone(), early.clone()), (early, late)] {
        one.merge(&other);
        assert_eq!((one.len(), one.total()), (1, 2));
        assert_eq!((one.sorted()[0].program, one.sorted()[0].count), (4, 2));
        assert_eq!(one.since(0).count(), 1);
    }
}
