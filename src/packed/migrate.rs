//! mm/migrate.c: `__migration_entry_wait()` (v5.10 with RFC 07/30), `remove_migration_pte()` (v5.10) and
//! `migrate_vma_collect_pmd()` (v5.10, and with the hunk of version 3).

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed, plain};
use crate::pte::Class;
use crate::site::{Answer, Call};

impl<O: Observer> Packed<O> {
    /// `__migration_entry_wait()`, v5.10 with RFC 07/30; the auxiliary word is the page's frame number.
    #[inline]
    pub fn migration_wait(&mut self, call: &Call) -> Answer {
        let pte = call.pte;
        if self.masks.has_entry(pte) {
            let entry = self.decode(pte);
            if entry.is_migration() {
                let waits = any(call.p[0], mw_ref_ok());
                return plain(pte, if waits { mwo_waits() } else { mwo_no_ref() }, entry.offset);
            }
        }
        plain(pte, 0, 0)
    }

    /// `remove_migration_pte()`, v5.10, not of hugetlb: the new page takes the place of the migration entry.
    #[inline]
    pub fn remove_migration(&mut self, call: &Call) -> Answer {
        let (pte, [flags, prot, page]) = (call.pte, call.p);
        let migration = self.masks.has_entry(pte) && Entry::of(pte).is_migration();
        if !migration || any(flags, rm_pfn_mismatch()) {
            return plain(pte, 0, 0);
        }
        let entry = self.decode(pte);
        self.swap_flag(pte);
        let mut new = pfn_pte(page, prot);
        self.built_present(new);
        new &= !accessed();
        new |= carry(pte, swp_soft_dirty(), soft_dirty());
        if entry.is_migration_write() {
            new |= carry(flags, rm_vm_write(), write());
        } else {
            new |= carry(pte, self.masks.swp_wp, self.masks.wp);
        }
        if any(flags, rm_new_devpriv()) {
            new = self.device_again(pte, page, any(new, write()));
        }
        let events =
            ev_get_page() | ev_store() | ev_rmap_add() | ev_mmu_cache() | carry(flags, rm_vm_locked(), ev_mlock());
        self.finish(pte, new, events | code_replaced(), 0)
    }

    /// The device entry of a new device private page, with the old entry's flags.
    fn device_again(&mut self, old: u64, page: u64, writable: bool) -> u64 {
        self.built_entry(if writable { Class::DeviceWrite } else { Class::DeviceRead });
        Entry::device(pfn_of_word(page), writable).pte() | (old & (swp_soft_dirty() | self.masks.swp_wp))
    }

    /// `migrate_vma_collect_pmd()`, v5.10: the special pte is decoded. The auxiliary word is the entry of `src[]`.
    #[inline]
    pub fn migrate_collect(&mut self, call: &Call) -> Answer {
        self.collect(call, none(call.pte))
    }

    /// `migrate_vma_collect_pmd()`, v5.10 with the hunk of version 3: the special pte is answered like none.
    #[inline]
    pub fn migrate_collect_v3(&mut self, call: &Call) -> Answer {
        self.collect(call, none(call.pte) || self.masks.is_special(call.pte))
    }

    /// Both forms; `empty` says whether the pte is answered as none.
    #[inline]
    pub(crate) fn collect(&mut self, call: &Call, empty: bool) -> Answer {
        let (pte, flags) = (call.pte, call.p[0]);
        if empty {
            let anon = any(flags, mg_vm_anon());
            plain(pte, when(anon, code_collected()), when(anon, mpfn_migrate()))
        } else if present(pte) {
            self.collect_present(pte, flags)
        } else {
            self.collect_device(pte, flags)
        }
    }

    /// A present pte; the zero page is reported as a hole.
    #[inline]
    pub(crate) fn collect_present(&mut self, pte: u64, flags: u64) -> Answer {
        if !any(flags, mg_select_system()) {
            return plain(pte, 0, 0);
        }
        self.present_flag(pte);
        if maps_zero_page(pte) {
            return plain(pte, code_collected(), mpfn_migrate());
        }
        if !has_page(pte) {
            return plain(pte, bad_pte(pte), 0);
        }
        self.collect_page(pte, flags, pfn(pte), any(pte, write()), self.flags_to_swap(pte), ev_tlb())
    }

    /// A pte that is taken to hold an entry: only a device private page of the caller's own is collected.
    #[inline]
    pub(crate) fn collect_device(&mut self, pte: u64, flags: u64) -> Answer {
        let entry = self.decode(pte);
        if !entry.is_device() || !any(flags, mg_select_devpriv()) || !any(flags, mg_owner_match()) {
            return plain(pte, 0, 0);
        }
        let kept = pte & (swp_soft_dirty() | self.masks.swp_wp);
        self.collect_page(pte, flags, entry.offset, entry.is_device_write(), kept, 0)
    }

    /// A page to be migrated: if its lock is free a migration entry takes the pte's place, with the swap flags `kept`.
    #[inline]
    fn collect_page(&mut self, pte: u64, flags: u64, pfn: u64, writable: bool, kept: u64, flush: u64) -> Answer {
        if any(flags, mg_no_mapping() | mg_thp()) {
            return plain(pte, 0, 0);
        }
        let mpfn = (pfn << mpfn_shift()) | mpfn_valid() | mpfn_migrate() | when(writable, mpfn_write());
        let found = ev_get_page() | code_collected();
        if !any(flags, mg_trylock()) {
            return plain(pte, found, mpfn);
        }
        if !present(pte) {
            self.swap_flag(pte);
        }
        self.built_entry(if writable { Class::MigrationWrite } else { Class::MigrationRead });
        let events = ev_clear() | ev_store() | ev_rmap_del() | ev_put_page() | flush;
        self.finish(pte, Entry::migration(pfn, writable).pte() | kept, found | events, mpfn | mpfn_locked())
    }
}
