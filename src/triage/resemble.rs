//! stub until the museum is there
use crate::engine::Runner;
use crate::lockstep::Divergence;
use crate::program::Program;
use crate::pte::Environment;
pub(super) struct Lookalikes;
pub(super) fn slug(_bug: usize) -> &'static str {
    ""
}
impl Lookalikes {
    pub fn new(_environment: Environment) -> Lookalikes {
        Lookalikes
    }
    pub fn of(&mut self, _runner: &mut Runner, _cause: &Program, _found: &Divergence) -> (Vec<usize>, Vec<usize>) {
        (Vec::new(), Vec::new())
    }
}
