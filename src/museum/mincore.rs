//! Bugs of mincore_pte_range() in mm/mincore.c.

use super::{Bug, Source};
use crate::packed::entry::Entry;
use crate::packed::masks::*;
use crate::packed::{Packed, Watch, plain};
use crate::site::{Answer, Call, SiteId};

pub(super) const M51: Bug = Bug {
    mistake: "mincore_swap() gives up on every entry where there is no swap, before it asks whether it is one that needs none",
    harm: "a kernel without swap warns, and says of a page under migration that it is not resident",
    fixed: "v7.1: \"mm/mincore: handle non-swap entries before !CONFIG_SWAP guard\"",
    source: Source::Commit("0c25b8734367574e21aeb8468c2e522713134da7"),
    cve: Some("CVE-2026-53333"),
    ..Bug::past("M51", "mincore-non-swap-not-resident", SiteId::Mincore, non_swap_is_not_resident)
};

pub(super) const R06: Bug = Bug {
    mistake: "mincore_pte_range() looks the special pte up in the swap cache",
    harm: "mincore() follows a pointer far outside the swap cache of area 0; a page in the page cache is not seen",
    ..Bug::missed("R06", "mincore-decodes-special", SiteId::MincoreV3, Packed::mincore)
};

fn non_swap_is_not_resident(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    if packed.masks.has_entry(call.pte) && !Entry::of(call.pte).is_swap() {
        packed.decode(call.pte);
        return plain(call.pte, ev_warn(), 0);
    }
    packed.dispatch(call)
}
