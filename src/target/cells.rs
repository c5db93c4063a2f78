//! The counters that a run of a target leaves for its engine: one byte a cell, 1 once it was met.
//!
//! How often is not said: an engine makes up to eight features of one counter that goes up, keeps an input for each, and then spends its time on the
//! bookkeeping of features (docs/FUZZING.md has the figures).
//!
//! The first cells are those of [`Coverage`]: site, state and kind of answer. Behind them are what classifications and ranges show, which are no calls.

use crate::engine::Coverage;
use crate::pte::Class;
use crate::site::{RANGE_SITES, RangeCall, SiteId, TOTALS};

/// Cells of classifications: a class with each of the low twelve bits, and with each swap type.
const CLASSIFIED: usize = Class::COUNT * CLASS_CELLS;
const CLASS_CELLS: usize = 12 + 32;
/// Cells of ranges: a site with the size of each aggregate, with its length, and with each class among the entries.
const RANGES: usize = RANGE_SITES.len() * RANGE_CELLS;
const RANGE_CELLS: usize = TOTALS * SIZES + 11 + Class::COUNT;
/// Sizes that are told apart: 0, 1, 2, 4, 8, 16, 32 and more; the last is "all of them".
const SIZES: usize = 8;

/// How many cells there are.
pub const CELLS: usize = (Coverage::CELLS + CLASSIFIED + RANGES).next_multiple_of(64);

/// The counters of one run.
pub type Cells = [u8; CELLS];

#[inline]
pub(super) fn count(cells: &mut Cells, cell: usize) {
    if let Some(cell) = cells.get_mut(cell) {
        *cell = 1;
    }
}

/// Counts a classified pte.
pub(super) fn count_classified(cells: &mut Cells, pte: u64, class: Class) {
    let first = Coverage::CELLS + class as usize * CLASS_CELLS;
    for bit in (0..12).filter(|bit| pte >> bit & 1 != 0) {
        count(cells, first + bit);
    }
    count(cells, first + 12 + (pte >> 59) as usize);
}

/// Counts a range call with its aggregates.
pub(super) fn count_range(
    cells: &mut Cells,
    call: &RangeCall<'_>,
    totals: &[u64; TOTALS],
    class: impl Fn(u64) -> Class,
) {
    let first = Coverage::CELLS + CLASSIFIED + row(call.site) * RANGE_CELLS;
    let len = call.ptes.len() as u64;
    for (i, total) in totals.iter().enumerate() {
        let size = if *total == len { SIZES - 1 } else { (64 - total.leading_zeros() as usize).min(SIZES - 2) };
        count(cells, first + i * SIZES + size);
    }
    count(cells, first + TOTALS * SIZES + (64 - len.leading_zeros() as usize).min(10));
    let classes = call.ptes.iter().fold(0u16, |classes, pte| classes | 1 << class(*pte) as u16);
    for number in (0..Class::COUNT).filter(|number| classes >> number & 1 != 0) {
        count(cells, first + TOTALS * SIZES + 11 + number);
    }
}

fn row(site: SiteId) -> usize {
    RANGE_SITES.iter().position(|s| *s == site).unwrap_or(0)
}
