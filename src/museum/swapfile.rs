//! Bugs of swapoff, mm/swapfile.c.

use super::{Bug, Source, amended};
use crate::packed::entry::any;
use crate::packed::masks::*;
use crate::packed::{Packed, Watch, plain};
use crate::site::{Answer, Call, SiteId};

pub(super) const M24: Bug = Bug {
    mistake: "pte_same_as_swp() does not look past uffd-wp",
    harm: "a write-protected page that is swapped out never matches: swapoff goes round for ever",
    fixed: "v5.13: \"mm/swap: fix pte_same_as_swp() not removing uffd-wp bit when compare\"",
    source: Source::Commit("099dd6878b9b12d6bbfa6bf29ce0c8ddd38f6901"),
    ..Bug::past("M24", "swapoff-skips-uffd-wp", SiteId::UnuseV3, compares_uffd_wp)
};

pub(super) const M25: Bug = Bug {
    mistake: "maybe_same_pte() does not look past soft-dirty",
    harm: "a written page that is swapped out never matches: swapoff -a hangs",
    fixed: "v4.3: both sides are compared without soft-dirty, in every configuration",
    source: Source::Message("\"swapoff vs soft-dirty\" by Martin Schwidefsky, 17 September 2015"),
    ..Bug::past("M25", "swapoff-skips-soft-dirty", SiteId::Unuse, compares_soft_dirty)
};

pub(super) const R07: Bug = Bug {
    mistake: "unuse_pte_range() takes the special pte for a slot of area 0",
    harm: "swapoff of area 0 reads its swap_map at index 2^50-1: an oops, or swapoff fails",
    ..Bug::missed("R07", "swapoff-takes-special", SiteId::UnuseV3, Packed::unuse)
};

fn compares_uffd_wp(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    let [flags, prot, page] = call.p;
    packed.dispatch(&Call { p: [flags & !un_sameswp_fixed(), prot, page], ..*call })
}

fn compares_soft_dirty(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    amended(packed, call, |_, right| {
        let differs = any(call.pte, swp_soft_dirty()) && any(right.outcome, ev_store());
        if differs { Answer { uses: right.uses, ..plain(call.pte, ev_put_page(), 0) } } else { right }
    })
}
