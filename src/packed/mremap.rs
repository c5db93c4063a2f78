//! `move_soft_dirty_pte()` of mm/mremap.c (v5.10 with RFC 06/30 and 07/30).

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call};

impl<O: Observer> Packed<O> {
    /// `move_soft_dirty_pte()`, v5.10 with RFC 07/30: what is moved is soft-dirty, in the encoding that it has.
    #[inline]
    pub fn move_soft_dirty(&mut self, call: &Call) -> Answer {
        let pte = call.pte;
        if present(pte) {
            self.present_flag(pte);
            plain(pte | soft_dirty(), 0, 0)
        } else if self.masks.has_entry(pte) {
            self.swap_flag(pte);
            plain(pte | swp_soft_dirty(), 0, 0)
        } else {
            plain(pte, 0, 0)
        }
    }
}
