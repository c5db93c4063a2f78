//! Bugs of the reverse map's walk over ptes, mm/page_vma_mapped.c.

use super::{Bug, Source, amended, on_special};
use crate::packed::entry::{any, when};
use crate::packed::masks::*;
use crate::packed::rmap::Frames;
use crate::packed::{Packed, Watch, plain};
use crate::site::{Answer, Call, SiteId};

pub(super) const H13: Bug = Bug {
    mistake: "map_pte() decodes the special pte to see whether it is a device page",
    harm: "none on x86_64, where it decodes to a swap slot by luck; elsewhere the walk stops at a pte that maps nothing",
    ..Bug::hunk("H13", "map-pte-decodes-special", SiteId::Pvmw, map_pte_decodes)
};

pub(super) const H14: Bug = Bug {
    mistake: "check_pte() decodes the special pte when it looks for migration entries",
    harm: "none on x86_64, where it decodes to no migration entry by luck; elsewhere a page is restored where none was",
    ..Bug::hunk("H14", "check-pte-migration-decodes-special", SiteId::Pvmw, check_pte_migration_decodes)
};

pub(super) const H15: Bug = Bug {
    mistake: "check_pte() decodes the special pte when it looks for device pages",
    harm: "none on x86_64, where it decodes to no device entry by luck; elsewhere a page is unmapped where it is not mapped",
    ..Bug::hunk("H15", "check-pte-device-decodes-special", SiteId::Pvmw, check_pte_device_decodes)
};

pub(super) const M53: Bug = Bug {
    mistake: "map_pte() passes present ptes only, and a page on a device has none",
    harm: "the reverse map does not find a device page: it is not migrated back, and the CPU faults on it for ever",
    fixed: "v4.20: \"mm/rmap: map_pte() was not handling private ZONE_DEVICE page properly\"",
    source: Source::Message("the patch of that name, version 3, by Jerome Glisse, 19 October 2018"),
    ..Bug::past("M53", "map-pte-skips-device", SiteId::Pvmw, map_pte_skips_device)
};

fn map_pte_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let (pte, flags) = (call.pte, call.p[0]);
        let decodes = !any(flags, pv_sync() | pv_migration());
        let map = if decodes { packed.decode(pte).is_device() } else { packed.map_pte(pte, flags) };
        let check = packed.check_pte(pte, flags, frames(call));
        walked(call, map, check)
    })
}

fn check_pte_migration_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let map = packed.map_pte(call.pte, call.p[0]);
        let check = any(call.p[0], pv_migration()) && {
            let entry = packed.decode(call.pte);
            entry.is_migration() && frames(call).has(entry.offset)
        };
        walked(call, map, check)
    })
}

fn check_pte_device_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let map = packed.map_pte(call.pte, call.p[0]);
        let check = !any(call.p[0], pv_migration()) && {
            let entry = packed.decode(call.pte);
            entry.is_device() && frames(call).has(entry.offset)
        };
        walked(call, map, check)
    })
}

/// The frames that a walk looks for.
fn frames(call: &Call) -> Frames {
    let count = if any(call.p[0], pv_hugetlb()) { 1 } else { call.p[2].max(1) };
    Frames { first: call.p[1], count }
}

/// What a walk says: whether the pte passed `map_pte()`, and `check_pte()`.
fn walked(call: &Call, map: bool, check: bool) -> Answer {
    plain(call.pte, when(map, pvo_map()) | when(check, pvo_check()), 0)
}

fn map_pte_skips_device(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    let skips = packed.masks.has_entry(call.pte) && !any(call.p[0], pv_sync() | pv_migration());
    amended(packed, call, |_, right| Answer { outcome: right.outcome & !when(skips, pvo_map()), ..right })
}
