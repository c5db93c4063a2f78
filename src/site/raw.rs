//! The raw form of a site call, its answer, and the record of the uses that the answer made of ptes.
//!
//! These are the records that are compared, recorded, generated and shown; `abi/ptefuzz.h` and the vectors fix them.

use super::SiteId;
use crate::pte::Class;

/// One call of one site: a pte and three parameter words, whose bits the site's row in [`super::SITES`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// The site that is called.
    pub site: SiteId,
    /// The raw pte that it is called on.
    pub pte: u64,
    /// The parameter words `p0`, `p1`, `p2`; unused ones are 0.
    pub p: [u64; 3],
}

/// What a site answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Answer {
    /// The pte afterwards (for fork: the child's).
    pub pte: u64,
    /// The outcome: what happened, in the bits that the site's row names.
    pub outcome: u64,
    /// The auxiliary word: what the site computed or found.
    pub aux: u64,
    /// Which uses were made of ptes of which class, as far as the subject can tell; empty if it cannot.
    pub uses: Uses,
}

/// A kind of use that a site can make of a pte (`enum ptefuzz_use` of the C ABI less one).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Use {
    /// Decoding it as a swap entry: `pte_to_swp_entry()`.
    Decode = 0,
    /// Reading or changing a swap flag: `pte_swp_soft_dirty()`, `pte_swp_mkuffd_wp()` and their kin.
    SwapFlag = 1,
    /// Reading or changing a present flag or the page frame number: `pte_write()`, `pte_pfn()`, `pte_modify()` and their kin.
    PresentFlag = 2,
    /// Handing it to `do_swap_page()`.
    SwapFault = 3,
    /// Storing to the slot that holds it.
    Store = 4,
}

impl Use {
    /// All kinds in ABI order.
    pub const ALL: [Use; 5] = [Use::Decode, Use::SwapFlag, Use::PresentFlag, Use::SwapFault, Use::Store];

    /// The name that signatures use, such as `swap-flag`.
    pub const fn name(self) -> &'static str {
        match self {
            Use::Decode => "decode",
            Use::SwapFlag => "swap-flag",
            Use::PresentFlag => "present-flag",
            Use::SwapFault => "do_swap_page",
            Use::Store => "store",
        }
    }

    /// What the use means, for a reader of a trace.
    pub const fn words(self) -> &'static str {
        match self {
            Use::Decode => "decoded as a swap entry (pte_to_swp_entry)",
            Use::SwapFlag => "a swap flag of it was read or changed (pte_swp_*)",
            Use::PresentFlag => "a present flag or the pfn of it was read or changed",
            Use::SwapFault => "handed to do_swap_page()",
            Use::Store => "stored over",
        }
    }
}

/// A set of (kind of use, class of the pte used) pairs.
///
/// Five bits for each class in ABI order: 55 bits in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Uses(pub u64);

impl Uses {
    /// No use.
    pub const NONE: Uses = Uses(0);

    /// The set of one use.
    pub const fn one(kind: Use, class: Class) -> Uses {
        Uses(1 << (class as u32 * 5 + kind as u32))
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Uses) -> Uses {
        Uses(self.0 | other.0)
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub const fn without(self, other: Uses) -> Uses {
        Uses(self.0 & !other.0)
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The pairs of the set, by class and then kind.
    pub fn iter(self) -> impl Iterator<Item = (Use, Class)> {
        Class::ALL
            .into_iter()
            .chain([Class::BadType])
            .flat_map(|class| Use::ALL.map(|kind| (kind, class)))
            .filter(move |(kind, class)| self.0 & Uses::one(*kind, *class).0 != 0)
    }
}
