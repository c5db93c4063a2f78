//! What a program made of itself: the calls, each with the model's answer.

use crate::model::Model;
use crate::site::{Answer, Budgets, Call, RANGE_MAX, RangeAnswer, RangeCall, SiteId, TOTALS, Uses};

/// The calls and range calls of one program. Buffers are used again by the next one.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The site calls, in order.
    pub calls: Vec<Call>,
    /// The model's answers to them.
    pub answers: Vec<Answer>,
    /// The index of the operation that made each call.
    pub op_of_call: Vec<u16>,
    /// The range calls, in order among themselves.
    pub ranges: Vec<RangeRecord>,
    /// Entries of all range calls, one after the other.
    pub ptes: Vec<u64>,
    /// Their parameters.
    pub params: Vec<[u64; 3]>,
    /// The model's ptes for them.
    pub right_ptes: Vec<u64>,
    /// The model's auxiliary words for them.
    pub right_aux: Vec<u64>,
    /// The model's outcomes for them; 0 behind the entry that stopped a range, and in khugepaged's scan, whose outcome is the whole scan's.
    pub right_outcomes: Vec<u64>,
}

/// One range call of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeRecord {
    /// The site.
    pub site: SiteId,
    /// Where its entries start.
    pub start: usize,
    /// How many there are.
    pub len: usize,
    /// khugepaged's budgets.
    pub budgets: Budgets,
    /// The model's aggregates.
    pub totals: [u64; TOTALS],
    /// How many of them have an answer of their own: nothing is asked of those behind the one that ended a fork.
    pub asked: usize,
    /// The index of the operation that made it.
    pub op: u16,
}

impl Trace {
    /// Forgets everything and keeps the buffers.
    pub fn clear(&mut self) {
        self.calls.clear();
        self.answers.clear();
        self.op_of_call.clear();
        self.ranges.clear();
        self.ptes.clear();
        self.params.clear();
        self.right_ptes.clear();
        self.right_aux.clear();
        self.right_outcomes.clear();
    }

    /// A range of the trace as a call.
    pub fn range(&self, record: &RangeRecord) -> RangeCall<'_> {
        let entries = record.start..record.start + record.len;
        RangeCall {
            site: record.site,
            ptes: &self.ptes[entries.clone()],
            params: &self.params[entries],
            budgets: record.budgets,
        }
    }

    /// Asks the model a call and writes both down.
    #[inline]
    pub(super) fn ask(&mut self, model: &Model, op: u16, call: Call) -> Answer {
        let answer = model.answer(&call);
        self.note(op, call, answer)
    }

    /// Writes a call and its answer down.
    #[inline]
    pub(super) fn note(&mut self, op: u16, call: Call, answer: Answer) -> Answer {
        self.calls.push(call);
        self.answers.push(answer);
        self.op_of_call.push(op);
        answer
    }

    /// Every call and every entry of a range that was asked, with the model's answer, as lockstep is told of them.
    pub fn each(&self, mut seen: impl FnMut(&Call, &Answer)) {
        self.calls.iter().zip(&self.answers).for_each(|(call, answer)| seen(call, answer));
        for record in &self.ranges {
            for at in record.start..record.start + record.asked {
                seen(&self.entry(record, at), &self.right_entry(at));
            }
        }
    }

    /// An entry of a range as a call.
    #[inline]
    pub fn entry(&self, record: &RangeRecord, at: usize) -> Call {
        Call { site: record.site, pte: self.ptes[at], p: self.params[at] }
    }

    /// The model's answer to one entry of a range.
    #[inline]
    pub fn right_entry(&self, at: usize) -> Answer {
        let (pte, outcome, aux) = (self.right_ptes[at], self.right_outcomes[at], self.right_aux[at]);
        Answer { pte, outcome, aux, uses: Uses::NONE }
    }

    /// Asks the model the range whose entries were pushed since `start`, and writes its answer down. Gives the number of entries that have an
    /// answer of their own.
    pub(super) fn ask_range(&mut self, model: &Model, op: u16, site: SiteId, start: usize, budgets: Budgets) -> usize {
        let len = (self.ptes.len() - start).min(RANGE_MAX);
        for words in [&mut self.right_ptes, &mut self.right_aux, &mut self.right_outcomes] {
            words.resize(start + len, 0);
        }
        let mut record = RangeRecord { site, start, len, budgets, totals: [0; TOTALS], asked: len, op };
        let call = RangeCall { site, ptes: &self.ptes[start..], params: &self.params[start..], budgets };
        let mut answer = RangeAnswer {
            ptes: &mut self.right_ptes[start..],
            aux: &mut self.right_aux[start..],
            totals: &mut record.totals,
        };
        let outcomes = &mut self.right_outcomes[start..];
        let mut seen = 0;
        model.range_seen(&call, &mut answer, |i, one| {
            outcomes[i] = one.outcome;
            seen = i + 1;
        });
        // A scan has one outcome for all its entries.
        record.asked = if site == SiteId::KhugeScan { len } else { seen };
        self.ranges.push(record);
        seen
    }
}
