//! Which bugs of the museum look like a find: those that are wrong in the same way on the same minimised call.

use crate::engine::Runner;
use crate::lockstep::{Divergence, Fault, Subject, Witness};
use crate::museum::{Buggy, MUSEUM};
use crate::program::Program;
use crate::pte::Environment;

/// Every bug of the museum as a subject.
pub(super) struct Lookalikes(Vec<Buggy>);

/// The slug of a bug by its number in the museum.
pub(super) fn slug(bug: usize) -> &'static str {
    MUSEUM[bug].slug
}

impl Lookalikes {
    /// The bugs in this environment.
    pub fn new(environment: Environment) -> Lookalikes {
        Lookalikes(MUSEUM.iter().map(|bug| Buggy::with_all(environment, [bug])).collect())
    }

    /// The bugs that show the signature of `found` on `cause`, and those among them whose answer is the same, too; by their numbers.
    pub fn of(&mut self, runner: &mut Runner, cause: &Program, found: &Divergence) -> (Vec<usize>, Vec<usize>) {
        let (mut alike, mut same) = (Vec::new(), Vec::new());
        for (index, bug) in self.0.iter_mut().enumerate() {
            let bug: &mut dyn Subject = bug;
            let Some((_, shown)) = runner.first(cause, bug) else { continue };
            if shown.signature == found.signature {
                alike.push(index);
                if same_answer(&shown, found) {
                    same.push(index);
                }
            }
        }
        (alike, same)
    }
}

/// Whether two divergences of one signature have the same wrong answer. Uses count only where they are the difference: not every subject reports
/// them.
fn same_answer(a: &Divergence, b: &Divergence) -> bool {
    match (&a.witness, &b.witness) {
        (Witness::Call { wrong: a_wrong, .. }, Witness::Call { wrong: b_wrong, .. }) => {
            a.signature.fault == Fault::Use
                || (a_wrong.pte, a_wrong.outcome, a_wrong.aux) == (b_wrong.pte, b_wrong.outcome, b_wrong.aux)
        }
        (a, b) => a == b,
    }
}
