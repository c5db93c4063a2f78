//! What the walk reaches and programs of operations do not, each cell with the reason, computed from the two sets.

use crate::engine::{Cell, CellSet, Denominators};
use crate::pte::Class;
use crate::site::{SITES, SiteId};
use std::fmt;

/// Why no program reaches a cell: the widest of these that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// No operation calls the site.
    Site(SiteId),
    /// No operation makes a pte of this class.
    Class(Class),
    /// No operation makes a pte of this class with these flags.
    State(Class, u8),
    /// Ptes of this class are made, and none comes to this site.
    ClassHere(SiteId, Class),
    /// Such a state is made, and does not come to this site.
    StateHere(SiteId, Class, u8),
    /// It comes to this site, and never with parameters that give such an answer.
    Answer(Cell),
}

impl Reason {
    /// The reason for a cell that is not among those that programs reach.
    pub fn of(cell: Cell, reachable: &CellSet) -> Reason {
        let at = |site| reachable.word(site, cell.class);
        let state = 0xf << (cell.flags * 4);
        let anywhere = SiteId::ALL.into_iter().fold(0, |all, site| all | at(site));
        if Class::ALL.into_iter().all(|class| reachable.word(cell.site, class) == 0) {
            Reason::Site(cell.site)
        } else if anywhere == 0 {
            Reason::Class(cell.class)
        } else if anywhere & state == 0 {
            Reason::State(cell.class, cell.flags)
        } else if at(cell.site) == 0 {
            Reason::ClassHere(cell.site, cell.class)
        } else if at(cell.site) & state == 0 {
            Reason::StateHere(cell.site, cell.class, cell.flags)
        } else {
            Reason::Answer(cell)
        }
    }

    /// What kind of reason it is, for a heading.
    pub const fn heading(self) -> &'static str {
        match self {
            Reason::Site(_) => "no operation calls the site",
            Reason::Class(_) => "no operation makes the class",
            Reason::State(..) => "no operation makes the state",
            Reason::ClassHere(..) => "the class never comes to the site",
            Reason::StateHere(..) => "the state never comes to the site",
            Reason::Answer(_) => "no parameters that an operation passes give the answer",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |site: SiteId| SITES[site as usize].name;
        let words = |class: Class, flags: u8| {
            Cell { site: SiteId::ChangeProt, class, flags, changes: false, reports: false }.flag_words()
        };
        match *self {
            Reason::Site(site) => f.write_str(name(site)),
            Reason::Class(class) => f.write_str(class.name()),
            Reason::State(class, flags) => write!(f, "{} {}", class.name(), words(class, flags)),
            Reason::ClassHere(site, class) => write!(f, "{} {}", name(site), class.name()),
            Reason::StateHere(site, class, flags) => {
                write!(f, "{} {} {}", name(site), class.name(), words(class, flags))
            }
            Reason::Answer(cell) => cell.fmt(f),
        }
    }
}

/// Every reason with the number of cells that it is the reason for, in the order of the reasons.
pub fn unreachable(all: &Denominators) -> Vec<(Reason, usize)> {
    let mut reasons: Vec<(Reason, usize)> = Vec::new();
    let cells = all.walk.without(&all.reachable);
    let mut each: Vec<Reason> =
        cells.iter().filter_map(Cell::from_number).map(|cell| Reason::of(cell, &all.reachable)).collect();
    each.sort_unstable();
    for reason in each {
        match reasons.last_mut() {
            Some((last, count)) if *last == reason => *count += 1,
            _ => reasons.push((reason, 1)),
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pte::{Config, Environment};

    fn cell(site: SiteId, class: Class, flags: u8, changes: bool) -> Cell {
        Cell { site, class, flags, changes, reports: false }
    }

    #[test]
    fn the_reason_is_the_widest_that_is_true() {
        let (zap, unmap) = (SiteId::Zap, SiteId::Unmap);
        let reachable: CellSet =
            [cell(zap, Class::Swap, 1, true), cell(zap, Class::Present, 3, true), cell(unmap, Class::Present, 2, true)]
                .map(Cell::number)
                .into_iter()
                .collect();
        let of = |cell: Cell| Reason::of(cell, &reachable);
        assert_eq!(of(cell(SiteId::Smaps, Class::Swap, 1, false)), Reason::Site(SiteId::Smaps));
        assert_eq!(of(cell(zap, Class::HwPoison, 0, true)), Reason::Class(Class::HwPoison));
        assert_eq!(of(cell(zap, Class::Swap, 2, true)), Reason::State(Class::Swap, 2));
        assert_eq!(of(cell(unmap, Class::Swap, 1, true)), Reason::ClassHere(unmap, Class::Swap));
        assert_eq!(of(cell(unmap, Class::Present, 3, true)), Reason::StateHere(unmap, Class::Present, 3));
        let last = cell(zap, Class::Swap, 1, false);
        assert_eq!(of(last), Reason::Answer(last));
    }

    #[test]
    fn every_cell_that_programs_do_not_reach_has_one_reason() {
        for environment in Environment::all() {
            let all = Denominators::of(environment).expect("one of the six");
            let counted: usize = unreachable(all).iter().map(|(_, count)| count).sum();
            assert_eq!(counted, all.walk.len() - all.reachable.len());
        }
        // Without userfaultfd there is no special pte, in the walk either.
        let none = Denominators::of(Environment::of(Config::NoUserfaultfd)).expect("one of the six");
        assert!(SiteId::ALL.into_iter().all(|site| none.walk.word(site, Class::Special) == 0));
    }
}
