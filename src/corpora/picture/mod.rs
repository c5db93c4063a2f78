//! The picture of a corpus: which classes of ptes met which sites, and how much of what there is to reach.

mod html;
mod svg;

pub use html::html;
pub use svg::svg;

use super::Reached;
use super::replay::cells_of;
use crate::engine::{Cell, CellSet, Denominators};
use crate::pte::{Class, Environment};
use crate::site::SiteId;
use std::collections::HashMap;

/// What a corpus is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// What programs of operations reach from an empty address space.
    Reachable,
    /// What the exhaustive walk reaches with calls made at will.
    Walk,
}

impl Of {
    /// Both.
    pub const ALL: [Of; 2] = [Of::Reachable, Of::Walk];

    /// `reachable` or `walk`.
    pub const fn name(self) -> &'static str {
        match self {
            Of::Reachable => "reachable",
            Of::Walk => "walk",
        }
    }

    /// What it means, in words that follow a number of cells.
    pub const fn words(self) -> &'static str {
        match self {
            Of::Reachable => "that programs of operations can reach",
            Of::Walk => "that the exhaustive walk reaches",
        }
    }

    /// That denominator.
    pub fn cells(self, all: &Denominators) -> &CellSet {
        match self {
            Of::Reachable => &all.reachable,
            Of::Walk => &all.walk,
        }
    }
}

/// Everything that a picture shows.
#[derive(Debug)]
pub struct Picture<'a> {
    /// What the corpus is called.
    pub name: &'a str,
    /// The environment that it was replayed in.
    pub environment: Environment,
    /// What its programs reach.
    pub reached: &'a Reached,
    /// What it is measured by.
    pub of: Of,
    /// The cells that any program reaches.
    pub cells: CellSet,
    /// The cells that there are.
    pub goal: &'a CellSet,
    /// For each cell the smallest program, by index.
    pub smallest: HashMap<u16, usize>,
}

/// One field of the matrix: a class at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Cells reached, of those that there are.
    pub reached: u32,
    /// Cells that there are.
    pub all: u32,
    /// Cells reached beyond them.
    pub beyond: u32,
}

impl<'a> Picture<'a> {
    /// The picture of what a corpus reaches.
    pub fn new(
        name: &'a str,
        environment: Environment,
        reached: &'a Reached,
        of: Of,
        all: &'a Denominators,
    ) -> Picture<'a> {
        let (cells, smallest) = (reached.cells(), reached.smallest());
        Picture { name, environment, reached, of, cells, goal: of.cells(all), smallest }
    }

    /// One field.
    pub fn field(&self, site: SiteId, class: Class) -> Field {
        let (cells, goal) = (self.cells.word(site, class), self.goal.word(site, class));
        Field { reached: (cells & goal).count_ones(), all: goal.count_ones(), beyond: (cells & !goal).count_ones() }
    }

    /// Cells reached, of those that there are.
    pub fn covered(&self) -> usize {
        self.cells.common(self.goal).len()
    }

    /// The share of them, from 0 to 1.
    pub fn share(&self) -> f64 {
        self.covered() as f64 / self.goal.len().max(1) as f64
    }

    /// The cells never reached, in the order of the sites.
    pub fn never(&self) -> Vec<Cell> {
        cells_of(&self.goal.without(&self.cells)).map(|(_, cell)| cell).collect()
    }

    /// Every cell that there is or that was reached, with its number.
    pub fn all_cells(&self) -> Vec<(u16, Cell)> {
        let mut all = self.goal.clone();
        all.add(&self.cells);
        cells_of(&all).collect()
    }
}
