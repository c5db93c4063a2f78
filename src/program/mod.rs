//! Programs: what is generated, written down, replayed and minimised.
//!
//! A program has three forms that are one thing: text (for people and for everything that is committed), bytes (for fuzzing engines and
//! corpora), and what a generator draws from a seed.

mod arbitrary;
mod calls;
mod generate;
mod menu;
mod mutate;
mod operation;
#[allow(clippy::module_inception, reason = "the room and its main type")]
mod program;
mod ptes;
mod raw;
mod reference;
mod rng;
mod token;
mod world_program;

pub use calls::{CallSource, RangeBuffer, into_domain};
pub use generate::Generator;
pub use menu::{Form, Menu};
pub use mutate::Mutator;
pub use operation::{
    ACCIDENTS, KIND_WORDS, OPERATION_COUNT, OPERATIONS, Op, OpCode, Operation, Opt, PAGES, PROT_WORDS, Shape, TABLE,
    accident, operation_shape,
};
pub(crate) use program::text_total;
pub use program::{Program, ReadError};
pub use ptes::PteSource;
pub(crate) use raw::arguments;
pub use raw::{RawProgram, Record, Records, Step};
pub use reference::reference;
pub use rng::{Rng, mix};
pub use token::TextError;
pub use world_program::{Ops, Tree, WorldProgram};
