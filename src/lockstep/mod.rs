//! Lockstep: the same calls to the reference and to a subject, and what differs.
//!
//! In come batches of calls, range calls and ptes to classify, from a program or a generator. Out go [`Divergence`]s, each with its
//! [`Signature`], both answers, and nothing else. Three oracles speak here: the model's answer, the expected uses of a pte, and the laws, which
//! hold whatever model and subject say.

mod ahead;
mod check;
mod divergence;
pub mod explain;
mod judge;
mod known;
pub mod laws;
pub mod parts;
mod signature;
mod subject;
#[cfg(test)]
mod tests;

pub use ahead::Ahead;
pub use check::{BATCH, Lockstep, Tally};
pub use divergence::{Divergence, Witness};
pub use known::{KnownError, KnownSignatures};
pub use signature::{Fault, Place, Signature};
pub use subject::{PerSite, SiteFunction, SiteSet, Subject};
