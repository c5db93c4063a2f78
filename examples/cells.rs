//! Makes `src/engine/cells.tsv`, the table of coverage cells, or holds it to account.
//!
//! `cargo run --release --example cells > cells.tsv` walks the whole domain and explores the closure of the world in each environment, with so many
//! seconds of fuzzing (120, or the first argument; the second is a seed) whose finds are explored in their turn. Then move it to its place. Each cell
//! that the table has was reached by some program and stays in it as long as the walk has it; after a change of the model or the world, begin with an
//! empty `cells.tsv`. With `-- more [SECONDS] [SEED]` there is no exploration: the walk, and what the table has and a fuzz run adds.
//!
//! `cargo run --release --example cells -- check [SECONDS] [SEED]` fuzzes each environment for so long (10) and fails if it meets a cell that the
//! table has not.
//!
//! `cargo run --release --example cells -- missing DIR` explores the closure and prints, for each cell that programs reach and those below DIR do not,
//! a program that does.

use ptefuzz::corpora::replay;
use ptefuzz::engine::{Cell, CellSet, Denominators, Habits, Limits, Next, WorldRun, table_text};
use ptefuzz::exhaust::{Closure, Domain, walk};
use ptefuzz::lockstep::{Lockstep, Subject};
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::program::{Program, WorldProgram};
use ptefuzz::pte::Environment;
use ptefuzz::site::SiteId;
use ptefuzz::target::Target;
use ptefuzz::world::World;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Worlds that the closure explores of each sketch.
const WORLDS: u8 = 4;
/// Fuzz runs in which the seconds of an environment are spent; each begins anew, with another seed.
const RUNS: u64 = 8;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, directory] = &arguments[..]
        && word == "missing"
    {
        return missing(Path::new(directory));
    }
    let mode = |word: &str| arguments.first().is_some_and(|first| first == word);
    let (check, more) = (mode("check"), mode("more"));
    if check || more {
        arguments.remove(0);
    }
    let number = |at: usize, default: u64| arguments.get(at).and_then(|n| n.parse().ok()).unwrap_or(default);
    let seed = number(1, 1);
    if more {
        let all = on_every_core(|environment| {
            let walk = walked(environment);
            let mut reachable = known(environment).common(&walk);
            let (found, programs, _) = fuzzed(environment, Duration::from_secs(number(0, 10)), seed);
            eprintln!("{environment}: {programs} programs add {} cells", found.without(&reachable).len());
            reachable.add(&found);
            Denominators { walk, reachable }
        });
        print!("{}", table_text(&all));
        return ExitCode::SUCCESS;
    }
    if check {
        let outside: usize = on_every_core(|environment| checked(environment, number(0, 10), seed)).into_iter().sum();
        return if outside == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let all = on_every_core(|environment| {
        let walk = walked(environment);
        let mut reachable = closed(environment, Duration::from_secs(number(0, 120)), seed);
        let stay = known(environment).common(&walk);
        eprintln!("{environment}: {} cells more that programs of earlier runs reached", stay.without(&reachable).len());
        reachable.add(&stay);
        Denominators { walk, reachable }
    });
    print!("{}", table_text(&all));
    ExitCode::SUCCESS
}

