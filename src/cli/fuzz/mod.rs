//! `ptefuzz fuzz`: the main job.

mod output;
mod show;
mod store;

use super::Verdict;
use super::environment::EnvironmentOptions;
use super::error::Failure;
use super::report::read_known;
use super::subject::{Remarking, SubjectOptions};
use clap::Args;
use clap::builder::PossibleValuesParser;
use output::{Outcome, finish};
use ptefuzz::engine::{
    Denominators, Fleet, Habits, JobProgress, Limits, News, Next, Programs, Progress, RawRun, Run, WorldRun,
};
use ptefuzz::lockstep::Lockstep;
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::program::{CallSource, Form, mix};
use ptefuzz::pte::Environment;
use ptefuzz::subjects::SubjectName;
use ptefuzz::target::{TARGETS, Target};
use ptefuzz::world::World;
use show::Show;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::Store;

/// Fuzz: hold a subject against the reference model
///
/// Generates programs, runs them on the model and on the subject, and explains each difference once. Ends after 60 seconds unless told
/// otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz fuzz
  ptefuzz fuzz --special device --time 10s
  ptefuzz fuzz --target mprotect --jobs 2 --corpus corpus.mprotect
  ptefuzz fuzz --seed 7 --jobs 1 --execs 100000 --json
  ptefuzz fuzz --subject foreign:./libmine.so
  ptefuzz fuzz --known known.txt --artifacts finds/
  ptefuzz fuzz --allow-colliding-offsets --artifacts finds/")]
pub struct Options {
    /// What to run: sequence (every operation on a small mm), raw (any site, any pte, any parameter in its domain), or what one contract needs
    #[arg(long, default_value = "sequence", value_parser = PossibleValuesParser::new(TARGETS.map(|target| target.name)))]
    target: String,

    #[command(flatten)]
    subject: SubjectOptions,

    #[command(flatten)]
    environment: EnvironmentOptions,

    /// Parallel jobs, from 1 to 256; one job does the same every time [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    jobs: Option<u32>,

    /// End after this time: 500ms, 60s, 10m, 24h [default: 60s, unless --execs is given]
    #[arg(long, value_parser = parse_time, conflicts_with = "execs")]
    time: Option<Duration>,

    /// End after this many programs
    #[arg(long, value_name = "N")]
    execs: Option<u64>,

    /// The seed of the run: the same seed and flags and one job give the same run [default: from the clock]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Make swap entries that collide with none or special in their encoding, and report them
    #[arg(long)]
    allow_colliding_offsets: bool,

    /// Start from the programs in this directory, and add those that reach something new
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,

    /// Write a program for each find into this directory, as soon as it is found
    #[arg(long, value_name = "DIR")]
    artifacts: Option<PathBuf>,

    /// Count these signatures and report them no more: one a line, # begins a comment, a * at the end stands for any rest
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,

    /// Print one JSON object on standard output at the end; stream: also one a second and one for each find, a line each
    #[arg(long, value_name = "WHEN", num_args = 0..=1, require_equals = true, default_missing_value = "end", value_parser = ["end", "stream"])]
    json: Option<String>,
}

/// What a run is made of, once the options are read.
struct Setup<'a> {
    options: &'a Options,
    target: &'static Target,
    environment: Environment,
    seed: u64,
    jobs: u32,
    limits: Limits,
    /// Cells that there are to reach.
    goal: Option<usize>,
}

