//! The judgement on one answer: what is wrong with it, if anything is, as a signature.

use super::divergence::{RangeWitness, Witness};
use super::laws::{Case, Laws};
use super::parts::{AuxKind, aux_kind, outcome_part, reduce, reduce_ptes};
use super::{Divergence, Fault, Place, Signature};
use crate::model::Model;
use crate::pte::{Class, Special};
use crate::site::{
    Answer, Call, Failure, RangeAnswer, RangeCall, SITE_COUNT, SITES, Site, SiteId, TOTALS, Use, Uses, outcome_parts,
    store_bits,
};

/// The expected uses and the laws of one environment, and the model that classifies.
#[derive(Debug)]
pub(super) struct Judge {
    pub model: Model,
    laws: Laws,
    allowed: Box<[[Uses; Class::COUNT]; SITE_COUNT]>,
    /// Whether entries that collide with another state in their encoding are reported (else the caller must not make them).
    pub report_collisions: bool,
}

impl Judge {
    pub fn new(model: Model) -> Judge {
        let mut allowed = Box::new([[Uses::NONE; Class::COUNT]; SITE_COUNT]);
        for (site, row) in SITES.iter().zip(allowed.iter_mut()) {
            for class in Class::ALL {
                row[class as usize] = site.allowed_uses(class);
            }
            let special = &mut row[Class::Special as usize];
            *special = special.and(shifted_uses(&model, site));
        }
        Judge { laws: Laws::new(model.environment()), model, allowed, report_collisions: false }
    }

    /// The signature of what is wrong with an answer, if anything is.
    #[inline]
    pub fn compare(&self, call: &Call, class: Class, right: &Answer, wrong: &Answer) -> Option<Signature> {
        if self.agrees(call, class, right, wrong) {
            return self.compare_beyond(call, class, right);
        }
        self.difference(call, class, right, wrong, self.unexpected(call, class, right, wrong))
    }

    /// Whether an answer is the right one and makes no use that is not expected. Laws and collisions are not asked.
    #[inline]
    pub fn agrees(&self, call: &Call, class: Class, right: &Answer, wrong: &Answer) -> bool {
        let same = right.pte == wrong.pte && right.outcome == wrong.outcome && right.aux == wrong.aux;
        same && self.unexpected(call, class, right, wrong).is_empty()
    }

    /// Whether [`Judge::agrees`] holds of all answers to calls of one site on ptes of one class, with no branch in the loop.
    #[inline]
    pub fn all_agree(&self, site: SiteId, class: Class, right: &[Answer], wrong: &[Answer]) -> bool {
        let allowed = self.allowed[site as usize][class as usize].0 & !ANY_STORE;
        let storing = store_bits(site);
        let differs = right.iter().zip(wrong).fold(0, |differs, (right, wrong)| {
            let stores = if right.outcome & storing != 0 { ANY_STORE } else { 0 };
            let used = wrong.uses.0 & !(allowed | stores);
            differs | right.pte ^ wrong.pte | right.outcome ^ wrong.outcome | right.aux ^ wrong.aux | used
        });
        differs == 0
    }

