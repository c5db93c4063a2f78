//! What a kernel function would look up: the page behind a pte, its flags, its swap slot.

use super::World;
use super::state::{AREA_TYPES, FRAMES, Frame, Kind, Prot, SLOTS};
use super::vmas::Vma;
use crate::pte::{Class, SwapEntry, X86_64};

impl World {
    /// `vm_normal_page()`: the frame that a present pte maps, unless it is special-mapped or not a frame of ours.
    pub(super) fn normal_page(&self, pte: u64) -> Option<usize> {
        if !self.model.is_present(pte) || pte & X86_64.special != 0 {
            return None;
        }
        self.frame_number(mapped_pfn(pte))
    }

    /// The frame of any pte that points to one: present, device private, migration, hwpoison.
    pub(super) fn page_of(&self, pte: u64) -> Option<usize> {
        match self.class(pte) {
            Class::Present | Class::ProtNone => self.normal_page(pte),
            Class::None | Class::Special | Class::Swap | Class::BadType => None,
            _ => self.frame_number(self.model.decode(pte).offset),
        }
    }

    fn frame_number(&self, pfn: u64) -> Option<usize> {
        usize::try_from(pfn).ok().filter(|pfn| (1..FRAMES).contains(pfn))
    }

    /// The page's flags, or those of no page.
    pub(super) fn frame(&self, pte: u64) -> Frame {
        self.page_of(pte).map_or(Frame::default(), |i| self.state.frames[i])
    }

    /// Area and slot of a pte that holds a swap entry.
    pub(super) fn slot_of(&self, pte: u64) -> Option<(usize, usize)> {
        if self.class(pte) != Class::Swap {
            return None;
        }
        slot_of_entry(self.model.decode(pte))
    }

    /// `swap_map[]` of a slot: its count, and whether it is in the swap cache.
    pub(super) fn map_byte(&self, area: usize, slot: usize) -> u64 {
        let cached = if self.state.swap_cache[area][slot] != 0 { 0x40 } else { 0 };
        self.state.slots[area][slot] as u64 | cached
    }

    /// Area size and map byte of whatever swap entry a pte would decode to: what a kernel function finds, the special pte's included.
    pub(super) fn swap_facts(&self, pte: u64) -> (u64, u64) {
        let entry = self.model.decode(pte);
        let known = AREA_TYPES.contains(&entry.kind);
        let byte = slot_of_entry(entry).map_or(0, |(area, slot)| self.map_byte(area, slot));
        (if known { SLOTS as u64 } else { 0 }, byte)
    }

    /// The vma of a page; a page without one is treated as anonymous memory.
    pub(super) fn vma_or_default(&self, page: u16) -> Vma {
        self.state.vma(page).unwrap_or(Vma { kind: Kind::Anon, prot: Prot::default(), ..Vma::default() })
    }
}

/// The pfn of a present pte, upright.
pub(super) fn mapped_pfn(pte: u64) -> u64 {
    let field = if pte & X86_64.present != 0 { pte } else { !pte };
    (field & X86_64.pfn) >> X86_64.pfn_shift
}

/// Area and slot of an entry, if it is one of ours.
pub(super) fn slot_of_entry(entry: SwapEntry) -> Option<(usize, usize)> {
    let area = AREA_TYPES.iter().position(|kind| *kind == entry.kind)?;
    (entry.offset < SLOTS as u64).then_some((area, entry.offset as usize))
}

/// The generic `swp_entry_t` of a slot.
pub(super) fn entry_value(area: usize, slot: usize) -> u64 {
    (AREA_TYPES[area] as u64) << X86_64.entry_type_shift | slot as u64
}
