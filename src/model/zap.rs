//! Taking a range out of a page table: `zap_pte_range()` in mm/memory.c, for one pte.

use super::entry;
use super::events::{
    BAD_PTE, CLEAR, FORCE_FLUSH, PG_ACCESSED, PG_DIRTY, PUT_PAGE, RMAP_DEL, RSS_PAGE, RSS_SWAP, SWAP_FREE, TLB,
};
use super::page::{answer, normal_page, untouched, when};
use super::pte::{Mapped, Model, Pte};
use crate::pte::{Class, SwapEntry};
use crate::site::{Answer, params};

/// `zap_pte_range()` of v5.10, the same in v5.11, for one pte. The auxiliary word is the pfn that leaves the rmap, else the entry freed.
///
/// The patch leaves this function alone: it takes the special pte for the entry that it decodes to.
pub(super) fn zap(model: &Model, raw: u64, p: &params::Zap) -> Answer {
    match model.read(raw) {
        Pte::None(_) => untouched(raw),
        Pte::Present(mapped) => zap_mapped(model, raw, &mapped, p),
        Pte::Swap(held) => zap_entry(model, raw, held.entry, p),
        Pte::Special => zap_entry(model, raw, model.decode(raw), p),
    }
}

/// Whether the details say that only the pages of one mapping go, and this page belongs to another.
fn is_spared(p: &params::Zap) -> bool {
    p.details && p.check_mapping && !p.mapping_match
}

/// A mapped page goes, and learns what the pte knew of it. Without a page the details have nobody to ask and the pte is cleared.
fn zap_mapped(model: &Model, raw: u64, pte: &Mapped, p: &params::Zap) -> Answer {
    let (has_page, complaint) = normal_page(model, pte);
    if !has_page {
        return answer(0, complaint | CLEAR | TLB, 0);
    }
    if is_spared(p) {
        return untouched(raw);
    }
    let told = if p.pg_anon {
        0
    } else {
        when(pte.dirty, PG_DIRTY | FORCE_FLUSH) | when(pte.young && !p.seq_read, PG_ACCESSED)
    };
    let complaint = when(p.mapcount_neg, BAD_PTE);
    let flush = when(p.tlb_full, FORCE_FLUSH);
    answer(0, CLEAR | TLB | told | RSS_PAGE | RMAP_DEL | complaint | flush, pte.pfn)
}

/// A device private page goes like a mapped one; every other entry stays as soon as there are details, whatever they say.
fn zap_entry(model: &Model, raw: u64, entry: SwapEntry, p: &params::Zap) -> Answer {
    let class = model.entry_class(entry);
    if matches!(class, Class::DeviceRead | Class::DeviceWrite) {
        if is_spared(p) {
            return untouched(raw);
        }
        return answer(0, CLEAR | RSS_PAGE | RMAP_DEL | PUT_PAGE, entry.offset);
    }
    if p.details {
        return untouched(raw);
    }
    match class {
        Class::Swap => {
            let (freed, val) = entry::free(model, entry, p.area, p.map_byte);
            answer(0, CLEAR | RSS_SWAP | freed | when(freed != SWAP_FREE, BAD_PTE), val)
        }
        Class::MigrationRead | Class::MigrationWrite => answer(0, CLEAR | RSS_PAGE, 0),
        _ => answer(0, CLEAR, 0),
    }
}
