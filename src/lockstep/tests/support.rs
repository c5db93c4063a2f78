//! Subjects that are wrong where they are told to be, and runs that say which signatures lockstep gives them.

use crate::engine::{Limits, Next, RawRun};
use crate::lockstep::laws::{Case, Law};
use crate::lockstep::{Divergence, Lockstep, Subject};
use crate::model::Model;
use crate::museum::{Bug, Buggy, MUSEUM};
use crate::program::{CallSource, Rng};
use crate::pte::{Classification, Environment};
use crate::site::{Answer, Call, SiteId};
use std::collections::BTreeSet;

/// The hunks of RFC 07/30 taken back, then hmm, which the review of the patch asked for.
pub(super) fn reverts() -> impl Iterator<Item = &'static Bug> {
    MUSEUM.iter().filter(|bug| bug.id.starts_with('H') || bug.id == "R01")
}

/// The one of them with this id.
pub(super) fn revert(id: &str) -> &'static Bug {
    reverts().find(|bug| bug.id == id).expect("a hunk with this number")
}

/// A subject in which one site is wrong, but not its ranges: it has none.
pub(super) fn at_its_site(bug: &Bug, environment: Environment) -> Buggy {
    Buggy::new(environment).site(bug.site, bug.wrong)
}

/// Packed with the mistake that a law is there for, and without uses.
#[derive(Clone)]
pub(super) struct Mistaken {
    packed: Buggy,
    law: &'static Law,
}

impl Mistaken {
    /// With this law's mistake.
    pub(super) fn about(law: &'static Law, environment: Environment) -> Mistaken {
        Mistaken { packed: Buggy::new(environment).by_value(), law }
    }
}

impl Subject for Mistaken {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (call, answer) in calls.iter().zip(answers) {
            let right = self.packed.one(call);
            *answer = right;
            let case = Case::new(self.packed.environment(), call, self.packed.class(call.pte), &right);
            if self.law.covers(&case) {
                (self.law.mistake)(&case, answer);
            }
        }
    }

    fn environment(&self) -> Environment {
        self.packed.environment()
    }

    fn classify(&mut self, pte: u64) -> Option<Classification> {
        self.packed.classify(pte)
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
