//! How many programs, site calls and seconds each way of fuzzing needs until it has found a bug of the museum: the built-in engine, the same programs at
//! random, a state machine test of proptest, and harnesses with `derive(Arbitrary)` under libFuzzer and AFL++.
//!
//! `cargo run --release --example versus -- [--seeds N] [--programs N] [--seconds N] [--jobs N] [--bugs SLUG,...] [--libfuzzer BINARY] [--afl BINARY] [--rows FILE]`
//!
//! All of them hold the same subjects (packed with one bug) against the model, under the real special value, one process or thread each, and stop at the
//! first divergence at the bug's site. What is not detected within the programs and seconds that are allowed is a time-out, and counted apart. The two
//! binaries are those of `benches/yardstick`; without them their columns stay empty. `--rows FILE` writes a line for each run as soon as it is over, and
//! does not run again what has a line there.

mod external;
mod internal;
mod report;

use ptefuzz::museum::{Bug, MUSEUM};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The ways, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `ptefuzz fuzz`: the biased generator, the corpus that coverage feeds.
    BuiltIn,
    /// The same operations, every byte of them at random.
    Uniform,
    /// proptest-state-machine with its defaults: 256 cases of 1 to 20 transitions.
    Proptest,
    /// The same with 100 times the cases.
    ProptestLong,
    /// `derive(Arbitrary)` under libFuzzer.
    LibFuzzer,
    /// `derive(Arbitrary)` under AFL++.
    Afl,
}

impl Way {
    /// All of them.
    pub const ALL: [Way; 6] = [Way::BuiltIn, Way::Uniform, Way::Proptest, Way::ProptestLong, Way::LibFuzzer, Way::Afl];

    /// The head of its column.
    pub const fn name(self) -> &'static str {
        match self {
            Way::BuiltIn => "built-in",
            Way::Uniform => "uniform",
            Way::Proptest => "proptest",
            Way::ProptestLong => "proptest x100",
            Way::LibFuzzer => "libFuzzer",
            Way::Afl => "AFL++",
        }
    }
}

/// One run of one way at one bug.
#[derive(Clone, Copy, Debug, Default)]
pub struct Result {
    /// Whether it was detected at its site.
    pub detected: bool,
    /// Programs that were run.
    pub programs: u64,
    /// Site calls that were checked.
    pub site_calls: u64,
    /// Wall clock.
    pub seconds: f64,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seeds 1 to this.
    pub seeds: u64,
    /// Most programs of a run.
    pub programs: u64,
    /// Longest time of a run.
    pub time: Duration,
    /// Runs at a time.
    pub jobs: usize,
    /// The yardstick under libFuzzer.
    pub libfuzzer: Option<PathBuf>,
    /// The yardstick under AFL++.
    pub afl: Option<PathBuf>,
    /// Where a line for each run is written.
    pub rows: Option<PathBuf>,
    /// The bugs.
    pub bugs: Vec<&'static Bug>,
}

fn number(option: &str, word: Option<String>) -> std::result::Result<u64, String> {
    let word = word.unwrap_or_default();
    word.parse().ok().filter(|n| *n > 0).ok_or_else(|| format!("{option}: found {word:?}, expected a number from 1"))
}

