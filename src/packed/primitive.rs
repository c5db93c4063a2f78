//! The primitives of `arch/x86/include/asm/pgtable.h`, `include/linux/swapops.h` and `arch/x86/mm/pgtable.c`. They
//! take any value and are not observed.

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call};

/// `pte_modify()`: the bits of `keep` stay, the rest is `newprot`'s, and the page frame number is inverted if it now
/// has to be.
#[inline(always)]
pub(crate) fn modify(pte: u64, newprot: u64, keep: u64) -> u64 {
    let mixed = (pte & keep) | (newprot & !keep);
    mixed ^ when(inverted(pte) != inverted(mixed), pfn_field())
}

impl<O: Observer> Packed<O> {
    /// `pte_modify()`, v5.10 and v5.11.
    pub fn pte_modify(&mut self, call: &Call) -> Answer {
        plain(modify(call.pte, call.p[0], self.masks.keep), 0, 0)
    }

    /// `pte_mkdirty()` and the sixteen other flag operations, v5.10 and v5.11.
    pub fn bitop(&mut self, call: &Call) -> Answer {
        let (set, clear) = self.bitop_masks(call.p[0]);
        plain((call.pte | set) & !clear, 0, 0)
    }

    /// The bits that an operation sets, and those that it clears.
    fn bitop_masks(&self, operation: u64) -> (u64, u64) {
        match operation {
            o if o == bo_mkdirty() => (dirtied(), 0),
            o if o == bo_mkclean() => (0, dirty()),
            o if o == bo_mkyoung() => (accessed(), 0),
            o if o == bo_mkold() => (0, accessed()),
            o if o == bo_mkwrite() => (write(), 0),
            o if o == bo_wrprotect() => (0, write()),
            o if o == bo_mksoft_dirty() => (soft_dirty(), 0),
            o if o == bo_clear_soft_dirty() => (0, soft_dirty()),
            o if o == bo_mkuffd_wp() => (self.masks.wp, 0),
            o if o == bo_clear_uffd_wp() => (0, self.masks.wp),
            o if o == bo_swp_mksoft_dirty() => (swp_soft_dirty(), 0),
            o if o == bo_swp_clear_soft_dirty() => (0, swp_soft_dirty()),
            o if o == bo_swp_mkuffd_wp() => (self.masks.swp_wp, 0),
            o if o == bo_swp_clear_uffd_wp() => (0, self.masks.swp_wp),
            o if o == bo_mkspecial() => (page_special(), 0),
            o if o == bo_mkdevmap() => (page_special() | devmap(), 0),
            o if o == bo_mkexec() => (0, nx()),
            _ => (0, 0),
        }
    }

    /// `swp_entry_to_pte()` of a type and an offset, v5.10 and v5.11; the auxiliary word is the generic `swp_entry_t`.
    pub fn swp_entry_to_pte(&mut self, call: &Call) -> Answer {
        let entry = Entry { kind: call.p[0], offset: call.p[1] };
        plain(entry.pte(), 0, entry.val())
    }

    /// `pfn_pte()`, v5.10 and v5.11.
    pub fn pfn_pte(&mut self, call: &Call) -> Answer {
        plain(pfn_pte(call.p[0], call.p[1]), 0, 0)
    }

    /// `ptep_set_access_flags()` and the seven other operations on a slot, v5.10 and v5.11.
    pub fn accessor(&mut self, call: &Call) -> Answer {
        let pte = call.pte;
        match call.p[0] {
            o if o == ac_set_access_flags() => set_access_flags(pte, call.p[1], any(call.p[2], ac_argument())),
            o if o == ac_test_clear_young() || o == ac_clear_flush_young() => {
                let young = any(pte, accessed());
                plain(pte & !accessed(), when(young, ev_store() | code_true()), 0)
            }
            o if o == ac_set_wrprotect() => plain(pte & !write(), ev_store(), 0),
            o if o == ac_get_and_clear() || o == ac_get_and_clear_full() => plain(0, ev_clear(), pte),
            o if o == ac_clear_flush() => plain(0, ev_clear() | carry(pte, present_hw(), ev_tlb()), pte),
            o if o == ac_accessible() => plain(pte, carry(pte, present_hw(), code_true()), 0),
            _ => plain(pte, 0, 0),
        }
    }
}

/// `ptep_set_access_flags()`: says whether the entry differs, but stores it only for a dirty one.
pub(crate) fn set_access_flags(pte: u64, entry: u64, dirty: bool) -> Answer {
    let changed = pte != entry;
    let stored = changed && dirty;
    plain(if stored { entry } else { pte }, when(changed, code_true()) | when(stored, ev_store()), 0)
}
