//! A buggy subject that counts how often its bug was reached and triggered, whatever lockstep says of it.

use super::{Bug, Buggy};
use crate::lockstep::Subject;
use crate::packed::{Packed, Watch};
use crate::pte::{Classification, Environment};
use crate::site::{Answer, Call, RANGE_MAX, RangeAnswer, RangeCall, SiteId, TOTALS};

/// A bug alone, and the right subject beside it.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    buggy: Buggy,
    right: Packed<Watch>,
    site: SiteId,
    /// Calls and range entries of the site.
    pub(super) reached: u64,
    /// Those that were answered or used otherwise than right; of a range whose aggregates alone are wrong, one.
    pub(super) triggered: u64,
    words: Box<[[u64; RANGE_MAX]; 2]>,
}

impl Watched {
    /// The bug in this environment, not reached yet.
    pub(super) fn new(bug: &Bug, environment: Environment) -> Watched {
        Watched {
            buggy: Buggy::new(environment).with(bug),
            right: Packed::observed(environment),
            site: bug.site,
            reached: 0,
            triggered: 0,
            words: Box::new([[0; RANGE_MAX]; 2]),
        }
    }
}

impl Subject for Watched {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (call, answer) in calls.iter().zip(answers) {
            *answer = self.buggy.one(call);
            if call.site == self.site {
                self.reached += 1;
                self.triggered += (self.right.answer(call) != *answer) as u64;
            }
        }
    }

    fn environment(&self) -> Environment {
        self.buggy.environment()
    }

    fn classify(&mut self, pte: u64) -> Option<Classification> {
        self.buggy.classify(pte)
    }

    fn range(&mut self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
        if !self.buggy.range(call, answer) {
            return false;
        }
        if call.site == self.site {
            let n = call.ptes.len().min(RANGE_MAX);
            let (ptes, aux) = self.words.split_at_mut(1);
            let mut totals = [0; TOTALS];
            ptes[0][..n].fill(0);
            aux[0][..n].fill(0);
            let mut right = RangeAnswer { ptes: &mut ptes[0][..n], aux: &mut aux[0][..n], totals: &mut totals };
            self.right.range(call, &mut right);
            let differs = |i: &usize| right.ptes[*i] != answer.ptes[*i] || right.aux[*i] != answer.aux[*i];
            let entries = (0..n).filter(differs).count() as u64;
            self.reached += n as u64;
            self.triggered += entries.max((*right.totals != *answer.totals) as u64);
        }
        true
    }
}
