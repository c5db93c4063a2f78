//! Bugs of mm/khugepaged.c: the scan of a page table, and the swap-in before a collapse.

use super::{Bug, Ranges, on_special};
use crate::packed::entry::any;
use crate::packed::khugepaged::{Scan, Step};
use crate::packed::masks::*;
use crate::packed::{Packed, Watch, plain};
use crate::site::{Answer, Budgets, Call, RangeAnswer, RangeCall, SiteId, Use};

pub(super) const H06: Bug = Bug {
    mistake: "__collapse_huge_page_swapin() calls do_swap_page() on the special pte",
    harm: "do_swap_page() warns, and swapped_in counts a page that never came; without its own bail-out, a swap-in of nothing",
    ..Bug::hunk("H06", "khugepaged-faults-special", SiteId::KhugeSwapin, swapin_faults)
};

pub(super) const H07: Bug = Bug {
    mistake: "khugepaged_scan_pmd() counts the special pte as swapped out before it recognises it",
    harm: "with max_ptes_swap entries before it the scan says SCAN_EXCEED_SWAP_PTE for SCAN_PTE_UFFD_WP; the tracepoint's count is one too high",
    ranges: Ranges::Whole(scan_range_counts),
    ..Bug::hunk("H07", "khugepaged-counts-special", SiteId::KhugeScan, scan_counts)
};

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

/// The whole scan: the special pte counts against the budget of swap ptes like any other.
fn scan_range_counts(packed: &mut Packed<Watch>, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
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
