//! Semantic coverage: which states met which site with which kind of answer.

use super::CellSet;
use crate::pte::{Class, X86_64};
use crate::site::{Answer, Call};

/// Cells: site, class and four flags of the pte before, and whether the call changed or reported something.
const CELLS: usize = 32_768;

/// The cells that a run reached, one byte each.
#[derive(Clone, Debug)]
pub struct Coverage {
    cells: Box<[u8; CELLS]>,
    covered: usize,
}

impl Default for Coverage {
    fn default() -> Coverage {
        Coverage { cells: Box::new([0; CELLS]), covered: 0 }
    }
}

impl Coverage {
    /// How many cells there are.
    pub const CELLS: usize = CELLS;

    /// The cell of a call, by the class of its pte and the right answer; below [`Coverage::CELLS`].
    #[inline]
    pub fn cell(call: &Call, class: Class, answer: &Answer) -> usize {
        index(call, class, answer)
    }

    /// Cells reached.
    pub fn covered(&self) -> usize {
        self.covered
    }

    /// Counts a call; true if its cell is new.
    #[inline]
    pub fn add(&mut self, call: &Call, class: Class, answer: &Answer) -> bool {
        self.reach(call, class, answer).is_some()
    }

    /// Counts a call; its cell if that is new.
    #[inline]
    pub fn reach(&mut self, call: &Call, class: Class, answer: &Answer) -> Option<u16> {
        let index = index(call, class, answer);
        let cell = &mut self.cells[index];
        let new = *cell == 0;
        *cell = cell.saturating_add(1);
        self.covered += new as usize;
        new.then_some(index as u16)
    }

    /// How often a cell was met, as far as a byte can say, since it was last forgotten in part.
    pub fn met(&self, cell: u16) -> u8 {
        self.cells[cell as usize % CELLS]
    }

    /// A cell that another job reached is no news here.
    pub fn mark(&mut self, cell: u16) {
        let cell = &mut self.cells[cell as usize % CELLS];
        self.covered += (*cell == 0) as usize;
        *cell = (*cell).max(1);
    }

    /// Forgets half of how often each cell was met, so that what is rare shows again.
    pub fn age(&mut self) {
        self.cells.iter_mut().for_each(|cell| *cell = cell.div_ceil(2));
    }

    /// The cells reached, as a set.
    pub fn set(&self) -> CellSet {
        (0..CELLS as u16).filter(|cell| self.cells[*cell as usize] > 0).collect()
    }

    /// Adds what another job reached.
    pub fn merge(&mut self, other: &Coverage) {
        for (ours, theirs) in self.cells.iter_mut().zip(other.cells.iter()) {
            *ours = ours.saturating_add(*theirs);
        }
        self.covered = self.cells.iter().filter(|cell| **cell > 0).count();
    }
}

/// What a pte adds to the number of its cell: 16 states of each of 10 classes.
#[inline]
pub(crate) fn state_of(pte: u64, class: Class) -> usize {
    let bits = match class {
        Class::None | Class::Special => 0,
        Class::Present | Class::ProtNone => {
            let l = &X86_64;
            let bit = |mask: u64, at: usize| ((pte & mask != 0) as usize) << at;
            bit(l.soft_dirty, 0) | bit(l.uffd_wp, 1) | bit(l.write, 2) | bit(l.dirty, 3)
        }
        _ => (pte >> 1 & 3) as usize,
    };
    class as usize * 16 + bits
}

/// What an answer adds to it: whether the pte changes, and whether anything is reported.
#[inline]
pub(crate) fn kind_of(pte: u64, answer: &Answer) -> usize {
    (answer.pte != pte) as usize * 2 + (answer.outcome != 0) as usize
}

/// The cell of a call: 46 sites x 160 states (10 classes, soft-dirty, uffd-wp, write, dirty) x 4 kinds of answer, below 32,768.
#[inline]
fn index(call: &Call, class: Class, answer: &Answer) -> usize {
    ((call.site as usize * 160 + state_of(call.pte, class)) * 4 + kind_of(call.pte, answer)) % CELLS
}
