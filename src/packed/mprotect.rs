//! `change_pte_range()` of mm/mprotect.c (v5.10 with RFC 06/30 and 07/30).

use super::entry::*;
use super::masks::*;
use super::primitive::modify;
use super::{Observer, Packed, plain};
use crate::pte::Class;
use crate::site::{Answer, Call, Use};

impl<O: Observer> Packed<O> {
    /// One pte of `change_pte_range()`, v5.10 with RFC 07/30.
    #[inline]
    pub fn change_prot(&mut self, call: &Call) -> Answer {
        let [flags, newprot, _] = call.p;
        if present(call.pte) {
            self.change_present(call.pte, flags, newprot)
        } else if self.masks.has_entry(call.pte) {
            self.change_entry(call.pte, flags)
        } else {
            plain(call.pte, 0, 0)
        }
    }

    /// A present pte: the new protection, then userfaultfd, then the shortcut that gives a dirty page its write bit
    /// back.
    #[inline]
    pub(crate) fn change_present(&mut self, pte: u64, flags: u64, newprot: u64) -> Answer {
        self.present_flag(pte);
        let numa = any(flags, cp_prot_numa());
        if numa && numa_skips(pte, flags) {
            return plain(pte, 0, 0);
        }
        let mut new = modify(pte, newprot, self.masks.keep) | when(numa, pte & write());
        self.built_present(new);
        if any(flags, cp_uffd_wp()) {
            new = (new & !write()) | self.masks.wp;
        } else if any(flags, cp_uffd_resolve()) {
            new &= !self.masks.wp;
        }
        let tracked = any(new, soft_dirty()) || !any(flags, cp_vm_softdirty());
        new |= when(any(flags, cp_dirty_acct()) && any(new, dirty()) && tracked, write());
        self.used(Use::Store, pte);
        plain(new, cpo_page() | cpo_store(), 0)
    }

    /// A pte that holds an entry: a writable one becomes its read form, then userfaultfd. Stored and counted only if
    /// it changes.
    #[inline]
    pub(crate) fn change_entry(&mut self, pte: u64, flags: u64) -> Answer {
        let entry = self.decode(pte);
        let mut new = self.read_form(pte, entry);
        if any(flags, cp_uffd_wp() | cp_uffd_resolve()) {
            let class = self.masks.class(pte);
            self.built_entry(read_class(class));
            new &= !self.masks.swp_wp;
            new |= carry(flags, cp_uffd_wp(), self.masks.swp_wp);
        }
        if new == pte {
            return plain(pte, 0, 0);
        }
        self.used(Use::Store, pte);
        plain(new, cpo_page() | cpo_store(), 0)
    }

    /// The pte of a writable migration or device entry made read-only, rebuilt without stray bits; any other pte as
    /// it is.
    ///
    /// A migration entry keeps both flags, a device entry loses soft-dirty: so the kernel does it.
    #[inline]
    pub(crate) fn read_form(&mut self, pte: u64, entry: Entry) -> u64 {
        if entry.is_migration_write() {
            self.swap_flag(pte);
            self.built_entry(Class::MigrationRead);
            Entry::migration(entry.offset, false).pte() | (pte & (swp_soft_dirty() | self.masks.swp_wp))
        } else if entry.is_device_write() {
            self.swap_flag(pte);
            self.built_entry(Class::DeviceRead);
            Entry::device(entry.offset, false).pte() | (pte & self.masks.swp_wp)
        } else {
            pte
        }
    }
}

/// Whether a NUMA hinting pass leaves a present pte alone.
#[inline]
pub(crate) fn numa_skips(pte: u64, flags: u64) -> bool {
    let cow = is_cow(flags, cp_vm_maywrite(), cp_vm_shared());
    protnone(pte)
        | !has_page(pte)
        | any(flags, cp_pg_ksm() | cp_file_dirty())
        | (cow & any(flags, cp_mapcount2()))
        | (any(flags, cp_same_node()) & !any(flags, cp_vm_shared()))
}

/// The class of what an entry of this class becomes when it loses write.
const fn read_class(class: Class) -> Class {
    match class {
        Class::MigrationWrite => Class::MigrationRead,
        Class::DeviceWrite => Class::DeviceRead,
        other => other,
    }
}
