//! `ptefuzz museum`: every known bug, and what the fuzzer needs to find it.

mod json;
mod pool;
mod table;

use super::Verdict;
use super::error::{Failure, print_json, print_out, write_aside};
use super::fuzz::{parse_time, stop_flag};
use clap::Args;
use pool::{Outcome, Plan};
use ptefuzz::museum::{Bug, Crash, MUSEUM, find, near};
use ptefuzz::vectors::{VectorFile, parse};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The museum: known bugs, and how long the fuzzer needs for each
///
/// Plants each bug alone and hunts it from nothing, world programs first, until lockstep reports it at its site. Then packed as it is runs for as long as all
/// hunts took together and must be clean, and a canary must be found at once. docs/MUSEUM.md says what each bug was.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz museum
  ptefuzz museum --seeds 5 --json
  ptefuzz museum --bug mremap-marks-special --bug H07
  ptefuzz museum --list

Exit code: 0 all found and the control clean, 1 a bug missed, 2 bad usage.")]
pub struct Options {
    /// Time for each bug and seed: 500ms, 60s, 10m
    #[arg(long, default_value = "60s", value_parser = parse_time)]
    time: Duration,

    /// How many seeds each bug is hunted with
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,

    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Who hunts: the built-in engine, or the exhaustive walk of each bug's site
    #[arg(long, default_value = "builtin", value_parser = ["builtin", "exhaust"])]
    engine: String,

    /// Only this bug, by slug or id; may be given several times
    #[arg(long, value_name = "BUG", value_parser = known)]
    bug: Vec<&'static Bug>,

    /// Hunts at a time [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256))]
    jobs: Option<u64>,

    /// Recorded answers: says for each bug how many rows of them would have caught it
    #[arg(long, value_name = "FILE", num_args = 1..)]
    vectors: Vec<PathBuf>,

    /// Only list the bugs
    #[arg(long, conflicts_with = "write_crashes")]
    list: bool,

    /// Write a minimised program for each bug into this directory, and hunt no further
    #[arg(long, value_name = "DIR")]
    write_crashes: Option<PathBuf>,

    /// Print one JSON object on standard output at the end
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A vector file that cannot be read, or a directory that cannot be written to.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let bugs: Vec<&Bug> = if options.bug.is_empty() { MUSEUM.iter().collect() } else { options.bug.to_vec() };
    if options.list {
        print_out(&if options.json { format!("{:#}\n", json::list(&bugs)) } else { table::list(&bugs) })?;
        return Ok(Verdict::Clean);
    }
    if let Some(dir) = &options.write_crashes {
        return write_crashes(&bugs, dir, options.time);
    }
    let files: Vec<VectorFile> = options.vectors.iter().map(|path| vectors(path)).collect::<Result<_, _>>()?;
    let stop = stop_flag()?;
    let by_walk = options.engine == "exhaust";
    let (bugs, loops): (Vec<&Bug>, Vec<&Bug>) = bugs.into_iter().partition(|bug| !(by_walk && bug.loop_only));
    for bug in loops {
        let _ = writeln!(std::io::stderr().lock(), "{}: left out, a walk of single calls has no loops", bug.slug);
    }
    let plan = Plan {
        bugs,
        by_walk,
        seeds: (0..if by_walk { 1 } else { options.seeds }).map(|n| options.seed.wrapping_add(n)).collect(),
        time: options.time,
        // A walk is on all processors by itself.
        jobs: if by_walk { 1 } else { options.jobs.map_or_else(processors, |jobs| jobs as usize) },
    };
    let outcome = plan.run(&stop);
    let text = table::table(&outcome, options.time);
    if options.json {
        let _ = write!(anstream::stderr().lock(), "{text}");
        print_json(&json::report(&outcome, &options.engine, options.time, &files))?;
    } else {
        print_out(&text)?;
        if !files.is_empty() {
            print_out(&table::rows(&outcome, &files))?;
        }
    }
    Ok(if outcome.is_right() { Verdict::Clean } else { Verdict::Divergence })
}

/// A bug by name; the error names the nearest.
fn known(name: &str) -> Result<&'static Bug, String> {
    find(name).ok_or_else(|| format!("expected a bug of --list such as {}", near(name).join(", ")))
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

fn vectors(path: &Path) -> Result<VectorFile, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
    parse(&text).map_err(|error| Failure::at(path, error.line, error.message))
}

/// Writes the reproducers, each aside and then renamed.
fn write_crashes(bugs: &[&Bug], dir: &Path, time: Duration) -> Result<Verdict, Failure> {
    std::fs::create_dir_all(dir).map_err(|error| Failure::io("create", dir, &error))?;
    let mut missed = false;
    for bug in bugs {
        match Crash::make(bug, time) {
            Some(crash) => {
                let path = dir.join(format!("{}.pte", bug.slug));
                write_aside(&path, crash.to_text(bug).as_bytes())?;
                let _ = writeln!(std::io::stderr().lock(), "{}  {}", path.display(), crash.signature);
            }
            None => {
                missed = true;
                let _ = writeln!(std::io::stderr().lock(), "{}: not found in {} s", bug.slug, time.as_secs_f64());
            }
        }
    }
    Ok(if missed { Verdict::Divergence } else { Verdict::Clean })
}

/// The words for a run that Ctrl-C ended.
fn interrupted(outcome: &Outcome) -> &'static str {
    if outcome.stopped { "; interrupted" } else { "" }
}
