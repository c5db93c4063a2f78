//! ptefuzz: a fuzzer for the Linux page-table-entry state machine.
//!
//! Rooms, in the order in which they depend on each other:
//!
//! * [`pte`]: what a pte can be: class, swap entry, configuration, bit layout.
//! * [`site`]: the vocabulary: one table of every pte call site, and the raw records of calls and answers.
//! * [`model`]: the reference: an enum that says what a pte is, and each site's rule on it.
//! * [`lockstep`]: the comparison of a subject with the reference, and the laws.

pub mod lockstep;
pub mod model;
pub mod pte;
pub mod site;
