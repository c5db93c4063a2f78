//! Bugs of mm/mremap.c: what is moved is soft-dirty.

use super::{Bug, on_special};
use crate::packed::masks::*;
use crate::packed::{Packed, Watch, plain};
use crate::site::{Answer, Call, SiteId};

pub(super) const H12: Bug = Bug {
    mistake: "move_soft_dirty_pte() sets swap soft-dirty on the special pte",
    harm: "0x4 becomes 0x6, which is special no more: the next fault swaps in an entry that never was, and pagemap shows a swapped page",
    ..Bug::hunk("H12", "mremap-marks-special", SiteId::MoveSoftDirty, move_soft_dirty_marks)
};

fn move_soft_dirty_marks(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        packed.swap_flag(call.pte);
        plain(call.pte | swp_soft_dirty(), 0, 0)
    })
}
