//! Cells: what coverage is counted in, sets of them, and how many there are to reach.
//!
//! A cell is a site, what the pte before was (its class, soft-dirty, uffd-wp, write, dirty) and what kind of answer it got. Two denominators, always
//! named: what the exhaustive walk reaches with calls made at will, and what programs of operations reach from an empty address space. Both stand in
//! `cells.tsv`, for each of the six environments; `cargo run --release --example cells` makes that file from the walk and the closure.

use super::Coverage;
use crate::pte::{Class, Environment};
use crate::site::{SITE_COUNT, SITES, Site, SiteId};
use std::fmt;
use std::sync::OnceLock;

/// Classes that a cell tells apart.
const CLASSES: usize = Class::ALL.len();
/// Cells of one class at one site: sixteen flag combinations by four kinds of answer. They fill one word of a set.
const IN_CLASS: usize = 64;
/// Words of a set.
const WORDS: usize = SITE_COUNT * CLASSES;
/// Environments that the table has.
const ENVIRONMENTS: usize = 6;

const _: () = assert!(WORDS * IN_CLASS <= Coverage::CELLS);

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// The site.
    pub site: SiteId,
    /// The class of the pte before.
    pub class: Class,
    /// Its soft-dirty, uffd-wp, write and dirty bits, from bit 0 on, as far as the class has them.
    pub flags: u8,
    /// Whether the right answer changes the pte.
    pub changes: bool,
    /// Whether its outcome is not 0.
    pub reports: bool,
}

impl Cell {
    /// The cell of this number, as [`Coverage::cell`] gives them; none where no call can be.
    pub fn from_number(number: u16) -> Option<Cell> {
        let (word, low) = (number as usize / IN_CLASS, number as usize % IN_CLASS);
        Some(Cell {
            site: *SiteId::ALL.get(word / CLASSES)?,
            class: Class::ALL[word % CLASSES],
            flags: (low / 4) as u8,
            changes: low & 2 != 0,
            reports: low & 1 != 0,
        })
    }

    /// Its number.
    pub fn number(self) -> u16 {
        let word = self.site as usize * CLASSES + self.class as usize;
        (word * IN_CLASS + self.flags as usize * 4 + self.changes as usize * 2 + self.reports as usize) as u16
    }

    /// Its flags in words, `-` where none is set.
    pub fn flag_words(self) -> String {
        let names = ["soft-dirty", "uffd-wp", "write", "dirty"];
        let set: Vec<&str> =
            names.into_iter().enumerate().filter(|(i, _)| self.flags >> i & 1 != 0).map(|(_, n)| n).collect();
        if set.is_empty() { "-".to_string() } else { set.join("+") }
    }

    /// The kind of its answer in words.
    pub const fn answer_words(self) -> &'static str {
        match (self.changes, self.reports) {
            (false, false) => "nothing",
            (false, true) => "reports",
            (true, false) => "changes",
            (true, true) => "changes and reports",
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (site, class) = (SITES[self.site as usize].name, self.class.name());
        write!(f, "{site} {class} {}: {}", self.flag_words(), self.answer_words())
    }
}

/// A set of cells.
#[derive(Clone, PartialEq, Eq)]
pub struct CellSet(Box<[u64; WORDS]>);

impl Default for CellSet {
    fn default() -> CellSet {
        CellSet(Box::new([0; WORDS]))
    }
}

impl fmt::Debug for CellSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CellSet({})", self.len())
    }
}

impl CellSet {
    /// Adds a cell; true if it is new.
    #[inline]
    pub fn insert(&mut self, number: u16) -> bool {
        let Some(word) = self.0.get_mut(number as usize / IN_CLASS) else { return false };
        let bit = 1 << (number as usize % IN_CLASS);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Takes a cell out.
    pub fn remove(&mut self, number: u16) {
        if let Some(word) = self.0.get_mut(number as usize / IN_CLASS) {
            *word &= !(1 << (number as usize % IN_CLASS));
        }
    }

    /// Adds cells of one site and class by the bits of a word.
    #[inline]
    pub(crate) fn insert_word(&mut self, site: SiteId, class: Class, bits: u64) {
        if let Some(word) = self.0.get_mut(site as usize * CLASSES + class as usize) {
            *word |= bits;
        }
    }

    /// The cells of one site and class, a bit each.
    pub fn word(&self, site: SiteId, class: Class) -> u64 {
        self.0.get(site as usize * CLASSES + class as usize).copied().unwrap_or(0)
    }

    /// Whether a cell is in it.
    pub fn contains(&self, number: u16) -> bool {
        self.0.get(number as usize / IN_CLASS).is_some_and(|word| word >> (number as usize % IN_CLASS) & 1 != 0)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The cells, by number.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        let bits = |word: u64| (0..IN_CLASS).filter(move |bit| word >> bit & 1 != 0);
        self.0.iter().enumerate().flat_map(move |(i, word)| bits(*word).map(move |bit| (i * IN_CLASS + bit) as u16))
    }

    /// Adds all cells of another set.
    pub fn add(&mut self, other: &CellSet) {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(ours, theirs)| *ours |= theirs);
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn without(&self, other: &CellSet) -> CellSet {
        let mut rest = self.clone();
        rest.0.iter_mut().zip(other.0.iter()).for_each(|(ours, theirs)| *ours &= !theirs);
        rest
    }

    /// What is in both.
    #[must_use]
    pub fn common(&self, other: &CellSet) -> CellSet {
        let mut both = self.clone();
        both.0.iter_mut().zip(other.0.iter()).for_each(|(ours, theirs)| *ours &= theirs);
        both
    }
}

impl FromIterator<u16> for CellSet {
    fn from_iter<I: IntoIterator<Item = u16>>(cells: I) -> CellSet {
        let mut set = CellSet::default();
        for cell in cells {
            set.insert(cell);
        }
        set
    }
}

/// What there is to reach in one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Denominators {
    /// What the exhaustive walk reaches, with calls made at will.
    pub walk: CellSet,
    /// What programs of operations reach from an empty address space.
    pub reachable: CellSet,
}

