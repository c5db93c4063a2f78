//! mm/khugepaged.c: looking for page tables that can become one huge page.

use super::answered;
use super::pte::{Mapped, Model, Pte};
use crate::site::{Answer, Budgets, params};

// `enum scan_result`, v5.10.
const SCAN_SUCCEED: u64 = 1;
const SCAN_EXCEED_NONE_PTE: u64 = 3;
const SCAN_EXCEED_SWAP_PTE: u64 = 4;
const SCAN_EXCEED_SHARED_PTE: u64 = 5;
const SCAN_PTE_UFFD_WP: u64 = 7;
const SCAN_PAGE_RO: u64 = 8;
const SCAN_LACK_REFERENCED_PAGE: u64 = 9;
const SCAN_PAGE_NULL: u64 = 10;
const SCAN_ABORT: u64 = 11;
const SCAN_PAGE_COUNT: u64 = 12;
const SCAN_PAGE_LRU: u64 = 13;
const SCAN_PAGE_LOCK: u64 = 14;
const SCAN_PAGE_ANON: u64 = 15;
/// Outcome of a pte that does not stop the scan.
const CONTINUE: u64 = 100;
/// `HPAGE_PMD_NR / 2`: so many referenced ptes make up for any number of swapped ones.
const HALF_A_HUGE_PAGE: u32 = 256;

/// What a scan has counted so far: `khugepaged_scan_pmd()`'s local variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) unmapped: u32,
    pub(super) none_or_zero: u32,
    pub(super) shared: u32,
    pub(super) referenced: u32,
    /// A `bool` in the kernel; a count here, so that each pte's part can be told.
    pub(super) writable: u32,
}

impl Counters {
    /// Which counters rose since `before`, in the bits of the site's auxiliary word.
    pub(super) fn risen_since(&self, before: &Counters) -> u64 {
        (self.writable > before.writable) as u64
            | ((self.referenced > before.referenced) as u64) << 1
            | ((self.none_or_zero > before.none_or_zero) as u64) << 2
            | ((self.unmapped > before.unmapped) as u64) << 3
    }

    /// The result of a scan that nothing stopped.
    pub(super) fn verdict(&self) -> u64 {
        if self.writable == 0 {
            SCAN_PAGE_RO
        } else if self.referenced == 0 || self.unmapped > 0 && self.referenced < HALF_A_HUGE_PAGE {
            SCAN_LACK_REFERENCED_PAGE
        } else {
            SCAN_SUCCEED
        }
    }
}

/// `khugepaged_scan_pmd()` for one pte with fresh counters, v5.10 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com).
pub(super) fn khugepaged_scan_pmd(model: &Model, raw: u64, p: &params::KhugeScan) -> Answer {
    let budgets = Budgets { swap: p.max_swap1.into(), none: p.max_none1.into(), shared: p.max_shared1.into() };
    let mut counters = Counters::default();
    let outcome = scan_pte(model, raw, p, &budgets, &mut counters).err().unwrap_or(CONTINUE);
    answered(raw, outcome, counters.risen_since(&Counters::default()))
}

/// One turn of the scan's loop; an error is the result that stops it.
///
/// The patch looks for the special pte before a swap pte is counted. A swap pte with the uffd-wp flag is looked at after the budget.
pub(super) fn scan_pte(
    model: &Model,
    raw: u64,
    p: &params::KhugeScan,
    budgets: &Budgets,
    counters: &mut Counters,
) -> Result<(), u64> {
    match model.read(raw) {
        Pte::Special => Err(SCAN_PTE_UFFD_WP),
        Pte::Swap(held) => {
            counters.unmapped += 1;
            stop_if(counters.unmapped > budgets.swap, SCAN_EXCEED_SWAP_PTE)?;
            stop_if(held.uffd_wp, SCAN_PTE_UFFD_WP)
        }
        Pte::Present(mapped) if mapped.pfn != model.layout().zero_pfn => scan_present(&mapped, p, budgets, counters),
        Pte::None(_) | Pte::Present(_) => {
            // Armed is tested first: then nothing is counted.
            stop_if(p.uffd_armed, SCAN_EXCEED_NONE_PTE)?;
            counters.none_or_zero += 1;
            stop_if(counters.none_or_zero > budgets.none, SCAN_EXCEED_NONE_PTE)
        }
    }
}

/// The tests of a present pte and its page, in the kernel's order.
fn scan_present(mapped: &Mapped, p: &params::KhugeScan, budgets: &Budgets, counters: &mut Counters) -> Result<(), u64> {
    stop_if(mapped.uffd_wp, SCAN_PTE_UFFD_WP)?;
    counters.writable += mapped.write as u32;
    stop_if(!mapped.has_normal_page(), SCAN_PAGE_NULL)?;
    counters.shared += p.mapcount2 as u32;
    stop_if(p.mapcount2 && counters.shared > budgets.shared, SCAN_EXCEED_SHARED_PTE)?;
    stop_if(p.scan_abort, SCAN_ABORT)?;
    stop_if(p.not_lru, SCAN_PAGE_LRU)?;
    stop_if(p.locked, SCAN_PAGE_LOCK)?;
    stop_if(p.not_anon, SCAN_PAGE_ANON)?;
    stop_if(p.bad_ref, SCAN_PAGE_COUNT)?;
    counters.referenced += (mapped.young || p.pg_referenced) as u32;
    Ok(())
}

/// The scan stops with `result` where `condition` holds.
fn stop_if(condition: bool, result: u64) -> Result<(), u64> {
    if condition { Err(result) } else { Ok(()) }
}

/// `__collapse_huge_page_swapin()` for one pte, v5.10 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com). Outcome 1: `do_swap_page()` is called.
///
/// It is called for migration and hwpoison entries too; the patch keeps the special pte away from it.
pub(super) fn collapse_huge_page_swapin(model: &Model, raw: u64) -> Answer {
    answered(raw, model.has_swap_entry(raw).into(), 0)
}
