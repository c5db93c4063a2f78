//! Many jobs at once: each in a thread with everything of its own, and a collector that hands what one job kept to the others.
//!
//! In a job's loop there is no lock and nothing is allocated but what is kept. Programs to start from lie in a queue from which idle jobs steal;
//! what a job keeps goes over a channel to the collector, which passes on what is new to all. Each program that a find names can be replayed alone.

use super::kept::Kept;
use super::run::{Programs, Run};
use super::{Coverage, Find, Finds, Limits, Next, Progress};
use crate::lockstep::{Signature, Subject, Tally};
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use crossbeam::deque::{Injector, Steal, Stealer, Worker};
use crossbeam::utils::CachePadded;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What one job has done, as it is shown while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct JobProgress {
    /// Programs run.
    pub programs: u64,
    /// Site calls checked.
    pub site_calls: u64,
}

/// What a fleet tells of while it runs.
#[derive(Clone, Debug)]
pub enum News {
    /// A program reached something first.
    Kept(Arc<Kept>),
    /// A signature was seen first.
    Find(Box<Find>),
}

/// Who is told.
pub type Told<'a> = &'a mut dyn FnMut(&News);

/// Who watches a fleet, and says whether it goes on.
pub type Watcher<'a> = &'a mut dyn FnMut(&Progress, &[JobProgress]) -> Next;

/// The counters of one job, on cache lines of their own.
#[derive(Debug, Default)]
struct Counters {
    programs: AtomicU64,
    operations: AtomicU64,
    site_calls: AtomicU64,
    noops: AtomicU64,
    divergences: AtomicU64,
}

/// Jobs of one kind.
#[derive(Debug)]
pub struct Fleet<P> {
    jobs: Vec<Run<P>>,
    queue: Arc<Injector<Arc<Kept>>>,
}

/// Where programs come in while a fleet runs, from any thread.
#[derive(Clone, Debug)]
pub struct Door {
    queue: Arc<Injector<Arc<Kept>>>,
}

impl Door {
    /// Gives the jobs a program to run next.
    pub fn give(&self, kept: Kept) {
        self.queue.push(Arc::new(kept));
    }

    /// Programs that no job has taken yet.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }
}

/// How long the collector waits for news before it looks at clock and counters.
const TICK: Duration = Duration::from_millis(50);
/// Programs that a job takes from the common queue at a time.
const TAKE: usize = 16;

impl<P: Programs> Fleet<P> {
    /// A fleet of these jobs; at least one.
    pub fn new(jobs: Vec<Run<P>>) -> Fleet<P> {
        Fleet { jobs, queue: Arc::new(Injector::new()) }
    }

    /// Gives the jobs a program to start from.
    pub fn give(&mut self, kept: Kept) {
        self.queue.push(Arc::new(kept));
    }

    /// The way in for programs that others send while it runs.
    pub fn door(&self) -> Door {
        Door { queue: Arc::clone(&self.queue) }
    }

    /// The jobs.
    pub fn jobs(&self) -> &[Run<P>] {
        &self.jobs
    }

    /// What all jobs found.
    pub fn finds(&self) -> Finds {
        let mut all = Finds::default();
        self.jobs.iter().for_each(|job| all.merge(job.finds()));
        all
    }

    /// What all jobs checked.
    pub fn tally(&self) -> Tally {
        let mut all = Tally::default();
        self.jobs.iter().for_each(|job| all.merge(job.lockstep().tally()));
        all
    }

    /// What all jobs reached.
    pub fn coverage(&self) -> Coverage {
        let mut all = Coverage::default();
        self.jobs.iter().for_each(|job| all.merge(job.coverage()));
        all
    }

    /// Runs until a limit is reached or `watch` says so, each job against a subject of its own from `make`. With one job, nothing is parallel.
    ///
    /// # Errors
    ///
    /// Why a subject cannot be had, in the words of `make`.
    pub fn run<S: Subject>(
        &mut self,
        make: impl Fn() -> Result<S, String> + Sync,
        limits: Limits,
        watch: Watcher<'_>,
        told: Told<'_>,
    ) -> Result<Progress, String> {
        match &mut self.jobs[..] {
            [] => Ok(Progress::default()),
            [job] => Ok(run_alone(job, &self.queue, &mut make()?, limits, watch, told)),
            jobs => run_together(jobs, &self.queue, &make, limits, watch, told),
        }
    }
}

