//! What one u64 says and how it is built: the tests of class that need no environment, flags, page frame numbers,
//! swap entries.
//!
//! Nothing here observes anything: these are the words and masks that the sites are made of. A site that applies one
//! of them to a pte as the kernel applies an accessor reports that itself (`super::Packed::decode`, `swap_flag`,
//! `present_flag`).

use super::masks::*;

/// Whether `word` has a bit of `mask`.
#[inline(always)]
pub(crate) const fn any(word: u64, mask: u64) -> bool {
    word & mask != 0
}

/// `bits` if `condition` holds, else 0.
#[inline(always)]
pub(crate) const fn when(condition: bool, bits: u64) -> u64 {
    (condition as u64).wrapping_neg() & bits
}

/// `to` if `word` has `from`, else 0: a flag on its way from one encoding to another.
#[inline(always)]
pub(crate) const fn carry(word: u64, from: u64, to: u64) -> u64 {
    when(any(word, from), to)
}

/// `pte_present()`: with P, or PROT_NONE.
#[inline(always)]
pub(crate) fn present(pte: u64) -> bool {
    any(pte, present_hw() | global())
}

/// `pte_none()`: nothing but what the hardware erratum may have left.
#[inline(always)]
pub(crate) fn none(pte: u64) -> bool {
    pte & !erratum() == 0
}

/// `pte_protnone()`.
#[inline(always)]
pub(crate) fn protnone(pte: u64) -> bool {
    pte & (present_hw() | global()) == global()
}

/// `is_swap_pte()`: neither none nor present, the special pte included.
#[inline(always)]
pub(crate) fn is_swap(pte: u64) -> bool {
    !present(pte) && !none(pte)
}

/// Whether a pte of this value, or of this protection, holds its page frame number inverted (against L1TF).
#[inline(always)]
pub(crate) fn inverted(value: u64) -> bool {
    value != 0 && !any(value, present_hw())
}

/// `pte_pfn()`.
#[inline(always)]
pub(crate) fn pfn(pte: u64) -> u64 {
    ((pte ^ when(inverted(pte), pfn_field())) & pfn_field()) >> pfn_shift()
}

/// `pfn_pte()`, and `mk_pte()` of the page with that number: the number modulo 2^40, the protection as it is.
#[inline(always)]
pub(crate) fn pfn_pte(pfn: u64, prot: u64) -> u64 {
    (((pfn << pfn_shift()) ^ when(inverted(prot), pfn_field())) & pfn_field()) | prot
}

/// A page frame number modulo 2^40.
#[inline(always)]
pub(crate) fn pfn_of_word(word: u64) -> u64 {
    word & (pfn_field() >> pfn_shift())
}

/// What `pte_mkdirty()` sets: dirty, and soft-dirty with it.
#[inline(always)]
pub(crate) fn dirtied() -> u64 {
    dirty() | soft_dirty()
}

/// Whether a pte has a normal page behind it, in a vma that is not of raw frame numbers.
#[inline(always)]
pub(crate) fn has_page(pte: u64) -> bool {
    !any(pte, page_special())
}

/// What `vm_normal_page()` complains of: no normal page, and neither the zero page nor a device mapping.
#[inline(always)]
pub(crate) fn bad_pte(pte: u64) -> u64 {
    when(!has_page(pte) && !any(pte, devmap()) && !maps_zero_page(pte), ev_bad_pte())
}

/// `is_zero_pfn(pte_pfn())`.
#[inline(always)]
pub(crate) fn maps_zero_page(pte: u64) -> bool {
    pfn(pte) == zero_pfn()
}

/// A mapping in which a write to a shared page makes a copy: it may be writable and is not shared.
#[inline(always)]
pub(crate) const fn is_cow(flags: u64, maywrite: u64, shared: u64) -> bool {
    any(flags, maywrite) && !any(flags, shared)
}

/// The swap type in a pte, whatever its class.
#[inline(always)]
pub(crate) fn swap_type(pte: u64) -> u64 {
    pte >> type_shift()
}

/// The swap offset in a pte, whatever its class. It stands there inverted.
#[inline(always)]
pub(crate) fn swap_offset(pte: u64) -> u64 {
    (!pte >> offset_shift()) & offset_field()
}

/// A swap entry taken out of a pte.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    /// The swap type.
    pub(crate) kind: u64,
    /// The offset: a slot, or a page frame number.
    pub(crate) offset: u64,
}

impl Entry {
    /// What the bits of a pte give, whatever its class.
    #[inline(always)]
    pub(crate) fn of(pte: u64) -> Entry {
        Entry { kind: swap_type(pte), offset: swap_offset(pte) }
    }

    /// The entry of a generic `swp_entry_t`.
    #[inline(always)]
    pub(crate) fn of_val(val: u64) -> Entry {
        Entry { kind: val >> entry_type_shift(), offset: val & entry_offset() }
    }

    /// The generic `swp_entry_t`: what the kernel hands around and calls `val`.
    #[inline(always)]
    pub(crate) fn val(self) -> u64 {
        (self.kind << entry_type_shift()) | (self.offset & entry_offset())
    }

    /// `swp_entry_to_pte()`: no flags.
    #[inline(always)]
    pub(crate) fn pte(self) -> u64 {
        (self.kind << type_shift()) | ((!self.offset & offset_field()) << offset_shift())
    }

    /// A slot of a real swap area.
    #[inline(always)]
    pub(crate) fn is_swap(self) -> bool {
        self.kind < max_swapfiles()
    }

    /// `is_migration_entry()`.
    #[inline(always)]
    pub(crate) fn is_migration(self) -> bool {
        (self.kind == type_migration_read()) | self.is_migration_write()
    }

    /// `is_write_migration_entry()`.
    #[inline(always)]
    pub(crate) fn is_migration_write(self) -> bool {
        self.kind == type_migration_write()
    }

    /// `is_device_private_entry()`.
    #[inline(always)]
    pub(crate) fn is_device(self) -> bool {
        (self.kind == type_device_read()) | self.is_device_write()
    }

    /// `is_write_device_private_entry()`.
    #[inline(always)]
    pub(crate) fn is_device_write(self) -> bool {
        self.kind == type_device_write()
    }

    /// `is_hwpoison_entry()`.
    #[inline(always)]
    pub(crate) fn is_hwpoison(self) -> bool {
        self.kind == type_hwpoison()
    }

    /// `make_migration_entry()`.
    #[inline(always)]
    pub(crate) fn migration(pfn: u64, write: bool) -> Entry {
        let kind = if write { type_migration_write() } else { type_migration_read() };
        Entry { kind, offset: pfn }
    }

    /// `make_device_private_entry()`.
    #[inline(always)]
    pub(crate) fn device(pfn: u64, write: bool) -> Entry {
        let kind = if write { type_device_write() } else { type_device_read() };
        Entry { kind, offset: pfn }
    }
}
