//! The exhaustive walk: every abstract state of one pte, at every site, with every parameter that matters.
//!
//! A fuzzer says "nothing found yet"; one pte's state machine is small enough to say more. [`walk`] holds a subject against the model over a
//! declared domain, completely: [`domain`] says which states, `parameters` says which parameter words for each of them. [`Closure`] explores what
//! programs of operations reach from an empty address space, [`Short`] runs every short one. `docs/EXHAUST.md` argues why these representatives stand
//! for the rest. `ptefuzz exhaust` and the museum call it.

mod closure;
pub mod domain;
mod parameters;
mod reads;
mod report;
mod short;
#[cfg(test)]
mod tests;
mod unreachable;
mod walk;

pub use closure::Closure;
pub use domain::{Domain, State, states};
pub use report::{Report, Row, Seen};
pub use short::{Asked, Level, Short};
pub use unreachable::{Reason, unreachable};
pub use walk::{MakeSubject, walk};
