//! swapoff: `unuse_pte_range()` and `unuse_pte()` in mm/swapfile.c, for one pte.

use super::entry::{self, Form};
use super::events::{GET_PAGE, NOMEM, PUT_PAGE, RMAP_ADD, RSS_PAGE, RSS_SWAP, STORE, SWAP_BAD, SWAP_FREE, WILD};
use super::page::{answer, mk_pte, untouched, when};
use super::pte::{Held, Mapped, Model, Pte};
use crate::pte::SwapEntry;
use crate::site::{Answer, params};

/// `-ENOMEM` in the code.
const ENOMEM: u64 = 1;

/// `unuse_pte_range()` of v5.10, the same in v5.11. The auxiliary word is the entry freed.
pub(super) fn unuse(model: &Model, raw: u64, p: &params::Unuse) -> Answer {
    unuse_one(model, raw, p, Form::V510)
}

/// `unuse_pte_range()` with the hunk of v3 05/27: the special pte is skipped.
pub(super) fn unuse_v3(model: &Model, raw: u64, p: &params::UnuseV3) -> Answer {
    unuse_one(model, raw, &p.into(), Form::V3)
}

fn unuse_one(model: &Model, raw: u64, p: &params::Unuse, form: Form) -> Answer {
    let held = match model.read(raw) {
        Pte::Swap(held) => held,
        Pte::Special if form == Form::V510 => entry::taken_for_entry(model, raw),
        _ => return untouched(raw),
    };
    if held.entry.kind as u64 != p.kind {
        return untouched(raw);
    }
    let (refused, complaint) = is_refused(model, held.entry, p);
    if refused || p.no_page { without_page(raw, held.entry, complaint, p) } else { with_page(model, raw, &held, p) }
}

/// Whether lookup and readahead refuse the entry, and the event of asking: it is the entry whose value is 0, there is no such swap area,
/// which is complained of, or the offset is outside.
fn is_refused(model: &Model, entry: SwapEntry, p: &params::Unuse) -> (bool, u64) {
    let no_swap_file = p.kind >= model.layout().max_swapfiles || p.area == 0;
    let is_zero = entry::val(model, entry) == 0;
    (is_zero || no_swap_file || entry.offset >= p.area, when(no_swap_file && !is_zero, SWAP_BAD))
}

/// No page: that is an error unless `swap_map[]` says that nobody uses the slot. An offset outside the area reads `swap_map[]` out of
/// bounds, which is what the special pte comes to.
fn without_page(raw: u64, entry: SwapEntry, complaint: u64, p: &params::Unuse) -> Answer {
    let wild = when(entry.offset >= p.area, WILD);
    let is_unused = p.map_zero || p.map_bad;
    answer(raw, complaint | wild | when(!is_unused, NOMEM | ENOMEM), 0)
}

/// `unuse_pte()`: the page takes the place of the entry, without soft-dirty and uffd-wp.
fn with_page(model: &Model, raw: u64, held: &Held, p: &params::Unuse) -> Answer {
    if p.ksm_oom {
        return answer(raw, ENOMEM | PUT_PAGE | NOMEM, 0);
    }
    if !is_same_as_swap(held, p) {
        return answer(raw, PUT_PAGE, 0);
    }
    let mapped = Mapped { young: false, ..mk_pte(model, p.pfn, p.prot) };
    let events = PUT_PAGE | STORE | RSS_SWAP | RSS_PAGE | GET_PAGE | RMAP_ADD | SWAP_FREE;
    answer(model.write_mapped(&mapped), events, entry::val(model, held.entry))
}

/// `pte_same_as_swp()`: the pte is the entry and soft-dirty at most. Until 099dd6878b9b (v5.13) one with uffd-wp is never the same, and
/// swapoff cannot finish.
fn is_same_as_swap(held: &Held, p: &params::Unuse) -> bool {
    held.rest == 0 && (p.sameswp_fixed || !held.uffd_wp)
}
