//! Bugs of do_swap_page() in mm/memory.c.

use super::{Bug, Source, amended, on_special};
use crate::packed::entry::{any, when};
use crate::packed::masks::*;
use crate::packed::swap_fault::non_swap_fault;
use crate::packed::{Packed, Watch};
use crate::site::{Answer, Call, SiteId};

pub(super) const H09: Bug = Bug {
    mistake: "do_swap_page() does not bail out on the special pte and reads a page in",
    harm: "a fault on a write-protected page that was dropped swaps in from offset 2^50-1 of area 0: out of memory, or an oops without that area",
    ..Bug::hunk("H09", "swap-fault-decodes-special", SiteId::DoSwapPage, swap_fault_decodes)
};

pub(super) const M41B: Bug = Bug {
    mistake: "do_swap_page() does not give the page its soft-dirty mark back",
    harm: "a page that was written, swapped out and read back in is clean: incremental checkpoints lose what was written",
    fixed: "v3.11: \"mm: save soft-dirty bits on swapped pages\", its hunk of mm/memory.c",
    source: Source::Commit("179ef71cbc085252e3fe6b8159263a7ed1d88ea4"),
    ..Bug::past("M41B", "swap-in-loses-soft-dirty", SiteId::DoSwapPage, swap_in_loses_soft_dirty)
};

fn swap_fault_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let entry = packed.decode(call.pte);
        if entry.is_swap() { packed.swap_in(call) } else { non_swap_fault(call.pte, entry) }
    })
}

fn swap_in_loses_soft_dirty(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    let [flags, prot, _] = call.p;
    let written = any(flags, ds_write()) && any(flags, ds_reuse());
    amended(packed, call, |_, right| {
        let lost = when(any(right.outcome, dsf_swap_free()) && !written, soft_dirty() & !prot);
        Answer { pte: right.pte & !lost, ..right }
    })
}
