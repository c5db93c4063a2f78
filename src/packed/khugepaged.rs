//! mm/khugepaged.c: the scan of `khugepaged_scan_pmd()`, pte by pte, and `__collapse_huge_page_swapin()` (v5.10 with
//! RFC 06/30 and 07/30).

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Budgets, Call, Use};

/// The counters of one scan, which a range keeps over all its entries.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scan {
    pub(crate) unmapped: u32,
    pub(crate) none_or_zero: u32,
    pub(crate) shared: u32,
    pub(crate) referenced: u32,
    pub(crate) writable: bool,
}

/// What one pte did to a scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// `scan_continue()`, or the reason to stop.
    pub(crate) result: u64,
    /// Which counters it touched, as the auxiliary word has them.
    pub(crate) touched: u64,
}

impl Scan {
    /// Counts one more against a budget; whether the budget holds.
    #[inline(always)]
    fn within(counter: &mut u32, budget: u32) -> bool {
        *counter = counter.wrapping_add(1);
        *counter <= budget
    }
}

impl<O: Observer> Packed<O> {
    /// One pte of `khugepaged_scan_pmd()`, v5.10 with RFC 07/30, with counters at 0 and the budgets of the parameters.
    #[inline]
    pub fn khuge_scan(&mut self, call: &Call) -> Answer {
        let flags = call.p[0];
        let budgets = Budgets {
            swap: any(flags, ks_max_swap1()) as u32,
            none: any(flags, ks_max_none1()) as u32,
            shared: any(flags, ks_max_shared1()) as u32,
        };
        let step = self.scan_step(call.pte, flags, &budgets, &mut Scan::default());
        plain(call.pte, step.result, step.touched)
    }

    /// One pte of a scan that keeps its counters. The special pte ends it before anything is counted.
    #[inline]
    pub(crate) fn scan_step(&mut self, pte: u64, flags: u64, budgets: &Budgets, scan: &mut Scan) -> Step {
        if present(pte) {
            self.present_flag(pte);
            if maps_zero_page(pte) {
                scan_none(flags, budgets, scan)
            } else {
                self.scan_present(pte, flags, budgets, scan)
            }
        } else if none(pte) {
            scan_none(flags, budgets, scan)
        } else if self.masks.is_special(pte) {
            Step { result: scan_uffd_wp(), touched: 0 }
        } else {
            self.scan_swap(pte, budgets, scan)
        }
    }

    /// A pte that holds an entry: first the budget, then its write protection.
    #[inline]
    pub(crate) fn scan_swap(&mut self, pte: u64, budgets: &Budgets, scan: &mut Scan) -> Step {
        let touched = scan_aux_unmapped();
        if !Scan::within(&mut scan.unmapped, budgets.swap) {
            return Step { result: scan_exceed_swap(), touched };
        }
        self.swap_flag(pte);
        let result = if any(pte, self.masks.swp_wp) { scan_uffd_wp() } else { scan_continue() };
        Step { result, touched }
    }

    /// A present pte that does not map the zero page.
    #[inline]
    pub(crate) fn scan_present(&mut self, pte: u64, flags: u64, budgets: &Budgets, scan: &mut Scan) -> Step {
        if any(pte, self.masks.wp) {
            return Step { result: scan_uffd_wp(), touched: 0 };
        }
        let mut touched = carry(pte, write(), scan_aux_writable());
        scan.writable |= any(pte, write());
        if !has_page(pte) {
            return Step { result: scan_page_null(), touched };
        }
        if any(flags, ks_mapcount2()) && !Scan::within(&mut scan.shared, budgets.shared) {
            return Step { result: scan_exceed_shared(), touched };
        }
        let result = scan_page(flags);
        if result == scan_continue() && (any(pte, accessed()) | any(flags, ks_pg_referenced())) {
            scan.referenced = scan.referenced.wrapping_add(1);
            touched |= scan_aux_referenced();
        }
        Step { result, touched }
    }

    /// One pte of `__collapse_huge_page_swapin()`, v5.10 with RFC 07/30.
    #[inline]
    pub fn khuge_swapin(&mut self, call: &Call) -> Answer {
        let called = self.masks.has_entry(call.pte);
        if called {
            self.used(Use::SwapFault, call.pte);
        }
        plain(call.pte, when(called, swapin_called()), 0)
    }
}

/// None or the zero page: counted, unless userfaultfd is armed, which ends the scan at once.
#[inline]
pub(crate) fn scan_none(flags: u64, budgets: &Budgets, scan: &mut Scan) -> Step {
    if any(flags, ks_uffd_armed()) {
        return Step { result: scan_exceed_none(), touched: 0 };
    }
    let within = Scan::within(&mut scan.none_or_zero, budgets.none);
    Step { result: if within { scan_continue() } else { scan_exceed_none() }, touched: scan_aux_none() }
}

/// The tests of the page itself, in the kernel's order.
#[inline]
pub(crate) fn scan_page(flags: u64) -> u64 {
    match flags {
        _ if any(flags, ks_scan_abort()) => scan_abort(),
        _ if any(flags, ks_not_lru()) => scan_page_lru(),
        _ if any(flags, ks_locked()) => scan_page_lock(),
        _ if any(flags, ks_not_anon()) => scan_page_anon(),
        _ if any(flags, ks_bad_ref()) => scan_page_count(),
        _ => scan_continue(),
    }
}
