//! Who watches the uses that the sites make of ptes, and what it costs: nothing when nobody does.

use super::Masks;
use crate::pte::Class;
use crate::site::{Use, Uses};

/// Is told of every use that a site makes of a pte.
///
/// It is a type parameter of [`super::Packed`], so that a build that does not observe has no trace of it.
pub trait Observer {
    /// A use of this kind was made of `pte`; `masks` can tell its class.
    fn used(&mut self, kind: Use, pte: u64, masks: &Masks);

    /// A use of this kind was made of a pte that the site had just built as one of this class.
    fn built(&mut self, kind: Use, class: Class);

    /// Everything since the last call, which is forgotten.
    fn take(&mut self) -> Uses;
}

/// Nobody watches; every method is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    #[inline(always)]
    fn used(&mut self, _kind: Use, _pte: u64, _masks: &Masks) {}

    #[inline(always)]
    fn built(&mut self, _kind: Use, _class: Class) {}

    #[inline(always)]
    fn take(&mut self) -> Uses {
        Uses::NONE
    }
}

/// Collects the uses of one call as (kind, class) pairs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watch {
    uses: Uses,
}

impl Observer for Watch {
    #[inline(always)]
    fn used(&mut self, kind: Use, pte: u64, masks: &Masks) {
        self.built(kind, masks.class(pte));
    }

    #[inline(always)]
    fn built(&mut self, kind: Use, class: Class) {
        self.uses = self.uses.and(Uses::one(kind, class));
    }

    #[inline(always)]
    fn take(&mut self) -> Uses {
        std::mem::take(&mut self.uses)
    }
}
