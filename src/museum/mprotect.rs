//! Bugs of change_pte_range() in mm/mprotect.c: protection changes, by mprotect and by userfaultfd.

use super::{Bug, on_special};
use crate::packed::{Packed, Watch};
use crate::site::{Answer, Call, SiteId};

pub(super) const H11: Bug = Bug {
    mistake: "change_pte_range() treats the special pte as an entry whose uffd-wp flag can be cleared",
    harm: "lifting the protection of a range turns each special pte into none and counts a page: the mark is lost by accident",
    ..Bug::hunk("H11", "mprotect-changes-special", SiteId::ChangeProt, change_prot_decodes)
};

fn change_prot_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| packed.change_entry(call.pte, call.p[0]))
}