fn run_alone<P: Programs, S: Subject>(
    job: &mut Run<P>,
    queue: &Injector<Arc<Kept>>,
    subject: &mut S,
    limits: Limits,
    watch: Watcher<'_>,
    told: Told<'_>,
) -> Progress {
    let start = Instant::now();
    loop {
        if job.count().is_multiple_of(P::CLOCK_EVERY) {
            let elapsed = start.elapsed();
            let progress = job.progress(elapsed);
            let one = JobProgress { programs: progress.programs, site_calls: progress.site_calls };
            if limits.time.is_some_and(|time| elapsed >= time) || watch(&progress, &[one]) == Next::Stop {
                break;
            }
        }
        if limits.programs.is_some_and(|programs| job.count() >= programs) {
            break;
        }
        let given = queue.steal().success();
        let finds = job.finds().len();
        if let Some(new) = job.one(subject, given.as_deref()) {
            job.last_new = start.elapsed();
            told(&News::Kept(new));
        }
        job.finds().since(finds).for_each(|find| told(&News::Find(Box::new(find.clone()))));
    }
    let finds = job.finds().len();
    job.settle(subject, true);
    job.finds().since(finds).for_each(|find| told(&News::Find(Box::new(find.clone()))));
    job.progress(start.elapsed())
}

/// What a job's thread needs of the outside.
struct Post<'a> {
    own: Worker<Arc<Kept>>,
    queue: &'a Injector<Arc<Kept>>,
    others: &'a [Stealer<Arc<Kept>>],
    inbox: Receiver<Arc<Kept>>,
    news: Sender<(usize, News)>,
    counters: &'a CachePadded<Counters>,
    stop: &'a AtomicBool,
    /// Programs of this job, if they are counted.
    programs: Option<u64>,
}

impl Post<'_> {
    /// A program to start from: an own one, some from the common queue, or another job's.
    fn given(&self) -> Option<Arc<Kept>> {
        self.own.pop().or_else(|| {
            let steal = || self.queue.steal_batch_with_limit_and_pop(&self.own, TAKE);
            let first = std::iter::repeat_with(steal).find(|steal| !steal.is_retry());
            first.and_then(Steal::success).or_else(|| self.others.iter().find_map(|other| other.steal().success()))
        })
    }

    fn publish<P: Programs>(&self, job: &Run<P>) {
        let progress = job.progress(Duration::ZERO);
        let Counters { programs, operations, site_calls, noops, divergences } = &**self.counters;
        programs.store(progress.programs, Relaxed);
        operations.store(progress.operations, Relaxed);
        site_calls.store(progress.site_calls, Relaxed);
        noops.store(progress.noops, Relaxed);
        divergences.store(progress.divergences, Relaxed);
    }
}

/// One job's thread.
fn work<P: Programs, S: Subject>(index: usize, job: &mut Run<P>, subject: &mut S, post: &Post<'_>) {
    let mut seeding = true;
    while post.programs.is_none_or(|programs| job.count() < programs) {
        if job.count().is_multiple_of(P::CLOCK_EVERY) {
            post.publish(job);
            post.inbox.try_iter().for_each(|kept| job.take(kept));
            if post.stop.load(Relaxed) {
                break;
            }
            seeding |= !post.queue.is_empty();
        }
        let given = if seeding { post.given() } else { None };
        seeding = given.is_some();
        let finds = job.finds().len();
        let new = job.one(subject, given.as_deref());
        let finds = job.finds().since(finds).map(|find| News::Find(Box::new(find.clone())));
        for news in new.map(News::Kept).into_iter().chain(finds) {
            // A collector that is gone has seen enough.
            let _ = post.news.send((index, news));
        }
    }
    let finds = job.finds().len();
    job.settle(subject, true);
    for find in job.finds().since(finds) {
        let _ = post.news.send((index, News::Find(Box::new(find.clone()))));
    }
    post.publish(job);
}

