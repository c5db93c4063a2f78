//! The accessors that everything is made of, on raw values and whatever the class: arch/x86/include/asm/pgtable.h and include/linux/swapops.h.

use super::answered;
use super::pte::Model;
use crate::pte::SwapEntry;
use crate::site::{Answer, params};

/// `__pte_needs_invert()`, v5.10: whether a value keeps its frame number inverted, so that a speculating cpu finds no memory there (L1TF).
fn needs_invert(model: &Model, value: u64) -> bool {
    value != 0 && value & model.layout().present == 0
}

/// `pte_modify()`, v5.10: what the pte is apart from its protection, under a new protection.
pub(super) fn pte_modify(model: &Model, raw: u64, newprot: u64) -> u64 {
    let l = model.layout();
    let keeps = l.modify_keeps | if model.has_uffd_wp { l.uffd_wp } else { 0 };
    let new = raw & keeps | newprot & !keeps;
    // flip_protnone_guard(): `new` is asked before its frame number is turned over.
    if needs_invert(model, raw) == needs_invert(model, new) { new } else { new ^ l.pfn }
}

/// `pfn_pte()`, v5.10. The protection decides about inversion, and is not masked.
pub(super) fn pfn_pte(model: &Model, pfn: u64, prot: u64) -> u64 {
    let l = model.layout();
    let field = pfn << (l.pfn_shift & 63);
    let field = if needs_invert(model, prot) { !field } else { field };
    field & l.pfn | prot
}

/// `pte_pfn()`, v5.10.
pub(super) fn pte_pfn(model: &Model, raw: u64) -> u64 {
    let l = model.layout();
    let value = if needs_invert(model, raw) { !raw } else { raw };
    (value & l.pfn) >> (l.pfn_shift & 63)
}

/// The site of [`pte_modify`].
pub(super) fn modify(model: &Model, raw: u64, p: &params::PteModify) -> Answer {
    answered(pte_modify(model, raw, p.newprot), 0, 0)
}

/// The site of [`pfn_pte`]; the call's pte plays no part.
pub(super) fn make_pte(model: &Model, p: &params::PfnPte) -> Answer {
    answered(pfn_pte(model, p.pfn, p.prot), 0, 0)
}

/// `swp_entry_to_pte()`, v5.10; the call's pte plays no part. Auxiliary: the `swp_entry_t`.
///
/// The answer is the kernel's even where the value stands for something else; [`Model::precondition`] tells of that.
pub(super) fn swp_entry_to_pte(model: &Model, p: &params::SwpEntryToPte) -> Answer {
    let entry = SwapEntry { kind: p.kind as u8, offset: p.offset };
    answered(model.encode(entry), 0, model.entry_value(entry))
}

/// `pte_mkdirty()` and its kin, v5.10. An unknown operation changes nothing.
pub(super) fn bitop(model: &Model, raw: u64, p: &params::Bitop) -> Answer {
    let l = model.layout();
    // Without uffd-wp in the architecture its four operations are empty (include/asm-generic/pgtable_uffd.h).
    let (uffd_wp, swp_uffd_wp) = if model.has_uffd_wp { (l.uffd_wp, l.swp_uffd_wp) } else { (0, 0) };
    let pte = match p.operation {
        0 => raw | l.dirty | l.soft_dirty, // pte_mkdirty
        1 => raw & !l.dirty,               // pte_mkclean
        2 => raw | l.accessed,             // pte_mkyoung
        3 => raw & !l.accessed,            // pte_mkold
        4 => raw | l.write,                // pte_mkwrite
        5 => raw & !l.write,               // pte_wrprotect
        6 => raw | l.soft_dirty,           // pte_mksoft_dirty
        7 => raw & !l.soft_dirty,          // pte_clear_soft_dirty
        8 => raw | uffd_wp,                // pte_mkuffd_wp: write is not taken away
        9 => raw & !uffd_wp,               // pte_clear_uffd_wp
        10 => raw | l.swp_soft_dirty,      // pte_swp_mksoft_dirty
        11 => raw & !l.swp_soft_dirty,     // pte_swp_clear_soft_dirty
        12 => raw | swp_uffd_wp,           // pte_swp_mkuffd_wp
        13 => raw & !swp_uffd_wp,          // pte_swp_clear_uffd_wp
        14 => raw | l.special,             // pte_mkspecial
        15 => raw | l.special | l.devmap,  // pte_mkdevmap
        16 => raw & !l.nx,                 // pte_mkexec
        _ => raw,
    };
    answered(pte, 0, 0)
}
