//! `mincore_pte_range()` of mm/mincore.c, one pte: v5.10, and with the hunk of version 3.

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call};

impl<O: Observer> Packed<O> {
    /// `mincore_pte_range()`, v5.10: the special pte is looked up as a slot. The auxiliary word is the index looked up.
    #[inline]
    pub fn mincore(&mut self, call: &Call) -> Answer {
        self.mincore_pte(call, none(call.pte))
    }

    /// `mincore_pte_range()`, v5.10 with the hunk of version 3: the special pte is answered like none.
    #[inline]
    pub fn mincore_v3(&mut self, call: &Call) -> Answer {
        self.mincore_pte(call, none(call.pte) || self.masks.is_special(call.pte))
    }

    /// Both forms; `empty` says whether the pte is answered as none.
    #[inline]
    pub(crate) fn mincore_pte(&mut self, call: &Call, empty: bool) -> Answer {
        let (pte, [flags, area, _]) = (call.pte, call.p);
        if empty {
            let looked = any(flags, mi_vm_file());
            return plain(pte, when(looked, mio_file_lookup() | cache_lookup(flags)), 0);
        }
        if present(pte) {
            return plain(pte, mio_resident(), 0);
        }
        let entry = self.decode(pte);
        if !entry.is_swap() {
            return plain(pte, mio_resident(), 0);
        }
        // Each address space of a swap area has 2^14 pages; beyond the last one the kernel would index out of bounds.
        let wild = (entry.offset >> swap_space_shift()) >= area.div_ceil(1 << swap_space_shift());
        plain(pte, mio_swap_lookup() | cache_lookup(flags) | when(wild, ev_wild()), entry.offset)
    }
}

/// What `mincore_page()` answers of a lookup, and the reference that it gives back.
#[inline(always)]
fn cache_lookup(flags: u64) -> u64 {
    let found = any(flags, mi_incore());
    when(found, ev_put_page()) | when(found & any(flags, mi_uptodate()), mio_resident())
}
