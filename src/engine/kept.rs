//! The corpus of a job: programs that reached something new, and which of them is worth changing next.

use super::Coverage;
use crate::program::{Op, Rng, Tree, WorldProgram};
use std::sync::Arc;

/// A program that reached a cell first. Shared between jobs and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its tree.
    pub tree: Tree,
    /// Its operations.
    pub ops: Box<[Op]>,
    /// The cells that it reached first.
    pub cells: Box<[u16]>,
}

impl Kept {
    /// The program.
    pub fn program(&self) -> WorldProgram {
        WorldProgram { tree: self.tree, ops: self.ops.to_vec() }
    }
}

/// How many entries compete for one pick.
const COMPETE: u32 = 6;

/// A job's corpus. Jobs of one fleet hold the same entries, each its own list of them, so that none waits for another.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    entries: Vec<Arc<Kept>>,
}

impl Corpus {
    /// Adds an entry.
    pub fn push(&mut self, kept: Arc<Kept>) {
        self.entries.push(kept);
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &[Arc<Kept>] {
        &self.entries
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// An entry to change: of a few, the one whose own cells were met least often since.
    pub fn pick(&self, coverage: &Coverage, rng: &mut Rng) -> Option<&Kept> {
        let mut best: Option<(&Kept, u8)> = None;
        for _ in 0..COMPETE {
            let entry = self.entries.get(rng.below(self.entries.len() as u32) as usize)?;
            let rarest = entry.cells.iter().map(|cell| coverage.met(*cell)).min().unwrap_or(u8::MAX);
            if best.is_none_or(|(_, least)| rarest < least) {
                best = Some((entry, rarest));
            }
        }
        best.map(|(entry, _)| entry)
    }
}
