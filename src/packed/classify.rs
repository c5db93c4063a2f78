//! What the kernel's predicates and raw bit tests say about one value.

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed};
use crate::pte::Classification;

impl<O: Observer> Packed<O> {
    /// Every predicate and raw bit of `pte` (the columns of `classify.tsv`). Not observed.
    pub fn classify(&self, pte: u64) -> Classification {
        let entry = Entry::of(pte);
        Classification {
            class: self.masks.class(pte),
            none: none(pte),
            present: present(pte),
            protnone: protnone(pte),
            is_swap: is_swap(pte),
            special: self.masks.is_special(pte),
            has_swap_entry: self.masks.has_entry(pte),
            non_swap_entry: !entry.is_swap(),
            migration: entry.is_migration(),
            write_migration: entry.is_migration_write(),
            devpriv: entry.is_device(),
            write_devpriv: entry.is_device_write(),
            hwpoison: entry.is_hwpoison(),
            swp_type: entry.kind as u8,
            soft_dirty: any(pte, soft_dirty()),
            swp_soft_dirty: any(pte, swp_soft_dirty()),
            uffd_wp: any(pte, self.masks.wp),
            swp_uffd_wp: any(pte, self.masks.swp_wp),
            write: any(pte, write()),
            dirty: any(pte, dirty()),
            young: any(pte, accessed()),
            pte_special: any(pte, page_special()),
            devmap: any(pte, devmap()),
            swp_offset: entry.offset,
            pfn: pfn(pte),
        }
    }
}
