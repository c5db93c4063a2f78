//! What each habit of the engine is worth: programs until a museum bug is detected at its site, with all habits and with one of them off.
//!
//! `cargo run --release --example ablation [CAP] [SEEDS]`. Of the bugs that world programs show, the half that takes most programs is measured; a bug that is
//! not detected within CAP programs counts as CAP. Medians of SEEDS seeds.

use ptefuzz::engine::{Habits, Limits, Next, WorldRun};
use ptefuzz::lockstep::Lockstep;
use ptefuzz::model::Model;
use ptefuzz::museum::{Bug, Buggy, MUSEUM};
use ptefuzz::pte::Environment;
use ptefuzz::target::Target;
use ptefuzz::world::World;
use std::sync::atomic::{AtomicUsize, Ordering};

const ALL: Habits = Habits { coverage: true, bias: true };

/// The columns: a name, and the habits that are on.
const COLUMNS: [(&str, Habits); 3] =
    [("all", ALL), ("no coverage", Habits { coverage: false, ..ALL }), ("no bias", Habits { bias: false, ..ALL })];

/// Programs until the bug is reported at its site, or none within `cap`.
fn programs(bug: &Bug, habits: Habits, seed: u64, cap: u64) -> Option<u64> {
    let environment = Environment::default();
    let lockstep = Lockstep::new(Model::new(environment));
    let mut run = WorldRun::with(lockstep, World::new(environment), seed, Target::sequence(), habits);
    let mut subject = Buggy::new(environment).with(bug);
    let mut programs = 0;
    // Steps that grow with what was run, so that the number is known to a sixteenth.
    while programs < cap {
        programs = cap.min(programs + (programs / 16).max(1));
        run.run(&mut subject, Limits { time: None, programs: Some(programs) }, &mut |_| Next::Continue);
        if let Some(find) = run.finds().sorted().iter().find(|find| find.first.signature.site() == Some(bug.site)) {
            return Some(find.program + 1);
        }
    }
    None
}

/// The median over the seeds, with what was not detected as `cap`, and how many were not.
fn median(bug: &Bug, habits: Habits, seeds: u64, cap: u64) -> (u64, usize) {
    let all: Vec<Option<u64>> = (1..=seeds).map(|seed| programs(bug, habits, seed, cap)).collect();
    let mut counts: Vec<u64> = all.iter().map(|programs| programs.unwrap_or(cap)).collect();
    counts.sort_unstable();
    (counts[counts.len() / 2], all.iter().filter(|programs| programs.is_none()).count())
}

/// Each bug's result in one column, on every core.
fn column(bugs: &[&Bug], habits: Habits, seeds: u64, cap: u64) -> Vec<(u64, usize)> {
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let work = || {
        let index = || next.fetch_add(1, Ordering::Relaxed);
        std::iter::repeat_with(index)
            .take_while(|index| *index < bugs.len())
            .map(|index| (index, median(bugs[index], habits, seeds, cap)))
            .collect::<Vec<_>>()
    };
    let mut results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    results.sort_unstable();
    results.into_iter().map(|(_, result)| result).collect()
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|n| n.parse().ok());
    let cap = arguments.next().flatten().unwrap_or(50_000);
    let seeds = arguments.next().flatten().unwrap_or(5);
    let all: Vec<&Bug> = MUSEUM.iter().collect();
    let mut ranked: Vec<_> =
        column(&all, ALL, seeds, cap).into_iter().zip(all).filter(|((n, _), _)| *n < cap).collect();
    ranked.sort_by_key(|((programs, _), bug)| (*programs, bug.id));
    let shown = ranked.len();
    let harder: Vec<&Bug> = ranked.split_off(shown / 2).into_iter().map(|(_, bug)| bug).collect();
    println!("the harder half ({}) of {shown} bugs; medians of {seeds} seeds, at most {cap} programs\n", harder.len());
    print!("{:<44}", "bug");
    COLUMNS.iter().for_each(|(name, _)| print!("{name:>15}"));
    println!();
    let columns = COLUMNS.map(|(_, habits)| column(&harder, habits, seeds, cap));
    for (i, bug) in harder.iter().enumerate() {
        print!("{:<44}", format!("{} {}", bug.id, bug.slug));
        columns.iter().for_each(|column| print!("{:>15}", column[i].0));
        println!();
    }
    print!("{:<44}", "geometric mean");
    for column in &columns {
        let logs: f64 = column.iter().map(|(programs, _)| (*programs as f64).ln()).sum();
        print!("{:>15.0}", (logs / column.len().max(1) as f64).exp());
    }
    print!("\n{:<44}", "not detected, of all seeds");
    columns.iter().for_each(|column| print!("{:>15}", column.iter().map(|(_, missed)| missed).sum::<usize>()));
    println!();
}
