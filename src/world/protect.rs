//! What changes protection and marks: mprotect, NUMA hints, userfaultfd, soft-dirty, mlock; and hardware itself.

use super::state::Kind;
use super::teardown::{marked, protection};
use super::{Ending, World};
use crate::program::{Op, Tree, accident};
use crate::pte::{Class, X86_64};
use crate::site::{SiteId, params, params::Parameters};

/// What a pass of `change_protection()` is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    Mprotect,
    NumaHint,
    Protect,
    Resolve,
}

impl World {
    /// Hardware sets accessed and dirty in present ptes as their permissions allow, and by erratum in none ptes.
    pub(super) fn hardware(&mut self, op: Op) -> Ending {
        let pte = self.state.pte(op.page);
        let asked = if op.arg & 1 != 0 { X86_64.accessed } else { 0 } | if op.arg & 2 != 0 { X86_64.dirty } else { 0 };
        let sets = match self.class(pte) {
            Class::Present if pte & X86_64.write == 0 => asked & X86_64.accessed,
            Class::Present | Class::None => asked,
            _ => 0,
        };
        self.state.set(op.page, pte | sets);
        if sets & !pte == 0 { Ending::NoEffect } else { Ending::Done }
    }

    pub(super) fn mprotect(&mut self, op: Op) -> Ending {
        self.with_vmas(op, |world, i, start, end| {
            world.state.vmas[i].prot = protection(op.arg >> 3 & 7);
            // hugetlb has a walk of its own, which is no site here.
            if world.state.vmas[i].kind == Kind::Hugetlb {
                return;
            }
            if op.accident != accident::CHANGED {
                world.change_protection(i, start, end, Pass::Mprotect);
                return;
            }
            for page in start..end {
                // The walk was here before the migration began.
                let class = world.class(world.state.pte(page));
                if !matches!(class, Class::MigrationRead | Class::MigrationWrite) {
                    world.change_protection(i, page, page + 1, Pass::Mprotect);
                }
            }
        })
    }

    pub(super) fn numa_hint(&mut self, op: Op) -> Ending {
        let any = self.each_part(op.page, op.end(), |world, i, start, end| {
            let vma = world.state.vmas[i];
            // task_numa_work(): migratable and accessible vmas only.
            if vma.accessible() && matches!(vma.kind, Kind::Anon | Kind::ShmemShared | Kind::ShmemPrivate) {
                world.change_protection(i, start, end, Pass::NumaHint);
            }
        });
        if any { Ending::Done } else { Ending::NoVma }
    }

    pub(super) fn uffd_register(&mut self, op: Op) -> Ending {
        self.with_vmas(op, |world, i, _, _| {
            let vma = &mut world.state.vmas[i];
            if vma.kind != Kind::Device {
                vma.uffd_wp |= op.arg & 1 != 0;
                vma.uffd_missing |= op.arg & 2 != 0;
            }
        })
    }

    pub(super) fn uffd_unregister(&mut self, op: Op) -> Ending {
        let resolves = self.tree == Tree::Series && op.arg & 1 == 0;
        self.with_vmas(op, |world, i, start, end| {
            let registered = world.state.vmas[i].uffd_wp;
            if resolves && registered && world.state.vmas[i].kind != Kind::Hugetlb {
                world.change_protection(i, start, end, Pass::Resolve);
                for page in start..end {
                    if world.class(world.state.pte(page)) == Class::Special {
                        world.state.set(page, 0);
                    }
                }
            }
            world.state.vmas[i].uffd_wp = false;
            world.state.vmas[i].uffd_missing = false;
            for page in start..end {
                world.state.expect(page).wp = false;
                world.state.expect(page).stale |= !resolves;
            }
        })
    }

    pub(super) fn uffd_protect(&mut self, op: Op, protect: bool) -> Ending {
        let mut any = false;
        self.each_part(op.page, op.end(), |world, i, start, end| {
            let vma = world.state.vmas[i];
            if vma.uffd_wp && vma.kind != Kind::Hugetlb {
                any = true;
                world.change_protection(i, start, end, if protect { Pass::Protect } else { Pass::Resolve });
            }
        });
        if any { Ending::Done } else { Ending::Denied }
    }

