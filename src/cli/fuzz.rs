//! `ptefuzz fuzz`: the main job.

use super::Verdict;
use super::environment::{EnvironmentOptions, special_name};
use super::error::{Failure, print_json, print_out, write_aside};
use super::report::{artifact_name, find_json, find_text, read_known};
use super::style::{BOLD, DIM, RIGHT, WRONG};
use super::subject::{SubjectOptions, remark_text};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ptefuzz::engine::{Find, Job, Limits, Next, Progress, RawRun, WorldRun};
use ptefuzz::lockstep::{Divergence, KnownSignatures, Lockstep, Subject};
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::program::{CallSource, Operation, Program};
use ptefuzz::pte::{Class, Environment};
use ptefuzz::subjects::SubjectName;
use ptefuzz::world::World;
use serde_json::{Map, Value, json};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Fuzz: hold a subject against the reference model
///
/// Generates programs, runs them on the model and on the subject, and explains each difference once. Ends after 60 seconds unless told
/// otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz fuzz
  ptefuzz fuzz --special device --time 10s
  ptefuzz fuzz --seed 7 --execs 100000 --json
  ptefuzz fuzz --known known.txt --artifacts finds/
  ptefuzz fuzz --allow-colliding-offsets --artifacts finds/")]
pub struct Options {
    /// What to run: sequence (operations on a small mm) or raw (any site, any pte, any parameter in its domain)
    #[arg(long, default_value = "sequence", value_parser = ["sequence", "raw"])]
    target: String,

    #[command(flatten)]
    subject: SubjectOptions,

    #[command(flatten)]
    environment: EnvironmentOptions,

    /// Parallel jobs (one, so far)
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1))]
    jobs: u32,

    /// End after this time: 500ms, 60s, 10m, 24h [default: 60s, unless --execs is given]
    #[arg(long, value_parser = parse_time, conflicts_with = "execs")]
    time: Option<Duration>,

    /// End after this many programs
    #[arg(long, value_name = "N")]
    execs: Option<u64>,

    /// The seed of the run: the same seed and flags give the same run [default: from the clock]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Make swap entries that collide with none or special in their encoding, and report them
    #[arg(long)]
    allow_colliding_offsets: bool,

    /// Write a program for each find into this directory
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,

    /// Count these signatures and report them no more: one a line, # begins a comment, a * at the end stands for any rest
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,

    /// Print one JSON object on standard output at the end
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A directory that cannot be written to, and known signatures that cannot be read.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let environment = options.subject.environment(options.environment)?;
    if let Some(dir) = &options.artifacts {
        std::fs::create_dir_all(dir).map_err(|error| Failure::io("create", dir, &error))?;
    }
    let known = read_known(options.known.as_deref())?;
    let seed = options.seed.unwrap_or_else(clock_seed);
    let limits = Limits {
        time: options.time.or(options.execs.is_none().then(|| Duration::from_secs(60))),
        programs: options.execs,
    };
    let mut run = job(environment, options, seed)?;
    let stop = stop_flag()?;
    let mut show = Show::new(options, seed, environment, limits);
    let mut watch = |progress: &Progress| {
        show.update(progress);
        if stop.load(Ordering::Relaxed) { Next::Stop } else { Next::Continue }
    };
    let mut remarks = String::new();
    let progress = match options.subject.subject {
        // The hot loop is compiled for this one, and for everything else once.
        SubjectName::Packed => run.run(&mut Packed::observed(environment), limits, &mut watch),
        _ => {
            let mut subject = options.subject.build(environment)?;
            let progress = run.run::<dyn Subject>(&mut *subject, limits, &mut watch);
            remarks = remark_text(&*subject);
            progress
        }
    };
    show.finish();
    eprint!("{remarks}");
    finish(options, seed, &mut run, &progress, &known)
}

fn job(environment: Environment, options: &Options, seed: u64) -> Result<Job, Failure> {
    let lockstep = Lockstep::new(Model::new(environment)).reporting_collisions(options.allow_colliding_offsets);
    Ok(if options.target == "raw" {
        let sites = options.subject.build(environment)?.sites().iter().collect();
        let source = CallSource::new(environment, sites, options.allow_colliding_offsets);
        Job::Raw(Box::new(RawRun::new(lockstep, source, seed)))
    } else {
        Job::World(Box::new(WorldRun::new(lockstep, World::new(environment), seed)))
    })
}

