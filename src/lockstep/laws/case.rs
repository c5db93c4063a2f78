//! What a law judges: one call with its answer.

use super::bits::{A, CLEAR, D, ENTRY, MARKER, PRESENT, SD, SPECIAL, STORE, SWP_SD, SWP_WP, WP, union};
use crate::pte::{Class, ClassSet, Environment};
use crate::site::{Answer, Call, SiteId};

/// One call, the class of its pte, and an answer to it. Laws read nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The configuration and special value of the run.
    pub environment: Environment,
    /// What was asked.
    pub call: &'a Call,
    /// The class of `call.pte` in that environment.
    pub class: Class,
    /// What was answered.
    pub answer: &'a Answer,
}

impl<'a> Case<'a> {
    /// A case; `class` must be that of `call.pte` in `environment`.
    #[inline]
    pub const fn new(environment: Environment, call: &'a Call, class: Class, answer: &'a Answer) -> Case<'a> {
        Case { environment, call, class, answer }
    }

    /// The same call with another answer.
    #[must_use]
    pub const fn with<'b>(&self, answer: &'b Answer) -> Case<'b>
    where
        'a: 'b,
    {
        Case { environment: self.environment, call: self.call, class: self.class, answer }
    }

    /// The pte before.
    #[inline]
    pub const fn before(&self) -> u64 {
        self.call.pte
    }

    /// The pte afterwards; for fork the child's.
    #[inline]
    pub const fn after(&self) -> u64 {
        self.answer.pte
    }

    /// The auxiliary word.
    #[inline]
    pub const fn aux(&self) -> u64 {
        self.answer.aux
    }

    /// The site.
    #[inline]
    pub const fn site(&self) -> SiteId {
        self.call.site
    }

    /// Parameter word `p0`, where the flags are.
    #[inline]
    pub const fn p0(&self) -> u64 {
        self.call.p[0]
    }

    /// Parameter word `p1`.
    #[inline]
    pub const fn p1(&self) -> u64 {
        self.call.p[1]
    }

    /// Parameter word `p2`.
    #[inline]
    pub const fn p2(&self) -> u64 {
        self.call.p[2]
    }

    /// Whether `p0` has any of these bits.
    #[inline]
    pub const fn asked(&self, bits: u64) -> bool {
        self.call.p[0] & bits != 0
    }

    /// Whether `p0` has all of these bits.
    #[inline]
    pub const fn asked_all(&self, bits: u64) -> bool {
        self.call.p[0] & bits == bits
    }

    /// Whether the outcome has any of these bits.
    #[inline]
    pub const fn says(&self, bits: u64) -> bool {
        self.answer.outcome & bits != 0
    }

    /// The low 16 bits of the outcome: what a site from `fork` on returned.
    #[inline]
    pub const fn code(&self) -> u64 {
        self.answer.outcome & 0xffff
    }

    /// Whether the class before is one of these.
    #[inline]
    pub const fn is(&self, classes: ClassSet) -> bool {
        classes.contains(self.class)
    }

    /// Whether the pte before has any of these bits.
    #[inline]
    pub const fn had(&self, bits: u64) -> bool {
        self.call.pte & bits != 0
    }

    /// Whether the pte afterwards has any of these bits.
    #[inline]
    pub const fn has(&self, bits: u64) -> bool {
        self.answer.pte & bits != 0
    }

    /// Whether the pte is the same before and afterwards in these bits.
    #[inline]
    pub const fn keeps(&self, bits: u64) -> bool {
        (self.call.pte ^ self.answer.pte) & bits == 0
    }

    /// Whether the pte is the same before and afterwards.
    #[inline]
    pub const fn unchanged(&self) -> bool {
        self.call.pte == self.answer.pte
    }

    /// Whether the pte is the same afterwards, and neither stored nor cleared.
    #[inline]
    pub const fn untouched(&self) -> bool {
        self.unchanged() && !self.says(STORE | CLEAR)
    }

    /// Whether there is a normal page behind a present pte.
    #[inline]
    pub const fn has_normal_page(&self) -> bool {
        self.is(PRESENT) && !self.had(SPECIAL)
    }

    /// The bit that says soft-dirty in the encoding that the pte before uses; 0 if it has none.
    #[inline]
    pub const fn soft_dirty_bit(&self) -> u64 {
        if self.is(PRESENT) {
            SD
        } else if self.is(ENTRY) {
            SWP_SD
        } else {
            0
        }
    }

    /// The bit that says uffd-wp in the encoding that the pte before uses; 0 if it has none. Means nothing without uffd-wp.
    #[inline]
    pub const fn wp_bit(&self) -> u64 {
        if self.is(PRESENT) {
            WP
        } else if self.is(union(ENTRY, MARKER)) {
            SWP_WP
        } else {
            0
        }
    }

    /// Whether the pte afterwards differs in nothing but accessed, dirty and soft-dirty.
    #[inline]
    pub const fn ages_only(&self) -> bool {
        self.keeps(!(A | D | SD))
    }
}
