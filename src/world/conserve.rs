//! Conservation laws: what was counted while a program ran must be there at its end.

use super::World;
use super::state::{AREAS, Cached, FRAMES, SLOTS};
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
        let mut there = Held { slots: [[0; SLOTS]; AREAS], maps: [0; FRAMES], pages: [0; 2], swap: [0; 2] };
        for page in self.state.touched_pages() {
            let pte = self.state.ptes[page];
            if pte != 0 {
                self.count(self.state.mm_of(page as u16), pte, &mut there);
            }
        }
        self.count_file_slots(&mut there);
        if self.state.slots != there.slots {
            let counts = self.state.slots.iter().flatten().zip(there.slots.iter().flatten());
            compare(0, counts.map(|(counted, there)| (*counted as i64, *there as i64)))?;
        }
        let used = self.state.used_frames();
        if used.iter().zip(&there.maps).any(|(frame, there)| frame.maps != *there)
            || there.maps[used.len()..].iter().any(|n| *n != 0)
        {
            let maps = self.state.frames.iter().zip(&there.maps);
            compare(1, maps.map(|(frame, there)| (frame.maps as i64, *there as i64)))?;
        }
        // The unhunked sites of patch 07 count the special pte as the entry that it decodes to: a known bug of that tree.
        if !(self.tree == Tree::Patch07 && self.state.special_seen) {
            let mms = self.state.mm.iter();
            compare(2, mms.clone().zip(there.pages).map(|(mm, there)| (mm.rss_pages as i64, there as i64)))?;
            compare(3, mms.zip(there.swap).map(|(mm, there)| (mm.rss_swap as i64, there as i64)))?;
        }
        self.marks_conserved()
    }

    /// What one pte holds.
    fn count(&self, mm: usize, pte: u64, there: &mut Held) {
        match self.class(pte) {
            Class::Swap => {
                there.swap[mm] += 1;
                if let Some((area, slot)) = self.slot_of(pte) {
                    there.slots[area][slot] = there.slots[area][slot].saturating_add(1);
                }
            }
            Class::MigrationRead | Class::MigrationWrite => there.pages[mm] += 1,
            Class::Present | Class::ProtNone | Class::DeviceRead | Class::DeviceWrite => {
                if let Some(frame) = self.page_of(pte) {
                    there.pages[mm] += 1;
                    there.maps[frame] = there.maps[frame].saturating_add(1);
                }
            }
            _ => {}
        }
    }

    /// What the page cache holds.
    fn count_file_slots(&self, there: &mut Held) {
        for file in &self.state.cache {
            for cached in &file[self.state.touched_file_pages()] {
                if let Cached::Swapped(swap) = cached {
                    let (area, slot) = super::state::place(*swap);
                    there.slots[area][slot] = there.slots[area][slot].saturating_add(1);
                }
            }
        }
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

/// What there is to be counted.
struct Held {
    slots: [[u8; SLOTS]; AREAS],
    maps: [u8; FRAMES],
    pages: [i32; 2],
    swap: [i32; 2],
}

/// Compares what was counted with what is there, place by place.
fn compare(law: u8, counts: impl Iterator<Item = (i64, i64)>) -> Result<(), Lost> {
    match counts.enumerate().find(|(_, (counted, there))| counted != there) {
        Some((i, (counted, there))) => Err(Lost { law, place: i as u64, counted, there }),
        None => Ok(()),
    }
}
