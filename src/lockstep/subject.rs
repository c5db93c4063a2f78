//! The seam between ptefuzz and an implementation under test.

use crate::model::Model;
use crate::packed::{Observer, Packed};
use crate::pte::{Classification, Environment};
use crate::site::{Answer, Call, Failure, RangeAnswer, RangeCall, SITE_COUNT, SiteId};

/// An implementation that answers site calls.
///
/// The one required method is [`Subject::answer`]; who writes theirs one function per site uses [`PerSite`]. Calls are pure: the answer must
/// depend on nothing but the call. The subject is asked the calls of the *model's* trace, so that both agree exactly up to their first difference.
pub trait Subject {
    /// Answers each call, in place, in order; both slices have the same length. Nothing in `answers` is meaningful before. Where there is no
    /// answer to be had, [`Answer::failed`] says why.
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]);

    /// The environment that it was built for.
    fn environment(&self) -> Environment;

    /// The sites that it has; calls of others are not made.
    fn sites(&self) -> SiteSet {
        SiteSet::ALL
    }

    /// Answers everything that the predicates say about one pte, or nothing if it has no predicates to ask.
    fn classify(&mut self, _pte: u64) -> Option<Classification> {
        None
    }

    /// How many calls it likes to be asked at a time. Above [`super::BATCH`] they are collected over several programs, and what is wrong with an
    /// answer is found a little later; ranges are then asked entry by entry.
    fn batch(&self) -> usize {
        super::BATCH
    }

    /// Is told of ptes that it will be asked to classify next, in this order.
    fn prepare(&mut self, _ptes: &mut dyn Iterator<Item = u64>) {}

    /// Why the last [`Subject::classify`] had no answer, if it tried and failed; the next call says `None`.
    fn take_failure(&mut self) -> Option<Failure> {
        None
    }

    /// What its user should know of it at the end of a run, one sentence each: sites that it lacks, what it printed.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    /// Answers a range call in a loop of its own; `false` if it has none for that site.
    fn range(&mut self, _call: &RangeCall<'_>, _answer: &mut RangeAnswer<'_>) -> bool {
        false
    }
}

/// What points to a subject is one.
macro_rules! subject_behind {
    ($pointer:ty) => {
        impl<S: Subject + ?Sized> Subject for $pointer {
            fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
                (**self).answer(calls, answers)
            }

            fn environment(&self) -> Environment {
                (**self).environment()
            }

            fn sites(&self) -> SiteSet {
                (**self).sites()
            }

            fn classify(&mut self, pte: u64) -> Option<Classification> {
                (**self).classify(pte)
            }

            fn batch(&self) -> usize {
                (**self).batch()
            }

            fn prepare(&mut self, ptes: &mut dyn Iterator<Item = u64>) {
                (**self).prepare(ptes)
            }

            fn take_failure(&mut self) -> Option<Failure> {
                (**self).take_failure()
            }

            fn remarks(&self) -> Vec<String> {
                (**self).remarks()
            }

            fn range(&mut self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
                (**self).range(call, answer)
            }
        }
    };
}

subject_behind!(&mut S);
subject_behind!(Box<S>);

impl Subject for Model {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (call, answer) in calls.iter().zip(answers) {
            *answer = Model::answer(self, call);
        }
    }

    fn environment(&self) -> Environment {
        Model::environment(self)
    }

    fn classify(&mut self, pte: u64) -> Option<Classification> {
        Some(Model::classify(self, pte))
    }

    fn range(&mut self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
        Model::range(self, call, answer);
        true
    }
}

/// A set of sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteSet(u64);

impl SiteSet {
    /// Every site.
    pub const ALL: SiteSet = SiteSet((1 << SITE_COUNT) - 1);
    /// No site.
    pub const EMPTY: SiteSet = SiteSet(0);

    /// The set with `site` in it too.
    #[must_use]
    pub const fn with(self, site: SiteId) -> SiteSet {
        SiteSet(self.0 | 1 << site as u64)
    }

    /// The set without `site`.
    #[must_use]
    pub const fn without(self, site: SiteId) -> SiteSet {
        SiteSet(self.0 & !(1 << site as u64))
    }

    /// Whether `site` is in it.
    pub const fn contains(self, site: SiteId) -> bool {
        self.0 >> site as u64 & 1 != 0
    }

    /// Its sites in ABI order.
    pub fn iter(self) -> impl Iterator<Item = SiteId> {
        SiteId::ALL.into_iter().filter(move |s| self.contains(*s))
    }
}

impl FromIterator<SiteId> for SiteSet {
    fn from_iter<I: IntoIterator<Item = SiteId>>(sites: I) -> SiteSet {
        sites.into_iter().fold(SiteSet::EMPTY, SiteSet::with)
    }
}

/// What one function per site answers: a pte, an outcome and an auxiliary word.
pub type SiteFunction = fn(&Call) -> Answer;

/// A subject made of one function per site, for those who write theirs that way.
///
/// ```
/// use ptefuzz::lockstep::{PerSite, Subject};
/// use ptefuzz::pte::Environment;
/// use ptefuzz::site::{Answer, SiteId};
///
/// // mremap marks every pte that is not none: wrong for the special pte and for swap ptes.
/// let subject = PerSite::new(Environment::default())
///     .site(SiteId::MoveSoftDirty, |call| Answer { pte: call.pte | 1 << 11, ..Answer::default() });
/// assert!(subject.sites().contains(SiteId::MoveSoftDirty));
/// assert!(!subject.sites().contains(SiteId::Fork));
/// ```
#[derive(Clone, Debug)]
pub struct PerSite {
    environment: Environment,
    functions: [Option<SiteFunction>; SITE_COUNT],
}

impl PerSite {
    /// No site yet.
    pub fn new(environment: Environment) -> PerSite {
        PerSite { environment, functions: [None; SITE_COUNT] }
    }

    /// With this function for this site.
    #[must_use]
    pub fn site(mut self, site: SiteId, function: SiteFunction) -> PerSite {
        self.functions[site as usize] = Some(function);
        self
    }
}

impl Subject for PerSite {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (call, answer) in calls.iter().zip(answers) {
            *answer = self.functions[call.site as usize].map_or_else(Answer::default, |function| function(call));
        }
    }

    fn environment(&self) -> Environment {
        self.environment
    }

    fn sites(&self) -> SiteSet {
        SiteId::ALL.into_iter().filter(|s| self.functions[*s as usize].is_some()).collect()
    }
}

impl<O: Observer> Subject for Packed<O> {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (call, answer) in calls.iter().zip(answers) {
            *answer = Packed::answer(self, call);
        }
    }

    fn environment(&self) -> Environment {
        self.masks.environment
    }

    fn classify(&mut self, pte: u64) -> Option<Classification> {
        Some(Packed::classify(self, pte))
    }

    fn range(&mut self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
        Packed::range(self, call, answer)
    }
}
