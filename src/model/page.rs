//! What every site from `fork` on asks of a pte beyond its class: whether a normal page stands behind it, and how a new pte for a page
//! is made. Also the short ways in which these sites put an answer together.
//!
//! Everything here is v5.10, and the same in v5.11.

use super::events::BAD_PTE;
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

/// This value seen through the present bits, whatever it is: what `pte_young()`, `pte_write()` and their kin make of it.
///
/// [`Model::write_mapped`] gives the same value back, so it also serves for changing one present bit of a pte of any class.
pub(super) fn present_bits(model: &Model, raw: u64) -> Mapped {
    let l = model.layout();
    let hardware = raw & l.present != 0;
    let field = if hardware { raw } else { !raw };
    let named = Mapped {
        pfn: frame(model, field >> (l.pfn_shift & 63)),
        hardware,
        write: raw & l.write != 0,
        young: raw & l.accessed != 0,
        dirty: raw & l.dirty != 0,
        special: raw & l.special != 0,
        uffd_wp: model.has_uffd_wp && raw & l.uffd_wp != 0,
        soft_dirty: raw & l.soft_dirty != 0,
        devmap: raw & l.devmap != 0,
        rest: 0,
    };
    Mapped { rest: raw & !model.write_mapped(&named), ..named }
}

/// `mk_pte()`, `pfn_pte()`: a pte for this page frame with this protection, flags and all. The number is inverted where the protection
/// is not zero and not present to the hardware.
pub(super) fn mk_pte(model: &Model, pfn: u64, prot: u64) -> Mapped {
    let l = model.layout();
    let inverted = prot != 0 && prot & l.present == 0;
    let field = (pfn << (l.pfn_shift & 63)) ^ if inverted { l.pfn } else { 0 };
    present_bits(model, field & l.pfn | prot)
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

/// `pte_modify()`: what `_PAGE_CHG_MASK` names is kept, the rest comes from the protection. The page frame number is inverted again where
/// that makes the pte change between inverted and not.
pub(super) fn modify(model: &Model, raw: u64, prot: u64) -> Mapped {
    let l = model.layout();
    let keeps = l.modify_keeps | if model.has_uffd_wp { l.uffd_wp } else { 0 };
    let needs_invert = |value: u64| value != 0 && value & l.present == 0;
    let new = raw & keeps | prot & !keeps;
    let flip = if needs_invert(raw) != needs_invert(new) { l.pfn } else { 0 };
    present_bits(model, new ^ flip)
}
