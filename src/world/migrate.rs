//! Migration: between frames, and to and from device-private memory.

use super::state::{Cached, Frame, Kind};
use super::{Ending, World};
use crate::program::{Op, Tree, accident};
use crate::pte::Class;
use crate::site::{Answer, params};

impl World {
    pub(super) fn migrate_begin(&mut self, op: Op) -> Ending {
        let Some(i) = self.page_of(self.state.pte(op.page)) else { return Ending::NoEffect };
        let frame = self.state.frames[i];
        if frame.entries != 0 || frame.maps == 0 || frame.pinned || frame.hwpoison {
            return Ending::NoEffect;
        }
        let ttu = params::Unmap {
            ttu_migration: true,
            ttu_ignore_mlock: true,
            ttu_ignore_access: true,
            ..Default::default()
        };
        self.unmap_all(i, ttu);
        Ending::Done
    }

    pub(super) fn migrate_end(&mut self, op: Op) -> Ending {
        let pte = self.state.pte(op.page);
        if !matches!(self.class(pte), Class::MigrationRead | Class::MigrationWrite) {
            return Ending::NoEffect;
        }
        let Some(old) = self.page_of(pte) else { return Ending::NoEffect };
        let device = self.state.frames[old].device;
        match self.replace_frame(old, device) {
            Some(new) => {
                self.remove_migration_entries(old, new);
                Ending::Done
            }
            None => Ending::OutOfMemory,
        }
    }

    /// A new frame with what the old one was, in the page cache and the swap cache too.
    fn replace_frame(&mut self, old: usize, device: bool) -> Option<usize> {
        let before = self.state.frames[old];
        let new =
            self.state.take_frame(Frame { maps: 0, entries: 0, pinned: false, swap: 0, device, ..before })? as usize;
        self.state.frames[new].swap = std::mem::take(&mut self.state.frames[old].swap);
        if self.state.frames[new].swap != 0 {
            let (area, slot) = super::state::place(self.state.frames[new].swap);
            self.state.swap_cache[area][slot] = new as u8;
        }
        if std::mem::take(&mut self.state.frames[old].cached) {
            for file in 0..self.state.cache.len() {
                for at in self.state.touched_file_pages() {
                    if self.state.cache[file][at] == Cached::Frame(old as u8) {
                        self.state.set_cached(file as u8, at, Cached::Frame(new as u8));
                    }
                }
            }
        }
        Some(new)
    }

    /// `remove_migration_ptes()`: every migration entry of the old frame becomes a pte of the new one.
    fn remove_migration_entries(&mut self, old: usize, new: usize) {
        self.each_page_of(old, |world, page| {
            let pte = world.state.pte(page);
            if !matches!(world.class(pte), Class::MigrationRead | Class::MigrationWrite) {
                return true;
            }
            let vma = world.vma_or_default(page);
            let frame = world.state.frames[new];
            let answer = world.ask(
                pte,
                params::RemoveMigration {
                    vm_write: vma.prot.write,
                    new_devpriv: frame.device,
                    pg_anon: frame.anon,
                    pfn_mismatch: false,
                    vm_locked: vma.locked,
                    prot: vma.page_prot(),
                    new_pfn: new as u64,
                },
            );
            world.migrated(page, old, new, pte, &answer);
            true
        });
    }

    fn migrated(&mut self, page: u16, old: usize, new: usize, pte: u64, answer: &Answer) {
        if answer.outcome & 1 == 0 {
            return;
        }
        self.state.set(page, answer.pte);
        let frame = &mut self.state.frames[old];
        frame.entries = frame.entries.saturating_sub(1);
        self.state.frames[new].maps += 1;
        // v5.10 drops uffd-wp from a write entry, and never carries it past a write protection that the vma gives back.
        if self.class(pte) == Class::MigrationWrite {
            self.state.expect(page).wp = false;
        }
    }

    pub(super) fn migrate_wait(&mut self, op: Op) -> Ending {
        let pte = self.state.pte(op.page);
        let answer = self.ask(pte, params::MigrationWait { ref_ok: op.accident != accident::NO_PAGE });
        if answer.outcome == 1 { Ending::Waits } else { Ending::Done }
    }

    /// Pages to device-private memory, or back.
    pub(super) fn device_migrate(&mut self, op: Op, to_device: bool) -> Ending {
        let mut any = false;
        self.each_part(op.page, op.end(), |world, i, start, end| {
            // migrate_vma_setup() refuses hugetlb and special vmas.
            if matches!(world.state.vmas[i].kind, Kind::Hugetlb | Kind::Device) {
                return;
            }
            for page in start..end {
                any |= world.collect(page, to_device, op.accident);
            }
        });
        if any { Ending::Done } else { Ending::NoEffect }
    }

    /// `migrate_vma_collect_pmd()` on one pte and, where it was collected and nobody else maps it, the rest of the migration.
    fn collect(&mut self, page: u16, to_device: bool, wrong: u8) -> bool {
        let pte = self.state.pte(page);
        let vma = self.vma_or_default(page);
        let frame = self.frame(pte);
        let (select_system, select_devpriv) = (to_device, !to_device);
        let (vm_anon, owner_match, trylock) = (vma.anonymous(), true, wrong != accident::LOCK_FAIL);
        // migrate_vma_pages() of v5.10 takes no page with a page_mapping() to device memory, and so none of the page cache or the swap cache; pinned
        // and shared ones stay too.
        let no_mapping = frame.pinned || frame.hwpoison || frame.cached || frame.swap != 0;
        let thp = frame.maps > 1 || frame.entries != 0;
        let answer = match self.tree {
            Tree::Patch07 => self.ask(
                pte,
                params::MigrateCollect {
                    select_system,
                    select_devpriv,
                    vm_anon,
                    owner_match,
                    trylock,
                    no_mapping,
                    thp,
                },
            ),
            Tree::Series => self.ask(
                pte,
                params::MigrateCollectV3 {
                    select_system,
                    select_devpriv,
                    vm_anon,
                    owner_match,
                    trylock,
                    no_mapping,
                    thp,
                },
            ),
        };
        if answer.pte == pte {
            return answer.outcome & 1 != 0;
        }
        let Some(old) = self.page_of(pte) else { return false };
        self.state.set(page, answer.pte);
        let frame = &mut self.state.frames[old];
        frame.maps = frame.maps.saturating_sub(1);
        self.state.frames[old].entries += 1;
        // Without a frame to go to, the page stays where it is: its entry is removed to itself.
        let new = self.replace_frame(old, to_device).unwrap_or(old);
        self.remove_migration_entries(old, new);
        true
    }

    /// `migrate_to_ram()` of a device driver: the page comes back before the access goes on.
    pub(super) fn migrate_to_ram(&mut self, page: u16) {
        self.collect(page, false, 0);
    }
}
