//! The parent's side: a subject that has its calls answered by a child, and sees how the child ends where it does.
//!
//! A failure is pinned to a call by asking that call alone in a fresh child. Where it alone is not enough, the library keeps state between
//! calls, and the shortest run of calls before it that is enough is looked for. Failures of single calls are remembered, since calls are pure.

use super::abi::CLASSIFY_WORDS;
use super::library::classification;
use super::output::Output;
use super::shared::{CAPACITY, KIND_CALLS, KIND_CLASSIFY, LOADED, Shared, WireCall};
use super::{lacking, sample};
use crate::lockstep::{SiteSet, Subject};
use crate::pte::{Classification, Config, Environment};
use crate::site::{Answer, Call, Failure, SITES, SiteId, Uses};
use std::collections::{HashMap, VecDeque};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A library behind a process boundary.
#[derive(Debug)]
pub struct Parent {
    library: PathBuf,
    program: PathBuf,
    call_time: Duration,
    environment: Environment,
    classifies: bool,
    sites: SiteSet,
    child: Option<Running>,
    output: Output,
    /// Calls that fail by themselves, and how.
    failed: HashMap<Call, Failure>,
    /// The same for ptes to classify.
    unclassified: HashMap<u64, Failure>,
    /// Ptes that will be asked for next, with what the predicates said of them, if they said it.
    prepared: VecDeque<(u64, [u64; CLASSIFY_WORDS])>,
    /// Sites in which a call once hung: the next one is given less time.
    hung: SiteSet,
    failure: Option<Failure>,
    /// Calls since what the library prints was last looked at.
    unheard: usize,
    /// Children that ended and should not have.
    ended: u64,
    /// The library cannot be loaded any more.
    gone: bool,
    /// A call that failed only after others, in words.
    impure: Option<String>,
    /// How often such a call was looked into; a few times are enough.
    looked: u32,
    /// Which calls of a batch go to the child.
    asked: Vec<usize>,
}

/// Failures that are remembered at most.
const REMEMBERED: usize = 1 << 16;
/// Calls between two looks at what the library prints.
const LISTEN_EVERY: usize = 1024;
/// Failures that need other calls before them that are looked into.
const LOOKS: u32 = 3;
/// Time to load a library in: this many times the time of a call.
const LOAD_CALLS: u32 = 10;

/// A child and the memory shared with it.
#[derive(Debug)]
struct Running {
    process: Child,
    shared: Shared,
}

/// How a child ended.
#[derive(Clone, Copy, Debug)]
enum Ended {
    Died(ExitStatus),
    Hung,
}

impl Ended {
    fn failure(self) -> Failure {
        match self {
            Ended::Hung => Failure::Timeout,
            Ended::Died(status) => match status.signal() {
                Some(signal) => Failure::Crash(signal as u8),
                None => Failure::Exit(status.code().unwrap_or(0) as u8),
            },
        }
    }
}

impl Parent {
    /// Starts a child, learns what the library was built for, and which sites it has.
    ///
    /// # Errors
    ///
    /// What is wrong with the library, or with the program.
    pub fn start(library: PathBuf, program: PathBuf, call_time: Duration) -> Result<Parent, String> {
        let mut parent = Parent {
            library,
            program,
            call_time,
            environment: Environment::default(),
            classifies: false,
            sites: SiteSet::ALL,
            child: None,
            output: Output::default(),
            failed: HashMap::new(),
            unclassified: HashMap::new(),
            prepared: VecDeque::new(),
            hung: SiteSet::EMPTY,
            failure: None,
            unheard: 0,
            ended: 0,
            gone: false,
            impure: None,
            looked: 0,
            asked: Vec::with_capacity(CAPACITY),
        };
        parent.spawn()?;
        let calls = SiteId::ALL.map(sample);
        let mut answers = [Answer::default(); SITES.len()];
        parent.answer(&calls, &mut answers);
        let has = |site: &SiteId| answers[*site as usize].failure() != Some(Failure::Refused(-1));
        parent.sites = SiteId::ALL.into_iter().filter(has).collect();
        if parent.sites == SiteSet::EMPTY {
            return Err("ptefuzz_apply() says -1 of every site, expected one that it answers".to_string());
        }
        Ok(parent)
    }

