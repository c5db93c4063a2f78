//! Swap entries as the sites from `fork` on use them: decoding, building, write to read, and giving a swap slot back.
//!
//! Everything here is v5.10, and the same in v5.11: include/linux/swapops.h and mm/swapfile.c.

use super::events::{SWAP_BAD, SWAP_FREE};
use super::pte::{Held, Model};
use crate::pte::{Class, SwapEntry};

/// Whether a function is as v5.10 has it, or with the hunk that version 3 of the patch (05/27) gave it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Does not know the special pte and takes it for an entry.
    V510,
    /// Tests for the special pte first.
    V3,
}

/// What a caller reads in this value that takes it for a pte with an entry, and does not ask whether it is the special pte.
pub(super) fn taken_for_entry(model: &Model, raw: u64) -> Held {
    model.read_held(raw)
}

/// The generic `swp_entry_t.val`: the type above the offset.
pub(super) fn val(model: &Model, entry: SwapEntry) -> u64 {
    let l = model.layout();
    (entry.kind as u64) << (l.entry_type_shift & 63) | entry.offset & l.entry_offset
}

/// The entry of a generic `swp_entry_t.val`.
pub(super) fn from_val(model: &Model, val: u64) -> SwapEntry {
    let l = model.layout();
    SwapEntry { kind: (val >> (l.entry_type_shift & 63)) as u8, offset: val & l.entry_offset }
}

/// `make_migration_entry()`.
pub(super) fn migration(model: &Model, pfn: u64, write: bool) -> SwapEntry {
    let l = model.layout();
    SwapEntry { kind: (if write { l.type_migration_write } else { l.type_migration_read }) as u8, offset: pfn }
}

/// `make_device_private_entry()`.
pub(super) fn device_private(model: &Model, pfn: u64, write: bool) -> SwapEntry {
    let l = model.layout();
    SwapEntry { kind: (if write { l.type_device_write } else { l.type_device_read }) as u8, offset: pfn }
}

/// `make_hwpoison_entry()`.
pub(super) fn hwpoison(model: &Model, pfn: u64) -> SwapEntry {
    SwapEntry { kind: model.layout().type_hwpoison as u8, offset: pfn }
}

/// The read form of a writable migration or device private entry, and the pte as it was for every other. Rebuilding the pte loses what
/// stood in the bits between; a device entry loses soft-dirty too, which the kernel forgets to carry over.
pub(super) fn make_read(model: &Model, held: Held) -> Held {
    let pfn = held.entry.offset;
    match model.entry_class(held.entry) {
        Class::MigrationWrite => Held { entry: migration(model, pfn, false), rest: 0, ..held },
        Class::DeviceWrite => Held { entry: device_private(model, pfn, false), soft_dirty: false, rest: 0, ..held },
        _ => held,
    }
}

/// `free_swap_and_cache()` of an entry of a real swap area: the event, and the entry freed (0 if none was).
///
/// `area` is the size of the entry's swap area, of which an `unsigned int` counts, and `map_byte` the entry's byte in `swap_map[]`.
pub(super) fn free(model: &Model, entry: SwapEntry, area: u64, map_byte: u64) -> (u64, u64) {
    let val = val(model, entry);
    let area = area as u32 as u64;
    if val == 0 {
        (0, 0)
    } else if entry.offset >= area || map_byte == 0 {
        (SWAP_BAD, 0)
    } else {
        (SWAP_FREE, val)
    }
}
