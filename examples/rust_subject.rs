//! Two implementations in Rust under ptefuzz: plain functions on a pte, and a page table that keeps its own entries between calls.
//!
//! `cargo run --example rust_subject` checks both and prints what was compared; `cargo test --example rust_subject` runs them as tests,
//! and sees that a mistake in either is found.

use ptefuzz::lockstep::{SiteSet, Subject};
use ptefuzz::pte::Environment;
use ptefuzz::site::{Answer, Call, RangeAnswer, RangeCall, SiteId};

const PRESENT: u64 = 1 << 0;
const WRITE: u64 = 1 << 1;
const PROT_NONE: u64 = 1 << 8;
const SOFT_DIRTY: u64 = 1 << 11;
const SWAP_SOFT_DIRTY: u64 = 1 << 1;
const SPECIAL_BIT: u64 = 1 << 9;
/// The special swap pte.
const SPECIAL: u64 = 1 << 2;

fn is_present(pte: u64) -> bool {
    pte & (PRESENT | PROT_NONE) != 0
}

fn is_none(pte: u64) -> bool {
    // The accessed and dirty bits may be set by an erratum.
    pte & !0x60 == 0
}

fn has_swap_entry(pte: u64) -> bool {
    !is_present(pte) && !is_none(pte) && pte != SPECIAL
}

/// Moving a pte to another address marks it soft-dirty, in the encoding that it uses.
fn moved(pte: u64) -> u64 {
    if is_present(pte) {
        pte | SOFT_DIRTY
    } else if has_swap_entry(pte) {
        pte | SWAP_SOFT_DIRTY
    } else {
        pte
    }
}

/// Clearing soft-dirty; nothing where nothing is to be stored.
fn cleared(pte: u64, p0: u64) -> Option<u64> {
    let cow = p0 & 3 == 1;
    let pinned = p0 & 0xc == 0xc && pte & SPECIAL_BIT == 0;
    if is_present(pte) {
        (!(pte & WRITE != 0 && cow && pinned)).then_some(pte & !WRITE & !SOFT_DIRTY)
    } else {
        has_swap_entry(pte).then_some(pte & !SWAP_SOFT_DIRTY)
    }
}

/// Plain functions: each answer depends on its call alone.
#[derive(Debug, Default)]
struct Functions;

impl Subject for Functions {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (call, answer) in calls.iter().zip(answers) {
            *answer = match call.site {
                SiteId::MoveSoftDirty => Answer { pte: moved(call.pte), ..Answer::default() },
                SiteId::ClearSoftDirty => match cleared(call.pte, call.p[0]) {
                    Some(pte) => Answer { pte, outcome: 1, ..Answer::default() },
                    None => Answer { pte: call.pte, ..Answer::default() },
                },
                _ => Answer::default(),
            };
        }
    }

    fn environment(&self) -> Environment {
        Environment::default()
    }

    fn sites(&self) -> SiteSet {
        [SiteId::MoveSoftDirty, SiteId::ClearSoftDirty].into_iter().collect()
    }
}

/// Entries of a page table.
const ENTRIES: usize = 512;

/// A page table that lives between calls, and counts as it goes how many of its entries are present.
///
/// A call works on the next slot in turn, a range on as many slots as it has entries; the neighbours keep what earlier calls left there. What
/// a pure function could not get wrong shows here: a loop that runs too far, a count that is not kept.
#[derive(Debug)]
struct PageTable {
    entries: [u64; ENTRIES],
    present: usize,
    next: usize,
    /// A mistake, for the test that sees it found.
    forgets_to_count: bool,
}

impl PageTable {
    fn new() -> PageTable {
        PageTable { entries: [0; ENTRIES], present: 0, next: 0, forgets_to_count: false }
    }

    /// Stores an entry and keeps the count.
    fn set(&mut self, slot: usize, pte: u64) -> u64 {
        let old = std::mem::replace(&mut self.entries[slot], pte);
        self.present = self.present + is_present(pte) as usize - is_present(old) as usize;
        old
    }

    /// Moves `len` entries from one slot on to another, as mremap does; the two do not overlap.
    fn move_entries(&mut self, from: usize, to: usize, len: usize) {
        for i in 0..len {
            let pte =
                if self.forgets_to_count { std::mem::take(&mut self.entries[from + i]) } else { self.set(from + i, 0) };
            self.set(to + i, moved(pte));
        }
    }

    /// Whether the count is right.
    fn is_consistent(&self) -> bool {
        self.present == self.entries.iter().filter(|pte| is_present(**pte)).count()
    }
}

impl Subject for PageTable {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (call, answer) in calls.iter().zip(answers) {
            if call.site != SiteId::MoveSoftDirty {
                continue;
            }
            let (from, to) = (self.next, (self.next + ENTRIES / 2) % ENTRIES);
            self.next = (self.next + 1) % ENTRIES;
            self.set(from, call.pte);
            self.move_entries(from, to, 1);
            // A count that is wrong is an answer that is wrong.
            let outcome = !self.is_consistent() as u64;
            *answer = Answer { pte: self.entries[to], outcome, ..Answer::default() };
        }
    }

    fn environment(&self) -> Environment {
        Environment::default()
    }

    fn sites(&self) -> SiteSet {
        [SiteId::MoveSoftDirty].into_iter().collect()
    }

    /// The loop is this type's own, and so are its counters.
    fn range(&mut self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
        let len = call.ptes.len();
        if call.site != SiteId::MoveSoftDirty || len > ENTRIES / 2 {
            return false;
        }
        for (slot, pte) in call.ptes.iter().enumerate() {
            self.set(slot, *pte);
        }
        self.move_entries(0, ENTRIES / 2, len);
        answer.ptes.copy_from_slice(&self.entries[ENTRIES / 2..][..len]);
        let moved = call.ptes.iter().filter(|pte| !is_none(**pte)).count() as u64;
        let flush = call.ptes.iter().any(|pte| is_present(*pte)) as u64;
        answer.totals[..2].copy_from_slice(&[moved, flush]);
        self.is_consistent()
    }
}

fn main() {
    let checked = ptefuzz::check(Functions).seed(1).run();
    println!("functions:  {} site calls in {} programs, no difference", checked.site_calls, checked.programs);
    let checked = ptefuzz::check(PageTable::new()).seed(1).run();
    println!("page table: {} site calls in {} programs, no difference", checked.site_calls, checked.programs);
}

#[test]
fn the_functions_do_what_the_kernel_does() {
    ptefuzz::check(Functions).seed(7).programs(500).run();
}

#[test]
fn the_page_table_does_what_the_kernel_does() {
    ptefuzz::check(PageTable::new()).seed(7).programs(500).run();
}

#[test]
fn a_page_table_that_loses_count_is_found() {
    let table = PageTable { forgets_to_count: true, ..PageTable::new() };
    let found = ptefuzz::check(table).seed(7).find().expect_err("a difference");
    assert!(found.to_string().starts_with("move_soft_dirty/outcome/"), "{found}");
}
