//! The comparison itself: batches of calls, ranges and classifications.

use super::divergence::Witness;
use super::judge::{Answered, Judge, failed, signature};
use super::{Divergence, Fault, Place, Signature, Subject};
use crate::model::Model;
use crate::pte::{Class, Classification};
use crate::site::{Answer, Call, RANGE_MAX, RangeAnswer, RangeCall, SiteId, TOTALS};
use crate::world::{RangeRecord, Trace};

/// Calls that are answered at a time: small enough that calls and both answers stay in the first-level cache.
pub const BATCH: usize = 64;

/// What stands in the ptes of a range's answer before it is given: no pte that a site leaves. Auxiliary words start as 0.
const UNANSWERED: u64 = !0;

/// What was checked so far.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// Site calls and range entries by class of the pte before, in ABI order.
    pub classes: [u64; Class::COUNT],
    /// Site calls that changed and reported nothing.
    pub noops: u64,
    /// Range calls.
    pub ranges: u64,
    /// Ptes classified.
    pub classified: u64,
}

impl Tally {
    /// Adds what another job checked.
    pub fn merge(&mut self, other: &Tally) {
        for (ours, theirs) in self.classes.iter_mut().zip(other.classes) {
            *ours += theirs;
        }
        self.noops += other.noops;
        self.ranges += other.ranges;
        self.classified += other.classified;
    }

    /// Site calls: every call and range entry whose pte is not none.
    pub fn site_calls(&self) -> u64 {
        self.classes.iter().sum::<u64>() - self.classes[Class::None as usize]
    }

    /// The share of site calls that changed and reported nothing, from 0 to 1.
    pub fn noop_share(&self) -> f64 {
        self.noops as f64 / self.site_calls().max(1) as f64
    }

    /// Counts one call and the right answer to it. It is a no-op if the pte stays and nothing else is said.
    #[inline]
    fn count(&mut self, pte: u64, class: Class, right: &Answer) {
        self.classes[class as usize] += 1;
        let noop = right.pte == pte && right.outcome == 0 && (right.aux == 0 || right.aux == pte);
        self.noops += (noop && class != Class::None) as u64;
    }
}

/// The reference, the expected uses and the laws of one environment.
///
/// `R` is the reference: the model, but for tests of the laws, in which reference and subject are wrong alike.
#[derive(Debug)]
pub struct Lockstep<R = Model> {
    judge: Judge,
    reference: R,
    tally: Tally,
    right: [Answer; BATCH],
    wrong: [Answer; BATCH],
    range: Box<RangeBuffers>,
}

#[derive(Debug)]
struct RangeBuffers {
    totals: [u64; TOTALS],
    right: [[u64; RANGE_MAX]; 2],
    wrong: [[u64; RANGE_MAX]; 2],
}

impl Lockstep<Model> {
    /// Lockstep against the reference model of an environment.
    pub fn new(model: Model) -> Lockstep<Model> {
        Lockstep::with_reference(model.clone(), model)
    }
}

impl<R: Subject> Lockstep<R> {
    /// Lockstep against any reference; `model` still classifies.
    pub fn with_reference(model: Model, reference: R) -> Lockstep<R> {
        Lockstep {
            judge: Judge::new(model),
            reference,
            tally: Tally::default(),
            right: [Answer::default(); BATCH],
            wrong: [Answer::default(); BATCH],
            range: Box::new(RangeBuffers {
                totals: [0; TOTALS],
                right: [[0; RANGE_MAX]; 2],
                wrong: [[0; RANGE_MAX]; 2],
            }),
        }
    }

    /// Reports calls whose parameters name an entry that cannot be told from another state once it is encoded.
    #[must_use]
    pub fn reporting_collisions(mut self, yes: bool) -> Lockstep<R> {
        self.judge.report_collisions = yes;
        self
    }

    /// The model that classifies.
    pub fn model(&self) -> &Model {
        &self.judge.model
    }

    /// The right aggregates of the last range that was compared.
    pub fn totals(&self) -> &[u64; TOTALS] {
        &self.range.totals
    }

    /// What was checked so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The signature of what is wrong with an answer, if anything is.
    #[inline]
    pub fn compare(&self, call: &Call, class: Class, right: &Answer, wrong: &Answer) -> Option<Signature> {
        self.judge.compare(call, class, right, wrong)
    }

    /// Whether all answers to calls of one site on ptes of one class are right and make no use that is not expected; laws and collisions are not
    /// asked. This is what the exhaustive walk asks of each batch.
    #[inline]
    pub fn all_agree(&self, site: SiteId, class: Class, right: &[Answer], wrong: &[Answer]) -> bool {
        self.judge.all_agree(site, class, right, wrong)
    }

