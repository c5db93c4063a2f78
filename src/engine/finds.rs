//! What a run found: one entry for each signature.

use crate::lockstep::{Divergence, Signature};
use crate::program::Program;
use crate::pte::ClassSet;
use std::collections::HashMap;

/// A signature with its first divergence.
#[derive(Clone, Debug)]
pub struct Find {
    /// How often it was seen.
    pub count: u64,
    /// The classes of ptes that it was seen on.
    pub pre_states: ClassSet,
    /// The number of the program that showed it first.
    pub program: u64,
    /// The first divergence.
    pub first: Divergence,
    /// That program: of a raw run its one record, of a world run the whole program.
    pub source: Program,
}

/// All finds of a run.
#[derive(Clone, Debug, Default)]
pub struct Finds {
    by_signature: HashMap<Signature, Find>,
    /// Signatures in the order in which they came.
    order: Vec<Signature>,
    total: u64,
}

impl Finds {
    /// Takes a divergence of this program, which `source` gives; true if its signature is new.
    pub fn add(&mut self, program: u64, divergence: Divergence, source: impl FnOnce(&Divergence) -> Program) -> bool {
        self.total += 1;
        let (signature, class) = (divergence.signature, ClassSet::of(&[divergence.before]));
        let new = !self.by_signature.contains_key(&signature);
        let find = self.by_signature.entry(signature).or_insert_with(|| {
            let source = source(&divergence);
            Find { count: 0, pre_states: ClassSet::EMPTY, program, first: divergence, source }
        });
        find.count += 1;
        find.pre_states.0 |= class.0;
        if new {
            self.order.push(signature);
        }
        new
    }

    /// The finds that came after the first `count` of them.
    pub fn since(&self, count: usize) -> impl Iterator<Item = &Find> {
        self.order.iter().skip(count).filter_map(|signature| self.by_signature.get(signature))
    }

    /// Adds what another job found. Of one signature the find that took fewer programs stays the first.
    pub fn merge(&mut self, other: &Finds) {
        self.total += other.total;
        for (signature, theirs) in &other.by_signature {
            if !self.by_signature.contains_key(signature) {
                self.order.push(*signature);
            }
            let ours = self.by_signature.entry(*signature).or_insert_with(|| Find { count: 0, ..theirs.clone() });
            let (count, states) = (ours.count + theirs.count, ours.pre_states.0 | theirs.pre_states.0);
            if theirs.program < ours.program {
                *ours = theirs.clone();
            }
            ours.count = count;
            ours.pre_states.0 = states;
        }
    }

    /// Divergences seen.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Different signatures among them.
    pub fn len(&self) -> usize {
        self.by_signature.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.by_signature.is_empty()
    }

    /// The finds in the order in which they were first seen.
    pub fn sorted(&self) -> Vec<&Find> {
        let mut finds: Vec<_> = self.by_signature.values().collect();
        finds.sort_by_key(|find| (find.program, find.first.signature));
        finds
    }
}
