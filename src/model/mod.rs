//! The reference: what a pte is, and each site's rule on it, to be read beside the kernel's source.
//!
//! [`Model::answer`] takes a raw call and gives the answer that the kernel would; [`crate::lockstep`] holds a subject against it. The model is
//! written for a reader who knows mm and little Rust: it unpacks a pte into [`Pte`], says the rule, and packs the result again.
//!
//! A file for each kernel subsystem. Unless a function says otherwise, its rule was read in v5.10 (v5.11 has the same text) with RFC 06/30 and
//! RFC 07/30 of "userfaultfd-wp: Support shmem and hugetlbfs" on top, message 20210115170907.24498-8-peterx@redhat.com.

mod accessor;
mod around;
mod classify;
mod entry;
mod events;
mod fault;
mod fork;
mod gup;
mod hmm;
mod khugepaged;
mod madvise;
mod memcontrol;
mod migrate;
mod migration_wait;
mod mincore;
mod mprotect;
mod mremap;
mod page;
mod page_vma_mapped;
mod patch;
mod precondition;
mod primitive;
mod pte;
mod range;
mod swap_fault;
mod swapfile;
mod task_mmu;
#[cfg(test)]
mod tests;
mod uffd_wp;
mod unmap;
mod wp_page;
mod zap;

pub use pte::{Collision, Held, Mapped, Model, Nothing, Pte};

use crate::site::{Answer, Call, Uses};

impl Model {
    /// What the kernel answers to this call. Calls outside the site's domain get an answer too, which means nothing.
    pub fn answer(&self, call: &Call) -> Answer {
        patch::answer_patch(self, call).unwrap_or_else(|| around::answer_around(self, call))
    }
}

/// An answer of the model, which makes no uses: it is what others' uses are measured by.
fn answered(pte: u64, outcome: u64, aux: u64) -> Answer {
    Answer { pte, outcome, aux, uses: Uses::NONE }
}
