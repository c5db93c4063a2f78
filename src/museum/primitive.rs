//! Bugs of the primitives in arch/x86/include/asm.

use super::{Bug, Source};
use crate::packed::entry::{any, when};
use crate::packed::masks::*;
use crate::packed::{Packed, Watch, plain};
use crate::site::{Answer, Call, SiteId};

pub(super) const M67: Bug = Bug {
    mistake: "__pte_needs_invert() takes a zeroed pte for one whose frame number is inverted",
    harm: "a cleared pte has frame number 2^40-1, and a protection change of it maps that frame",
    fixed: "v4.19 and the stable kernels of 2018: \"x86/speculation/l1tf: Exempt zeroed PTEs from inversion\"",
    source: Source::Message("Sean Christopherson, August 2018, in the series for CVE-2018-3620"),
    cve: Some("CVE-2018-3620"),
    raw_only: Some("the world changes the protection of ptes at their own sites, and never of none"),
    ..Bug::past("M67", "l1tf-inverts-none", SiteId::PteModify, modify_inverts_none)
};

/// `__pte_needs_invert()` without its exemption.
fn needs_invert(value: u64) -> bool {
    !any(value, present_hw())
}

fn modify_inverts_none(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    let keep = packed.masks.keep;
    let mixed = (call.pte & keep) | (call.p[0] & !keep);
    plain(mixed ^ when(needs_invert(call.pte) != needs_invert(mixed), pfn_field()), 0, 0)
}