/// Does something for each environment, so many at a time as there are cores; the results in the order of the environments.
fn on_every_core<T: Send>(work: impl Fn(Environment) -> T + Sync) -> Vec<T> {
    let environments: Vec<Environment> = Environment::all().collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(environment) = environments.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(*environment);
                    done.lock().unwrap().push((environments.iter().position(|one| one == environment), result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

fn walked(environment: Environment) -> CellSet {
    let start = Instant::now();
    let make = || Ok(Box::new(Packed::new(environment)) as Box<dyn Subject>);
    let report = walk(environment, &SiteId::ALL, Domain::Full, &make, false).expect("packed can be had");
    let cells = report.cells();
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("{environment}: walk of {} checks, {} cells, {seconds:.0} s", report.checks(), cells.len());
    cells
}

/// What programs reach by the table as it is.
fn known(environment: Environment) -> CellSet {
    Denominators::of(environment).map(|known| known.reachable.clone()).unwrap_or_default()
}

/// The closure: the exploration, and what fuzzing finds beyond it, explored in its turn.
fn closed(environment: Environment, time: Duration, seed: u64) -> CellSet {
    let start = Instant::now();
    let mut closure = Closure::new(environment, WORLDS);
    let say = |closure: &Closure, what: &str| {
        eprintln!(
            "{environment}: {what}: {} cells, {} worlds, {} sketches, {} operations, {:.0} s",
            closure.cells().len(),
            closure.worlds(),
            closure.sketches(),
            closure.steps(),
            start.elapsed().as_secs_f64()
        );
    };
    closure.explore(&mut |_| true);
    say(&closure, "explored");
    for run in 0..RUNS {
        let (found, programs, kept) = fuzzed(environment, time / RUNS as u32, seed + run);
        let outside = found.without(closure.cells());
        eprintln!("{environment}: {programs} programs reach {} cells, {} of them outside", found.len(), outside.len());
        for cell in outside.iter().filter_map(Cell::from_number) {
            eprintln!("{environment}:   {cell}");
        }
        for program in kept.iter().filter(|(cells, _)| cells.iter().any(|cell| outside.contains(*cell))) {
            closure.add(&program.1);
        }
        closure.explore(&mut |_| true);
    }
    say(&closure, "closed");
    closure.cells().clone()
}

/// Prints a program for each cell that a corpus lacks.
fn missing(directory: &Path) -> ExitCode {
    let environment = Environment::default();
    let reached = match replay(directory, environment, None) {
        Ok(reached) => reached.cells(),
        Err(error) => {
            eprintln!("{}: cannot read: {error}", directory.display());
            return ExitCode::from(2);
        }
    };
    let mut closure = Closure::new(environment, WORLDS);
    closure.explore(&mut |_| true);
    let known = Denominators::of(environment).expect("one of the six");
    for cell in known.reachable.without(&reached).iter() {
        println!("# {}", Cell::from_number(cell).expect("a cell"));
        match closure.program(cell) {
            Some(program) => print!("{}", Program::World(program).to_text()),
            None => println!("# not by the exploration, by fuzzing alone"),
        }
    }
    ExitCode::SUCCESS
}

type Kept = Vec<(Vec<u16>, WorldProgram)>;

fn fuzzed(environment: Environment, time: Duration, seed: u64) -> (CellSet, u64, Kept) {
    let lockstep = Lockstep::new(Model::new(environment));
    let mut run = WorldRun::with(lockstep, World::new(environment), seed, Target::sequence(), Habits::default());
    let limits = Limits { time: Some(time), programs: None };
    let progress = run.run(&mut Packed::new(environment), limits, &mut |_| Next::Continue);
    let kept = run.kept().iter().map(|kept| (kept.cells.to_vec(), kept.program())).collect();
    (run.coverage().set(), progress.programs, kept)
}

/// Fuzzes and says what is outside of the table.
fn checked(environment: Environment, seconds: u64, seed: u64) -> usize {
    let (found, programs, kept) = fuzzed(environment, Duration::from_secs(seconds), seed);
    let Some(known) = Denominators::of(environment) else { return 0 };
    let outside = found.without(&known.reachable);
    let (cells, all) = (found.len(), known.reachable.len());
    eprintln!("{environment}: {programs} programs reach {cells} of {all} cells, {} outside", outside.len());
    for cell in outside.iter().filter_map(Cell::from_number) {
        eprintln!("{environment}:   {cell}");
    }
    for (_, program) in kept.iter().filter(|(cells, _)| cells.iter().any(|cell| outside.contains(*cell))) {
        eprintln!("{}", Program::World(program.clone()).to_text());
    }
    outside.len()
}
