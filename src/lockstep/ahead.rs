//! Calls whose right answers are known, and that are put to the subject later, many at a time: for a subject behind a process boundary, to which
//! each batch is a journey.

use super::{Divergence, Lockstep, SiteSet, Subject};
use crate::pte::Class;
use crate::site::{Answer, Call, SiteId};
use crate::world::Trace;

/// Questions that wait, each with the program that it belongs to.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    calls: Vec<Call>,
    right: Vec<Answer>,
    wrong: Vec<Answer>,
    program_of_call: Vec<usize>,
    /// Ptes to classify, and their programs.
    ptes: Vec<(u64, usize)>,
    programs: usize,
}

impl Ahead {
    /// Questions that wait.
    pub fn len(&self) -> usize {
        self.calls.len() + self.ptes.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What follows belongs to the next program, whose number from 0 this is.
    pub fn begin(&mut self) -> usize {
        self.programs += 1;
        self.programs - 1
    }

    /// Has a pte classified later.
    pub fn classify(&mut self, pte: u64) {
        self.ptes.push((pte, self.programs.saturating_sub(1)));
    }

    fn call(&mut self, call: Call, right: Answer) {
        self.calls.push(call);
        self.right.push(right);
        self.program_of_call.push(self.programs.saturating_sub(1));
    }

    fn clear(&mut self) {
        self.calls.clear();
        self.right.clear();
        self.program_of_call.clear();
        self.ptes.clear();
        self.programs = 0;
    }
}

impl<R: Subject> Lockstep<R> {
    /// As [`Lockstep::calls`], with the subject asked later.
    pub fn calls_ahead(&mut self, calls: &[Call], ahead: &mut Ahead, mut seen: impl FnMut(&Call, Class, &Answer)) {
        for batch in calls.chunks(super::BATCH) {
            self.answer_right(batch, &mut |call, class, right| {
                seen(call, class, right);
                ahead.call(*call, *right);
            });
        }
    }

    /// As [`Lockstep::trace`] for a subject of these sites that has no ranges, with the subject asked later.
    pub fn trace_ahead(
        &mut self,
        trace: &Trace,
        sites: SiteSet,
        ahead: &mut Ahead,
        mut seen: impl FnMut(&Call, Class, &Answer),
    ) {
        for (call, right) in trace.calls.iter().zip(&trace.answers) {
            let class = self.count_right(call, right);
            seen(call, class, right);
            if sites.contains(call.site) {
                ahead.call(*call, *right);
            }
        }
        for record in trace.ranges.iter().filter(|record| sites.contains(record.site)) {
            // khugepaged's budgets span the entries of its scan.
            if record.site != SiteId::KhugeScan {
                let entries: Vec<Call> =
                    (record.start..record.start + record.len).map(|i| trace.entry(record, i)).collect();
                self.calls_ahead(&entries, ahead, &mut seen);
            }
        }
    }

    /// Asks the subject everything that waits, and hands each divergence to `report` with the number of its program.
    pub fn settle<S: Subject + ?Sized>(
        &mut self,
        subject: &mut S,
        ahead: &mut Ahead,
        report: &mut dyn FnMut(usize, Divergence),
    ) {
        let Ahead { calls, right, wrong, program_of_call, ptes, .. } = ahead;
        wrong.resize(calls.len(), Answer::default());
        subject.answer(calls, wrong);
        for (i, call) in calls.iter().enumerate() {
            if let Some(divergence) = self.judged(call, &right[i], &wrong[i]) {
                report(program_of_call[i], divergence);
            }
        }
        subject.prepare(&mut ptes.iter().map(|(pte, _)| *pte));
        for (pte, program) in ptes.iter() {
            self.classify(subject, *pte, &mut |divergence| report(*program, divergence));
        }
        ahead.clear();
    }
}
