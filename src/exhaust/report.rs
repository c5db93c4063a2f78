//! What a walk counted and found.

use crate::engine::CellSet;
use crate::lockstep::{Divergence, Signature};
use crate::pte::Class;
use crate::site::SiteId;

/// The walk of one site, or of the predicates.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The site; none for the predicates.
    pub site: Option<SiteId>,
    /// States that it was called on.
    pub states: u64,
    /// The most parameter words that one state was called with.
    pub parameters: u64,
    /// Calls.
    pub checks: u64,
    /// Classes for which covers (all combinations on the core states, combinations up to pairs elsewhere) stand in for the whole product.
    pub in_covers: u64,
    /// Divergences.
    pub divergences: u64,
    /// What was found, each signature once, in the order of the walk.
    pub found: Vec<Seen>,
    /// Calls on which the model's answer depends on a parameter that was taken for ignored: the walk is not complete there.
    pub unsound: u64,
    /// Coverage cells of the right answers, for each class a bit each.
    pub(super) cells: [u64; Class::ALL.len()],
}

/// A signature with its first divergence.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The signature.
    pub signature: Signature,
    /// How often it was seen.
    pub count: u64,
    /// The first divergence.
    pub first: Divergence,
}

impl Row {
    /// The site's name, or `classify`.
    pub fn name(&self) -> &'static str {
        self.site.map_or("classify", |site| crate::site::SITES[site as usize].name)
    }

    /// Takes a divergence.
    pub(super) fn add(&mut self, divergence: Divergence) {
        self.divergences += 1;
        match self.found.iter_mut().find(|seen| seen.signature == divergence.signature) {
            Some(seen) => seen.count += 1,
            None => self.found.push(Seen { signature: divergence.signature, count: 1, first: divergence }),
        }
    }

    /// Adds a later part of the same row.
    pub(super) fn join(&mut self, later: Row) {
        self.states += later.states;
        self.parameters = self.parameters.max(later.parameters);
        self.checks += later.checks;
        self.divergences += later.divergences;
        self.unsound += later.unsound;
        self.cells.iter_mut().zip(later.cells).for_each(|(ours, theirs)| *ours |= theirs);
        for new in later.found {
            match self.found.iter_mut().find(|seen| seen.signature == new.signature) {
                Some(seen) => seen.count += new.count,
                None => self.found.push(new),
            }
        }
    }
}

/// A whole walk.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One row for each site, in ABI order, and one for the predicates if they were walked.
    pub rows: Vec<Row>,
}

impl Report {
    /// Calls of all rows.
    pub fn checks(&self) -> u64 {
        self.rows.iter().map(|row| row.checks).sum()
    }

    /// Coverage cells that the calls of all rows reach.
    pub fn cells(&self) -> CellSet {
        let mut cells = CellSet::default();
        for (row, site) in self.rows.iter().filter_map(|row| row.site.map(|site| (row, site))) {
            Class::ALL.into_iter().zip(row.cells).for_each(|(class, bits)| cells.insert_word(site, class, bits));
        }
        cells
    }

    /// Divergences of all rows.
    pub fn divergences(&self) -> u64 {
        self.rows.iter().map(|row| row.divergences).sum()
    }

    /// The first divergence of each signature, in the order of the walk.
    pub fn firsts(&self) -> impl Iterator<Item = &Divergence> {
        self.rows.iter().flat_map(|row| &row.found).map(|seen| &seen.first)
    }
}
