//! The comparison itself: batches of calls, ranges and classifications.

use super::divergence::{RangeWitness, Witness};
use super::laws::{Case, Laws};
use super::parts::{AuxKind, aux_kind, outcome_part, reduce, reduce_ptes};
use super::{Divergence, Fault, Place, Signature, Subject};
use crate::model::Model;
use crate::pte::{Class, Classification, Special};
use crate::site::{
    Answer, Call, RANGE_MAX, RangeAnswer, RangeCall, SITE_COUNT, SITES, Site, SiteId, TOTALS, Use, Uses, outcome_parts,
    store_bits,
};
use crate::world::{RangeRecord, Trace};

/// Calls that are answered at a time: small enough that calls and both answers stay in the first-level cache.
pub const BATCH: usize = 64;

/// What was checked so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Site calls and range entries by class of the pte before, in ABI order.
    pub classes: [u64; Class::COUNT],
    /// Calls, those on none included.
    pub calls: u64,
    /// Calls that changed and reported nothing.
    pub noops: u64,
    /// Range calls.
    pub ranges: u64,
    /// Ptes classified.
    pub classified: u64,
}

impl Tally {
    const fn new() -> Tally {
        Tally { classes: [0; Class::COUNT], calls: 0, noops: 0, ranges: 0, classified: 0 }
    }

    /// Site calls: every call and range entry whose pte is not none.
    pub fn site_calls(&self) -> u64 {
        self.classes.iter().sum::<u64>() - self.classes[Class::None as usize]
    }

    /// The share of calls that changed and reported nothing, from 0 to 1.
    pub fn noop_share(&self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.noops as f64 / self.calls as f64 }
    }
}

/// The reference, the expected uses and the laws of one environment.
///
/// `R` is the reference: the model, but for tests of the laws, in which reference and subject are wrong alike.
#[derive(Debug)]
pub struct Lockstep<R = Model> {
    model: Model,
    reference: R,
    laws: Laws,
    allowed: Box<[[Uses; Class::COUNT]; SITE_COUNT]>,
    tally: Tally,
    /// Whether entries that collide with another state in their encoding are reported (else the caller must not make them).
    report_collisions: bool,
    right: [Answer; BATCH],
    wrong: [Answer; BATCH],
    range: Box<RangeBuffers>,
}

