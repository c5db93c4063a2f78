//! One divergence: its signature and what is needed to show and to repeat it.

use super::{Fault, Place, Signature};
use crate::program::{RawProgram, Record};
use crate::pte::{Class, Classification, Environment};
use crate::site::{Answer, Budgets, Call, SiteId, TOTALS};
use crate::world::Lost;

/// One difference between what must be and what the subject did.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// What it means.
    pub signature: Signature,
    /// The environment that it was seen in.
    pub environment: Environment,
    /// The class of the pte before.
    pub before: Class,
    /// The call and both answers.
    pub witness: Witness,
}

/// What was asked, and the two answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Witness {
    /// A site call.
    Call {
        /// The call.
        call: Call,
        /// The model's answer.
        right: Answer,
        /// The subject's.
        wrong: Answer,
    },
    /// A question to the predicates.
    Classify {
        /// The pte.
        pte: u64,
        /// The model's answer.
        right: Box<Classification>,
        /// The subject's.
        wrong: Box<Classification>,
    },
    /// A range call.
    Range(Box<RangeWitness>),
    /// The end of a world program, where something counted was lost.
    Lost(Lost),
}

/// A range call and its two answers, with the first entry that differs if one does.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeWitness {
    /// The entries as calls of the range's site.
    pub calls: Vec<Call>,
    /// khugepaged's budgets.
    pub budgets: Budgets,
    /// The first entry that differs; none if an aggregate does.
    pub index: Option<usize>,
    /// Pte and auxiliary word of that entry by the model.
    pub right: (u64, u64),
    /// Pte and auxiliary word of that entry by the subject.
    pub wrong: (u64, u64),
    /// The model's aggregates.
    pub right_totals: [u64; TOTALS],
    /// The subject's.
    pub wrong_totals: [u64; TOTALS],
}

impl Divergence {
    /// A broken conservation law.
    pub fn lost(environment: Environment, lost: Lost) -> Divergence {
        let (right, wrong) = ((lost.there > lost.counted) as u64, (lost.counted > lost.there) as u64);
        let fault = Fault::Conservation(lost.law);
        let signature = Signature { place: Place::Program, fault, classes: None, right, wrong };
        Divergence { signature, environment, before: Class::None, witness: Witness::Lost(lost) }
    }

    /// The raw program that shows it again: one record, since sites are pure; none for what only a whole program shows.
    pub fn to_raw(&self) -> RawProgram {
        let record = match &self.witness {
            Witness::Call { call, .. } => Record::Call(*call),
            Witness::Classify { pte, .. } => Record::Classify(*pte),
            Witness::Range(range) => Record::Range {
                site: self.signature.site().unwrap_or(SiteId::ChangeProt),
                budgets: range.budgets,
                entries: range.calls.iter().map(|call| (call.pte, call.p)).collect(),
            },
            Witness::Lost(_) => return RawProgram::default(),
        };
        RawProgram { records: vec![record] }
    }
}
