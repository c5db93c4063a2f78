//! `ptefuzz fuzz`: the main job.

mod built_in;
mod metrics;
mod output;
mod reports;
mod seeds;
mod show;
pub mod stats;
mod store;
mod sync;

use super::Verdict;
use super::environment::EnvironmentOptions;
use super::error::Failure;
use super::report::{find_json, read_known};
use super::subject::{Remarking, SubjectOptions};
use clap::Args;
use clap::builder::PossibleValuesParser;
use metrics::Metrics;
use output::{Outcome, event, finish, print_line};
use ptefuzz::engine::{
    Denominators, Door, Fleet, Habits, JobProgress, Kept, Limits, News, Next, Programs, Progress, RawRun, Run, WorldRun,
};
use ptefuzz::lockstep::Lockstep;
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::program::{CallSource, Form, Program, mix};
use ptefuzz::pte::Environment;
use ptefuzz::subjects::SubjectName;
use ptefuzz::target::{TARGETS, Target};
use ptefuzz::world::World;
use show::Show;
use stats::Stats;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::Store;
use sync::{Counts, Sync};

/// Fuzz: hold a subject against the reference model
///
/// Generates programs, runs them on the model and on the subject, and explains each difference once. Ends after 60 seconds unless told
/// otherwise.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz fuzz
  ptefuzz fuzz --special device --time 10s
  ptefuzz fuzz --target mprotect --jobs 2 --corpus kept.mprotect
  ptefuzz fuzz --seed 7 --jobs 1 --execs 100000 --json
  ptefuzz fuzz --subject foreign:./libmine.so
  ptefuzz fuzz --known known.txt --artifacts finds/
  ptefuzz fuzz --time 24h --corpus kept --artifacts finds --metrics 127.0.0.1:9100 --junit result.xml
  ptefuzz fuzz --time 24h --sync fleet --name builtin
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

    /// Start from nothing, without the seeds that are built in for the target
    #[arg(long)]
    no_seeds: bool,

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

    /// Work with other instances over this directory, in AFL++'s layout: read DIR/*/queue, DIR/*/crashes and plain directories, write DIR/NAME
    #[arg(long, value_name = "DIR")]
    sync: Option<PathBuf>,

    /// The name of this instance below the directory of --sync
    #[arg(long, value_name = "NAME", default_value = "ptefuzz", requires = "sync")]
    name: String,

    /// Write statistics over time into this file, a JSON object a line, for `ptefuzz plot` [default with --corpus: DIR/.ptefuzz/stats.jsonl]
    #[arg(long, value_name = "FILE")]
    stats: Option<PathBuf>,

    /// Serve metrics for Prometheus at this loopback address while it runs: 127.0.0.1:9100
    #[arg(long, value_name = "ADDRESS", value_parser = metrics::parse_address)]
    metrics: Option<SocketAddr>,

    /// Write the result as JUnit XML into this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write the finds as SARIF 2.1.0 into this file
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,

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
    } else if let Some((flag, _)) =
        [("--corpus", &options.corpus), ("--sync", &options.sync)].iter().find(|(_, dir)| dir.is_some())
    {
        let name = target.name;
        Err(Failure::new(format!(
            "{flag}: found with --target {name}, expected a target of operations: raw programs are not kept"
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

    /// The seeds of the target that are built in; raw programs have none.
    fn seeds(&self) -> impl Iterator<Item = Kept> {
        let of_target = built_in::SEEDS.iter().filter(|(target, _)| *target == self.target.name);
        of_target.flat_map(|(_, texts)| *texts).filter_map(|text| match self.target.program(text.as_bytes()) {
            Program::World(program) => {
                Some(Kept { tree: program.tree, ops: program.ops.into(), cells: Box::default() })
            }
            Program::Raw(_) => None,
        })
    }

    fn fuzz<P: Programs>(&self, mut fleet: Fleet<P>) -> Result<Verdict, Failure>
    where
        Run<P>: Send,
    {
        let known = read_known(self.options.known.as_deref())?;
        reports::check(self.options)?;
        let mut store = Store::new(self.options)?;
        for kept in store.read(self.target, self.environment)? {
            fleet.give(kept);
        }
        if !self.options.no_seeds {
            self.seeds().for_each(|kept| fleet.give(kept));
        }
        let mut around = Around::new(self, &store, fleet.door())?;
        let stop = stop_flag()?;
        let failed = RefCell::new(None);
        let mut show = Show::new(self);
        let counts = around.sync.as_ref().map(Sync::counts);
        let streams = self.options.json.as_deref() == Some("stream");
        let mut told = |news: &News| {
            let find = match news {
                News::Find(find) if known.contains(&find.first.signature) => return,
                News::Find(find) => Some(find),
                News::Kept(_) => None,
            };
            let result = store.take(news).and_then(|()| around.sync.as_mut().map_or(Ok(()), |sync| sync.take(news)));
            // Told of when it is written down, and not before.
            if let Some(find) = find.filter(|_| result.is_ok() && streams) {
                let _ = print_line(&event("find", find_json(find, store.artifact(&find.first.signature))));
            }
            note(&failed, result);
        };
        let (stats, metrics) = (&mut around.stats, &mut around.metrics);
        let mut watch = |progress: &Progress, jobs: &[JobProgress]| {
            show.update(progress, jobs);
            if let Some(metrics) = metrics {
                metrics.update(progress, jobs, counts.as_ref().map(Counts::now));
            }
            if let Some(stats) = stats {
                note(&failed, stats.update(progress));
            }
            if stop.load(Ordering::Relaxed) || failed.borrow().is_some() { Next::Stop } else { Next::Continue }
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
        if let Some(stats) = &mut around.stats {
            note(&failed, stats.write(&outcome.progress));
        }
        if let Some((given, taken)) = around.sync.as_ref().map(|sync| sync.counts().now()) {
            eprintln!("fleet: {given} programs given, {taken} taken");
        }
        let verdict = finish(self, &outcome, &known, &store)?;
        failed.into_inner().map_or(Ok(verdict), Err)
    }
}

/// Keeps the first failure.
fn note(failed: &RefCell<Option<Failure>>, result: Result<(), Failure>) {
    if let Err(failure) = result {
        failed.borrow_mut().get_or_insert(failure);
    }
}

/// What goes on around a run, each if it was asked for.
struct Around {
    stats: Option<Stats>,
    metrics: Option<Metrics>,
    sync: Option<Sync>,
}

impl Around {
    fn new(setup: &Setup<'_>, store: &Store, door: Door) -> Result<Around, Failure> {
        let options = setup.options;
        let (target, subject) = (options.target.as_str(), options.subject.subject.to_string());
        let labels = [("version", env!("CARGO_PKG_VERSION")), ("target", target), ("subject", subject.as_str())];
        let file = options.stats.clone().or_else(|| store.statistics());
        Ok(Around {
            stats: file.map(|file| Stats::open(&file, target, &subject, setup.goal)).transpose()?,
            metrics: options.metrics.map(|address| Metrics::serve(address, &labels)).transpose()?,
            sync: match &options.sync {
                Some(dir) => Some(Sync::join(dir, &options.name, setup.target, door)?),
                None => None,
            },
        })
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
