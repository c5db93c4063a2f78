//! The subject that bugs make: packed with some sites replaced. Every command, test and fuzz target that wants a wrong kernel asks this one.

use super::bug::{Bug, Ranges, WrongRange, WrongSite};
use crate::lockstep::Subject;
use crate::packed::{Packed, Watch};
use crate::pte::{Class, Classification, Environment};
use crate::site::{Answer, Call, RangeAnswer, RangeCall, SITE_COUNT, SiteId, Uses};

/// What stands in the place of the predicates.
pub type WrongPredicates = fn(&Packed<Watch>, u64) -> Classification;

/// What answers the ranges of a site.
#[derive(Clone, Copy, Debug)]
enum Range {
    /// Packed's loop, over what answers the site.
    Entries,
    /// Nothing.
    None,
    /// This.
    Whole(WrongRange),
}

/// How much of the answers is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    All,
    Values,
    Uses,
}

/// Packed with some sites replaced; with none it is packed.
///
/// Bugs compose. Where two of them replace one site, the one named last does: a site has one function.
///
/// ```
/// use ptefuzz::museum::{Buggy, find};
/// use ptefuzz::lockstep::Subject;
/// use ptefuzz::pte::Environment;
/// use ptefuzz::site::{Answer, Call, SiteId};
///
/// let mut mremap = Buggy::new(Environment::default()).with(find("H12").expect("a hunk"));
/// let mut answer = [Answer::default()];
/// mremap.answer(&[Call { site: SiteId::MoveSoftDirty, pte: 0x4, p: [0; 3] }], &mut answer);
/// assert_eq!(answer[0].pte, 0x6, "the special pte is special no more");
/// ```
#[derive(Clone, Debug)]
pub struct Buggy {
    packed: Packed<Watch>,
    sites: [Option<WrongSite>; SITE_COUNT],
    ranges: [Range; SITE_COUNT],
    predicates: Option<WrongPredicates>,
    shown: Shown,
}

impl Buggy {
    /// Nothing is wrong yet.
    pub fn new(environment: Environment) -> Buggy {
        Buggy {
            packed: Packed::observed(environment),
            sites: [None; SITE_COUNT],
            ranges: [Range::Entries; SITE_COUNT],
            predicates: None,
            shown: Shown::All,
        }
    }

    /// With all of these bugs, in this order.
    pub fn with_all<'a>(environment: Environment, bugs: impl IntoIterator<Item = &'a Bug>) -> Buggy {
        bugs.into_iter().fold(Buggy::new(environment), Buggy::with)
    }

    /// With this bug.
    #[must_use]
    pub fn with(mut self, bug: &Bug) -> Buggy {
        self.sites[bug.site as usize] = Some(bug.wrong);
        self.ranges[bug.site as usize] = match bug.ranges {
            Ranges::Entries => Range::Entries,
            Ranges::Whole(function) => Range::Whole(function),
        };
        self
    }

    /// With this function for this site, and no ranges of it.
    #[must_use]
    pub fn site(mut self, site: SiteId, function: WrongSite) -> Buggy {
        self.sites[site as usize] = Some(function);
        self.ranges[site as usize] = Range::None;
        self
    }

    /// With this function for the ranges of this site.
    #[must_use]
    pub fn range_of(mut self, site: SiteId, function: WrongRange) -> Buggy {
        self.ranges[site as usize] = Range::Whole(function);
        self
    }

    /// With these predicates.
    #[must_use]
    pub fn predicates(self, function: WrongPredicates) -> Buggy {
        Buggy { predicates: Some(function), ..self }
    }

    /// Pte, outcome and auxiliary word only.
    #[must_use]
    pub fn by_value(self) -> Buggy {
        Buggy { shown: Shown::Values, ..self }
    }

    /// The right pte, outcome and auxiliary word with the uses of the wrong function.
    #[must_use]
    pub fn by_use(self) -> Buggy {
        Buggy { shown: Shown::Uses, ..self }
    }

    /// The answer to one call.
    #[inline]
    pub fn one(&mut self, call: &Call) -> Answer {
        let answer = match self.sites[call.site as usize] {
            Some(function) => self.packed.answer_with(call, function),
            None => self.packed.answer(call),
        };
        match self.shown {
            Shown::All => answer,
            Shown::Values => Answer { uses: Uses::NONE, ..answer },
            Shown::Uses => Answer { uses: answer.uses, ..self.packed.answer(call) },
        }
    }

    /// The class of a pte. No bug is wrong about it.
    pub fn class(&self, pte: u64) -> Class {
        self.packed.class(pte)
    }
}

impl Subject for Buggy {
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
            (Range::Entries, None) => self.packed.range(call, answer),
            (Range::Entries, Some(function)) => self.packed.range_with(call, answer, function),
            (Range::None, _) => false,
            (Range::Whole(function), _) => function(&mut self.packed, call, answer),
        }
    }
}
