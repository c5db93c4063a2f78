//! Bugs of the fault handlers in mm/memory.c.

use super::{Bug, Source};
use crate::packed::masks::*;
use crate::packed::{Packed, Watch};
use crate::site::{Answer, Call, SiteId};

pub(super) const M72B: Bug = Bug {
    mistake: "do_numa_page() makes the pte present again without the write bit that it had",
    harm: "each hinting fault on a written page is followed by a fault for the write: slow, on machines with several nodes",
    fixed: "v4.1: \"mm: numa: preserve PTE write permissions across a NUMA hinting fault\", its hunk of mm/memory.c",
    source: Source::Commit("b191f9b106ea"),
    ..Bug::past("M72B", "numa-fault-loses-write", SiteId::NumaPage, numa_fault_loses_write)
};

fn numa_fault_loses_write(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    let answer = packed.dispatch(&Call { pte: call.pte & !write(), ..*call });
    // A fault that finds the pte changed leaves it.
    if answer.outcome == 0 { packed.dispatch(call) } else { answer }
}