    /// A fresh child that has loaded the library.
    fn spawn(&mut self) -> Result<(), String> {
        self.child = None;
        let system = |error: std::io::Error| format!("cannot start a child process: {error}");
        let (shared, memory) = Shared::create().map_err(system)?;
        let (reader, writer) = std::io::pipe().map_err(system)?;
        let process = Command::new(&self.program)
            .arg("foreign-child")
            .arg(&self.library)
            .stdin(Stdio::from(memory))
            .stdout(Stdio::from(writer.try_clone().map_err(system)?))
            .stderr(Stdio::from(writer))
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", self.program.display()))?;
        self.output.follow(reader);
        let mut child = Running { process, shared };
        if let Err(ended) = child.wait(LOADED, self.call_time * LOAD_CALLS) {
            self.output.drain();
            let printed = self.output.last_line().map(|line| format!(", after \"{line}\"")).unwrap_or_default();
            return Err(match ended {
                Ended::Hung => format!("the library did not load within {:?}{printed}", self.call_time * LOAD_CALLS),
                Ended::Died(_) => format!("the process ended while it loaded the library ({}){printed}", words(ended)),
            });
        }
        let (facts, message) = child.shared.facts();
        if facts.state != 1 {
            return Err(message);
        }
        let config = Config::ALL.into_iter().find(|c| *c as u32 == facts.config).unwrap_or(Config::UffdWp);
        self.environment = Environment { config, special: (facts.has_special != 0).then_some(facts.special) };
        self.classifies = facts.classifies != 0;
        self.child = Some(child);
        Ok(())
    }

    /// The child, a fresh one if the last one ended.
    fn running(&mut self) -> Option<&mut Running> {
        for wait in [0, 10, 100] {
            if self.child.is_some() || self.gone {
                break;
            }
            std::thread::sleep(Duration::from_millis(wait));
            self.gone = self.spawn().is_err() && wait == 100;
        }
        self.child.as_mut()
    }

    /// The time that a call of this batch may take.
    fn time_for(&self, mut calls: impl Iterator<Item = Call>) -> Duration {
        let known = calls.any(|call| self.hung.contains(call.site));
        if known { self.call_time / 10 } else { self.call_time }
    }

    /// Has calls answered; where the child ends before the last, how, and how many calls had been begun.
    fn exchange(&mut self, calls: impl Iterator<Item = Call> + Clone) -> Result<(), (Ended, usize)> {
        let time = if self.hung == SiteSet::EMPTY { self.call_time } else { self.time_for(calls.clone()) };
        let Some(child) = self.running() else { return Err((Ended::Hung, 0)) };
        let wire = calls.map(|call| WireCall { site: call.site as u64, pte: call.pte, p: call.p });
        let asked = child.shared.put_calls(KIND_CALLS, wire);
        match child.run(time) {
            Ok(()) => {}
            Err(ended) => {
                let begun = child.shared.progress().load(Ordering::Acquire) as usize;
                return Err((ended, begun));
            }
        }
        self.unheard += asked;
        if self.unheard >= LISTEN_EVERY {
            self.unheard = 0;
            self.output.drain();
        }
        Ok(())
    }

    /// Has at most [`CAPACITY`] ptes classified; where the child ends meanwhile, how.
    fn classify_batch(&mut self, ptes: &[u64]) -> Result<(), Failure> {
        let call_time = self.call_time;
        let Some(child) = self.running() else { return Err(Failure::Gone) };
        child.shared.put_calls(KIND_CLASSIFY, ptes.iter().map(|pte| WireCall { site: 0, pte: *pte, p: [0; 3] }));
        child.run(call_time).map_err(|ended| {
            self.child = None;
            self.ended += 1;
            self.output.drain();
            ended.failure()
        })
    }

    /// The answers to the first calls of the last batch.
    fn collect(&self, asked: &[usize], answers: &mut [Answer]) {
        if let Some(child) = &self.child {
            asked.iter().enumerate().for_each(|(i, index)| answers[*index] = answer(&child.shared, i));
        }
    }

