//! What a run found: one entry for each signature.

use crate::lockstep::{Divergence, Signature};
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
}

/// All finds of a run.
#[derive(Clone, Debug, Default)]
pub struct Finds {
    by_signature: HashMap<Signature, Find>,
    total: u64,
}

impl Finds {
    /// Takes a divergence of this program; true if its signature is new.
    pub fn add(&mut self, program: u64, divergence: Divergence) -> bool {
        self.total += 1;
        let class = ClassSet::of(&[divergence.before]);
        let mut new = false;
        let find = self.by_signature.entry(divergence.signature).or_insert_with(|| {
            new = true;
            Find { count: 0, pre_states: ClassSet::EMPTY, program, first: divergence }
        });
        find.count += 1;
        find.pre_states.0 |= class.0;
        new
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