    /// The divergence of one answer, unless it is right and makes no use that is not expected.
    pub fn disagreement(&self, call: &Call, class: Class, right: &Answer, wrong: &Answer) -> Option<Divergence> {
        if self.judge.agrees(call, class, right, wrong) {
            return None;
        }
        let signature = self.judge.compare(call, class, right, wrong)?;
        Some(self.judge.divergence(signature, call, class, right, wrong))
    }

    /// Asks both the same calls and hands each divergence to `report`. Calls must be in their sites' domains and of sites that the subject has.
    ///
    /// `seen` is told of every call with the class of its pte and the right answer: coverage hangs there.
    pub fn calls<S: Subject + ?Sized>(
        &mut self,
        subject: &mut S,
        calls: &[Call],
        mut seen: impl FnMut(&Call, Class, &Answer),
        report: &mut dyn FnMut(Divergence),
    ) {
        let Lockstep { judge, reference, tally, right, wrong, .. } = self;
        for batch in calls.chunks(BATCH) {
            let (right, wrong) = (&mut right[..batch.len()], &mut wrong[..batch.len()]);
            reference.answer(batch, right);
            subject.answer(batch, wrong);
            for ((call, right), wrong) in batch.iter().zip(&*right).zip(&*wrong) {
                let class = judge.model.class(call.pte);
                seen(call, class, right);
                tally.count(call.pte, class, right);
                if let Some(signature) = judge.compare(call, class, right, wrong) {
                    report(judge.divergence(signature, call, class, right, wrong));
                }
            }
        }
    }

    /// Answers at most [`BATCH`] calls rightly, counts them and hands them on.
    pub(super) fn answer_right(&mut self, calls: &[Call], each: &mut dyn FnMut(&Call, Class, &Answer)) {
        let Lockstep { judge, reference, tally, right, .. } = self;
        let right = &mut right[..calls.len()];
        reference.answer(calls, right);
        for (call, right) in calls.iter().zip(&*right) {
            let class = judge.model.class(call.pte);
            tally.count(call.pte, class, right);
            each(call, class, right);
        }
    }

    /// Counts a call and the right answer to it, and gives the class of its pte.
    pub(super) fn count_right(&mut self, call: &Call, right: &Answer) -> Class {
        let class = self.judge.model.class(call.pte);
        self.tally.count(call.pte, class, right);
        class
    }

    /// The divergence of an answer, if it is one.
    pub(super) fn judged(&self, call: &Call, right: &Answer, wrong: &Answer) -> Option<Divergence> {
        let class = self.judge.model.class(call.pte);
        let signature = self.judge.compare(call, class, right, wrong)?;
        Some(self.judge.divergence(signature, call, class, right, wrong))
    }

    /// Asks the subject the calls and ranges of a trace, whose right answers are in it, and hands each divergence to `report` with the index of
    /// the operation that made the call. `seen` is told of every call and of every entry of a range that was asked.
    pub fn trace<S: Subject + ?Sized>(
        &mut self,
        subject: &mut S,
        trace: &Trace,
        mut seen: impl FnMut(&Call, Class, &Answer),
        report: &mut dyn FnMut(u16, Divergence),
    ) {
        let sites = subject.sites();
        let Lockstep { judge, tally, wrong, .. } = self;
        let batches = trace.calls.chunks(BATCH).zip(trace.answers.chunks(BATCH)).zip(trace.op_of_call.chunks(BATCH));
        for ((batch, right), ops) in batches {
            let wrong = &mut wrong[..batch.len()];
            subject.answer(batch, wrong);
            for (((call, right), wrong), op) in batch.iter().zip(right).zip(&*wrong).zip(ops) {
                let class = judge.model.class(call.pte);
                seen(call, class, right);
                tally.count(call.pte, class, right);
                if sites.contains(call.site)
                    && let Some(signature) = judge.compare(call, class, right, wrong)
                {
                    report(*op, judge.divergence(signature, call, class, right, wrong));
                }
            }
        }
        for record in trace.ranges.iter().filter(|record| sites.contains(record.site)) {
            self.trace_range(subject, trace, record, &mut seen, &mut |divergence| report(record.op, divergence));
        }
    }

