//! Bugs of mm/mremap.c: what is moved is soft-dirty.

use super::{Bug, Ranges, Source, on_special};
use crate::packed::entry::{has_page, pfn, present};
use crate::packed::masks::*;
use crate::packed::{Packed, Watch, plain};
use crate::site::{Answer, Call, RangeAnswer, RangeCall, SiteId};

pub(super) const H12: Bug = Bug {
    mistake: "move_soft_dirty_pte() sets swap soft-dirty on the special pte",
    harm: "0x4 becomes 0x6, which is special no more: the next fault swaps in an entry that never was, and pagemap shows a swapped page",
    ..Bug::hunk("H12", "mremap-marks-special", SiteId::MoveSoftDirty, move_soft_dirty_marks)
};

pub(super) const M01: Bug = Bug {
    mistake: "move_ptes() sets soft-dirty at the bit that present ptes have it at, whatever the pte is",
    harm: "a swapped page that mremap() moves points to another slot (bit 2 of its offset is cleared): \"Unused swap offset entry\", somebody else's data",
    fixed: "v3.11: \"mm: move_ptes -- Set soft dirty bit depending on pte type\"",
    source: Source::Commit("6dec97dc929"),
    ..Bug::past("M01", "mremap-present-bit-on-entries", SiteId::MoveSoftDirty, marks_by_present_bit)
};

pub(super) const M61: Bug = Bug {
    mistake: "move_ptes() takes neighbouring pages for one batch whatever their write bits are, and writes the first one's to all",
    harm: "mremap() of a folio that a fork left half write-protected makes all of it writable, past copy-on-write",
    fixed: "v6.18 and v6.17.9: \"mm/mremap: honour writable bit in mremap pte batching\"",
    source: Source::Commit("04d1c9d60c6ec4c0003d433572eaa45f8b217788"),
    ranges: Ranges::Whole(moves_batches_as_the_first),
    loop_only: true,
    ..Bug::past("M61", "mremap-batch-writable", SiteId::MoveSoftDirty, Packed::move_soft_dirty)
};

fn move_soft_dirty_marks(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        packed.swap_flag(call.pte);
        plain(call.pte | swp_soft_dirty(), 0, 0)
    })
}

fn marks_by_present_bit(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    if !packed.masks.has_entry(call.pte) {
        return packed.dispatch(call);
    }
    packed.present_flag(call.pte);
    plain(call.pte | soft_dirty(), 0, 0)
}

/// The right answer, but pages of consecutive frames have the write bit of the first of them. Whether they are one folio a pte does not say.
fn moves_batches_as_the_first(packed: &mut Packed<Watch>, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
    let answered = packed.range(call, answer);
    let mut batch: Option<(u64, u64)> = None;
    for (before, after) in call.ptes.iter().zip(answer.ptes.iter_mut()) {
        let mapped = present(*before) && has_page(*before);
        let goes_on = batch.filter(|(_, next)| mapped && pfn(*before) == *next);
        let writable = goes_on.map_or(*before & write(), |(writable, _)| writable);
        batch = mapped.then(|| (writable, pfn(*before) + 1));
        if mapped {
            *after = *after & !write() | writable;
        }
    }
    answered
}