#[derive(Debug)]
struct RangeBuffers {
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
        let mut allowed = Box::new([[Uses::NONE; Class::COUNT]; SITE_COUNT]);
        for (site, row) in SITES.iter().zip(allowed.iter_mut()) {
            for class in Class::ALL {
                row[class as usize] = site.allowed_uses(class);
            }
            let special = &mut row[Class::Special as usize];
            *special = special.and(shifted_uses(&model, site));
        }
        Lockstep {
            laws: Laws::new(model.environment()),
            model,
            reference,
            allowed,
            tally: Tally::new(),
            report_collisions: false,
            right: [Answer::default(); BATCH],
            wrong: [Answer::default(); BATCH],
            range: Box::new(RangeBuffers { right: [[0; RANGE_MAX]; 2], wrong: [[0; RANGE_MAX]; 2] }),
        }
    }

    /// Reports calls whose parameters name an entry that cannot be told from another state once it is encoded.
    #[must_use]
    pub fn reporting_collisions(mut self, yes: bool) -> Lockstep<R> {
        self.report_collisions = yes;
        self
    }

    /// The model that classifies.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What was checked so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
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
        for batch in calls.chunks(BATCH) {
            let (right, wrong) = (&mut self.right[..batch.len()], &mut self.wrong[..batch.len()]);
            self.reference.answer(batch, right);
            subject.answer(batch, wrong);
            let answers = self.right.into_iter().zip(self.wrong);
            for (call, (right, wrong)) in batch.iter().zip(answers) {
                let class = self.model.class(call.pte);
                seen(call, class, &right);
                self.tally.classes[class as usize] += 1;
                self.tally.calls += 1;
                self.tally.noops += is_noop(call, &right) as u64;
                if let Some(signature) = self.compare(call, class, &right, &wrong) {
                    report(self.call_divergence(signature, call, class, &right, &wrong));
                }
            }
        }
    }

    /// Asks the subject the calls and ranges of a trace, whose right answers are in it, and hands each divergence to `report` with the index of
    /// the operation that made the call.
    pub fn trace<S: Subject + ?Sized>(
        &mut self,
        subject: &mut S,
        trace: &Trace,
        mut seen: impl FnMut(&Call, Class, &Answer),
        report: &mut dyn FnMut(u16, Divergence),
    ) {
        let sites = subject.sites();
        let mut at = 0;
        for (batch, right) in trace.calls.chunks(BATCH).zip(trace.answers.chunks(BATCH)) {
            let mut wrong = self.wrong;
            subject.answer(batch, &mut wrong[..batch.len()]);
            for i in 0..batch.len() {
                let (call, right, wrong) = (&batch[i], &right[i], &wrong[i]);
                let class = self.model.class(call.pte);
                seen(call, class, right);
                self.tally.classes[class as usize] += 1;
                self.tally.calls += 1;
                self.tally.noops += is_noop(call, right) as u64;
                if sites.contains(call.site)
                    && let Some(signature) = self.compare(call, class, right, wrong)
                {
                    report(trace.op_of_call[at + i], self.call_divergence(signature, call, class, right, wrong));
                }
            }
            at += batch.len();
        }
        for record in &trace.ranges {
            self.trace_range(subject, trace, record, &mut |divergence| report(record.op, divergence));
        }
    }

    fn call_divergence(
        &self,
        signature: Signature,
        call: &Call,
        before: Class,
        right: &Answer,
        wrong: &Answer,
    ) -> Divergence {
        let witness = Witness::Call { call: *call, right: *right, wrong: *wrong };
        Divergence { signature, environment: self.model.environment(), before, witness }
    }

    /// A range of a trace. A subject without ranges is asked its entries one by one, but for khugepaged's scan, whose budgets span them.
    fn trace_range<S: Subject + ?Sized>(
        &mut self,
        subject: &mut S,
        trace: &Trace,
        record: &RangeRecord,
        report: &mut dyn FnMut(Divergence),
    ) {
        let call = trace.range(record);
        let n = record.len;
        let entries = record.start..record.start + n;
        let RangeBuffers { right, wrong } = &mut *self.range;
        right[0][..n].copy_from_slice(&trace.right_ptes[entries.clone()]);
        right[1][..n].copy_from_slice(&trace.right_aux[entries]);
        let mut totals = [record.totals, [0; TOTALS]];
        wrong.iter_mut().for_each(|words| words[..n].fill(0));
        let (ptes, aux) = wrong.split_at_mut(1);
        let mut answer = RangeAnswer { ptes: &mut ptes[0][..n], aux: &mut aux[0][..n], totals: &mut totals[1] };
        if !subject.sites().contains(record.site) {
            return;
        }
        if subject.range(&call, &mut answer) {
            self.tally.ranges += 1;
            for pte in call.ptes {
                self.tally.classes[self.model.class(*pte) as usize] += 1;
            }
            if let Some(divergence) = self.compare_range(&call, totals) {
                report(divergence);
            }
        } else if record.site != SiteId::KhugeScan {
            let entries = call.ptes.iter().zip(call.params);
            let entries: Vec<Call> = entries.map(|(pte, p)| Call { site: record.site, pte: *pte, p: *p }).collect();
            self.calls(subject, &entries, |_, _, _| {}, report);
        }
    }

    /// The signature of what is wrong with an answer, if anything is.
    #[inline]
    pub fn compare(&self, call: &Call, class: Class, right: &Answer, wrong: &Answer) -> Option<Signature> {
        let allowed = self.allowed[call.site as usize][class as usize];
        let stores = if right.outcome & store_bits(call.site) != 0 { ANY_STORE } else { 0 };
        let used = wrong.uses.0 & !(allowed.0 & !ANY_STORE | stores);
        if right.pte == wrong.pte && right.outcome == wrong.outcome && right.aux == wrong.aux && used == 0 {
            return self.compare_beyond(call, class, right);
        }
        Some(self.difference(call, right, wrong, Uses(used)))
    }

    /// What only shows when both agree: a broken law, a collision.
    #[inline]
    fn compare_beyond(&self, call: &Call, class: Class, right: &Answer) -> Option<Signature> {
        let case = Case::new(self.model.environment(), call, class, right);
        if let Some(index) = self.laws.broken(&case) {
            return Some(signature(Place::Site(call.site), Fault::Law(index), None, (0, 0)));
        }
        if self.report_collisions
            && let Err(collision) = self.model.precondition(call)
        {
            let classes = Some((self.model.entry_class(collision.entry), collision.class));
            return Some(signature(Place::Site(call.site), Fault::Collision, classes, (0, 0)));
        }
        None
    }

    #[cold]
    fn difference(&self, call: &Call, right: &Answer, wrong: &Answer, used: Uses) -> Signature {
        let place = Place::Site(call.site);
        if let Some(failure) = wrong.failure() {
            return signature(place, Fault::Failed(failure), None, (0, 0));
        }
        if right.pte != wrong.pte {
            self.pte_difference(place, Fault::Pte, right.pte, wrong.pte)
        } else if right.outcome != wrong.outcome {
            let parts = outcome_parts(call.row()).map(outcome_part);
            signature(place, Fault::Outcome, None, reduce(parts, right.outcome, wrong.outcome))
        } else if right.aux != wrong.aux {
            self.aux_difference(place, call.site, right.aux, wrong.aux)
        } else {
            signature(place, Fault::Use, None, (0, used.0))
        }
    }

    fn pte_difference(&self, place: Place, fault: Fault, right: u64, wrong: u64) -> Signature {
        let classes = (self.model.class(right), self.model.class(wrong));
        signature(place, fault, Some(named(classes)), reduce_ptes((right, classes.0), (wrong, classes.1)))
    }

    fn aux_difference(&self, place: Place, site: SiteId, right: u64, wrong: u64) -> Signature {
        match aux_kind(site) {
            AuxKind::Pte => self.pte_difference(place, Fault::Aux, right, wrong),
            AuxKind::Parts(parts) => signature(place, Fault::Aux, None, reduce(parts.iter().copied(), right, wrong)),
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
        let RangeBuffers { right, wrong } = &mut *self.range;
        let mut totals = [[0; TOTALS]; 2];
        for words in right.iter_mut().chain(wrong.iter_mut()) {
            words[..n].fill(0);
        }
        let (ptes, aux) = wrong.split_at_mut(1);
        let mut answer = RangeAnswer { ptes: &mut ptes[0][..n], aux: &mut aux[0][..n], totals: &mut totals[1] };
        if !subject.range(&call, &mut answer) {
            return false;
        }
        let (ptes, aux) = right.split_at_mut(1);
        let mut answer = RangeAnswer { ptes: &mut ptes[0][..n], aux: &mut aux[0][..n], totals: &mut totals[0] };
        if !self.reference.range(&call, &mut answer) {
            return false;
        }
        self.tally.ranges += 1;
        for pte in call.ptes {
            self.tally.classes[self.model.class(*pte) as usize] += 1;
        }
        if let Some(divergence) = self.compare_range(&call, totals) {
            report(divergence);
        }
        true
    }

    fn compare_range(&self, call: &RangeCall<'_>, totals: [[u64; TOTALS]; 2]) -> Option<Divergence> {
        let n = call.ptes.len();
        let RangeBuffers { right, wrong } = &*self.range;
        let same = right[0][..n] == wrong[0][..n] && right[1][..n] == wrong[1][..n];
        if same && totals[0] == totals[1] {
            return None;
        }
        let place = Place::Range(call.site);
        let index = (0..n).find(|&i| right[0][i] != wrong[0][i] || right[1][i] != wrong[1][i]);
        let signature = match index {
            Some(i) if right[0][i] != wrong[0][i] => self.pte_difference(place, Fault::Pte, right[0][i], wrong[0][i]),
            Some(i) => self.aux_difference(place, call.site, right[1][i], wrong[1][i]),
            None => {
                let total = (0..TOTALS).find(|&t| totals[0][t] != totals[1][t]).unwrap_or(0);
                signature(place, Fault::Total(total as u8), None, (0, 0))
            }
        };
        let pair = |words: &[[u64; RANGE_MAX]; 2]| index.map_or((0, 0), |i| (words[0][i], words[1][i]));
        Some(Divergence {
            signature,
            environment: self.model.environment(),
            before: index.map_or(Class::None, |i| self.model.class(call.ptes[i])),
            witness: Witness::Range(Box::new(RangeWitness {
                calls: (0..n).map(|i| Call { site: call.site, pte: call.ptes[i], p: call.params[i] }).collect(),
                budgets: call.budgets,
                index,
                right: pair(right),
                wrong: pair(wrong),
                right_totals: totals[0],
                wrong_totals: totals[1],
            })),
        })
    }

    /// Asks both for everything that the predicates say of one pte. Columns that the kernel only asks of ptes with an entry are compared only there.
    pub fn classify<S: Subject + ?Sized>(&mut self, subject: &mut S, pte: u64, report: &mut dyn FnMut(Divergence)) {
        let Some(right) = self.reference.classify(pte) else { return };
        let (wrong, failure) = match subject.classify(pte) {
            Some(wrong) => (wrong, None),
            None => match subject.take_failure() {
                Some(failure) => (right, Some(signature(Place::Classify, Fault::Failed(failure), None, (0, 0)))),
                None => return,
            },
        };
        self.tally.classified += 1;
        if let Some(signature) = failure.or_else(|| compare_classes(&right, &wrong)) {
            report(Divergence {
                signature,
                environment: self.model.environment(),
                before: right.class,
                witness: Witness::Classify { pte, right: Box::new(right), wrong: Box::new(wrong) },
            });
        }
    }
}

