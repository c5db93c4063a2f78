//! What every site from `fork` on asks of a pte beyond its class: whether a normal page stands behind it, and how a new pte for a page
//! is made. Also the short ways in which these sites put an answer together.
//!
//! Everything here is v5.10, and the same in v5.11.

use super::events::BAD_PTE;
use super::primitive::{pfn_pte, pte_modify};
use super::pte::{Mapped, Model};
use crate::site::Answer;

/// An answer: the pte afterwards, the outcome (a code and events) and the auxiliary word.
pub(super) fn answer(pte: u64, outcome: u64, aux: u64) -> Answer {
    Answer { pte, outcome, aux, ..Answer::default() }
}

/// The answer of a site that skips this pte: it stays, and nothing happened.
pub(super) fn untouched(raw: u64) -> Answer {
    answer(raw, 0, 0)
}

/// These outcome bits where the condition holds, and none where it does not.
pub(super) fn when(condition: bool, bits: u64) -> u64 {
    if condition { bits } else { 0 }
}

/// The page test, `vm_normal_page()` in mm/memory.c: whether there is a page behind a mapped pte, and the event of asking.
///
/// Without `pte_special()` there is a page, the zero page too. With it there is none, which `print_bad_pte()` complains of unless the pte
/// is of device memory or maps the zero page. No vma here is `VM_PFNMAP` or `VM_MIXEDMAP`.
pub(super) fn normal_page(model: &Model, pte: &Mapped) -> (bool, u64) {
    let expected = pte.devmap || is_zero_page(model, pte);
    (!pte.special, when(pte.special && !expected, BAD_PTE))
}

/// `is_zero_pfn(pte_pfn())`.
pub(super) fn is_zero_page(model: &Model, pte: &Mapped) -> bool {
    pte.pfn == model.layout().zero_pfn
}

/// A page frame number from a parameter, cut to what a pte can hold: 40 bits.
pub(super) fn frame(model: &Model, pfn: u64) -> u64 {
    pfn & (model.layout().pfn >> (model.layout().pfn_shift & 63))
}

/// `mk_pte()`, `pfn_pte()`: a pte for this page frame with this protection, flags and all.
pub(super) fn mk_pte(model: &Model, pfn: u64, prot: u64) -> Mapped {
    model.read_mapped(pfn_pte(model, pfn, prot))
}

/// `pte_mkdirty()`, which sets soft-dirty too.
pub(super) fn mkdirty(pte: Mapped) -> Mapped {
    Mapped { dirty: true, soft_dirty: true, ..pte }
}

/// `maybe_mkwrite(pte_mkdirty())`: dirty, and writable where the vma is.
pub(super) fn mkdirty_maybe_mkwrite(pte: Mapped, vm_write: bool) -> Mapped {
    Mapped { write: pte.write || vm_write, ..mkdirty(pte) }
}

/// `pte_mkuffd_wp()`, which does nothing where the architecture has no uffd-wp.
pub(super) fn mkuffd_wp(model: &Model, pte: Mapped) -> Mapped {
    Mapped { uffd_wp: model.has_uffd_wp || pte.uffd_wp, ..pte }
}

/// `pte_modify()`: the page, its history and its software bits under a new protection.
pub(super) fn modify(model: &Model, raw: u64, prot: u64) -> Mapped {
    model.read_mapped(pte_modify(model, raw, prot))
}