fn run_together<P: Programs, S: Subject>(
    jobs: &mut [Run<P>],
    queue: &Injector<Arc<Kept>>,
    make: &(impl Fn() -> Result<S, String> + Sync),
    limits: Limits,
    watch: Watcher<'_>,
    told: Told<'_>,
) -> Result<Progress, String> {
    let n = jobs.len();
    let counters: Vec<CachePadded<Counters>> = std::iter::repeat_with(CachePadded::default).take(n).collect();
    let own: Vec<Worker<Arc<Kept>>> = std::iter::repeat_with(Worker::new_fifo).take(n).collect();
    let stealers: Vec<_> = own.iter().map(Worker::stealer).collect();
    let (inboxes, boxes): (Vec<_>, Vec<_>) = std::iter::repeat_with(unbounded).take(n).unzip();
    let (news, arrived) = unbounded();
    let stop = AtomicBool::new(false);
    let start = Instant::now();
    let mut collector = Collector {
        counters: &counters,
        coverage: Coverage::default(),
        signatures: HashSet::new(),
        corpus: 0,
        start,
        last_new: Duration::ZERO,
    };
    let failed = std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for (index, ((job, own), inbox)) in jobs.iter_mut().zip(own).zip(boxes).enumerate() {
            let programs = limits.programs.map(|all| share_of(all, index as u64, n as u64));
            let (news, others, counters, stop) = (news.clone(), &stealers[..], &counters[index], &stop);
            let post = Post { own, queue, others, inbox, news, counters, stop, programs };
            threads.push(scope.spawn(move || {
                let subject = make().inspect_err(|_| stop.store(true, Relaxed));
                subject.map(|mut subject| work(index, job, &mut subject, &post))
            }));
        }
        // With the last job the channel closes.
        drop(news);
        loop {
            match arrived.recv_timeout(TICK) {
                Ok((from, News::Kept(new))) if collector.takes(&new) => {
                    let others = inboxes.iter().enumerate().filter(|(to, _)| *to != from);
                    others.for_each(|(_, inbox)| drop(inbox.send(Arc::clone(&new))));
                    told(&News::Kept(new));
                }
                Ok((_, News::Find(find))) if collector.signatures.insert(find.first.signature) => {
                    told(&News::Find(find));
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if collector.is_over(limits, watch) {
                stop.store(true, Relaxed);
            }
        }
        threads.into_iter().find_map(|thread| match thread.join() {
            Ok(result) => result.err(),
            Err(_) => Some("a job ended with a panic".to_string()),
        })
    });
    match failed {
        Some(why) => Err(why),
        None => Ok(collector.last_of(jobs)),
    }
}

/// The programs of one job out of so many in all.
fn share_of(all: u64, index: u64, jobs: u64) -> u64 {
    all / jobs + (index < all % jobs) as u64
}

/// What all jobs are seen to do while they run.
struct Collector<'a> {
    counters: &'a [CachePadded<Counters>],
    coverage: Coverage,
    signatures: HashSet<Signature>,
    corpus: usize,
    start: Instant,
    last_new: Duration,
}

impl Collector<'_> {
    /// Whether a program reached something that no other had.
    fn takes(&mut self, new: &Kept) -> bool {
        let before = self.coverage.covered();
        new.cells.iter().for_each(|cell| self.coverage.mark(*cell));
        let news = self.coverage.covered() > before;
        if news {
            self.corpus += 1;
            self.last_new = self.start.elapsed();
        }
        news
    }

    fn is_over(&self, limits: Limits, watch: Watcher<'_>) -> bool {
        let elapsed = self.start.elapsed();
        let load = |counter: &AtomicU64| counter.load(Relaxed);
        let sum = |of: fn(&Counters) -> &AtomicU64| self.counters.iter().map(|c| load(of(c))).sum();
        let jobs: Vec<JobProgress> = self
            .counters
            .iter()
            .map(|c| JobProgress { programs: load(&c.programs), site_calls: load(&c.site_calls) })
            .collect();
        let progress = Progress {
            elapsed,
            programs: sum(|c| &c.programs),
            operations: sum(|c| &c.operations),
            site_calls: sum(|c| &c.site_calls),
            noops: sum(|c| &c.noops),
            covered: self.coverage.covered(),
            corpus: self.corpus,
            last_new: self.last_new,
            divergences: sum(|c| &c.divergences),
            signatures: self.signatures.len(),
        };
        limits.time.is_some_and(|time| elapsed >= time) || watch(&progress, &jobs) == Next::Stop
    }

    /// The state at the end, from the jobs themselves.
    fn last_of<P: Programs>(self, jobs: &[Run<P>]) -> Progress {
        let elapsed = self.start.elapsed();
        let mut finds = Finds::default();
        let mut coverage = self.coverage;
        let mut all = Progress { elapsed, corpus: self.corpus, last_new: self.last_new, ..Progress::default() };
        for job in jobs {
            let one = job.progress(elapsed);
            all.programs += one.programs;
            all.operations += one.operations;
            all.site_calls += one.site_calls;
            all.noops += one.noops;
            finds.merge(job.finds());
            coverage.merge(job.coverage());
        }
        Progress { covered: coverage.covered(), divergences: finds.total(), signatures: finds.len(), ..all }
    }
}
