//! What a directory's programs showed, counted: for each signature how many files, the first and the smallest of them, and nothing more.

use super::scan::File;
use crate::lockstep::{Divergence, KnownSignatures, Signature};
use crate::program::Program;
use crate::pte::ClassSet;
use std::collections::HashMap;
use std::sync::Arc;

/// Broken files that are named; of more only the number is kept.
pub const BROKEN_NAMED: usize = 1000;

/// A file that is no program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    /// Its number in the order of the paths.
    pub index: u64,
    /// Its path below the directory.
    pub file: String,
    /// The place, what was found and what was expected.
    pub reason: String,
}

/// A program of a file that shows a signature.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Operations or records.
    pub size: usize,
    bytes: usize,
    index: u64,
    /// The file's path below the directory.
    pub file: String,
    /// The program.
    pub program: Arc<Program>,
    /// The step that went wrong, from 1.
    pub step: usize,
    /// What it shows.
    pub divergence: Divergence,
}

impl Sample {
    pub(super) fn rank(&self) -> (usize, usize, u64) {
        (self.size, self.bytes, self.index)
    }
}

/// What is kept of one signature.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Files that show it.
    pub count: u64,
    /// The first of them: number and path.
    pub first: (u64, String),
    /// The classes of ptes that it was seen on.
    pub pre_states: ClassSet,
    /// The smallest world program.
    pub world: Option<Sample>,
    /// The smallest raw program.
    pub raw: Option<Sample>,
}

impl Seen {
    /// The smallest program of either kind.
    pub fn smallest(&self) -> Option<&Sample> {
        [&self.world, &self.raw].into_iter().flatten().min_by_key(|sample| sample.rank())
    }

    fn keep(slot: &mut Option<Sample>, sample: Sample) {
        if slot.as_ref().is_none_or(|kept| sample.rank() < kept.rank()) {
            *slot = Some(sample);
        }
    }

    fn absorb(&mut self, other: Seen) {
        self.count += other.count;
        if other.first.0 < self.first.0 {
            self.first = other.first;
        }
        self.pre_states.0 |= other.pre_states.0;
        other.world.into_iter().for_each(|sample| Seen::keep(&mut self.world, sample));
        other.raw.into_iter().for_each(|sample| Seen::keep(&mut self.raw, sample));
    }
}

/// What one worker, or all of them together, saw.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Files looked at.
    pub files: u64,
    /// Files whose program showed nothing.
    pub clean: u64,
    /// Files that are no programs.
    pub broken: u64,
    /// The first of those.
    pub broken_named: Vec<Broken>,
    /// Files for each known signature.
    pub known: HashMap<Signature, u64>,
    /// By signature, those that are not known.
    pub seen: HashMap<Signature, Seen>,
    /// How many files show exactly this set of signatures, sorted: from these a bucket's files are counted once each.
    pub sets: HashMap<Vec<Signature>, u64>,
}

impl Tally {
    /// Counts a file that is no program.
    pub fn add_broken(&mut self, file: &File, reason: String) {
        self.files += 1;
        self.broken += 1;
        if self.broken_named.len() < BROKEN_NAMED {
            self.broken_named.push(Broken { index: file.index, file: file.shown.clone(), reason });
        }
    }

    /// Counts a program and everything that it showed.
    pub fn add(
        &mut self,
        file: &File,
        program: Program,
        divergences: Vec<(usize, Divergence)>,
        known: &KnownSignatures,
    ) {
        self.files += 1;
        self.clean += divergences.is_empty() as u64;
        let (size, bytes) = match &program {
            Program::World(world) => (world.ops.len(), 0),
            Program::Raw(raw) => (raw.records.len(), raw.to_bytes().len()),
        };
        let program = Arc::new(program);
        let mut set = Vec::new();
        for (step, divergence) in divergences {
            let signature = divergence.signature;
            let before = ClassSet::of(&[divergence.before]);
            if let Err(at) = set.binary_search(&signature) {
                set.insert(at, signature);
            } else {
                // The same again in one file: only what it stood on is new.
                self.seen.entry(signature).and_modify(|seen| seen.pre_states.0 |= before.0);
                continue;
            }
            if let Some(count) = self.known.get_mut(&signature) {
                *count += 1;
                continue;
            }
            if !self.seen.contains_key(&signature) && known.contains(&signature) {
                self.known.insert(signature, 1);
                continue;
            }
            let seen = self.seen.entry(signature).or_insert_with(|| Seen {
                count: 0,
                first: (file.index, file.shown.clone()),
                pre_states: ClassSet::EMPTY,
                world: None,
                raw: None,
            });
            seen.count += 1;
            seen.pre_states.0 |= before.0;
            let slot = if matches!(*program, Program::World(_)) { &mut seen.world } else { &mut seen.raw };
            if slot.as_ref().is_none_or(|kept| (size, bytes, file.index) < kept.rank()) {
                let program = Arc::clone(&program);
                let file_name = file.shown.clone();
                *slot = Some(Sample { size, bytes, index: file.index, file: file_name, program, step, divergence });
            }
        }
        if !set.is_empty() {
            *self.sets.entry(set).or_default() += 1;
        }
    }

    /// Takes in what another worker saw. In whatever order that is done, the result is the same.
    pub fn absorb(&mut self, other: Tally) {
        self.files += other.files;
        self.clean += other.clean;
        self.broken += other.broken;
        self.broken_named.extend(other.broken_named);
        self.broken_named.sort_unstable();
        self.broken_named.truncate(BROKEN_NAMED);
        for (signature, count) in other.known {
            *self.known.entry(signature).or_default() += count;
        }
        for (signature, seen) in other.seen {
            match self.seen.entry(signature) {
                std::collections::hash_map::Entry::Occupied(mut kept) => kept.get_mut().absorb(seen),
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(seen);
                }
            }
        }
        for (set, count) in other.sets {
            *self.sets.entry(set).or_default() += count;
        }
    }
}
