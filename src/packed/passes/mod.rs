//! Passes over slices of page tables: the loops that an operating system runs, without branches and in vectors.
//!
//! In comes a slice of ptes, of any length and alignment, with the parameters of a site, out go the ptes or words
//! afterwards and the sums. [`Packed::range`] answers with them, so that a run in lockstep compares them with the model
//! entry by entry. Each is compiled for several [`Backend`]s, one of which is picked when a [`Packed`] is made; what
//! they answer is the same, bit for bit. They observe no uses.

mod backend;
mod histogram;
mod lanes;
mod sweep;

pub use backend::{BACKEND_VARIABLE, Backend};
pub use sweep::Facts;

use super::{Observer, Packed};
use crate::pte::Class;
use crate::site::{RangeAnswer, RangeCall, SiteId, TOTALS};

/// What a pass of `move_ptes()` saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Entries that are not none.
    pub moved: u64,
    /// Whether one of them is present, so that the TLB must be flushed.
    pub force_flush: bool,
}

/// What a pass of `pagemap_pmd_range()` wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Words with `PM_PRESENT`.
    pub present: u64,
    /// Words with `PM_SWAP`.
    pub swap: u64,
    /// Words with `PM_SOFT_DIRTY`.
    pub soft_dirty: u64,
}

impl<O: Observer> Packed<O> {
    /// This implementation with its passes on another back end.
    #[must_use]
    pub fn with_backend(self, backend: Backend) -> Packed<O> {
        Packed { backend, ..self }
    }

    /// The back end of its passes.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// How many ptes of each class a slice has, by the class's number.
    ///
    /// ```
    /// use ptefuzz::packed::Packed;
    /// use ptefuzz::pte::{Class, Environment};
    ///
    /// let counts = Packed::new(Environment::default()).class_histogram(&[0, 0x4, 0x25, 0x60]);
    /// assert_eq!(counts[Class::None as usize], 2);
    /// assert_eq!(counts[Class::Special as usize], 1);
    /// ```
    pub fn class_histogram(&self, ptes: &[u64]) -> [u64; Class::COUNT] {
        histogram::histogram(self.backend, &self.masks, ptes)
    }

    /// `change_pte_range()`: writes what `from` becomes to `to` and returns how many entries were stored, which is how
    /// many pages are counted. `facts` are the words of `change_prot`.
    ///
    /// Entries behind the end of the shortest slice are left alone; so it is with the passes below.
    pub fn change_protection(&self, from: &[u64], to: &mut [u64], facts: Facts<'_>) -> u64 {
        sweep::change_prot(self.backend, &self.masks, from, to, facts)
    }

    /// `move_ptes()`: writes the ptes of `from` to `to` as they arrive there, soft-dirty.
    pub fn move_ptes(&self, from: &[u64], to: &mut [u64]) -> Moved {
        let (moved, mapped) = sweep::move_soft_dirty(self.backend, &self.masks, from, to);
        Moved { moved, force_flush: mapped != 0 }
    }

    /// `clear_refs` of soft-dirty: writes what `from` becomes to `to` and returns how many entries were stored. `facts`
    /// are the words of `clear_soft_dirty`.
    pub fn clear_refs(&self, from: &[u64], to: &mut [u64], facts: Facts<'_>) -> u64 {
        sweep::clear_soft_dirty(self.backend, &self.masks, from, to, facts)
    }

    /// `pagemap_pmd_range()`: writes the pagemap word of each pte of `from` to `to`. `facts` are the words of `pagemap`.
    pub fn pagemap_scan(&self, from: &[u64], to: &mut [u64], facts: Facts<'_>) -> Scanned {
        let [present, swap, soft_dirty] = sweep::pagemap(self.backend, &self.masks, from, to, facts);
        Scanned { present, swap, soft_dirty }
    }

    /// Answers a range call by its pass; false where the site has none, and then nothing was written.
    pub(super) fn pass(&self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
        let (from, facts) = (call.ptes, facts_of(call));
        let mut totals = [0; TOTALS];
        match call.site {
            SiteId::ChangeProt => {
                let changed = self.change_protection(from, answer.ptes, facts);
                (totals[0], totals[1]) = (changed, changed);
            }
            SiteId::MoveSoftDirty => {
                let Moved { moved, force_flush } = self.move_ptes(from, answer.ptes);
                (totals[0], totals[1]) = (moved, force_flush as u64);
            }
            SiteId::ClearSoftDirty => totals[0] = self.clear_refs(from, answer.ptes, facts),
            SiteId::Pagemap => {
                let Scanned { present, swap, soft_dirty } = self.pagemap_scan(from, answer.aux, facts);
                totals[..3].copy_from_slice(&[present, swap, soft_dirty]);
                from.iter().zip(&mut *answer.ptes).for_each(|(pte, slot)| *slot = *pte);
            }
            _ => return false,
        }
        if call.site != SiteId::Pagemap {
            answer.aux.fill(0);
        }
        *answer.totals = totals;
        true
    }
}

/// The call's parameters, as one triple where they are all the same.
fn facts_of<'a>(call: &RangeCall<'a>) -> Facts<'a> {
    match call.params.first() {
        Some(first) if call.params.len() >= call.ptes.len() && call.params.iter().all(|p| p == first) => {
            Facts::Same(*first)
        }
        _ => Facts::Each(call.params),
    }
}
