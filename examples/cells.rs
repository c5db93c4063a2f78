//! Makes `src/engine/cells.tsv`, the table of coverage cells, or holds it to account.
//!
//! `cargo run --release --example cells > cells.tsv` walks the whole domain and explores the closure of the world in each environment, with so many
//! seconds of fuzzing (120, or the first number; the second is a seed) whose finds are explored in their turn, and with the programs of any corpora that
//! are named. Then move it to its place. Each cell that the table has was reached by some program and stays in it as long as the walk has it; after a
//! change of the model or the world, begin with an empty `cells.tsv`. With `-- more [SECONDS] [SEED] [DIR...]` there is no exploration: the walk, and what
//! the table has and a fuzz run and the corpora add.
//!
//! `cargo run --release --example cells -- check [SECONDS] [SEED] [DIR...]` fuzzes each environment for so long (10) and fails if it or a corpus meets a
//! cell that the table has not; the smallest program for each is printed.
//!
//! `cargo run --release --example cells -- missing DIR` explores the closure and prints, for each cell that programs reach and those below DIR do not,
//! a program that does.

use ptefuzz::corpora::{Replayer, replay};
use ptefuzz::engine::{Cell, CellSet, Denominators, Habits, Limits, Next, WorldRun, shrink, table_text};
use ptefuzz::exhaust::{Closure, Domain, walk};
use ptefuzz::lockstep::{Lockstep, Subject};
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::program::{Program, WorldProgram};
use ptefuzz::pte::Environment;
use ptefuzz::site::SiteId;
use ptefuzz::target::Target;
use ptefuzz::world::World;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Worlds that the closure explores of each sketch.
const WORLDS: u8 = 4;
/// Fuzz runs in which the seconds of an environment are spent; each begins anew, with another seed.
const RUNS: u64 = 8;

/// What a run is told.
struct Told {
    /// Seconds of fuzzing in each environment.
    time: Duration,
    seed: u64,
    /// Corpora whose programs are taken along.
    corpora: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let known_mode = arguments.first().is_some_and(|first| ["more", "check", "missing"].contains(&first.as_str()));
    let mode = if known_mode { arguments.remove(0) } else { String::new() };
    let (numbers, others): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| argument.parse::<u64>().is_ok());
    let number = |at: usize, default: u64| numbers.get(at).and_then(|n| n.parse().ok()).unwrap_or(default);
    let time = Duration::from_secs(number(0, if mode.is_empty() { 120 } else { 10 }));
    let told = Told { time, seed: number(1, 1), corpora: others.into_iter().map(PathBuf::from).collect() };
    let done = match mode.as_str() {
        "missing" => missing(&told),
        "check" => check(&told),
        mode => make(&told, mode == "more"),
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(2)
    })
}

/// Prints the table, made anew, or with what a fuzz run and corpora add to it.
fn make(told: &Told, more: bool) -> Result<ExitCode, String> {
    let all = on_every_core(|environment| {
        let walk = walked(environment);
        let stay = known(environment).common(&walk);
        let mut reachable = if more {
            let (found, _) = fuzzed_and_replayed(environment, told)?;
            eprintln!("{environment}: {} cells more", found.without(&stay).len());
            found
        } else {
            let closed = closed(environment, told)?;
            eprintln!("{environment}: {} cells more that earlier runs reached", stay.without(&closed).len());
            closed
        };
        reachable.add(&stay);
        Ok(Denominators { walk, reachable })
    })?;
    print!("{}", table_text(&all));
    Ok(ExitCode::SUCCESS)
}

