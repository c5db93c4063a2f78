//! What only looks: /proc, khugepaged, memory cgroups, the rmap walk, hmm, gup and mincore.

use super::state::{Cached, Kind};
use super::{Ending, World};
use crate::program::{Op, Tree, accident};
use crate::pte::{Class, X86_64};
use crate::site::{Budgets, SiteId, params, params::Parameters};

impl World {
    /// Something for each vma's part of the operation's pages.
    fn look(&mut self, op: Op, look: impl FnMut(&mut World, usize, u16, u16)) -> Ending {
        if self.each_part(op.page, op.end(), look) { Ending::Done } else { Ending::NoVma }
    }

    pub(super) fn pagemap(&mut self, op: Op) -> Ending {
        self.look(op, |world, i, start, end| {
            let vma = world.state.vmas[i];
            if vma.kind == Kind::Hugetlb {
                return;
            }
            let parameters = |world: &mut World, _: u16, pte: u64| {
                let frame = world.frame(pte);
                params::Pagemap {
                    show_pfn: op.arg & 1 != 0,
                    vm_softdirty: vma.soft_dirty,
                    pg_anon: frame.anon,
                    mapcount1: frame.maps == 1,
                }
                .words()
            };
            world.ask_pages(SiteId::Pagemap, start, end, parameters, |_, _, _, _| {});
        })
    }

    pub(super) fn smaps(&mut self, op: Op) -> Ending {
        self.look(op, |world, i, start, end| {
            let vma = world.state.vmas[i];
            if vma.kind == Kind::Hugetlb {
                for page in start..end {
                    let pte = world.state.pte(page);
                    let mapcount2 = world.frame(pte).maps >= 2;
                    world.ask(pte, params::SmapsHugetlb { mapcount2 });
                }
                return;
            }
            // smap_gather_stats(): holes are looked up one by one only where private copies may hide them.
            let check_shmem = vma.kind == Kind::ShmemPrivate && vma.prot.write;
            let parameters = |world: &mut World, page: u16, pte: u64| {
                let swapped = vma.has_file() && matches!(world.state.cached(&vma, page), Cached::Swapped(_));
                let swapcount = world.slot_of(pte).map_or(0, |(area, slot)| world.state.slots[area][slot] as u64);
                params::Smaps { check_shmem, xa_value: swapped, swapcount }.words()
            };
            world.ask_pages(SiteId::Smaps, start, end, parameters, |_, _, _, _| {});
        })
    }

    pub(super) fn khuge_scan(&mut self, op: Op) -> Ending {
        let budgets = Budgets {
            swap: [64, 0, 1, 511][(op.arg & 3) as usize],
            none: [511, 0, 1, 64][(op.arg >> 2 & 3) as usize],
            shared: [256, 0, 1, 256][(op.arg >> 4 & 3) as usize],
        };
        self.look(op, |world, i, start, end| {
            let vma = world.state.vmas[i];
            // hugepage_vma_check(): khugepaged scans anonymous memory; shmem has a scan of its own.
            if vma.kind == Kind::Hugetlb || vma.kind == Kind::Device {
                return;
            }
            let from = world.trace.ptes.len();
            for page in start..end {
                let pte = world.state.pte(page);
                let frame = world.frame(pte);
                let words = params::KhugeScan {
                    uffd_armed: vma.uffd_wp || vma.uffd_missing,
                    mapcount2: frame.maps > 1,
                    not_anon: !frame.anon,
                    bad_ref: frame.pinned || frame.maps == 0,
                    pg_referenced: frame.referenced || World::young(pte),
                    ..Default::default()
                };
                world.trace.ptes.push(pte);
                world.trace.params.push(words.words());
            }
            let op = world.op;
            world.trace.ask_range(&world.model, op, SiteId::KhugeScan, from, budgets);
        })
    }

    pub(super) fn khuge_swapin(&mut self, op: Op) -> Ending {
        self.look(op, |world, i, start, end| {
            let vma = world.state.vmas[i];
            if matches!(vma.kind, Kind::Hugetlb | Kind::Device) {
                return;
            }
            for page in start..end {
                if world.hole(op, page) {
                    continue;
                }
                let pte = world.state.pte(page);
                let called = world.ask(pte, params::KhugeSwapin {});
                if called.outcome & 1 != 0 {
                    world.swap_fault(page, &vma, false, 0);
                }
            }
        })
    }

    pub(super) fn memcg_move(&mut self, op: Op) -> Ending {
        self.look(op, |world, i, start, end| {
            let vma = world.state.vmas[i];
            for page in start..end {
                if world.hole(op, page) && !vma.has_file() {
                    continue;
                }
                let pte = world.state.pte(page);
                let frame = world.frame(pte);
                let cached = world.slot_of(pte).map_or(0, |(area, slot)| world.state.swap_cache[area][slot]);
                let incore = vma.has_file() && matches!(world.state.cached(&vma, page), Cached::Frame(_));
                let charged = op.arg & 4 != 0;
                world.ask(
                    pte,
                    params::Mctgt {
                        move_anon: op.arg & 1 != 0,
                        move_file: op.arg & 2 != 0,
                        pg_mapped: frame.maps != 0,
                        pg_anon: frame.anon,
                        getpage_ok: op.arg & 8 != 0,
                        memcg_from: charged,
                        devref_ok: op.arg & 8 != 0,
                        swapcache: cached != 0,
                        swap_cgroup: charged,
                        vm_file: vma.has_file(),
                        incore,
                        pg_compound: false,
                    },
                );
            }
        })
    }

