//! ptefuzz: a fuzzer for the Linux page-table-entry state machine.
//!
//! # Your own implementation
//!
//! In Rust: implement [`lockstep::Subject`] (one method, in batches) or give [`lockstep::PerSite`] one function per site, and [`check`] it:
//!
//! ```
//! use ptefuzz::lockstep::PerSite;
//! use ptefuzz::pte::Environment;
//! use ptefuzz::site::{Answer, SiteId};
//!
//! let mine = PerSite::new(Environment::default()).site(SiteId::Bitop, |call| Answer {
//!     pte: match call.p[0] {
//!         0 => call.pte | 1 << 6 | 1 << 11,                           // pte_mkdirty() sets soft-dirty too
//!         _ => return ptefuzz::packed::Packed::new(Environment::default()).answer(call), // the rest of mine
//!     },
//!     ..Answer::default()
//! });
//! ptefuzz::check(mine).seed(1).programs(100).run();
//! ```
//!
//! `examples/rust_subject.rs` has a whole type and one that keeps a page table of its own. In C: `docs/FOREIGN.md`.
//!
//! # Rooms
//!
//! In the order in which they depend on each other:
//!
//! * [`pte`]: what a pte can be: class, swap entry, configuration, bit layout.
//! * [`site`]: the vocabulary: one table of every pte call site, and the raw records of calls and answers.
//! * [`model`]: the reference: an enum that says what a pte is, and each site's rule on it.
//! * [`packed`]: the bit-packed implementation, an independent reading of the same rules.
//! * [`program`]: what is generated, written down, replayed and minimised.
//! * [`world`]: the small mm that runs operations on the model.
//! * [`lockstep`]: the comparison: divergences, expected uses, laws.
//! * [`foreign`]: a C library as the subject, in a child process.
//! * [`museum`]: known bugs, each a wrong function for one site.
//! * [`subjects`]: every implementation that can be held against the model, by name.
//! * [`vectors`]: recorded answers of the kernel's own functions.
//! * [`exhaust`]: every abstract state of one pte at every site, and what world programs can reach.
//! * [`engine`]: the driver that generates programs, runs them and keeps what it found.
//! * [`corpora`]: what the programs of a directory reach, a smaller set that reaches the same, and a picture of it.
//! * [`triage`]: from a directory of crash files to buckets, reports and reproducers.
//! * [`target`]: fuzz targets for cargo-fuzz and AFL++: what each checks, and the session that runs any byte string.

mod check;
pub mod corpora;
pub mod engine;
pub mod exhaust;
pub mod foreign;
pub mod lockstep;
pub mod model;
pub mod museum;
pub mod packed;
mod page;
pub mod program;
pub mod pte;
pub mod site;
pub mod subjects;
pub mod target;
pub mod triage;
pub mod vectors;
pub mod world;

pub use check::{Check, Checked, Counterexample, check};
