//! madvise: `madvise_free_pte_range()` and `swapin_walk_pmd_entry()` in mm/madvise.c, for one pte.

use super::entry::{self, Form};
use super::events::{CLEAR, CLEAR_PG_DIRTY, GET_PAGE, LAZYFREE, PUT_PAGE, RSS_SWAP, STORE, SWAP_BAD, TLB};
use super::page::{answer, normal_page, untouched, when};
use super::pte::{Mapped, Model, Pte};
use crate::pte::{Class, SwapEntry};
use crate::site::{Answer, params};

/// `read_swap_cache_async()` was called.
const CALLED: u64 = 1;
/// `get_swap_device()` accepted the entry.
const ACCEPTED: u64 = 2;

/// `madvise_free_pte_range()` of v5.10, the same in v5.11. The auxiliary word is the entry freed.
pub(super) fn madv_free(model: &Model, raw: u64, p: &params::MadvFree) -> Answer {
    free_one(model, raw, p, Form::V510)
}

/// `madvise_free_pte_range()` with the hunk of v3 05/27: the special pte is skipped.
pub(super) fn madv_free_v3(model: &Model, raw: u64, p: &params::MadvFreeV3) -> Answer {
    free_one(model, raw, &p.into(), Form::V3)
}

fn free_one(model: &Model, raw: u64, p: &params::MadvFree, form: Form) -> Answer {
    if let Pte::Present(mapped) = model.read(raw) {
        return free_mapped(model, raw, mapped, p);
    }
    match swap_entry(model, raw, form) {
        Some(entry) => {
            let (freed, val) = entry::free(model, entry, p.area, p.map_byte);
            answer(0, CLEAR | RSS_SWAP | freed, val)
        }
        None => untouched(raw),
    }
}

/// The entry of a swap pte, and in v5.10 what the special pte decodes to, if that is of a real swap area.
fn swap_entry(model: &Model, raw: u64, form: Form) -> Option<SwapEntry> {
    let entry = match model.read(raw) {
        Pte::Swap(held) => held.entry,
        Pte::Special if form == Form::V510 => model.decode(raw),
        _ => return None,
    };
    (model.entry_class(entry) == Class::Swap).then_some(entry)
}

/// A mapped page becomes lazily freeable. A huge page is split first, or left alone; after a good split its pte is an ordinary one.
fn free_mapped(model: &Model, raw: u64, pte: Mapped, p: &params::MadvFree) -> Answer {
    let (has_page, complaint) = normal_page(model, &pte);
    if !has_page {
        return answer(raw, complaint, 0);
    }
    if !p.thp {
        return free_page(model, raw, pte, 0, p);
    }
    if p.mapcount2 {
        return untouched(raw);
    }
    let split = GET_PAGE | PUT_PAGE;
    if p.trylock_fail || p.split_fail { answer(raw, split, 0) } else { free_page(model, raw, pte, split, p) }
}

/// A page that swap or a writer still cares for must first become clean and nobody else's. Then the pte forgets that it was used.
fn free_page(model: &Model, raw: u64, pte: Mapped, events: u64, p: &params::MadvFree) -> Answer {
    let is_dirty = p.pg_swapcache || p.pg_dirty;
    let stays_in_swap = p.pg_swapcache && p.tryfree_fail;
    if is_dirty && (p.trylock_fail || p.mapcount2 || stays_in_swap) {
        return answer(raw, events, 0);
    }
    let was_used = pte.young || pte.dirty;
    let unused = Mapped { young: false, dirty: false, ..pte };
    let events = events | when(is_dirty, CLEAR_PG_DIRTY) | when(was_used, CLEAR | STORE | TLB) | LAZYFREE;
    answer(model.write_mapped(&unused), events, 0)
}

/// `swapin_walk_pmd_entry()` (MADV_WILLNEED) of v5.10, the same in v5.11. The auxiliary word is the entry.
pub(super) fn willneed(model: &Model, raw: u64, p: &params::Willneed) -> Answer {
    read_ahead(model, raw, p.area, Form::V510)
}

/// `swapin_walk_pmd_entry()` with the hunk of v3 05/27: the special pte is skipped.
pub(super) fn willneed_v3(model: &Model, raw: u64, p: &params::WillneedV3) -> Answer {
    read_ahead(model, raw, p.area, Form::V3)
}

/// Every swap entry is asked for; `get_swap_device()` refuses one without a swap area or outside of it.
fn read_ahead(model: &Model, raw: u64, area: u64, form: Form) -> Answer {
    let Some(entry) = swap_entry(model, raw, form) else { return untouched(raw) };
    let val = entry::val(model, entry);
    let accepted = val != 0 && entry.offset < area;
    answer(raw, CALLED | when(accepted, ACCEPTED) | when(val != 0 && area == 0, SWAP_BAD), val)
}