impl Denominators {
    /// Those of an environment; none where it is not one of [`Environment::all`].
    pub fn of(environment: Environment) -> Option<&'static Denominators> {
        static TABLE: OnceLock<Vec<Denominators>> = OnceLock::new();
        let table = TABLE.get_or_init(|| parse(include_str!("cells.tsv")).unwrap_or_default());
        let at = Environment::all().position(|one| one == environment)?;
        table.get(at)
    }
}

/// The text of the table with these denominators, one for each of [`Environment::all`] in order.
pub fn table_text(all: &[Denominators]) -> String {
    let names: Vec<String> = Environment::all().map(|one| one.to_string()).collect();
    let mut text = format!(
        "# Cells by site and class, 64 bits each: what the walk reaches, then what programs reach, in each environment.\n\
         # Made by `cargo run --release --example cells`. An = repeats the column before.\n\
         # {}\n",
        names.join(", ")
    );
    for site in SiteId::ALL {
        for class in Class::ALL {
            let columns = [
                all.iter().map(|one| one.walk.word(site, class)).collect::<Vec<u64>>(),
                all.iter().map(|one| one.reachable.word(site, class)).collect(),
            ];
            if columns.iter().flatten().all(|word| *word == 0) {
                continue;
            }
            text.push_str(&format!("{}\t{}", SITES[site as usize].name, class.name()));
            for words in columns {
                let mut last = None;
                for word in words {
                    text.push('\t');
                    text.push_str(&if last == Some(word) { "=".to_string() } else { format!("{word:x}") });
                    last = Some(word);
                }
            }
            text.push('\n');
        }
    }
    text
}

/// Reads such a text; none if it is not one.
fn parse(text: &str) -> Option<Vec<Denominators>> {
    let mut all = vec![Denominators::default(); ENVIRONMENTS];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let name = columns.next()?;
        let site = Site::by_name(name)?.id;
        let name = columns.next()?;
        let class = Class::ALL.into_iter().find(|class| class.name() == name)?;
        for reachable in [false, true] {
            let mut last = 0;
            for one in &mut all {
                last = match columns.next()? {
                    "=" => last,
                    digits => u64::from_str_radix(digits, 16).ok()?,
                };
                let set = if reachable { &mut one.reachable } else { &mut one.walk };
                set.insert_word(site, class, last);
            }
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_written_alike_and_has_both_denominators_of_every_environment() {
        let text = include_str!("cells.tsv");
        let all = parse(text).expect("a table");
        assert_eq!(table_text(&all), text);
        assert_eq!(Environment::all().count(), ENVIRONMENTS);
        for environment in Environment::all() {
            let one = Denominators::of(environment).expect("one of the six");
            assert!(one.reachable.len() > 1_000 && one.walk.len() > one.reachable.len(), "{environment}");
            assert!(one.reachable.without(&one.walk).is_empty(), "{environment}");
        }
        assert!(Denominators::of(Environment { special: Some(9), ..Environment::default() }).is_none());
    }

    #[test]
    fn a_cell_is_its_number_and_its_words() {
        let cells = (0..Coverage::CELLS as u16).filter_map(Cell::from_number);
        assert_eq!(cells.clone().count(), SITE_COUNT * 640);
        assert!(cells.enumerate().all(|(number, cell)| cell.number() == number as u16));
        let cell = Cell { site: SiteId::Zap, class: Class::Present, flags: 5, changes: true, reports: true };
        assert_eq!(cell.to_string(), "zap present soft-dirty+write: changes and reports");
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let numbers = [0_u16, 63, 64, 29_439];
        let mut set: CellSet = numbers.into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), numbers);
        assert!(set.contains(63) && !set.contains(62) && !set.insert(64) && !set.insert(u16::MAX));
        set.remove(64);
        let other: CellSet = [63, 64].into_iter().collect();
        assert_eq!(set.without(&other).iter().collect::<Vec<_>>(), [0, 29_439]);
        assert_eq!(set.common(&other).iter().collect::<Vec<_>>(), [63]);
        set.add(&other);
        assert_eq!(set.len(), 4);
    }
}
