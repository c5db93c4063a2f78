//! Semantic coverage: which states met which site with which kind of answer.

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
        let cell = &mut self.cells[index(call, class, answer)];
        let new = *cell == 0;
        *cell = cell.saturating_add(1);
        self.covered += new as usize;
        new
    }
}

/// The cell of a call: 46 sites x 160 states (10 classes, soft-dirty, uffd-wp, write, dirty) x 4 kinds of answer, below 32,768.
#[inline]
fn index(call: &Call, class: Class, answer: &Answer) -> usize {
    let bits = match class {
        Class::None | Class::Special => 0,
        Class::Present | Class::ProtNone => {
            let l = &X86_64;
            let bit = |mask: u64, at: usize| ((call.pte & mask != 0) as usize) << at;
            bit(l.soft_dirty, 0) | bit(l.uffd_wp, 1) | bit(l.write, 2) | bit(l.dirty, 3)
        }
        _ => (call.pte >> 1 & 3) as usize,
    };
    let state = class as usize * 16 + bits;
    let answered = (answer.pte != call.pte) as usize * 2 + (answer.outcome != 0) as usize;
    ((call.site as usize * 160 + state) * 4 + answered) % CELLS
}