    /// A range of a trace. A subject without ranges is asked its entries one by one, but for khugepaged's scan, whose budgets span them.
    fn trace_range<S: Subject + ?Sized>(
        &mut self,
        subject: &mut S,
        trace: &Trace,
        record: &RangeRecord,
        seen: &mut impl FnMut(&Call, Class, &Answer),
        report: &mut dyn FnMut(Divergence),
    ) {
        let call = trace.range(record);
        let entries = record.start..record.start + record.len;
        let [ptes, aux] = &mut self.range.wrong;
        let (ptes, aux) = (&mut ptes[..record.len], &mut aux[..record.len]);
        // An entry that the subject leaves out must not look answered by what was here before.
        ptes.fill(UNANSWERED);
        aux.fill(0);
        let mut totals = [0; TOTALS];
        let mut answer = RangeAnswer { ptes, aux, totals: &mut totals };
        if subject.range(&call, &mut answer) {
            self.tally.ranges += 1;
            for i in entries.clone() {
                let (entry, right) = (trace.entry(record, i), trace.right_entry(i));
                let class = self.judge.model.class(entry.pte);
                if i < entries.start + record.asked {
                    seen(&entry, class, &right);
                }
                self.tally.count(entry.pte, class, &right);
            }
            let right = Answered {
                ptes: &trace.right_ptes[entries.clone()],
                aux: &trace.right_aux[entries],
                totals: &record.totals,
            };
            if let Some(divergence) = self.judge.compare_range(&call, right, Answered { ptes, aux, totals: &totals }) {
                report(divergence);
            }
        } else if record.site != SiteId::KhugeScan {
            let entries: Vec<Call> = entries.map(|i| trace.entry(record, i)).collect();
            self.calls(subject, &entries, &mut *seen, report);
        }
    }

    /// Asks both the same range and reports the first entry that differs, or else the first aggregate. Nothing is compared where one of
    /// them has no range form of that site.
    pub fn range<S: Subject + ?Sized>(
        &mut self,
        subject: &mut S,
        call: &RangeCall<'_>,
        report: &mut dyn FnMut(Divergence),
    ) -> bool {
        let n = call.ptes.len().min(call.params.len()).min(RANGE_MAX);
        let call = RangeCall { ptes: &call.ptes[..n], params: &call.params[..n], ..*call };
        let RangeBuffers { right: [right_ptes, right_aux], wrong: [wrong_ptes, wrong_aux], .. } = &mut *self.range;
        let mut totals = [[0; TOTALS]; 2];
        for (ptes, aux) in [(&mut *right_ptes, &mut *right_aux), (&mut *wrong_ptes, &mut *wrong_aux)] {
            ptes[..n].fill(UNANSWERED);
            aux[..n].fill(0);
        }
        let [right_totals, wrong_totals] = &mut totals;
        let mut wrong = RangeAnswer { ptes: &mut wrong_ptes[..n], aux: &mut wrong_aux[..n], totals: wrong_totals };
        let mut right = RangeAnswer { ptes: &mut right_ptes[..n], aux: &mut right_aux[..n], totals: right_totals };
        if !subject.range(&call, &mut wrong) || !self.reference.range(&call, &mut right) {
            return false;
        }
        self.tally.ranges += 1;
        for pte in call.ptes {
            self.tally.classes[self.judge.model.class(*pte) as usize] += 1;
        }
        if let Some(divergence) = self.judge.compare_range(&call, Answered::from(&right), Answered::from(&wrong)) {
            report(divergence);
        }
        self.range.totals = totals[0];
        true
    }

    /// Asks both for everything that the predicates say of one pte. Columns that the kernel only asks of ptes with an entry are compared only there.
    pub fn classify<S: Subject + ?Sized>(&mut self, subject: &mut S, pte: u64, report: &mut dyn FnMut(Divergence)) {
        let Some(right) = self.reference.classify(pte) else { return };
        let (wrong, failure) = match subject.classify(pte) {
            Some(wrong) => (wrong, None),
            None => match subject.take_failure() {
                Some(failure) => (right, Some(failed(Place::Classify, failure))),
                None => return,
            },
        };
        self.tally.classified += 1;
        if let Some(signature) = failure.or_else(|| compare_classes(&right, &wrong)) {
            report(Divergence {
                signature,
                environment: self.judge.model.environment(),
                before: right.class,
                witness: Witness::Classify { pte, right: Box::new(right), wrong: Box::new(wrong) },
            });
        }
    }
}

/// Columns of [`Classification::COLUMNS`] that mean something only where the pte holds an entry.
const ENTRY_COLUMNS: std::ops::Range<usize> = 6..13;

pub(super) fn compare_classes(right: &Classification, wrong: &Classification) -> Option<Signature> {
    if right == wrong {
        return None;
    }
    let (r, w) = (right.values(), wrong.values());
    let asked = |column: usize| {
        right.has_swap_entry || !(ENTRY_COLUMNS.contains(&column) || Classification::COLUMNS[column] == "swp_offset")
    };
    if right.class != wrong.class {
        return Some(signature(Place::Classify, Fault::Predicate(255), Some((right.class, wrong.class)), (0, 0)));
    }
    let column = (0..r.len()).find(|&c| asked(c) && r[c] != w[c])?;
    let number = matches!(Classification::COLUMNS[column], "swp_type" | "swp_offset" | "pfn");
    let values = if number { (1, 1) } else { (r[column], w[column]) };
    Some(signature(Place::Classify, Fault::Predicate(column as u8), None, values))
}