/// The uses of the kind `Store`, of a pte of any class.
const ANY_STORE: u64 = {
    let mut bits = 0;
    let mut class = 0;
    while class < Class::COUNT {
        bits |= 1 << (class * 5 + Use::Store as usize);
        class += 1;
    }
    bits
};

/// What a caller that the patch missed may do to a shifted special value: it decodes it, and goes on as with what that gives. What the real value
/// gives stands in the record of the kernel's own functions, and is in the table.
fn shifted_uses(model: &Model, site: &Site) -> Uses {
    let decodes = Uses::one(Use::Decode, Class::Special).without(site.allowed_uses(Class::Special)).is_empty();
    let Some(special) = model.environment().special.filter(|s| *s != Special::X86.value() && decodes) else {
        return Uses::NONE;
    };
    let class = model.entry_class(model.decode(special));
    let allowed = site.allowed_uses(class);
    let of_class = allowed.0 >> (class as u32 * 5) & 0x1f;
    allowed.and(Uses(of_class << (Class::Special as u32 * 5)))
}

fn signature(place: Place, fault: Fault, classes: Option<(Class, Class)>, (right, wrong): (u64, u64)) -> Signature {
    Signature { place, fault, classes, right, wrong }
}

/// The classes that a signature keeps. Where both are the same they are not in its text, and one class stands for all that have the same parts,
/// so that two signatures never have one text.
fn named((right, wrong): (Class, Class)) -> (Class, Class) {
    match right {
        _ if right != wrong => (right, wrong),
        Class::Present | Class::ProtNone => (Class::Present, Class::Present),
        _ => (Class::Swap, Class::Swap),
    }
}

/// Whether a call changed and reported nothing.
fn is_noop(call: &Call, answer: &Answer) -> bool {
    answer.pte == call.pte && answer.outcome == 0 && (answer.aux == 0 || answer.aux == call.pte)
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