/// Runs the command.
///
/// # Errors
///
/// A directory that cannot be read or written to, known signatures that cannot be read, and a subject that cannot be had.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let target = Target::by_name(&options.target).unwrap_or_else(Target::sequence);
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(256) as u32);
    let environment = options.subject.environment(options.environment)?;
    let goal =
        Denominators::of(environment).map(|all| if target.is_world() { all.reachable.len() } else { all.walk.len() });
    let setup = Setup {
        options,
        target,
        environment,
        goal,
        seed: options.seed.unwrap_or_else(clock_seed),
        jobs: options.jobs.unwrap_or(cores),
        limits: Limits {
            time: options.time.or(options.execs.is_none().then(|| Duration::from_secs(60))),
            programs: options.execs,
        },
    };
    if target.is_world() {
        let jobs = (0..setup.jobs).map(|job| setup.world_run(job)).collect();
        setup.fuzz(Fleet::new(jobs))
    } else if options.corpus.is_some() {
        let name = target.name;
        Err(Failure::new(format!(
            "--corpus: found with --target {name}, expected a target of operations: raw programs are not kept"
        )))
    } else {
        let sites = options.subject.build(setup.environment)?.sites();
        let sites: Vec<_> = target.checks.iter().copied().filter(|site| sites.contains(*site)).collect();
        if sites.is_empty() {
            let (name, subject) = (target.name, &options.subject.subject);
            return Err(Failure::new(format!(
                "--target {name}: found no site of it in {subject}, expected at least one"
            )));
        }
        let form = target.menu.form;
        let jobs = (0..setup.jobs).map(|job| setup.raw_run(job, sites.clone(), form)).collect();
        setup.fuzz(Fleet::new(jobs))
    }
}

impl Setup<'_> {
    /// The seed of a job; that of the first is the run's.
    fn job_seed(&self, job: u32) -> u64 {
        if job == 0 { self.seed } else { self.seed ^ mix(!(job as u64)) }
    }

    fn lockstep(&self) -> Lockstep {
        Lockstep::new(Model::new(self.environment)).reporting_collisions(self.options.allow_colliding_offsets)
    }

    fn world_run(&self, job: u32) -> WorldRun {
        let world = World::new(self.environment);
        WorldRun::with(self.lockstep(), world, self.job_seed(job), self.target, Habits::default())
    }

    fn raw_run(&self, job: u32, sites: Vec<ptefuzz::site::SiteId>, form: Form) -> RawRun {
        let source = CallSource::new(self.environment, sites, self.options.allow_colliding_offsets);
        RawRun::with(self.lockstep(), source, self.job_seed(job), form)
    }

    fn fuzz<P: Programs>(&self, mut fleet: Fleet<P>) -> Result<Verdict, Failure>
    where
        Run<P>: Send,
    {
        let known = read_known(self.options.known.as_deref())?;
        let mut store = Store::new(self.options)?;
        for kept in store.read(self.target)? {
            fleet.give(kept);
        }
        let stop = stop_flag()?;
        let failed = AtomicBool::new(false);
        let mut show = Show::new(self);
        let mut told = |news: &News| {
            if let Err(failure) = store.take(news, &known) {
                failed.store(true, Ordering::Relaxed);
                store.failure.get_or_insert(failure);
            }
        };
        let mut watch = |progress: &Progress, jobs: &[JobProgress]| {
            show.update(progress, jobs);
            if stop.load(Ordering::Relaxed) || failed.load(Ordering::Relaxed) { Next::Stop } else { Next::Continue }
        };
        let (environment, name) = (self.environment, self.options.subject.name());
        let remarks = Remarking::notes();
        let progress = match &name {
            // The hot loop is compiled for this one, and for everything else once.
            SubjectName::Packed => fleet.run(|| Ok(Packed::observed(environment)), self.limits, &mut watch, &mut told),
            _ => {
                let make = || name.build(environment).map(|subject| Remarking::new(subject, &remarks));
                fleet.run(make, self.limits, &mut watch, &mut told)
            }
        };
        let progress = progress.map_err(Failure::new)?;
        show.finish();
        eprint!("{}", Remarking::text(&remarks));
        let outcome = Outcome {
            finds: fleet.finds(),
            tally: fleet.tally(),
            idle: fleet
                .jobs()
                .iter()
                .map(Run::idle)
                .reduce(|all, one| all.into_iter().filter(|code| one.contains(code)).collect())
                .unwrap_or_default(),
            progress,
        };
        let verdict = finish(self, &outcome, &known, &store)?;
        store.failure.map_or(Ok(verdict), Err)
    }
}

/// A flag that Ctrl-C sets.
pub(super) fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stop);
    ctrlc::set_handler(move || seen.store(true, Ordering::Relaxed))
        .map_err(|error| Failure::new(format!("cannot listen for Ctrl-C: {error}")))?;
    Ok(stop)
}

/// A seed from the clock, short enough to be typed again.
fn clock_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_nanos() as u64 % 99_991)
}

pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
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
