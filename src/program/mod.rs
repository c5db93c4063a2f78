//! Programs: what is generated, written down, replayed and minimised.
//!
//! A program has three forms that are one thing: text (for people and for everything that is committed), bytes (for fuzzing engines and
//! corpora), and what a generator draws from a seed.

mod calls;
mod operation;
mod ptes;
mod raw;
mod rng;
mod token;
mod world_program;

pub use calls::{CallSource, RangeBuffer, into_domain};
pub use operation::{
    ACCIDENTS, KIND_WORDS, OPERATION_COUNT, OPERATIONS, Op, OpCode, Operation, Opt, PAGES, PROT_WORDS, Shape, TABLE, accident,
};
pub use ptes::PteSource;
pub(crate) use raw::arguments;
pub use raw::{RawProgram, Record};
pub use rng::{Rng, mix};
pub use token::TextError;
pub use world_program::{Ops, Tree, WorldProgram};
