//! Fuzz targets: what each may run and what it checks, and the session that runs any byte string for an engine.
//!
//! Everything that a target of cargo-fuzz or AFL++ does is here; `fuzz/` holds glue of a few lines. In come an engine's bytes (or a program's text), out go
//! the divergences that are not known, and the semantic coverage of the run in the caller's counters.

mod cells;
mod dictionary;
mod harness;
mod parsers;
mod report;
mod session;
mod settings;
mod table;
#[cfg(test)]
mod tests;

pub use cells::{CELLS, Cells};
pub use dictionary::{dictionary, options};
pub use harness::Harness;
pub use parsers::{PARSERS, Parser};
pub use report::crash_message;
pub use session::Session;
pub use settings::{Settings, VARIABLES};
pub use table::TARGETS;

use crate::lockstep::SiteSet;
use crate::program::{Form, Menu, Mutator, Program};
use crate::pte::Environment;
use crate::site::SiteId;

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of the fuzz target, of its corpus and of its dictionary.
    pub name: &'static str,
    /// What it holds, in one sentence.
    pub contract: &'static str,
    /// The operations or sites that its programs may hold.
    pub menu: Menu,
    /// The sites whose answers it checks; others are called where a state needs them, and not compared.
    pub checks: &'static [SiteId],
    /// The length of inputs that suits it, in bytes: what its options file gives to the engine.
    pub max_len: usize,
}

impl Target {
    /// The target with this name.
    pub fn by_name(name: &str) -> Option<&'static Target> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// The target of world programs of every operation: the last of the table.
    pub fn sequence() -> &'static Target {
        &TARGETS[TARGETS.len() - 1]
    }

    /// The names of all targets, for a message.
    pub fn names() -> String {
        TARGETS.map(|target| target.name).join(", ")
    }

    /// The program that it makes of an input. Every input is one.
    ///
    /// A text (`ptefuzz 1`, after any comments) counts as far as it parses. The first byte of anything else does not matter: the target says the kind. An
    /// operation or site that the target has not stands for one that its number picks.
    pub fn program(&self, input: &[u8]) -> Program {
        self.menu.program(input)
    }

    /// The mutator of its programs.
    pub fn mutator(&self, environment: Environment) -> Mutator {
        Mutator::new(self.menu, environment)
    }

    /// The sites that it checks, as a set.
    pub fn checked_sites(&self) -> SiteSet {
        self.checks.iter().copied().collect()
    }

    /// Whether its programs are operations on a small mm.
    pub fn is_world(&self) -> bool {
        self.menu.form == Form::World
    }
}
