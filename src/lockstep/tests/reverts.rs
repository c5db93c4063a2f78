//! The hunks of RFC 07/30 taken back one at a time, and the caller that it missed: each is one site that treats the special pte as the code
//! before the patch does, which asks `is_swap_pte()` and decodes what passes.

use super::support::WrongSite;
use crate::packed::entry::*;
use crate::packed::khugepaged::{Scan, Step};
use crate::packed::masks::*;
use crate::packed::memcontrol::{mc_swap, mc_target};
use crate::packed::rmap::Frames;
use crate::packed::swap_fault::non_swap_fault;
use crate::packed::{Packed, Watch, plain};
use crate::site::{Answer, Budgets, Call, RangeAnswer, RangeCall, SiteId, Use};

/// One hunk taken back.
#[derive(Clone, Copy)]
pub(super) struct HunkRevert {
    /// Its number in the list of hunks.
    pub(super) id: &'static str,
    /// Its name.
    pub(super) slug: &'static str,
    /// The site that it makes wrong.
    pub(super) site: SiteId,
    /// What that site does then.
    pub(super) wrong: WrongSite,
}

const fn revert(id: &'static str, slug: &'static str, site: SiteId, wrong: WrongSite) -> HunkRevert {
    HunkRevert { id, slug, site, wrong }
}

/// The hunks in the order of the patch, then hmm, which the review of the patch asked for.
pub(super) const HUNK_REVERTS: [HunkRevert; 16] = [
    revert("H01", "smaps-decodes-special", SiteId::Smaps, smaps_decodes),
    revert("H02", "smaps-special-not-looked-up", SiteId::Smaps, smaps_passes_over),
    revert("H03", "smaps-hugetlb-decodes-special", SiteId::SmapsHugetlb, smaps_hugetlb_decodes),
    revert("H04", "clear-refs-stores-special", SiteId::ClearSoftDirty, clear_soft_dirty_stores),
    revert("H05", "pagemap-decodes-special", SiteId::Pagemap, pagemap_decodes),
    revert("H06", "khugepaged-faults-special", SiteId::KhugeSwapin, swapin_faults),
    revert("H07", "khugepaged-counts-special", SiteId::KhugeScan, scan_counts),
    revert("H08", "memcg-decodes-special", SiteId::Mctgt, mctgt_decodes),
    revert("H09", "swap-fault-decodes-special", SiteId::DoSwapPage, swap_fault_decodes),
    revert("H10", "migration-wait-decodes-special", SiteId::MigrationWait, migration_wait_decodes),
    revert("H11", "mprotect-changes-special", SiteId::ChangeProt, change_prot_decodes),
    revert("H12", "mremap-marks-special", SiteId::MoveSoftDirty, move_soft_dirty_marks),
    revert("H13", "map-pte-decodes-special", SiteId::Pvmw, map_pte_decodes),
    revert("H14", "check-pte-migration-decodes-special", SiteId::Pvmw, check_pte_migration_decodes),
    revert("H15", "check-pte-device-decodes-special", SiteId::Pvmw, check_pte_device_decodes),
    revert("R01", "hmm-decodes-special", SiteId::HmmV3, Packed::<Watch>::hmm_rfc),
];

/// `wrong` for the special pte, the site's own function for every other.
fn on_special(packed: &mut Packed<Watch>, call: &Call, wrong: WrongSite) -> Answer {
    if packed.masks.is_special_swap(call.pte) { wrong(packed, call) } else { packed.dispatch(call) }
}

fn smaps_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| packed.smaps_entry(call.pte, call.p[1]))
}

fn smaps_passes_over(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |_, call| plain(call.pte, 0, 0))
}

fn smaps_hugetlb_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let entry = packed.decode(call.pte);
        if !entry.is_migration() && !entry.is_device() {
            return plain(call.pte, 0, 0);
        }
        let shared = any(call.p[0], sh_mapcount2());
        plain(call.pte, if shared { sho_shared() } else { sho_private() }, entry.offset)
    })
}

fn clear_soft_dirty_stores(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        packed.swap_flag(call.pte);
        packed.used(Use::Store, call.pte);
        plain(call.pte & !swp_soft_dirty(), cso_store(), 0)
    })
}

fn pagemap_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let (pte, flags) = (call.pte, call.p[0]);
        packed.swap_flag(pte);
        let entry = packed.decode(pte);
        let page = entry.is_migration() || entry.is_device();
        let frame = entry.kind | (entry.offset << pagemap_type_bits());
        let word = pagemap_swap()
            | carry(pte, swp_soft_dirty(), pagemap_soft_dirty())
            | carry(flags, pm_vm_softdirty(), pagemap_soft_dirty())
            | when(any(flags, pm_show_pfn()), frame & pagemap_frame())
            | when(page && !any(flags, pm_pg_anon()), pagemap_file())
            | when(page && any(flags, pm_mapcount1()), pagemap_exclusive());
        plain(pte, 0, word)
    })
}

fn swapin_faults(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        packed.used(Use::SwapFault, call.pte);
        plain(call.pte, swapin_called(), 0)
    })
}

fn scan_counts(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let budgets = Budgets { swap: any(call.p[0], ks_max_swap1()) as u32, ..Budgets::default() };
        let step = packed.scan_swap(call.pte, &budgets, &mut Scan::default());
        plain(call.pte, step.result, step.touched)
    })
}

/// The whole scan with H07: the special pte counts against the budget of swap ptes like any other.
pub(super) fn scan_range_counts(
    packed: &mut Packed<Watch>,
    call: &RangeCall<'_>,
    answer: &mut RangeAnswer<'_>,
) -> bool {
    packed.scan_each(call, answer, scan_step_counts);
    true
}

fn scan_step_counts(packed: &mut Packed<Watch>, pte: u64, flags: u64, budgets: &Budgets, scan: &mut Scan) -> Step {
    if packed.masks.is_special_swap(pte) {
        packed.scan_swap(pte, budgets, scan)
    } else {
        packed.scan_step(pte, flags, budgets, scan)
    }
}

fn mctgt_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let (target, aux) = mc_target(mc_swap(packed.decode(call.pte), call.p[0]), call.p[0]);
        plain(call.pte, target | (mch_swap() << mch_shift()), aux)
    })
}

fn swap_fault_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let entry = packed.decode(call.pte);
        if entry.is_swap() { packed.swap_in(call) } else { non_swap_fault(call.pte, entry) }
    })
}

fn migration_wait_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let entry = packed.decode(call.pte);
        if !entry.is_migration() {
            return plain(call.pte, 0, 0);
        }
        plain(call.pte, if any(call.p[0], mw_ref_ok()) { mwo_waits() } else { mwo_no_ref() }, entry.offset)
    })
}

fn change_prot_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| packed.change_entry(call.pte, call.p[0]))
}

fn move_soft_dirty_marks(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        packed.swap_flag(call.pte);
        plain(call.pte | swp_soft_dirty(), 0, 0)
    })
}

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
