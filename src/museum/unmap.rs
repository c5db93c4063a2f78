//! Bugs of try_to_unmap_one() in mm/rmap.c: what a page leaves behind.

use super::{Bug, Source, amended};
use crate::packed::entry::{any, present, when};
use crate::packed::masks::*;
use crate::packed::{Packed, Watch};
use crate::site::{Answer, Call, SiteId};

pub(super) const M03: Bug = Bug {
    mistake: "try_to_unmap_one() reads soft-dirty and uffd-wp of a device pte at the bits that present ptes have them at",
    harm: "as in migrate_vma_collect_pmd(): both marks by two bits of the frame number, on the slow way back from a device",
    fixed: "v5.9: \"mm/rmap: fixup copying of soft dirty and uffd ptes\", its half in mm/rmap.c",
    source: Source::Commit("ad7df764b7e1c7dc64e016da7ada2e3e1bb90700"),
    ..Bug::past("M03", "unmap-present-bits-of-device", SiteId::Unmap, unmap_reads_present_bits)
};

pub(super) const M41A: Bug = Bug {
    mistake: "try_to_unmap_one() does not carry soft-dirty to the entry that takes the pte's place",
    harm: "a page that was written and then swapped out is clean in pagemap: incremental checkpoints lose what was written",
    fixed: "v3.11: \"mm: save soft-dirty bits on swapped pages\", its hunk of mm/rmap.c",
    source: Source::Commit("179ef71cbc085252e3fe6b8159263a7ed1d88ea4"),
    ..Bug::past("M41A", "unmap-loses-soft-dirty", SiteId::Unmap, unmap_loses_soft_dirty)
};

/// The way of a page that leaves a device.
fn from_device(flags: u64) -> bool {
    any(flags, ttu_migration()) && any(flags, tu_devpriv())
}

fn unmap_reads_present_bits(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    amended(packed, call, |packed, right| {
        if !from_device(call.p[0]) || !any(right.outcome, ev_store()) {
            return right;
        }
        let flags = swp_soft_dirty() | packed.masks.swp_wp;
        Answer { pte: right.pte & !flags | packed.flags_to_swap(call.pte), ..right }
    })
}

fn unmap_loses_soft_dirty(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    amended(packed, call, |_, right| {
        let replaced = present(call.pte) && !present(right.pte) && !from_device(call.p[0]);
        Answer { pte: right.pte & !when(replaced, swp_soft_dirty()), ..right }
    })
}
