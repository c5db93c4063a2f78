//! A subject that is wrong where it is told to be, and runs that say which signatures lockstep gives it.

use crate::engine::{Limits, Next, RawRun};
use crate::lockstep::laws::{Case, Law};
use crate::lockstep::{Divergence, Lockstep, Subject};
use crate::model::Model;
use crate::packed::{Packed, Watch};
use crate::program::{CallSource, Rng};
use crate::pte::{Classification, Environment};
use crate::site::{Answer, Call, RangeAnswer, RangeCall, SITE_COUNT, SiteId, Uses};
use std::collections::BTreeSet;

/// What stands in the place of one site's function.
pub(super) type WrongSite = fn(&mut Packed<Watch>, &Call) -> Answer;
/// What stands in the place of one site's range.
pub(super) type WrongRange = fn(&mut Packed<Watch>, &RangeCall<'_>, &mut RangeAnswer<'_>) -> bool;
/// What stands in the place of the predicates.
pub(super) type WrongPredicates = fn(&Packed<Watch>, u64) -> Classification;

/// What answers the ranges of a site.
#[derive(Clone, Copy)]
enum Range {
    /// Packed's loop, over what answers the site.
    Own,
    /// Nothing.
    None,
    /// This.
    Whole(WrongRange),
}

/// How much of a replaced site's answers is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    All,
    Values,
    Uses,
}

/// Packed with some sites replaced.
#[derive(Clone)]
pub(super) struct Wrong {
    packed: Packed<Watch>,
    sites: [Option<WrongSite>; SITE_COUNT],
    ranges: [Range; SITE_COUNT],
    predicates: Option<WrongPredicates>,
    law: Option<&'static Law>,
    shown: Shown,
}

impl Wrong {
    /// Nothing is wrong yet.
    pub(super) fn new(environment: Environment) -> Wrong {
        Wrong {
            packed: Packed::observed(environment),
            sites: [None; SITE_COUNT],
            ranges: [Range::Own; SITE_COUNT],
            predicates: None,
            law: None,
            shown: Shown::All,
        }
    }

    /// With this function for this site.
    pub(super) fn site(mut self, site: SiteId, function: WrongSite) -> Wrong {
        self.sites[site as usize] = Some(function);
        self.ranges[site as usize] = Range::None;
        self
    }

    /// With this function for this site and for each entry of its ranges: what a mistake in the kernel's function is.
    pub(super) fn site_and_ranges(self, site: SiteId, function: WrongSite) -> Wrong {
        let mut wrong = self.site(site, function);
        wrong.ranges[site as usize] = Range::Own;
        wrong
    }

    /// With this function for the ranges of this site.
    pub(super) fn range_of(mut self, site: SiteId, function: WrongRange) -> Wrong {
        self.ranges[site as usize] = Range::Whole(function);
        self
    }

    /// With these predicates.
    pub(super) fn predicates(self, function: WrongPredicates) -> Wrong {
        Wrong { predicates: Some(function), ..self }
    }

    /// With the mistake that a law is there for, and without uses.
    pub(super) fn mistaken_about(self, law: &'static Law) -> Wrong {
        Wrong { law: Some(law), shown: Shown::Values, ..self }
    }

    /// Pte, outcome and auxiliary word only.
    pub(super) fn by_value(self) -> Wrong {
        Wrong { shown: Shown::Values, ..self }
    }

    /// The right pte, outcome and auxiliary word with the uses of the wrong function.
    pub(super) fn by_use(self) -> Wrong {
        Wrong { shown: Shown::Uses, ..self }
    }

    /// The answer to one call.
    pub(super) fn one(&mut self, call: &Call) -> Answer {
        let mut answer = match self.sites[call.site as usize] {
            Some(function) => self.packed.answer_with(call, function),
            None => self.packed.answer(call),
        };
        match self.shown {
            Shown::All => {}
            Shown::Values => answer.uses = Uses::NONE,
            Shown::Uses => answer = Answer { uses: answer.uses, ..self.packed.answer(call) },
        }
        if let Some(law) = self.law {
            let right = answer;
            let case = Case::new(self.environment(), call, self.packed.class(call.pte), &right);
            if law.covers(&case) {
                (law.mistake)(&case, &mut answer);
            }
        }
        answer
    }
}

impl Subject for Wrong {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (call, answer) in calls.iter().zip(answers) {
            *answer = self.one(call);
        }
    }

    fn environment(&self) -> Environment {
        self.packed.masks.environment
    }

    fn classify(&mut self, pte: u64) -> Option<Classification> {
        Some(self.predicates.map_or_else(|| self.packed.classify(pte), |wrong| wrong(&self.packed, pte)))
    }

    fn range(&mut self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
        match (self.ranges[call.site as usize], self.sites[call.site as usize]) {
            (Range::Own, None) => self.packed.range(call, answer),
            (Range::Own, Some(function)) => self.packed.range_with(call, answer, function),
            (Range::None, _) => false,
            (Range::Whole(function), _) => function(&mut self.packed, call, answer),
        }
    }
}

/// The seed of every run here.
pub(super) const SEED: u64 = 7;

/// A run of so many raw programs over calls of these sites: each signature that was reported.
pub(super) fn signatures_at<S: Subject>(sites: &[SiteId], mut subject: S, programs: u64) -> Vec<String> {
    let environment = subject.environment();
    let source = CallSource::new(environment, sites.to_vec(), false);
    let mut run = RawRun::new(Lockstep::new(Model::new(environment)), source, SEED);
    let limits = Limits { time: None, programs: Some(programs) };
    run.run(&mut subject, limits, &mut |_| Next::Continue);
    let mut names: Vec<_> = run.finds().sorted().iter().map(|find| find.first.signature.to_string()).collect();
    names.sort();
    assert!(names.is_sorted_by(|a, b| a < b), "two signatures have one text: {names:?}");
    names
}

/// As [`signatures_at`], over calls of all sites.
pub(super) fn signatures<S: Subject>(subject: S, programs: u64) -> Vec<String> {
    signatures_at(&SiteId::ALL, subject, programs)
}

/// Every divergence in `count` generated calls that `wanted` picks.
pub(super) fn divergences<R: Subject, S: Subject>(
    lockstep: &mut Lockstep<R>,
    subject: &mut S,
    site: SiteId,
    count: usize,
    wanted: impl Fn(&Call) -> bool,
) -> Vec<Divergence> {
    let source = CallSource::new(subject.environment(), vec![site], false);
    let mut rng = Rng::new(SEED);
    let calls: Vec<Call> = std::iter::repeat_with(|| source.call(&mut rng)).filter(wanted).take(count).collect();
    let mut found = Vec::new();
    lockstep.calls(subject, &calls, |_, _, _| {}, &mut |divergence| found.push(divergence));
    found
}

/// The different signatures of divergences.
pub(super) fn names(divergences: &[Divergence]) -> BTreeSet<String> {
    divergences.iter().map(|divergence| divergence.signature.to_string()).collect()
}