    /// The uses that an answer made beyond the expected ones.
    #[inline]
    fn unexpected(&self, call: &Call, class: Class, right: &Answer, wrong: &Answer) -> Uses {
        let allowed = self.allowed[call.site as usize][class as usize];
        let stores = if right.outcome & store_bits(call.site) != 0 { ANY_STORE } else { 0 };
        Uses(wrong.uses.0 & !(allowed.0 & !ANY_STORE | stores))
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
    fn difference(&self, call: &Call, class: Class, right: &Answer, wrong: &Answer, used: Uses) -> Option<Signature> {
        let place = Place::Site(call.site);
        Some(if let Some(failure) = wrong.failure() {
            failed(place, failure)
        } else if right.pte != wrong.pte {
            self.pte_difference(place, Fault::Pte, right.pte, wrong.pte)
        } else if right.outcome != wrong.outcome {
            let parts = outcome_parts(call.row()).map(outcome_part);
            signature(place, Fault::Outcome, None, reduce(parts, right.outcome, wrong.outcome))
        } else if right.aux != wrong.aux {
            self.aux_difference(place, call.site, right.aux, wrong.aux)
        } else if used.0 & !ANY_STORE == 0 && store_bits(call.site) == 0 && right.pte != call.pte {
            // The outcome of this site does not speak of stores: where the pte changes, one must have been made.
            return self.compare_beyond(call, class, right);
        } else {
            signature(place, Fault::Use, None, (0, used.0))
        })
    }

    pub fn pte_difference(&self, place: Place, fault: Fault, right: u64, wrong: u64) -> Signature {
        let classes = (self.model.class(right), self.model.class(wrong));
        signature(place, fault, Some(named(classes)), reduce_ptes((right, classes.0), (wrong, classes.1)))
    }

    pub fn aux_difference(&self, place: Place, site: SiteId, right: u64, wrong: u64) -> Signature {
        match aux_kind(site) {
            AuxKind::Pte => self.pte_difference(place, Fault::Aux, right, wrong),
            AuxKind::Parts(parts) => signature(place, Fault::Aux, None, reduce(parts.iter().copied(), right, wrong)),
        }
    }

    /// A divergence of one call.
    #[cold]
    pub fn divergence(
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

    /// What is wrong with the answer to a range: the first entry that differs, or else the first aggregate.
    #[inline]
    pub fn compare_range(&self, call: &RangeCall<'_>, right: Answered<'_>, wrong: Answered<'_>) -> Option<Divergence> {
        if right == wrong { None } else { Some(self.range_difference(call, right, wrong)) }
    }

    #[cold]
    fn range_difference(&self, call: &RangeCall<'_>, right: Answered<'_>, wrong: Answered<'_>) -> Divergence {
        let n = call.ptes.len();
        let place = Place::Range(call.site);
        let index = (0..n).find(|&i| right.entry(i) != wrong.entry(i));
        let signature = match index {
            Some(i) if right.ptes[i] != wrong.ptes[i] => {
                self.pte_difference(place, Fault::Pte, right.ptes[i], wrong.ptes[i])
            }
            Some(i) => self.aux_difference(place, call.site, right.aux[i], wrong.aux[i]),
            None => {
                let total = (0..TOTALS).find(|&t| right.totals[t] != wrong.totals[t]).unwrap_or(0);
                signature(place, Fault::Total(total as u8), None, (0, 0))
            }
        };
        let pair = |answered: Answered<'_>| index.map_or((0, 0), |i| answered.entry(i));
        Divergence {
            signature,
            environment: self.model.environment(),
            before: index.map_or(Class::None, |i| self.model.class(call.ptes[i])),
            witness: Witness::Range(Box::new(RangeWitness {
                calls: (0..n).map(|i| Call { site: call.site, pte: call.ptes[i], p: call.params[i] }).collect(),
                budgets: call.budgets,
                index,
                right: pair(right),
                wrong: pair(wrong),
                right_totals: *right.totals,
                wrong_totals: *wrong.totals,
            })),
        }
    }
}

/// The answer to a range call, to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answered<'a> {
    pub ptes: &'a [u64],
    pub aux: &'a [u64],
    pub totals: &'a [u64; TOTALS],
}

impl Answered<'_> {
    /// Pte and auxiliary word of one entry.
    fn entry(&self, i: usize) -> (u64, u64) {
        (self.ptes[i], self.aux[i])
    }
}

impl<'a> From<&'a RangeAnswer<'_>> for Answered<'a> {
    fn from(answer: &'a RangeAnswer<'_>) -> Answered<'a> {
        Answered { ptes: answer.ptes, aux: answer.aux, totals: answer.totals }
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

/// The signature of no answer at all.
pub(super) fn failed(place: Place, failure: Failure) -> Signature {
    signature(place, Fault::Failed(failure), None, (0, 0))
}

pub(super) fn signature(
    place: Place,
    fault: Fault,
    classes: Option<(Class, Class)>,
    (right, wrong): (u64, u64),
) -> Signature {
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
