//! Sites over a slice of a page table: packed's own loops, with their counters and their ways to stop. Where a site
//! has a pass (`passes`), that answers, and the loop here is for functions put in the site's place.

use super::entry::*;
use super::khugepaged::{Scan, Step};
use super::masks::*;
use super::{Observer, Packed};
use crate::site::{Answer, Budgets, Call, RangeAnswer, RangeCall, SiteId, TOTALS};

impl<O: Observer> Packed<O> {
    /// Answers a range call; false if the site has no range form, and then nothing was written.
    ///
    /// Sites that have a pass (`passes`) are answered by it. Uses are left with the observer, which forgot earlier ones at
    /// the start; a pass makes none.
    pub fn range(&mut self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
        self.observer.take();
        if self.pass(call, answer) {
            return true;
        }
        match call.site {
            SiteId::Smaps => self.each(call, answer, Self::smaps, count_smaps),
            SiteId::Zap => self.each(call, answer, Self::zap, count_zap),
            SiteId::KhugeScan => self.scan_range(call, answer),
            SiteId::Fork => self.fork_range(call, answer, Self::fork),
            SiteId::ForkRfc02 => self.fork_range(call, answer, Self::fork_rfc02),
            SiteId::ForkRfc17 => self.fork_range(call, answer, Self::fork_rfc17),
            _ => return false,
        }
        true
    }

    /// As [`Packed::range`], with `site` in the place of the function that stands here for the range's site.
    ///
    /// False also for khugepaged's scan, which is more than its entries: its counters span them.
    pub fn range_with(
        &mut self,
        call: &RangeCall<'_>,
        answer: &mut RangeAnswer<'_>,
        site: impl Fn(&mut Self, &Call) -> Answer,
    ) -> bool {
        self.observer.take();
        match call.site {
            SiteId::ChangeProt => self.each(call, answer, site, count_change_prot),
            SiteId::MoveSoftDirty => self.each(call, answer, site, count_moved),
            SiteId::ClearSoftDirty => self.each(call, answer, site, count_cleared),
            SiteId::Pagemap => self.each(call, answer, site, count_pagemap),
            SiteId::Smaps => self.each(call, answer, site, count_smaps),
            SiteId::Zap => self.each(call, answer, site, count_zap),
            SiteId::Fork | SiteId::ForkRfc02 | SiteId::ForkRfc17 => self.fork_range(call, answer, site),
            _ => return false,
        }
        true
    }

    /// A loop that nothing stops: `site` answers each entry, `count` adds its answer to the totals.
    #[inline]
    pub(crate) fn each(
        &mut self,
        call: &RangeCall<'_>,
        answer: &mut RangeAnswer<'_>,
        site: impl Fn(&mut Self, &Call) -> Answer,
        count: impl Fn(&mut [u64; TOTALS], u64, &Answer),
    ) {
        *answer.totals = [0; TOTALS];
        let entries = call.ptes.iter().zip(call.params);
        let slots = answer.ptes.iter_mut().zip(answer.aux.iter_mut());
        for ((pte, p), (slot, aux)) in entries.zip(slots) {
            let one = site(self, &Call { site: call.site, pte: *pte, p: *p });
            (*slot, *aux) = (one.pte, one.aux);
            count(answer.totals, *pte, &one);
        }
    }

    /// `copy_pte_range()`: stops behind the entry that fails. Behind it the child has nothing and the parent what it
    /// had.
    #[inline]
    pub(crate) fn fork_range(
        &mut self,
        call: &RangeCall<'_>,
        answer: &mut RangeAnswer<'_>,
        site: impl Fn(&mut Self, &Call) -> Answer,
    ) {
        *answer.totals = [0; TOTALS];
        let mut failed_at = None;
        let entries = call.ptes.iter().zip(call.params).enumerate();
        let slots = answer.ptes.iter_mut().zip(answer.aux.iter_mut());
        for ((i, (pte, p)), (child, parent)) in entries.zip(slots) {
            if failed_at.is_some() {
                (*child, *parent) = (0, *pte);
                continue;
            }
            let one = site(self, &Call { site: call.site, pte: *pte, p: *p });
            (*child, *parent) = (one.pte, one.aux);
            count_fork(answer.totals, one.outcome);
            failed_at = any(one.outcome, ev_nomem()).then_some(i);
        }
        answer.totals[5] = failed_at.is_some() as u64;
        answer.totals[6] = failed_at.unwrap_or(call.ptes.len()) as u64;
    }

    /// `khugepaged_scan_pmd()`, v5.10 with RFC 07/30: one set of counters for all entries, live budgets, and the
    /// first abort ends it.
    pub(crate) fn scan_range(&mut self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) {
        self.scan_each(call, answer, Self::scan_step)
    }