/// Does something for each environment, so many at a time as there are cores; the results in the order of the environments.
fn on_every_core<T: Send>(work: impl Fn(Environment) -> Result<T, String> + Sync) -> Result<Vec<T>, String> {
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

/// The closure: the exploration, and what corpora and fuzzing find beyond it, explored in its turn.
fn closed(environment: Environment, told: &Told) -> Result<CellSet, String> {
    // First, since a directory that cannot be read is better said at once.
    let (found, kept) = replayed(environment, told)?;
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
    let mut beyond = |what: &str, found: &CellSet, kept: &Kept| {
        let outside = found.without(closure.cells());
        eprintln!("{environment}: {what} reach {} cells, {} of them outside", found.len(), outside.len());
        for cell in outside.iter().filter_map(Cell::from_number) {
            eprintln!("{environment}:   {cell}");
        }
        for (_, program) in kept.iter().filter(|(cells, _)| cells.iter().any(|cell| outside.contains(*cell))) {
            closure.add(program);
        }
        for program in reaching(environment, &outside, kept) {
            closure.add(&program);
        }
        closure.explore(&mut |_| true);
    };
    beyond(&format!("{} programs of corpora", kept.len()), &found, &kept);
    for run in 0..RUNS {
        let (found, programs, kept) = fuzzed(environment, told.time / RUNS as u32, told.seed + run);
        beyond(&format!("{programs} programs"), &found, &kept);
    }
    say(&closure, "closed");
    Ok(closure.cells().clone())
}

/// Prints a program for each cell that a corpus lacks.
fn missing(told: &Told) -> Result<ExitCode, String> {
    let environment = Environment::default();
    let (reached, _) = replayed(environment, told)?;
    let mut closure = Closure::new(environment, WORLDS);
    closure.explore(&mut |_| true);
    for cell in known(environment).without(&reached).iter() {
        println!("# {}", Cell::from_number(cell).expect("a cell"));
        match closure.program(cell) {
            Some(program) => print!("{}", Program::World(program).to_text()),
            None => println!("# not by the exploration, by fuzzing alone"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Programs, each with cells that it reaches.
type Kept = Vec<(Vec<u16>, WorldProgram)>;

fn fuzzed(environment: Environment, time: Duration, seed: u64) -> (CellSet, u64, Kept) {
    let lockstep = Lockstep::new(Model::new(environment));
    let mut run = WorldRun::with(lockstep, World::new(environment), seed, Target::sequence(), Habits::default());
    let limits = Limits { time: Some(time), programs: None };
    let progress = run.run(&mut Packed::new(environment), limits, &mut |_| Next::Continue);
    let kept = run.kept().iter().map(|kept| (kept.cells.to_vec(), kept.program())).collect();
    (run.coverage().set(), progress.programs, kept)
}

/// For each cell of a set the smallest program that reaches it, made of those at hand.
fn reaching(environment: Environment, cells: &CellSet, kept: &Kept) -> Vec<WorldProgram> {
    let mut replayer = Replayer::new(environment);
    let mut reaches = |program: &WorldProgram, cell| replayer.cells(&Program::World(program.clone())).contains(cell);
    let mut smallest = Vec::new();
    for cell in cells.iter() {
        let Some((_, program)) = kept.iter().find(|(cells, _)| cells.contains(&cell)) else { continue };
        let program = shrink(program, &mut |candidate| reaches(candidate, cell));
        if !smallest.contains(&program) {
            smallest.push(program);
        }
    }
    smallest
}

/// The cells that the programs of operations in the corpora reach, and the programs.
fn replayed(environment: Environment, told: &Told) -> Result<(CellSet, Kept), String> {
    let (mut found, mut kept) = (CellSet::default(), Kept::new());
    for directory in &told.corpora {
        let reached = replay(directory, environment, Some(Target::sequence()))
            .map_err(|error| format!("{}: cannot read: {error}", directory.display()))?;
        for entry in reached.entries {
            if let Program::World(program) = entry.program {
                found.add(&entry.cells.iter().copied().collect());
                kept.push((entry.cells.to_vec(), program));
            }
        }
    }
    Ok((found, kept))
}

/// The cells of a fuzz run and of the corpora, and programs that reach them.
fn fuzzed_and_replayed(environment: Environment, told: &Told) -> Result<(CellSet, Kept), String> {
    let (mut found, mut kept) = replayed(environment, told)?;
    let (fuzzed, programs, more) = fuzzed(environment, told.time, told.seed);
    eprintln!("{environment}: {programs} programs and {} of corpora", kept.len());
    found.add(&fuzzed);
    kept.extend(more);
    Ok((found, kept))
}

/// Says what is met outside of the table.
fn check(told: &Told) -> Result<ExitCode, String> {
    let outside = on_every_core(|environment| {
        let (found, kept) = fuzzed_and_replayed(environment, told)?;
        let known = known(environment);
        let outside = found.without(&known);
        eprintln!("{environment}: {} of {} cells, {} outside", found.len(), known.len(), outside.len());
        for cell in outside.iter().filter_map(Cell::from_number) {
            eprintln!("{environment}:   {cell}");
        }
        for program in reaching(environment, &outside, &kept) {
            eprintln!("{}", Program::World(program).to_text());
        }
        Ok(outside.len())
    })?;
    Ok(if outside.iter().sum::<usize>() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
