//! `get_mctgt_type()` of mm/memcontrol.c (v5.10 with RFC 06/30 and 07/30).

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::site::{Answer, Call};

/// What a handler found.
#[derive(Clone, Copy, Default)]
pub(crate) struct Found {
    /// A page.
    page: bool,
    /// It is a device private page.
    device: bool,
    /// Its frame number, as the auxiliary word reports it.
    pfn: u64,
    /// An entry, 0 if none.
    entry: u64,
}

impl<O: Observer> Packed<O> {
    /// `get_mctgt_type()`, v5.10 with RFC 07/30. The special pte has no handler.
    #[inline]
    pub fn mctgt(&mut self, call: &Call) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        let (handler, found) = if present(pte) {
            self.present_flag(pte);
            (mch_present(), mc_present(pte, flags))
        } else if self.masks.has_entry(pte) {
            (mch_swap(), mc_swap(self.decode(pte), flags))
        } else if none(pte) {
            (mch_file(), mc_file(flags))
        } else {
            (0, Found::default())
        };
        let (target, aux) = mc_target(found, flags);
        plain(pte, target | (handler << mch_shift()), aux)
    }
}

/// `mc_handle_present_pte()`: a mapped page of the kind that is moved.
#[inline]
fn mc_present(pte: u64, flags: u64) -> Found {
    let moved = if any(flags, mc_pg_anon()) { mc_move_anon() } else { mc_move_file() };
    let page = has_page(pte) && any(flags, mc_pg_mapped()) && any(flags, moved) && any(flags, mc_getpage_ok());
    Found { page, pfn: pfn(pte), ..Found::default() }
}

/// `mc_handle_swap_pte()`: a device private page, or a slot with or without its page.
#[inline]
fn mc_swap(entry: Entry, flags: u64) -> Found {
    if !any(flags, mc_move_anon()) {
        Found::default()
    } else if entry.is_device() {
        Found { page: any(flags, mc_devref_ok()), device: true, pfn: entry.offset, entry: 0 }
    } else if entry.is_swap() {
        Found { page: any(flags, mc_swapcache()), device: false, pfn: entry.offset, entry: entry.val() }
    } else {
        Found::default()
    }
}

/// `mc_handle_file_pte()`: what the page cache has at this place.
#[inline]
fn mc_file(flags: u64) -> Found {
    let page = any(flags, mc_vm_file()) && any(flags, mc_move_file()) && any(flags, mc_incore());
    Found { page, ..Found::default() }
}

/// The type of the target, and the page or entry that it is.
#[inline]
fn mc_target(found: Found, flags: u64) -> (u64, u64) {
    if found.page && any(flags, mc_memcg_from()) {
        (if found.device { mct_device() } else { mct_page() }, found.pfn)
    } else if found.entry != 0 && !(found.page && any(flags, mc_compound())) && any(flags, mc_swap_cgroup()) {
        (mct_swap(), found.entry)
    } else {
        (0, 0)
    }
}
