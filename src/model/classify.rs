//! Every predicate and decoded field of one value at once: the columns of `classify.tsv`.

use super::primitive::pte_pfn;
use super::pte::Model;
use crate::pte::{Class, Classification};

impl Model {
    /// What the kernel's predicates say of this value (v5.10 + RFC 07/30; `pgtable.h`, `userfaultfd_k.h`, `swapops.h`).
    ///
    /// Fields about the entry are computed from [`Model::decode`] whatever the class, as [`Classification`] says.
    pub fn classify(&self, raw: u64) -> Classification {
        let l = self.layout();
        let has = |bit: u64| raw & bit != 0;
        let entry = self.decode(raw);
        let holds = self.entry_class(entry);
        Classification {
            class: self.class(raw),
            none: self.is_none(raw),
            present: self.is_present(raw),
            protnone: self.is_present(raw) && !has(l.present),
            is_swap: self.is_swap(raw),
            special: self.is_special(raw),
            has_swap_entry: self.has_swap_entry(raw),
            non_swap_entry: entry.kind as u64 >= l.max_swapfiles,
            migration: matches!(holds, Class::MigrationRead | Class::MigrationWrite),
            write_migration: holds == Class::MigrationWrite,
            devpriv: matches!(holds, Class::DeviceRead | Class::DeviceWrite),
            write_devpriv: holds == Class::DeviceWrite,
            hwpoison: holds == Class::HwPoison,
            swp_type: entry.kind,
            soft_dirty: has(l.soft_dirty),
            swp_soft_dirty: has(l.swp_soft_dirty),
            uffd_wp: self.has_uffd_wp && has(l.uffd_wp),
            swp_uffd_wp: self.has_uffd_wp && has(l.swp_uffd_wp),
            write: has(l.write),
            dirty: has(l.dirty),
            young: has(l.accessed),
            pte_special: has(l.special),
            devmap: has(l.devmap),
            swp_offset: entry.offset,
            pfn: pte_pfn(self, raw),
        }
    }
}
