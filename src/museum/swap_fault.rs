//! Bugs of do_swap_page() in mm/memory.c.

use super::{Bug, on_special};
use crate::packed::swap_fault::non_swap_fault;
use crate::packed::{Packed, Watch};
use crate::site::{Answer, Call, SiteId};

pub(super) const H09: Bug = Bug {
    mistake: "do_swap_page() does not bail out on the special pte and reads a page in",
    harm: "a fault on a write-protected page that was dropped swaps in from offset 2^50-1 of area 0: out of memory, or an oops without that area",
    ..Bug::hunk("H09", "swap-fault-decodes-special", SiteId::DoSwapPage, swap_fault_decodes)
};

fn swap_fault_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let entry = packed.decode(call.pte);
        if entry.is_swap() { packed.swap_in(call) } else { non_swap_fault(call.pte, entry) }
    })
}