    pub(super) fn rmap(&mut self, op: Op) -> Ending {
        let pte = self.state.pte(op.page);
        let Some(i) = self.page_of(pte) else {
            // A walk that meets something else than what it looks for.
            self.ask(pte, pvmw(op, 1));
            return Ending::Done;
        };
        self.ask(pte, pvmw(op, if op.arg & 4 != 0 { i as u64 ^ 1 } else { i as u64 }));
        Ending::Done
    }

    pub(super) fn hmm(&mut self, op: Op) -> Ending {
        self.look(op, |world, i, start, end| {
            let vma = world.state.vmas[i];
            if vma.kind == Kind::Hugetlb {
                return;
            }
            let (req_fault, req_write, owner_match) = (op.arg & 1 != 0, op.arg & 2 != 0, op.arg & 4 != 0);
            let (vm_write, fault_error) = (vma.prot.write, op.accident == accident::OOM);
            for page in start..end {
                let pte = world.state.pte(page);
                match world.tree {
                    Tree::Patch07 => {
                        world.ask(pte, params::HmmRfc { req_fault, req_write, vm_write, owner_match, fault_error })
                    }
                    Tree::Series => {
                        world.ask(pte, params::HmmV3 { req_fault, req_write, vm_write, owner_match, fault_error })
                    }
                };
            }
        })
    }

    pub(super) fn gup(&mut self, op: Op) -> Ending {
        let Some(vma) = self.state.vma(op.page) else { return Ending::NoVma };
        let pte = self.state.pte(op.page);
        let frame = self.frame(pte);
        let bit = |n: u8| op.arg >> n & 1 != 0;
        let words = params::Gup {
            foll_write: bit(0),
            foll_touch: bit(1),
            foll_get: bit(2),
            foll_dump: bit(3),
            foll_force: bit(4),
            foll_split: bit(5),
            foll_numa: bit(6),
            foll_migration: bit(7),
            foll_cow: bit(8),
            foll_pin: bit(9) && !bit(2),
            foll_mlock: bit(10),
            vm_anon: vma.anonymous(),
            vm_locked: vma.locked,
            pg_dirty: frame.dirty,
            split_fail: op.accident == accident::SPLIT_FAIL,
            dev_pagemap: true,
            grab_fail: op.accident == accident::OOM,
            no_mapping: !frame.anon && !frame.cached,
            ..Default::default()
        }
        .words();
        let site = if self.tree == Tree::Series { SiteId::GupV3 } else { SiteId::Gup };
        let answer = self.ask_site(site, pte, words);
        // Where it waited for a migration, the wait is the end of it here: nothing else runs that could finish the migration.
        if answer.outcome & MIGWAIT != 0 {
            return Ending::Waits;
        }
        self.state.set(op.page, answer.pte);
        if answer.outcome & 0xff == GUP_PAGE && bit(9) && !bit(2) {
            self.state.mm(op.page).has_pinned = true;
            if let Some(i) = self.normal_page(answer.pte) {
                self.state.frames[i].pinned = true;
            }
        }
        if bit(0) && bit(1) && answer.pte & X86_64.dirty != 0 && self.class(answer.pte) == Class::Present {
            return Ending::Done;
        }
        if answer.outcome & 0xff == GUP_PAGE { Ending::Done } else { Ending::NoEffect }
    }

    pub(super) fn mincore(&mut self, op: Op) -> Ending {
        self.look(op, |world, i, start, end| {
            let vma = world.state.vmas[i];
            if vma.kind == Kind::Hugetlb {
                return;
            }
            for page in start..end {
                let pte = world.state.pte(page);
                let vm_file = vma.has_file();
                let incore = match world.slot_of(pte) {
                    Some((area, slot)) => world.state.swap_cache[area][slot] != 0,
                    None => vm_file && matches!(world.state.cached(&vma, page), Cached::Frame(_)),
                };
                let (area, _) = world.swap_facts(pte);
                match world.tree {
                    Tree::Patch07 => world.ask(pte, params::Mincore { vm_file, incore, uptodate: true, area }),
                    Tree::Series => world.ask(pte, params::MincoreV3 { vm_file, incore, uptodate: true, area }),
                };
            }
        })
    }
}

const MIGWAIT: u64 = 1 << 30;
const GUP_PAGE: u64 = 2;

fn pvmw(op: Op, page_pfn: u64) -> params::Pvmw {
    params::Pvmw { sync: op.arg & 1 != 0, migration: op.arg & 2 != 0, hugetlb: false, page_pfn, nr_pages: 1 }
}