    /// Answers a batch of at most [`CAPACITY`] calls.
    fn batch(&mut self, calls: &[Call], answers: &mut [Answer]) {
        let mut asked = std::mem::take(&mut self.asked);
        asked.clear();
        for (index, call) in calls.iter().enumerate() {
            match self.failed.get(call) {
                _ if !self.sites.contains(call.site) => answers[index] = Answer::default(),
                Some(failure) => answers[index] = Answer::failed(*failure),
                None => asked.push(index),
            }
        }
        let mut from = 0;
        let mut nothing_begun = 0;
        while from < asked.len() {
            if self.gone {
                asked[from..].iter().for_each(|index| answers[*index] = Answer::failed(Failure::Gone));
                break;
            }
            let rest = &asked[from..];
            match self.exchange(rest.iter().map(|index| calls[*index])) {
                Ok(()) => {
                    self.collect(rest, answers);
                    break;
                }
                // It ended between two batches: nobody's fault here, unless it goes on like that.
                Err((_, 0)) if nothing_begun < 2 || self.gone => {
                    nothing_begun += 1;
                    self.child = None;
                    self.ended += 1;
                }
                Err((ended, begun)) => {
                    let begun = begun.clamp(1, rest.len());
                    self.collect(&rest[..begun - 1], answers);
                    let run: Vec<Call> = rest[..begun].iter().map(|index| calls[*index]).collect();
                    answers[rest[begun - 1]] = Answer::failed(self.judge(&run, ended));
                    from += begun;
                    self.leave_out_failed(calls, answers, &mut asked, from);
                }
            }
        }
        self.asked = asked;
    }

    /// Answers what is still to be asked from `from` on and is known by now to fail: one batch can have the same call many times.
    fn leave_out_failed(&self, calls: &[Call], answers: &mut [Answer], asked: &mut Vec<usize>, from: usize) {
        let mut place = 0;
        asked.retain(|index| {
            place += 1;
            let failure = if place > from { self.failed.get(&calls[*index]) } else { None };
            if let Some(failure) = failure {
                answers[*index] = Answer::failed(*failure);
            }
            failure.is_none()
        });
    }

    /// What the last of these calls did, of which the child ended: asked again, alone, in a fresh child.
    fn judge(&mut self, run: &[Call], ended: Ended) -> Failure {
        let Some(guilty) = run.last().copied() else { return ended.failure() };
        self.end(ended, guilty.site);
        match self.exchange([guilty].into_iter()) {
            Err((again, _)) if !self.gone => {
                self.end(again, guilty.site);
                if self.failed.len() < REMEMBERED {
                    self.failed.insert(guilty, again.failure());
                }
                again.failure()
            }
            _ => {
                if self.looked < LOOKS && !matches!(ended, Ended::Hung) {
                    self.looked += 1;
                    self.look_for_state(run, ended);
                }
                // Whatever state the last child has by now: the calls that follow meet a fresh one.
                self.child = None;
                ended.failure()
            }
        }
    }

    /// Looks for the shortest run of calls before the guilty one that makes it fail, twice as long each time, for a remark.
    fn look_for_state(&mut self, run: &[Call], ended: Ended) {
        let Some(guilty) = run.last() else { return };
        let name = SITES[guilty.site as usize].name;
        let mut length = 2;
        let before = loop {
            let tail = &run[run.len().saturating_sub(length)..];
            self.child = None;
            if let Err((again, _)) = self.exchange(tail.iter().copied()) {
                self.end(again, guilty.site);
                break Some(tail.len() - 1);
            }
            if length >= run.len() {
                break None;
            }
            length *= 2;
        };
        let ended = words(ended);
        self.looked = if before.is_some() { LOOKS } else { self.looked };
        self.impure = Some(match before {
            Some(before) => format!(
                "{name}: {ended} only after other calls ({before} before it are enough): the library keeps state"
            ),
            None => format!("{name}: {ended} once and not again: the library keeps state, or uses time or threads"),
        });
    }

    /// Takes notice of a child's end.
    fn end(&mut self, ended: Ended, site: SiteId) {
        self.child = None;
        self.ended += 1;
        self.output.drain();
        if matches!(ended, Ended::Hung) {
            self.hung = self.hung.with(site);
        }
    }
}

fn answer(shared: &Shared, index: usize) -> Answer {
    let [pte, outcome, aux, uses] = shared.answer(index).words;
    Answer { pte, outcome, aux, uses: Uses(uses) }
}

fn words(ended: Ended) -> String {
    let failure = ended.failure();
    format!("{} {}", failure.name(), failure.detail()).trim_end().to_string()
}