fn settings() -> std::result::Result<Settings, String> {
    let mut settings = Settings {
        seeds: 5,
        programs: 300_000,
        time: Duration::from_secs(20),
        jobs: std::thread::available_parallelism().map_or(1, |cores| cores.get()),
        libfuzzer: None,
        afl: None,
        rows: None,
        bugs: MUSEUM.iter().filter(|bug| bug.raw_only.is_none()).collect(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(option) = words.next() {
        match option.as_str() {
            "--seeds" => settings.seeds = number(&option, words.next())?,
            "--programs" => settings.programs = number(&option, words.next())?,
            "--seconds" => settings.time = Duration::from_secs(number(&option, words.next())?),
            "--jobs" => settings.jobs = number(&option, words.next())? as usize,
            "--libfuzzer" => settings.libfuzzer = words.next().map(PathBuf::from),
            "--afl" => settings.afl = words.next().map(PathBuf::from),
            "--rows" => settings.rows = words.next().map(PathBuf::from),
            "--bugs" => {
                let find = |slug: &str| ptefuzz::museum::find(slug).ok_or(format!("--bugs: found no bug {slug:?}"));
                settings.bugs =
                    words.next().unwrap_or_default().split(',').map(find).collect::<std::result::Result<_, _>>()?;
            }
            other => {
                return Err(format!(
                    "found {other:?}, expected an option that the first lines of examples/versus/main.rs name"
                ));
            }
        }
    }
    Ok(settings)
}

/// One run, or nothing where the way has no binary.
fn run(way: Way, bug: &Bug, seed: u64, settings: &Settings) -> std::result::Result<Option<Result>, String> {
    Ok(match way {
        Way::BuiltIn => Some(internal::world(bug, seed, settings, true)),
        Way::Uniform => Some(internal::world(bug, seed, settings, false)),
        Way::Proptest => Some(internal::proptest(bug, seed, settings, 256)),
        Way::ProptestLong => Some(internal::proptest(bug, seed, settings, 25_600)),
        Way::LibFuzzer => {
            settings.libfuzzer.as_deref().map(|path| external::libfuzzer(path, bug, seed, settings)).transpose()?
        }
        Way::Afl => settings.afl.as_deref().map(|path| external::afl(path, bug, seed, settings)).transpose()?,
    })
}

/// A line of the file of rows.
fn read(line: &str) -> Option<(Way, &str, u64, Result)> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [way, slug, seed, detected, programs, site_calls, seconds] = fields[..] else { return None };
    let way = Way::ALL.into_iter().find(|known| known.name() == way)?;
    let result = Result {
        detected: detected.parse().ok()?,
        programs: programs.parse().ok()?,
        site_calls: site_calls.parse().ok()?,
        seconds: seconds.parse().ok()?,
    };
    Some((way, slug, seed.parse().ok()?, result))
}

/// Everything, on as many threads as asked: seed by seed, so that a run that is ended early has whole seeds.
fn measure(settings: &Settings) -> std::result::Result<Vec<report::Row>, String> {
    let mut tasks = Vec::new();
    for seed in 1..=settings.seeds {
        for bug in &settings.bugs {
            tasks.extend(Way::ALL.map(|way| (way, *bug, seed)));
        }
    }
    let mut rows = Vec::new();
    let mut file = None;
    if let Some(path) = &settings.rows {
        let place = |error: std::io::Error| format!("{}: {error}", path.display());
        let text = if path.exists() { std::fs::read_to_string(path).map_err(place)? } else { String::new() };
        for (way, slug, seed, result) in text.lines().filter_map(read) {
            let known = tasks.iter().position(|(w, bug, s)| *w == way && bug.slug == slug && *s == seed);
            let Some(known) = known else { continue };
            rows.push(report::Row { way, bug: tasks.remove(known).1, result });
        }
        file = Some(std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(place)?);
    }
    let next = AtomicUsize::new(0);
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..settings.jobs {
            let (sender, tasks, next) = (sender.clone(), &tasks, &next);
            scope.spawn(move || {
                while let Some((way, bug, seed)) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let done = run(*way, bug, *seed, settings).map(|result| (*way, *bug, *seed, result));
                    if sender.send(done).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for done in receiver {
            let (way, bug, seed, result) = done.inspect_err(|_| next.store(tasks.len(), Ordering::Relaxed))?;
            let Some(result) = result else { continue };
            if let Some(file) = &mut file {
                let Result { detected, programs, site_calls, seconds } = result;
                let line = format!(
                    "{}\t{}\t{seed}\t{detected}\t{programs}\t{site_calls}\t{seconds:.4}\n",
                    way.name(),
                    bug.slug
                );
                file.write_all(line.as_bytes()).map_err(|error| format!("--rows: {error}"))?;
            }
            rows.push(report::Row { way, bug, result });
        }
        Ok(rows)
    })
}

fn main() {
    match settings().and_then(|settings| Ok((measure(&settings)?, settings))) {
        Ok((rows, settings)) => {
            print!("{}", report::table(&rows, &settings));
            let missed = rows.iter().filter(|row| row.way == Way::BuiltIn && !row.result.detected).count();
            std::process::exit((missed > 0) as i32);
        }
        Err(message) => {
            eprintln!("versus: {message}");
            std::process::exit(2);
        }
    }
}
