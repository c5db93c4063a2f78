//! Raw programs: batches of calls of any site, ranges, and classifications.

use super::kept::Kept;
use super::run::{Check, Found, Programs, Run};
use crate::lockstep::{Ahead, BATCH, Divergence, Lockstep, Subject};
use crate::program::{CallSource, Form, OpCode, Program, RangeBuffer, Rng};
use crate::site::{Call, RangeCall, SiteId};
use std::sync::Arc;

/// Calls of one raw program.
const CALLS: usize = 32;
/// One program in so many is a range.
const RANGE_EVERY: u32 = 64;

/// One job over raw programs.
pub type RawRun = Run<RawPrograms>;

/// Where raw programs come from.
#[derive(Debug)]
pub struct RawPrograms {
    source: CallSource,
    range: Box<RangeBuffer>,
    form: Form,
    /// What a subject that likes large batches is asked later, and the numbers of the programs that it is of.
    ahead: Ahead,
    waiting: Vec<u64>,
}

impl RawRun {
    /// A job with this seed over the calls that `source` makes.
    pub fn new(lockstep: Lockstep, source: CallSource, seed: u64) -> RawRun {
        RawRun::with(lockstep, source, seed, Form::Raw)
    }

    /// As [`RawRun::new`]; with [`Form::Ranges`] ranges only.
    pub fn with(lockstep: Lockstep, source: CallSource, seed: u64, form: Form) -> RawRun {
        Run::of(
            lockstep,
            RawPrograms { source, range: Box::default(), form, ahead: Ahead::default(), waiting: Vec::new() },
            seed,
        )
    }
}

impl RawPrograms {
    fn ask_range<S: Subject + ?Sized>(&mut self, rng: &mut Rng, check: &mut Check<'_>, subject: &mut S) -> u64 {
        let RawPrograms { source, range, .. } = self;
        source.range(rng, range);
        let call = RangeCall {
            site: range.site,
            ptes: &range.ptes[..range.len],
            params: &range.params[..range.len],
            budgets: range.budgets,
        };
        check.lockstep.range(subject, &call, &mut |divergence| check.found.push(divergence));
        1
    }

    fn ask_calls<S: Subject + ?Sized>(&mut self, rng: &mut Rng, check: &mut Check<'_>, subject: &mut S) -> u64 {
        const { assert!(CALLS <= BATCH) };
        let mut calls = [Call { site: SiteId::ChangeProt, pte: 0, p: [0; 3] }; CALLS];
        for call in &mut calls {
            *call = self.source.call(rng);
        }
        let number = check.number;
        let (lockstep, mut seen, found) = check.ends();
        if subject.batch() > BATCH {
            self.ahead.begin();
            self.waiting.push(number);
            lockstep.calls_ahead(&calls, &mut self.ahead, &mut seen);
            calls[..2].iter().for_each(|call| self.ahead.classify(call.pte));
            return CALLS as u64 + 2;
        }
        let mut report = |divergence| found.push(divergence);
        lockstep.calls(subject, &calls, &mut seen, &mut report);
        for call in &calls[..2] {
            lockstep.classify(subject, call.pte, &mut report);
        }
        CALLS as u64 + 2
    }
}

impl Programs for RawPrograms {
    const CLOCK_EVERY: u64 = 256;

    fn next<S: Subject + ?Sized>(&mut self, rng: &mut Rng, check: &mut Check<'_>, subject: &mut S) -> u64 {
        let ranges = self.form == Form::Ranges || rng.below(RANGE_EVERY) == 0;
        if ranges && self.source.has_ranges() {
            self.ask_range(rng, check, subject)
        } else {
            self.ask_calls(rng, check, subject)
        }
    }

    fn given<S: Subject + ?Sized>(&mut self, _: &Kept, _: &mut Check<'_>, _: &mut S) -> u64 {
        0
    }

    fn settle<S: Subject + ?Sized>(&mut self, all: bool, lockstep: &mut Lockstep, subject: &mut S, found: Found<'_>) {
        if self.waiting.is_empty() || !all && self.ahead.len() < subject.batch() {
            return;
        }
        let RawPrograms { ahead, waiting, .. } = self;
        lockstep.settle(subject, ahead, &mut |index, divergence| {
            found(waiting[index], divergence, &|divergence| Program::Raw(divergence.to_raw()));
        });
        waiting.clear();
    }

    /// Sites are pure: one record shows it.
    fn last(&self, divergence: &Divergence) -> Program {
        Program::Raw(divergence.to_raw())
    }

    fn keep(&mut self, _: &[u16]) -> Option<Arc<Kept>> {
        None
    }

    fn take(&mut self, _: Arc<Kept>) {}

    fn kept(&self) -> &[Arc<Kept>] {
        &[]
    }

    fn turn(&mut self, _: u64) {}

    fn idle(&self, _: u64) -> Vec<OpCode> {
        Vec::new()
    }
}