    /// The loop of that scan; `take` does what one pte, with its flags and the budgets, does to the counters.
    #[inline]
    pub(crate) fn scan_each(
        &mut self,
        call: &RangeCall<'_>,
        answer: &mut RangeAnswer<'_>,
        take: impl Fn(&mut Self, u64, u64, &Budgets, &mut Scan) -> Step,
    ) {
        let mut scan = Scan::default();
        let mut stop = None;
        let entries = call.ptes.iter().zip(call.params).enumerate();
        let slots = answer.ptes.iter_mut().zip(answer.aux.iter_mut());
        for ((i, (pte, p)), (slot, aux)) in entries.zip(slots) {
            *slot = *pte;
            if stop.is_none() {
                let step = take(self, *pte, p[0], &call.budgets, &mut scan);
                *aux = step.touched;
                stop = (step.result != scan_continue()).then_some((step.result, i));
            }
        }
        *answer.totals = [0; TOTALS];
        let (result, index) = stop.unwrap_or((scan_verdict(&scan), call.ptes.len()));
        let Scan { unmapped, none_or_zero, shared, referenced, writable } = scan;
        let counters = [unmapped, none_or_zero, shared, referenced, writable as u32].map(u64::from);
        answer.totals[..2].copy_from_slice(&[result, index as u64]);
        answer.totals[2..7].copy_from_slice(&counters);
    }
}

/// The result of a scan that nothing aborted.
fn scan_verdict(scan: &Scan) -> u64 {
    let few = scan.unmapped != 0 && u64::from(scan.referenced) < scan_half();
    if !scan.writable {
        scan_page_ro()
    } else if scan.referenced == 0 || few {
        scan_lack_referenced()
    } else {
        scan_succeed()
    }
}

/// `pages`, `stores`.
fn count_change_prot(totals: &mut [u64; TOTALS], _pte: u64, answer: &Answer) {
    totals[0] += any(answer.outcome, cpo_page()) as u64;
    totals[1] += any(answer.outcome, cpo_store()) as u64;
}

/// `moved`, and `force_flush` as a flag.
fn count_moved(totals: &mut [u64; TOTALS], pte: u64, _answer: &Answer) {
    totals[0] += !none(pte) as u64;
    totals[1] |= present(pte) as u64;
}

/// `stores`.
fn count_cleared(totals: &mut [u64; TOTALS], _pte: u64, answer: &Answer) {
    totals[0] += any(answer.outcome, cso_store()) as u64;
}

/// `present`, `swap`, `soft_dirty`.
fn count_pagemap(totals: &mut [u64; TOTALS], _pte: u64, answer: &Answer) {
    totals[0] += any(answer.aux, pagemap_present()) as u64;
    totals[1] += any(answer.aux, pagemap_swap()) as u64;
    totals[2] += any(answer.aux, pagemap_soft_dirty()) as u64;
}

/// `resident`, `swap`, `swap_pss`, `young`, `dirty`, `xa_loads`.
fn count_smaps(totals: &mut [u64; TOTALS], _pte: u64, answer: &Answer) {
    let outcome = answer.outcome;
    totals[0] += any(outcome, smo_resident()) as u64;
    totals[1] = totals[1].wrapping_add(when(any(outcome, smo_swap()), page_bytes()));
    totals[2] = totals[2].wrapping_add(answer.aux);
    totals[3] += any(outcome, smo_young()) as u64;
    totals[4] += any(outcome, smo_dirty()) as u64;
    totals[5] += any(outcome, smo_xa_loaded()) as u64;
}

/// `rss_page`, `rss_swap`, `swap_dup`, `stores`, `src_stores`.
fn count_fork(totals: &mut [u64; TOTALS], outcome: u64) {
    let events = [ev_rss_page(), ev_rss_swap(), ev_swap_dup(), ev_store(), ev_src_store()];
    for (total, event) in totals.iter_mut().zip(events) {
        *total += any(outcome, event) as u64;
    }
}

/// `rss_page`, `rss_swap`, `swap_free`, `swap_bad`, `rmap_del`, `cleared`, and `force_flush` as a flag.
fn count_zap(totals: &mut [u64; TOTALS], _pte: u64, answer: &Answer) {
    let events = [ev_rss_page(), ev_rss_swap(), ev_swap_free(), ev_swap_bad(), ev_rmap_del(), ev_clear()];
    for (total, event) in totals.iter_mut().zip(events) {
        *total += any(answer.outcome, event) as u64;
    }
    totals[6] |= any(answer.outcome, ev_force_flush()) as u64;
}
