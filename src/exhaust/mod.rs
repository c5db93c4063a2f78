//! The exhaustive walk: every abstract state of one pte, at every site, with every parameter that matters.
//!
//! A fuzzer says "nothing found yet"; one pte's state machine is small enough to say more. [`walk`] holds a subject against the model over a
//! declared domain, completely: [`domain`] says which states, `parameters` says which parameter words for each of them. `docs/EXHAUST.md` argues
//! why these representatives stand for the rest. `ptefuzz exhaust` and the museum call it.

pub mod domain;
mod parameters;
mod reads;
mod report;
#[cfg(test)]
mod tests;
mod walk;

pub use domain::{Domain, State, states};
pub use report::{Report, Row, Seen};
pub use walk::{MakeSubject, walk};
