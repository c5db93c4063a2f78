//! mm/memcontrol.c: what page or swap entry stands behind a pte when a task's charges move to another cgroup.

use super::answered;
use super::pte::{Mapped, Model, Pte};
use crate::pte::{Class, SwapEntry};
use crate::site::{Answer, params};

const MC_TARGET_NONE: u64 = 0;
const MC_TARGET_PAGE: u64 = 1;
const MC_TARGET_SWAP: u64 = 2;
const MC_TARGET_DEVICE: u64 = 3;

/// Which of the three handlers was entered, in the outcome's second nibble.
const PRESENT_HANDLER: u64 = 1 << 4;
const SWAP_HANDLER: u64 = 2 << 4;
const FILE_HANDLER: u64 = 3 << 4;

/// What a handler found.
#[derive(Clone, Copy, Default)]
struct Found {
    /// The page, as the pfn that is reported, and what it is as a target.
    page: Option<(u64, u64)>,
    /// The swap entry as a `swp_entry_t`; 0 is no entry, even if it stands for type 0, offset 0.
    entry: u64,
}

/// `get_mctgt_type()`, v5.10 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com).
///
/// In this patch the special pte enters no handler. The review of version 5 found that it should be treated like none.
pub(super) fn get_mctgt_type(model: &Model, raw: u64, p: &params::Mctgt) -> Answer {
    let (handler, found) = match model.read(raw) {
        Pte::Present(mapped) => (PRESENT_HANDLER, mc_handle_present_pte(&mapped, p)),
        Pte::Swap(held) => (SWAP_HANDLER, mc_handle_swap_pte(model, held.entry, p)),
        Pte::None(_) => (FILE_HANDLER, mc_handle_file_pte(p)),
        Pte::Special => return answered(raw, MC_TARGET_NONE, 0),
    };
    // A part of a huge page cannot move through its swap entry.
    let entry_can_move = found.entry != 0 && !(found.page.is_some() && p.pg_compound);
    let (target, aux) = match found.page {
        Some((pfn, target)) if p.memcg_from => (target, pfn),
        _ if entry_can_move && p.swap_cgroup => (MC_TARGET_SWAP, found.entry),
        _ => (MC_TARGET_NONE, 0),
    };
    answered(raw, handler | target, aux)
}

/// `mc_handle_present_pte()`: the mapped page, if its kind is to be moved.
fn mc_handle_present_pte(mapped: &Mapped, p: &params::Mctgt) -> Found {
    let wanted = if p.pg_anon { p.move_anon } else { p.move_file };
    let page = mapped.normal_page().filter(|_| p.pg_mapped && wanted && p.getpage_ok);
    Found { page: page.map(|pfn| (pfn, MC_TARGET_PAGE)), entry: 0 }
}

/// `mc_handle_swap_pte()`: a device private page, or a swap entry with its page if the swap cache has it.
fn mc_handle_swap_pte(model: &Model, entry: SwapEntry, p: &params::Mctgt) -> Found {
    if !p.move_anon {
        return Found::default();
    }
    match model.entry_class(entry) {
        Class::DeviceWrite | Class::DeviceRead => {
            Found { page: p.devref_ok.then_some((entry.offset, MC_TARGET_DEVICE)), entry: 0 }
        }
        Class::Swap => {
            Found { page: p.swapcache.then_some((entry.offset, MC_TARGET_PAGE)), entry: model.entry_value(entry) }
        }
        _ => Found::default(),
    }
}

/// `mc_handle_file_pte()`: the page cache of the mapped file, whose page's pfn the answers give as 0.
fn mc_handle_file_pte(p: &params::Mctgt) -> Found {
    let page = p.vm_file && p.move_file && p.incore;
    Found { page: page.then_some((0, MC_TARGET_PAGE)), entry: 0 }
}
