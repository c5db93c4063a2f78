//! The third oracle: what must hold of one call and its answer whatever the implementation.
//!
//! Lockstep compares a subject's answers with the reference's. Where both make the same mistake they agree, and nothing is noticed: a wrong
//! line in the specification, or in the head of who wrote both. A [`Law`] is a statement that was never derived from either: "what was
//! write-protected comes back write-protected", "a dirty bit that is cleared reaches the page". In come cases, a call with its answer; out
//! goes the first law that is broken. Lockstep asks [`Laws::broken`] for each call on whose answer both sides agree.
//!
//! Each law carries the mistake that it is there for, as code ([`Law::mistake`]). A test applies it to the recorded answers of the kernel's
//! own functions and requires the law to speak up; on the recorded answers themselves every law is silent.
//!
//! Laws speak of payload bits where a value can change its class by a flag: under a shifted special value an entry can become
//! special when it gets the uffd-wp flag, and (type 0, offset 2^50-1) encodes to none.

mod bits;
mod case;
mod classification;
mod cow;
mod everywhere;
mod fault;
mod fork;
mod hmm;
mod index;
mod lookups;
mod migrate;
mod mprotect;
mod primitives;
mod proc;
mod rmap;
mod soft_dirty;
mod swapin;
mod teardown;
mod walkers;

#[cfg(test)]
mod tests;

pub use case::Case;
pub use classification::{CLASSIFICATION_LAWS, ClassificationLaw};
pub use index::{Laws, laws_of};

use crate::pte::{ClassSet, Config, Environment};
use crate::site::{Answer, SiteId};

/// A statement about one call and its answer.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// A short name in kebab case; it goes into signatures, behind the site: `move_soft_dirty/law/mremap-marks-soft-dirty`.
    pub name: &'static str,
    /// The law in one sentence.
    pub text: &'static str,
    /// Where it comes from: function and kernel version, documentation, or the commit that repaired what it forbids.
    pub source: &'static str,
    /// The configurations in which it holds; in those, under every special value.
    pub configs: &'static [Config],
    /// The sites that it is attached to.
    pub sites: &'static [SiteId],
    /// The classes of the pte before of which it speaks; of others it is not asked.
    pub classes: ClassSet,
    /// The mistake that model and subject could share, and that it catches.
    pub catches: &'static str,
    /// Whether the law holds of a case of its configurations, sites and classes. Of others the result means nothing.
    pub holds: fn(&Case<'_>) -> bool,
    /// That mistake: makes the right answer, which the case has too, wrong as both sides would; leaves it alone where the mistake does not show.
    pub mistake: fn(&Case<'_>, &mut Answer),
}

impl Law {
    /// Whether the law is attached to the site and holds in the environment.
    pub fn is_of(&self, site: SiteId, environment: &Environment) -> bool {
        self.sites.contains(&site) && self.configs.contains(&environment.config)
    }

    /// Whether the law speaks of this case at all.
    pub fn covers(&self, case: &Case<'_>) -> bool {
        self.is_of(case.site(), &case.environment) && case.is(self.classes)
    }
}

/// The laws by kernel subsystem, in the order in which they are asked: what is particular first, so that a signature says the most.
const ROOMS: [&[Law]; 15] = [
    mprotect::LAWS,
    soft_dirty::LAWS,
    proc::LAWS,
    walkers::LAWS,
    hmm::LAWS,
    swapin::LAWS,
    fork::LAWS,
    teardown::LAWS,
    lookups::LAWS,
    rmap::LAWS,
    migrate::LAWS,
    fault::LAWS,
    cow::LAWS,
    primitives::LAWS,
    everywhere::LAWS,
];

/// How many laws there are.
pub const LAW_COUNT: usize = {
    let mut count = 0;
    let mut room = 0;
    while room < ROOMS.len() {
        count += ROOMS[room].len();
        room += 1;
    }
    count
};

/// Every law of site calls. Signatures name a law by its index here.
pub static LAWS: [Law; LAW_COUNT] = {
    let mut laws = [ROOMS[0][0]; LAW_COUNT];
    let (mut next, mut room) = (0, 0);
    while room < ROOMS.len() {
        let mut law = 0;
        while law < ROOMS[room].len() {
            laws[next] = ROOMS[room][law];
            next += 1;
            law += 1;
        }
        room += 1;
    }
    laws
};
