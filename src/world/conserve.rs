//! Conservation laws: what was counted while a program ran must be there at its end.

use super::World;
use super::state::{AREAS, Cached, FILES, FRAMES, SLOTS};
use super::teardown::{marked, soft_dirty};
use crate::program::{TABLE, Tree};
use crate::pte::Class;

/// A conservation law.
#[derive(Clone, Copy, Debug)]
pub struct Conservation {
    /// The name that signatures use.
    pub name: &'static str,
    /// The law in one sentence.
    pub text: &'static str,
}

/// The conservation laws, in the order in which they are asked.
pub static CONSERVATION: [Conservation; 6] = [
    Conservation {
        name: "swap-count",
        text: "the count of a swap slot is the number of ptes and page cache slots that hold its entry",
    },
    Conservation {
        name: "mapcount",
        text: "the mapcount of a page is the number of present and device-private ptes that map it",
    },
    Conservation {
        name: "rss-pages",
        text: "an mm's page counter is the number of its ptes that map a page or hold a migration or device entry",
    },
    Conservation { name: "rss-swap", text: "an mm's swap counter is the number of its ptes that hold a swap slot" },
    Conservation {
        name: "write-protection",
        text: "what userfaultfd write-protected and nobody resolved or dropped still carries the mark, and in the series' tree nothing outside a registered vma does",
    },
    Conservation {
        name: "soft-dirty",
        text: "what was written since soft-dirty was cleared still shows it, in the pte or in the vma",
    },
];

/// A conservation law that a program broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Its index in [`CONSERVATION`].
    pub law: u8,
    /// The page, swap slot or frame where it shows.
    pub place: u64,
    /// What was counted.
    pub counted: i64,
    /// What is there.
    pub there: i64,
}

impl World {
    /// Asks every conservation law.
    ///
    /// # Errors
    ///
    /// The first that does not hold.
    pub fn conserved(&self) -> Result<(), Lost> {
        let mut slots = [[0i64; SLOTS]; AREAS];
        let mut maps = [0i64; FRAMES];
        let (mut pages, mut swap) = ([0i64; 2], [0i64; 2]);
        for page in self.state.touched_pages() {
            let pte = &self.state.ptes[page];
            if *pte == 0 {
                continue;
            }
            let mm = self.state.mm_of(page as u16);
            match self.class(*pte) {
                Class::Swap => {
                    swap[mm] += 1;
                    if let Some((area, slot)) = self.slot_of(*pte) {
                        slots[area][slot] += 1;
                    }
                }
                Class::MigrationRead | Class::MigrationWrite => pages[mm] += 1,
                Class::Present | Class::ProtNone | Class::DeviceRead | Class::DeviceWrite => {
                    if let Some(frame) = self.page_of(*pte) {
                        pages[mm] += 1;
                        maps[frame] += 1;
                    }
                }
                _ => {}
            }
        }
        self.slots_conserved(&mut slots)?;
        let mapcounts = self.state.frames.iter().map(|f| f.maps as i64).enumerate();
        compare(1, mapcounts.zip(maps).map(|((i, counted), there)| (i as u64, counted, there)))?;
        let rss = |mm: usize| (self.state.mm[mm].rss_pages as i64, self.state.mm[mm].rss_swap as i64);
        // The unhunked sites of patch 07 count the special pte as the entry that it decodes to: a known bug of that tree.
        if !(self.tree == Tree::Patch07 && self.state.special_seen) {
            compare(2, (0..2).map(|mm| (mm as u64, rss(mm).0, pages[mm])))?;
            compare(3, (0..2).map(|mm| (mm as u64, rss(mm).1, swap[mm])))?;
        }
        self.marks_conserved()
    }

    fn slots_conserved(&self, slots: &mut [[i64; SLOTS]; AREAS]) -> Result<(), Lost> {
        for file in 0..FILES {
            for cached in &self.state.cache[file][self.state.touched_file_pages()] {
                if let Cached::Swapped(swap) = cached {
                    let (area, slot) = super::state::place(*swap);
                    slots[area][slot] += 1;
                }
            }
        }
        let counted = self.state.slots.iter().flatten().map(|n| *n as i64);
        let there = slots.iter().flatten().copied();
        compare(0, counted.zip(there).enumerate().map(|(i, (counted, there))| (i as u64, counted, there)))
    }

    fn marks_conserved(&self) -> Result<(), Lost> {
        let has_marks = self.model.environment().has_uffd_wp();
        for page in self.state.touched_pages() {
            let page = page as u16;
            let (pte, expect) = (self.state.pte(page), self.state.expect[page as usize]);
            if pte == 0 && !expect.wp && !expect.written {
                continue;
            }
            let class = self.class(pte);
            let lost = |law, counted, there| Err(Lost { law, place: page as u64, counted, there });
            if has_marks && expect.wp && !marked(class, pte) {
                return lost(4, 1, 0);
            }
            let vma = self.state.vma(page);
            if self.tree == Tree::Series
                && has_marks
                && page < TABLE
                && !expect.stale
                && marked(class, pte)
                && vma.is_some_and(|v| !v.uffd_wp)
            {
                return lost(4, 0, 1);
            }
            if expect.written && !soft_dirty(class, pte) && vma.is_some_and(|v| !v.soft_dirty) {
                return lost(5, 1, 0);
            }
        }
        Ok(())
    }
}

fn compare(law: u8, mut counts: impl Iterator<Item = (u64, i64, i64)>) -> Result<(), Lost> {
    match counts.find(|(_, counted, there)| counted != there) {
        Some((place, counted, there)) => Err(Lost { law, place, counted, there }),
        None => Ok(()),
    }
}