impl Running {
    /// Hands the batch over and waits for its answers.
    fn run(&mut self, call_time: Duration) -> Result<(), Ended> {
        let number = self.shared.start();
        if self.shared.spin_done(number) { Ok(()) } else { self.wait(number, call_time) }
    }

    /// Waits until batch `number` is answered, the child has ended, or one call has taken too long; then it is ended.
    fn wait(&mut self, number: u32, call_time: Duration) -> Result<(), Ended> {
        let mut slice = Duration::from_micros(100);
        let mut progress = 0;
        let (mut since, mut used) = (Instant::now(), self.processor_time());
        loop {
            self.shared.sleep_done(number, slice);
            if self.shared.is_done(number) {
                return Ok(());
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                return if self.shared.is_done(number) { Ok(()) } else { Err(Ended::Died(status)) };
            }
            let now = self.shared.progress().load(Ordering::Relaxed);
            if now != progress {
                progress = now;
                (since, used) = (Instant::now(), self.processor_time());
            }
            // Processor time, so that a busy machine is not taken for a slow library.
            if self.processor_time().saturating_sub(used) >= call_time || since.elapsed() >= call_time * 5 {
                let _ = self.process.kill();
                let _ = self.process.wait();
                return Err(Ended::Hung);
            }
            slice = (slice * 2).min(Duration::from_millis(20));
        }
    }

    /// The processor time that the child has used.
    fn processor_time(&self) -> Duration {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: both calls only write to what they are given.
        unsafe {
            let mut clock = 0;
            if libc::clock_getcpuclockid(self.process.id() as libc::pid_t, &mut clock) == 0 {
                libc::clock_gettime(clock, &mut time);
            }
        }
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Subject for Parent {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (calls, answers) in calls.chunks(CAPACITY).zip(answers.chunks_mut(CAPACITY)) {
            self.batch(calls, answers);
        }
    }

    fn environment(&self) -> Environment {
        self.environment
    }

    fn sites(&self) -> SiteSet {
        self.sites
    }

    fn batch(&self) -> usize {
        CAPACITY
    }

    /// What they say is asked for in one batch. Where that ends the child, each is asked by itself when its turn comes.
    fn prepare(&mut self, ptes: &mut dyn Iterator<Item = u64>) {
        self.prepared.clear();
        if !self.classifies {
            return;
        }
        let ptes: Vec<u64> = ptes.filter(|pte| !self.unclassified.contains_key(pte)).collect();
        for batch in ptes.chunks(CAPACITY) {
            if self.classify_batch(batch).is_err() {
                return;
            }
            let Some(child) = &self.child else { return };
            let said =
                batch.iter().enumerate().filter_map(|(i, pte)| Some((*pte, child.shared.classification(i).ok()?)));
            self.prepared.extend(said);
        }
    }

    fn classify(&mut self, pte: u64) -> Option<Classification> {
        self.failure = None;
        if !self.classifies {
            return None;
        }
        if let Some((prepared, words)) = self.prepared.front()
            && *prepared == pte
        {
            let said = classification(*words);
            self.prepared.pop_front();
            return Some(said);
        }
        if let Some(failure) = self.unclassified.get(&pte) {
            self.failure = Some(*failure);
            return None;
        }
        let failure = match self.classify_batch(&[pte]) {
            Ok(()) => match self.child.as_ref()?.shared.classification(0) {
                Ok(words) => return Some(classification(words)),
                Err(uses) => Answer { uses: Uses(uses), ..Answer::default() }.failure(),
            },
            Err(failure) => Some(failure),
        };
        if let Some(failure) = failure
            && failure != Failure::Gone
            && self.unclassified.len() < REMEMBERED
        {
            self.unclassified.insert(pte, failure);
        }
        self.failure = failure;
        None
    }

    fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks: Vec<String> = lacking(self.sites).into_iter().collect();
        if self.ended > 0 {
            let count = if self.ended == 1 { "once".to_string() } else { format!("{} times", self.ended) };
            remarks.push(format!("the library's process ended {count}; the run went on with a fresh one"));
        }
        remarks.extend(self.impure.clone());
        if self.gone {
            remarks.push("the library could not be loaded again; was it removed or built anew?".to_string());
        }
        if self.output.seen() > 0 {
            let line = self.output.last_line().unwrap_or_default();
            remarks.push(format!("the library printed {} bytes, the last line: {line}", self.output.seen()));
        }
        remarks
    }
}
