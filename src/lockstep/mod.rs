//! Lockstep: the same calls to the reference and to a subject, and what differs.
//!
//! Three oracles speak here: the reference's answer, the expected uses of a pte, and the [`laws`], which hold whatever both of them say.

pub mod laws;
