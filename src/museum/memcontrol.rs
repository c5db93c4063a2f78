//! Bugs of mm/memcontrol.c: what moves with a task to another memory cgroup.

use super::{Bug, on_special};
use crate::packed::masks::*;
use crate::packed::memcontrol::{mc_swap, mc_target};
use crate::packed::{Packed, Watch, plain};
use crate::site::{Answer, Call, SiteId};

pub(super) const H08: Bug = Bug {
    mistake: "get_mctgt_type() hands the special pte to mc_handle_swap_pte()",
    harm: "moving a task between cgroups looks page 2^50-1 up in the swap cache of area 0, far outside it: a wild pointer",
    ..Bug::hunk("H08", "memcg-decodes-special", SiteId::Mctgt, mctgt_decodes)
};

fn mctgt_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let (target, aux) = mc_target(mc_swap(packed.decode(call.pte), call.p[0]), call.p[0]);
        plain(call.pte, target | (mch_swap() << mch_shift()), aux)
    })
}
