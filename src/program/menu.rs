//! What a program may hold: the operations and sites that a fuzz target is about.
//!
//! A target reads any byte string and any text; [`Menu::ops`] and [`Menu::records`] bring what they say into the target's own vocabulary, always in the
//! same way, so that a program means one thing to the target, to the mutator and in the text that a crash prints.

use super::operation::{Op, OpCode};
use super::program::{Program, text_total};
use super::raw::{RawProgram, Records};
use super::world_program::{Ops, WorldProgram};
use crate::site::SiteId;
use std::borrow::Cow;

/// The form of a target's programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Operations on a small mm.
    World,
    /// Calls, classifications and ranges, each standing alone.
    Raw,
    /// Ranges and nothing else: a record outside a range is a range of one entry.
    Ranges,
}

/// The vocabulary of a target.
#[derive(Clone, Copy, Debug)]
pub struct Menu {
    /// The form of its programs.
    pub form: Form,
    /// Operations that a world program may hold; at least one in that form.
    pub codes: &'static [OpCode],
    /// Sites that raw records may call; at least one in the other two.
    pub sites: &'static [SiteId],
}

impl Menu {
    /// Whether an operation is on the menu.
    pub fn has_code(&self, code: OpCode) -> bool {
        self.codes.contains(&code)
    }

    /// The operation that stands for `op`: itself if it is on the menu, else one that its number picks, with the same pages and argument.
    #[inline]
    pub fn op(&self, op: Op) -> Op {
        if self.codes.is_empty() || self.has_code(op.code) {
            return op;
        }
        Op { code: self.codes[op.code as usize % self.codes.len()], ..op }.canonical()
    }

    /// The bytes of an input: of a text (`ptefuzz 1`, after any comments) those of the lines before the first that does not parse, or nothing if it
    /// is of the other kind; of anything else the input itself.
    pub fn bytes<'a>(&self, input: &'a [u8]) -> Cow<'a, [u8]> {
        match text_total(input) {
            None => Cow::Borrowed(input),
            Some(program) if matches!(program, Program::World(_)) == (self.form == Form::World) => {
                Cow::Owned(program.to_bytes())
            }
            Some(_) => Cow::Borrowed(&[]),
        }
    }

    /// The operations of a byte string, whatever its first byte says, each brought onto the menu.
    pub fn ops<'a>(&self, bytes: &'a [u8]) -> (super::Tree, impl Iterator<Item = Op> + use<'a>) {
        let (menu, ops) = (*self, Ops::total(bytes));
        (ops.tree(), ops.map(move |op| menu.op(op)))
    }

    /// The records of a byte string, whatever its first byte says, each brought onto the menu.
    pub fn records<'a>(&self, bytes: &'a [u8]) -> Records<'a> {
        Records::of(bytes, self.sites, self.form == Form::Ranges)
    }

    /// The program that a target with this menu makes of an input.
    pub fn program(&self, input: &[u8]) -> Program {
        let bytes = self.bytes(input);
        match self.form {
            Form::World => {
                let (tree, ops) = self.ops(&bytes);
                Program::World(WorldProgram { tree, ops: ops.collect() })
            }
            Form::Raw | Form::Ranges => Program::Raw(RawProgram::from_records(self.records(&bytes))),
        }
    }
}