fn finish(
    options: &Options,
    seed: u64,
    run: &mut Job,
    progress: &Progress,
    known: &KnownSignatures,
) -> Result<Verdict, Failure> {
    let mut text = String::new();
    let mut divergences = Vec::new();
    let finds = run.finds().sorted().into_iter().cloned();
    let (old, finds): (Vec<Find>, Vec<Find>) = finds.partition(|find| known.contains(&find.first.signature));
    for find in &finds {
        let file = match &options.artifacts {
            Some(dir) => Some(write_artifact(dir, &find.first, &run.program_of(find))?),
            None => None,
        };
        let repeat = file.as_deref().map(|file| replay_command(options, file));
        text.push_str(&find_text(find, repeat.as_deref()));
        text.push('\n');
        divergences.push(find_json(find, file.as_deref()));
    }
    for find in &old {
        text.push_str(&format!("{DIM}known{DIM:#}  {} times  {}\n", count(find.count), find.first.signature));
    }
    text.push_str(&summary(progress, &finds, seed));
    let idle: Vec<_> = run.idle().into_iter().map(|code| Operation::of(code).name).collect();
    if !idle.is_empty() {
        text.push_str(&format!("operations without effect: {}\n", idle.join(", ")));
    }
    if options.json {
        let _ = write!(anstream::stderr().lock(), "{text}");
        let known = old.iter().map(known_json).collect();
        print_json(&fuzz_json(options, seed, run, progress, (divergences, known)))?;
    } else {
        let mut painted = anstream::AutoStream::auto(std::io::stdout());
        if painted.write_all(text.as_bytes()).and_then(|()| painted.flush()).is_err() {
            print_out("")?;
        }
    }
    Ok(if finds.is_empty() { Verdict::Clean } else { Verdict::Divergence })
}

fn summary(progress: &Progress, finds: &[Find], seed: u64) -> String {
    let seconds = progress.elapsed.as_secs_f64();
    let divergences: u64 = finds.iter().map(|find| find.count).sum();
    let verdict = match finds.len() {
        0 if progress.signatures > 0 => format!("{RIGHT}no divergence that is not known{RIGHT:#}"),
        0 => format!("{RIGHT}no divergence{RIGHT:#}"),
        1 => format!("{WRONG}1 signature{WRONG:#}, {divergences} divergences"),
        n => format!("{WRONG}{n} signatures{WRONG:#}, {divergences} divergences"),
    };
    format!(
        "{BOLD}{}{BOLD:#} site calls in {} programs, {seconds:.1} s ({} a second), {:.0} % no-ops\n\
         {} cells covered; {verdict}; seed {seed}\n",
        count(progress.site_calls),
        count(progress.programs),
        count((progress.site_calls as f64 / seconds.max(1e-9)) as u64),
        progress.noop_share * 100.0,
        count(progress.covered as u64),
    )
}

fn known_json(find: &Find) -> Value {
    json!({ "signature": find.first.signature.to_string(), "count": find.count })
}

fn fuzz_json(
    options: &Options,
    seed: u64,
    run: &Job,
    progress: &Progress,
    (divergences, known): (Vec<Value>, Vec<Value>),
) -> Value {
    let tally = run.lockstep().tally();
    let environment = run.lockstep().model().environment();
    let classes: Map<String, Value> =
        Class::ALL.iter().map(|class| (class.name().to_string(), json!(tally.classes[*class as usize]))).collect();
    let seconds = progress.elapsed.as_secs_f64();
    json!({
        "target": options.target,
        "subject": options.subject.subject.to_string(),
        "config": environment.config.name(),
        "special": special_name(environment),
        "seed": seed,
        "jobs": options.jobs,
        "seconds": seconds,
        "programs": progress.programs,
        "operations": progress.operations,
        "site_calls": progress.site_calls,
        "site_calls_per_second": progress.site_calls as f64 / seconds.max(1e-9),
        "noop_share": progress.noop_share,
        "classes": classes,
        "covered": progress.covered,
        "idle_operations": run.idle().into_iter().map(|code| Operation::of(code).name).collect::<Vec<_>>(),
        "total_reachable": Value::Null,
        "total_walk": Value::Null,
        "divergences": divergences,
        "known": known,
    })
}

