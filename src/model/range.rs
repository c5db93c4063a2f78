//! Range calls: a site over consecutive entries, with the counters of the function that the loop stands in.

use super::Model;
use super::events::{
    CLEAR, FORCE_FLUSH, RMAP_DEL, RSS_PAGE, RSS_SWAP, SRC_STORE, STORE, SWAP_BAD, SWAP_DUP, SWAP_FREE,
};
use super::khugepaged::{Counters, scan_pte};
use crate::site::{Answer, Call, RangeAnswer, RangeCall, SiteId, TOTALS, params};

/// Fork's outcome code for `-ENOMEM`.
const ENOMEM: u64 = 1;
/// `PAGE_SIZE`.
const PAGE_SIZE: u64 = 4096;

impl Model {
    /// What the kernel answers to a range call: [`RangeCall`] and [`crate::site::totals_names`] say what that is.
    ///
    /// A site without a range form gets the answers of its single calls and no totals.
    pub fn range(&self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) {
        self.range_seen(call, answer, |_, _| {});
    }

    /// [`Model::range`], with every entry's own answer shown to `seen` on the way; entries behind a stop, and those of khugepaged's scan, are not.
    pub(crate) fn range_seen(
        &self,
        call: &RangeCall<'_>,
        answer: &mut RangeAnswer<'_>,
        seen: impl FnMut(usize, &Answer),
    ) {
        match call.site {
            SiteId::KhugeScan => self.scan_range(call, answer),
            SiteId::Fork | SiteId::ForkRfc02 | SiteId::ForkRfc17 => self.fork_range(call, answer, seen),
            _ => self.plain_range(call, answer, seen),
        }
    }

    /// A loop that nothing stops.
    fn plain_range(&self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>, mut seen: impl FnMut(usize, &Answer)) {
        let mut totals = [0; TOTALS];
        for (i, (raw, p)) in call.ptes.iter().zip(call.params).enumerate() {
            let one = self.answer(&Call { site: call.site, pte: *raw, p: *p });
            self.count(call.site, *raw, &one, &mut totals);
            put(answer, i, one.pte, one.aux);
            seen(i, &one);
        }
        *answer.totals = totals;
    }

    /// `copy_pte_range()`: stops behind the entry that got `-ENOMEM`.
    fn fork_range(&self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>, mut seen: impl FnMut(usize, &Answer)) {
        let mut totals = [0; TOTALS];
        let mut failed = None;
        for (i, (raw, p)) in call.ptes.iter().zip(call.params).enumerate() {
            if failed.is_some() {
                put(answer, i, 0, *raw);
                continue;
            }
            let one = self.answer(&Call { site: call.site, pte: *raw, p: *p });
            self.count(call.site, *raw, &one, &mut totals);
            put(answer, i, one.pte, one.aux);
            seen(i, &one);
            failed = (one.outcome & ENOMEM != 0).then_some(i);
        }
        totals[5] = failed.is_some().into();
        totals[6] = failed.unwrap_or(call.ptes.len()) as u64;
        *answer.totals = totals;
    }

    /// `khugepaged_scan_pmd()`, v5.10 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com): the scan of a page table with live counters.
    ///
    /// An entry's auxiliary word says which counters that entry raised.
    fn scan_range(&self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) {
        let mut counters = Counters::default();
        let mut stop = None;
        for (i, (raw, p)) in call.ptes.iter().zip(call.params).enumerate() {
            if stop.is_some() {
                put(answer, i, *raw, 0);
                continue;
            }
            let before = counters;
            let turn = scan_pte(self, *raw, &params::KhugeScan::read(p), &call.budgets, &mut counters);
            put(answer, i, *raw, counters.risen_since(&before));
            stop = turn.err().map(|result| (result, i));
        }
        let (result, index) = stop.unwrap_or((counters.verdict(), call.ptes.len()));
        let Counters { unmapped, none_or_zero, shared, referenced, writable } = counters;
        let [unmapped, none_or_zero, shared, referenced] = [unmapped, none_or_zero, shared, referenced].map(u64::from);
        let writable = (writable > 0) as u64;
        *answer.totals = [result, index as u64, unmapped, none_or_zero, shared, referenced, writable, 0];
    }

    /// Adds one entry's answer to the totals of its site.
    fn count(&self, site: SiteId, raw: u64, one: &Answer, totals: &mut [u64; TOTALS]) {
        let outcome = |bit: u64| (one.outcome & bit != 0) as u64;
        let aux = |bit: u32| one.aux >> bit & 1;
        let add: [u64; TOTALS] = match site {
            SiteId::ChangeProt => [outcome(1), outcome(2), 0, 0, 0, 0, 0, 0],
            SiteId::MoveSoftDirty => [!self.is_none(raw) as u64, 0, 0, 0, 0, 0, 0, 0],
            SiteId::ClearSoftDirty => [outcome(1), 0, 0, 0, 0, 0, 0, 0],
            SiteId::Pagemap => [aux(63), aux(62), aux(55), 0, 0, 0, 0, 0],
            SiteId::Smaps => {
                [outcome(1), outcome(2) * PAGE_SIZE, one.aux, outcome(8), outcome(0x10), outcome(0x20), 0, 0]
            }
            SiteId::Fork | SiteId::ForkRfc02 | SiteId::ForkRfc17 => {
                [RSS_PAGE, RSS_SWAP, SWAP_DUP, STORE, SRC_STORE, 0, 0, 0].map(outcome)
            }
            SiteId::Zap => [RSS_PAGE, RSS_SWAP, SWAP_FREE, SWAP_BAD, RMAP_DEL, CLEAR, 0, 0].map(outcome),
            _ => [0; TOTALS],
        };
        for (total, add) in totals.iter_mut().zip(add) {
            *total = total.wrapping_add(add);
        }
        match site {
            SiteId::MoveSoftDirty if self.is_present(raw) => totals[1] = 1,
            SiteId::Zap if one.outcome & FORCE_FLUSH != 0 => totals[6] = 1,
            _ => {}
        }
    }
}

/// Puts one entry's result in its place, if the caller's slices have one.
fn put(answer: &mut RangeAnswer<'_>, index: usize, pte: u64, aux: u64) {
    if let Some(place) = answer.ptes.get_mut(index) {
        *place = pte;
    }
    if let Some(place) = answer.aux.get_mut(index) {
        *place = aux;
    }
}
