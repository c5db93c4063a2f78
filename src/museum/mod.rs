//! The museum: known bugs, each planted alone, and what the fuzzer needs to find each.
//!
//! A [`Bug`] is a constant that names a site and gives the wrong function for it, a few lines over packed; [`Buggy`] is the subject that such
//! bugs make, `bug:<slug>[+<slug>...]` by name. There are three kinds: the hunks of RFC 07/30 taken back one at a time (H), callers that the
//! patch missed (R), and what went wrong in the kernel's history (M). One file for each subsystem of the kernel.

mod bug;
mod buggy;
mod caught;
mod crash;
mod fault;
mod fork;
mod gup;
mod hmm;
mod hunt;
mod khugepaged;
mod madvise;
mod memcontrol;
mod migrate;
mod mincore;
mod mprotect;
mod mremap;
mod out;
mod page;
mod primitive;
mod rmap;
mod swap_fault;
mod swapfile;
mod task_mmu;
#[cfg(test)]
mod tests;
mod unmap;
mod walk;
mod watched;

pub use bug::{Bug, Ranges, Source, WrongRange, WrongSite};
pub use buggy::{Buggy, WrongPredicates};
pub use caught::{Caught, vector_rows};
pub use crash::Crash;
pub use hunt::{By, Control, Detection, Hunt, control, hunt};
pub use out::{OUT, Out, Why};
pub use page::page;
pub use walk::hunt_by_walk;

use crate::packed::{Packed, Watch, masks};
use crate::site::{Answer, Call, SiteId};

/// What must be found at once, so that a dead checker is noticed: no bug of any kernel, a store at every fault.
pub const CANARY: Bug = Bug {
    mistake: "every fault says that it stored",
    harm: "none: no kernel has it",
    ..Bug::past("CANARY", "canary", SiteId::PteFault, |packed, call| {
        amended(packed, call, |_, right| Answer { outcome: right.outcome ^ masks::ev_store(), ..right })
    })
};

/// Every bug, by id: the hunks, history, the missed callers.
pub static MUSEUM: [Bug; 50] = [
    task_mmu::H01,
    task_mmu::H02,
    task_mmu::H03,
    task_mmu::H04,
    task_mmu::H05,
    khugepaged::H06,
    khugepaged::H07,
    memcontrol::H08,
    swap_fault::H09,
    migrate::H10,
    mprotect::H11,
    mremap::H12,
    rmap::H13,
    rmap::H14,
    rmap::H15,
    mremap::M01,
    migrate::M02,
    unmap::M03,
    migrate::M04,
    migrate::M05,
    migrate::M06,
    mprotect::M08,
    fork::M13,
    fork::M16,
    fork::M17,
    fork::M20,
    swapfile::M24,
    swapfile::M25,
    migrate::M38,
    mprotect::M39A,
    fork::M39B,
    migrate::M39C,
    task_mmu::M40,
    unmap::M41A,
    swap_fault::M41B,
    mprotect::M49,
    mincore::M51,
    rmap::M53,
    mremap::M61,
    primitive::M67,
    mprotect::M72A,
    fault::M72B,
    hmm::R01,
    gup::R02,
    madvise::R03,
    madvise::R04,
    migrate::R05,
    mincore::R06,
    swapfile::R07,
    fork::R08,
];

/// The bug with this slug or id.
pub fn find(name: &str) -> Option<&'static Bug> {
    MUSEUM.iter().find(|bug| bug.is(name))
}

/// Slugs that are near a name that no bug has, the nearest first, at most five.
pub fn near(name: &str) -> Vec<&'static str> {
    let mut near: Vec<_> = MUSEUM.iter().map(|bug| (distance(name, bug.slug), bug.slug)).collect();
    near.sort_unstable();
    near.into_iter().take(5).map(|(_, slug)| slug).collect()
}

/// How far two names are apart: words of one that are no part of the other, both ways, a beginning counting half.
fn distance(name: &str, slug: &str) -> usize {
    let words = |text: &str| text.split(['-', '_', ' ']).map(str::to_ascii_lowercase).collect::<Vec<_>>();
    let (asked, had) = (words(name), words(slug));
    let miss = |words: &[String], others: &[String]| -> usize {
        let one = |word: &String| match others.iter().map(|other| alike(word, other)).max() {
            Some(same) => 2 * word.len().saturating_sub(same),
            None => 2 * word.len(),
        };
        words.iter().map(one).sum()
    };
    2 * miss(&asked, &had) + miss(&had, &asked)
}

/// Letters at the beginning that two words share.
fn alike(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// The right answer, changed afterwards.
fn amended(packed: &mut Packed<Watch>, call: &Call, amend: impl FnOnce(&Packed<Watch>, Answer) -> Answer) -> Answer {
    let right = packed.dispatch(call);
    amend(packed, right)
}

/// `wrong` for the special pte, the site's own function for every other.
fn on_special(packed: &mut Packed<Watch>, call: &Call, wrong: WrongSite) -> Answer {
    if packed.masks.is_special_swap(call.pte) { wrong(packed, call) } else { packed.dispatch(call) }
}