/// The command that shows a find again: the same subject and environment, and collisions if they were asked for.
fn replay_command(options: &Options, file: &str) -> String {
    let mut command = "ptefuzz replay".to_string();
    command.push_str(&options.subject.arguments());
    command.push_str(&options.environment.arguments());
    if options.allow_colliding_offsets {
        command.push_str(" --allow-colliding-offsets");
    }
    format!("{command} {file}")
}

/// Writes the program of a find aside and renames it, and gives its path.
fn write_artifact(dir: &Path, divergence: &Divergence, program: &Program) -> Result<String, Failure> {
    let path = dir.join(artifact_name(&divergence.signature));
    let text = format!("{}# {}\n# {}\n", program.to_text(), divergence.signature, divergence.environment);
    write_aside(&path, text.as_bytes())?;
    Ok(path.display().to_string())
}

/// A flag that Ctrl-C sets.
fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stop);
    ctrlc::set_handler(move || seen.store(true, Ordering::Relaxed))
        .map_err(|error| Failure::new(format!("cannot listen for Ctrl-C: {error}")))?;
    Ok(stop)
}

fn clock_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_nanos() as u64 % 1_000_000_007)
}

pub fn parse_time(text: &str) -> Result<Duration, String> {
    let error = || "expected a time such as 500ms, 60s, 10m or 24h".to_string();
    let split = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(error)?;
    let number: f64 = text[..split].parse().map_err(|_| error())?;
    let unit = match &text[split..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(error()),
    };
    Duration::try_from_secs_f64(number * unit).map_err(|_| error())
}

/// A number as people read it: `812`, `14.2 k`, `3.1 M`.
fn count(n: u64) -> String {
    match n {
        0..10_000 => n.to_string(),
        10_000..1_000_000 => format!("{:.1} k", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} M", n as f64 / 1e6),
        _ => format!("{:.2} G", n as f64 / 1e9),
    }
}

/// The progress display: a bar on a terminal, a line now and then elsewhere.
struct Show {
    bar: ProgressBar,
    terminal: bool,
    next_line: Duration,
    last: (Duration, u64),
    limits: Limits,
}

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

impl Show {
    fn new(options: &Options, seed: u64, environment: Environment, limits: Limits) -> Show {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        let mut err = anstream::stderr().lock();
        let _ = writeln!(
            err,
            "{BOLD}ptefuzz{BOLD:#} {}, subject {}, {environment}, seed {seed}\n{DIM}Ctrl-C ends it{DIM:#}",
            options.target, options.subject.subject
        );
        Show { bar, terminal, next_line: LINE_EVERY, last: (Duration::ZERO, 0), limits }
    }

    fn update(&mut self, progress: &Progress) {
        let step = progress.elapsed - self.last.0;
        if step < Duration::from_millis(200) || !self.terminal && progress.elapsed < self.next_line {
            return;
        }
        let rate = (progress.site_calls - self.last.1) as f64 / step.as_secs_f64();
        self.last = (progress.elapsed, progress.site_calls);
        // Fits 80 columns.
        let message = format!(
            "{}  {} programs  {} calls ({}/s)  {:.0} % no-ops  {} cells  {}",
            self.clock(progress),
            count(progress.programs),
            count(progress.site_calls),
            count(rate as u64),
            progress.noop_share * 100.0,
            progress.covered,
            match progress.signatures {
                0 => format!("{:.0} s idle", (progress.elapsed - progress.last_new).as_secs_f64()),
                1 => "1 find".to_string(),
                n => format!("{n} finds"),
            },
        );
        if self.terminal {
            self.bar.set_message(message);
            self.bar.tick();
        } else {
            let _ = writeln!(std::io::stderr().lock(), "{message}");
            self.next_line = progress.elapsed + LINE_EVERY;
        }
    }

    fn clock(&self, progress: &Progress) -> String {
        let elapsed = progress.elapsed.as_secs();
        match self.limits.time {
            Some(time) => format!("{elapsed}/{} s", time.as_secs()),
            None => format!("{elapsed} s"),
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
