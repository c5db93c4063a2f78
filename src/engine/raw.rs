//! A run over raw programs: batches of calls of any site, ranges, and classifications.

use super::{Coverage, Finds, Limits, Next, Progress};
use crate::lockstep::{BATCH, Lockstep, Subject};
use crate::program::{CallSource, RangeBuffer, Rng, mix};
use crate::site::{Call, RangeCall, SiteId};
use std::time::{Duration, Instant};

/// Calls of one raw program.
const CALLS: usize = 32;
/// One program in so many is a range.
const RANGE_EVERY: u64 = 64;
/// Programs between two looks at the clock.
const CLOCK_EVERY: u64 = 256;

/// One job's run over raw programs.
#[derive(Debug)]
pub struct RawRun {
    lockstep: Lockstep,
    source: CallSource,
    seed: u64,
    coverage: Coverage,
    finds: Finds,
    programs: u64,
    operations: u64,
    last_new: Duration,
}

impl RawRun {
    /// A run with this seed over the calls that `source` makes.
    pub fn new(lockstep: Lockstep, source: CallSource, seed: u64) -> RawRun {
        RawRun {
            lockstep,
            source,
            seed,
            coverage: Coverage::default(),
            finds: Finds::default(),
            programs: 0,
            operations: 0,
            last_new: Duration::ZERO,
        }
    }

    /// What was found.
    pub fn finds(&self) -> &Finds {
        &self.finds
    }

    /// What was checked.
    pub fn lockstep(&self) -> &Lockstep {
        &self.lockstep
    }

    /// Runs until a limit is reached or `watch` says so; `watch` is asked every few hundred programs.
    pub fn run<S: Subject + ?Sized>(
        &mut self,
        subject: &mut S,
        limits: Limits,
        watch: &mut dyn FnMut(&Progress) -> Next,
    ) -> Progress {
        let start = Instant::now();
        let mut range = Box::<RangeBuffer>::default();
        let mut last_covered = 0;
        loop {
            if self.programs.is_multiple_of(CLOCK_EVERY) {
                let elapsed = start.elapsed();
                if self.coverage.covered() != last_covered {
                    last_covered = self.coverage.covered();
                    self.last_new = elapsed;
                }
                let out_of_time = limits.time.is_some_and(|time| elapsed >= time);
                if out_of_time || watch(&self.progress(elapsed)) == Next::Stop {
                    break;
                }
            }
            if limits.programs.is_some_and(|programs| self.programs >= programs) {
                break;
            }
            self.program(subject, &mut range);
        }
        self.progress(start.elapsed())
    }

    /// Runs the next program.
    fn program<S: Subject + ?Sized>(&mut self, subject: &mut S, range: &mut RangeBuffer) {
        let number = self.programs;
        self.programs += 1;
        let mut rng = Rng::new(self.seed ^ mix(number));
        let RawRun { lockstep, source, coverage, finds, .. } = self;
        let mut report = |divergence| {
            finds.add(number, divergence);
        };
        if source.has_ranges() && number % RANGE_EVERY == RANGE_EVERY - 1 {
            source.range(&mut rng, range);
            let call = RangeCall {
                site: range.site,
                ptes: &range.ptes[..range.len],
                params: &range.params[..range.len],
                budgets: range.budgets,
            };
            lockstep.range(subject, &call, &mut report);
            self.operations += 1;
            return;
        }
        const { assert!(CALLS <= BATCH) };
        let mut calls = [Call { site: SiteId::ChangeProt, pte: 0, p: [0; 3] }; CALLS];
        for call in &mut calls {
            *call = source.call(&mut rng);
        }
        let mut seen = |call: &_, class, answer: &_| {
            coverage.add(call, class, answer);
        };
        lockstep.calls(subject, &calls, &mut seen, &mut report);
        for call in &calls[..2] {
            lockstep.classify(subject, call.pte, &mut report);
        }
        self.operations += CALLS as u64 + 2;
    }

    fn progress(&self, elapsed: Duration) -> Progress {
        let tally = self.lockstep.tally();
        Progress {
            elapsed,
            programs: self.programs,
            operations: self.operations,
            site_calls: tally.site_calls(),
            noop_share: tally.noop_share(),
            covered: self.coverage.covered(),
            last_new: self.last_new,
            divergences: self.finds.total(),
            signatures: self.finds.len(),
        }
    }
}
