//! mincore: `mincore_pte_range()` in mm/mincore.c, for one pte.

use super::entry::Form;
use super::events::{PUT_PAGE, WILD};
use super::page::{answer, when};
use super::pte::{Model, Pte};
use crate::pte::{Class, SwapEntry};
use crate::site::{Answer, params};

/// `*vec` is 1: resident, or on its way.
const RESIDENT: u64 = 1;
/// The page cache of the file was asked.
const FILE_LOOKUP: u64 = 0x10;
/// The swap cache was asked.
const SWAP_LOOKUP: u64 = 0x20;

/// `SWAP_ADDRESS_SPACE_PAGES`: a swap area has one `address_space` for so many pages.
const SPACE_PAGES: u64 = 1 << 14;

/// `mincore_pte_range()` of v5.10, the same in v5.11. The auxiliary word is the offset looked up in the swap cache.
pub(super) fn mincore(model: &Model, raw: u64, p: &params::Mincore) -> Answer {
    mincore_one(model, raw, p, Form::V510)
}

/// `mincore_pte_range()` with the hunk of v3 05/27: the special pte is answered like none.
pub(super) fn mincore_v3(model: &Model, raw: u64, p: &params::MincoreV3) -> Answer {
    mincore_one(model, raw, &p.into(), Form::V3)
}

fn mincore_one(model: &Model, raw: u64, p: &params::Mincore, form: Form) -> Answer {
    match model.read(raw) {
        Pte::None(_) => look_into_file(raw, p),
        Pte::Special if form == Form::V3 => look_into_file(raw, p),
        Pte::Present(_) => answer(raw, RESIDENT, 0),
        Pte::Swap(held) => mincore_entry(model, raw, held.entry, p),
        Pte::Special => mincore_entry(model, raw, model.decode(raw), p),
    }
}

/// Migration, device private and hwpoison entries count as resident without a look.
fn mincore_entry(model: &Model, raw: u64, entry: SwapEntry, p: &params::Mincore) -> Answer {
    if model.entry_class(entry) != Class::Swap {
        return answer(raw, RESIDENT, 0);
    }
    // The special pte decodes to an index far behind the last address space.
    let wild = entry.offset / SPACE_PAGES >= p.area.div_ceil(SPACE_PAGES);
    answer(raw, SWAP_LOOKUP | lookup(p) | when(wild, WILD), entry.offset)
}

/// `__mincore_unmapped_range()`: nothing here, but the file may have the page.
fn look_into_file(raw: u64, p: &params::Mincore) -> Answer {
    answer(raw, when(p.vm_file, FILE_LOOKUP | lookup(p)), 0)
}

/// `mincore_page()`: a page that is found counts if it is up to date.
fn lookup(p: &params::Mincore) -> u64 {
    when(p.incore, PUT_PAGE) | when(p.incore && p.uptodate, RESIDENT)
}