    /// `change_protection()` over one vma's pages.
    fn change_protection(&mut self, i: usize, start: u16, end: u16, pass: Pass) {
        let vma = self.state.vmas[i];
        let newprot = match pass {
            Pass::NumaHint => 0x120,
            Pass::Protect => vma.prot_without(true),
            Pass::Mprotect | Pass::Resolve => vma.page_prot(),
        };
        let parameters = |world: &mut World, _: u16, pte: u64| {
            let frame = world.frame(pte);
            params::ChangeProt {
                dirty_acct: pass == Pass::Mprotect && vma.wants_writenotify(),
                prot_numa: pass == Pass::NumaHint,
                uffd_wp: pass == Pass::Protect,
                uffd_resolve: pass == Pass::Resolve,
                vm_shared: vma.shared(),
                vm_softdirty: vma.soft_dirty,
                vm_maywrite: true,
                pg_ksm: frame.ksm,
                mapcount2: frame.maps != 1,
                file_dirty: !frame.anon && frame.dirty,
                newprot,
                ..Default::default()
            }
            .words()
        };
        self.ask_pages(SiteId::ChangeProt, start, end, parameters, |world, page, pte, answer| {
            world.state.set(page, answer.pte);
            let class = world.class(answer.pte);
            match pass {
                Pass::Protect => world.state.expect(page).wp = marked(class, answer.pte),
                Pass::Resolve => world.state.expect(page).wp = false,
                _ => {}
            }
            // The kernel does not carry soft-dirty through the downgrade of a writable device entry.
            if world.class(pte) == Class::DeviceWrite {
                world.state.expect(page).written = false;
            }
        });
    }

    pub(super) fn clear_refs(&mut self, op: Op) -> Ending {
        self.with_vmas(op, |world, i, start, end| {
            world.state.vmas[i].soft_dirty = false;
            let vma = world.state.vmas[i];
            if vma.kind == Kind::Hugetlb {
                return;
            }
            let has_pinned = world.state.mm[world.state.mm_of(start)].has_pinned;
            let parameters = |world: &mut World, _: u16, pte: u64| {
                params::ClearSoftDirty {
                    vm_maywrite: true,
                    vm_shared: vma.shared(),
                    has_pinned,
                    pg_pinned: world.frame(pte).pinned,
                }
                .words()
            };
            world.ask_pages(SiteId::ClearSoftDirty, start, end, parameters, |world, page, _, answer| {
                world.state.set(page, answer.pte);
                world.state.expect(page).written = false;
            });
        })
    }

    pub(super) fn mlock(&mut self, op: Op) -> Ending {
        self.with_vmas(op, |world, i, _, _| world.state.vmas[i].locked = op.arg & 1 == 0)
    }

    /// Splits vmas at the ends of the operation's pages and does something to each vma within.
    fn with_vmas(&mut self, op: Op, change: impl FnMut(&mut World, usize, u16, u16)) -> Ending {
        if self.state.vmas.next_part(op.page, op.end()).is_none() {
            return Ending::NoVma;
        }
        if !self.state.vmas.split(op.page, op.end()) {
            return Ending::OutOfMemory;
        }
        self.each_part(op.page, op.end(), change);
        Ending::Done
    }

    pub(super) fn pin(&mut self, op: Op, pin: bool) -> Ending {
        let Some(frame) = self.normal_page(self.state.pte(op.page)) else { return Ending::NoEffect };
        self.state.frames[frame].pinned = pin;
        if pin {
            self.state.mm(op.page).has_pinned = true;
        }
        Ending::Done
    }

    /// `write_protect_page()` of KSM: the page's only pte loses write, and the page is KSM's.
    pub(super) fn ksm(&mut self, op: Op) -> Ending {
        let pte = self.state.pte(op.page);
        let Some(i) = self.normal_page(pte) else { return Ending::NoEffect };
        let frame = self.state.frames[i];
        if !frame.anon || frame.maps != 1 || frame.swap != 0 {
            return Ending::NoEffect;
        }
        let answer = self.ask(pte, params::Accessor { operation: 3, ..Default::default() });
        self.state.set(op.page, answer.pte);
        self.state.frames[i].ksm = true;
        Ending::Done
    }

    /// Marks a page's frame as written by its vma: a private file mapping has copies of its own from now on.
    pub(super) fn note_anon(&mut self, page: u16) {
        if let Some(i) = self.state.vmas.index_of(page) {
            self.state.vmas[i].anon_vma = true;
        }
    }
}
