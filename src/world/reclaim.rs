//! What takes memory back: swap-out, eviction, ageing, cleaning, swapoff, lazy freeing.

use super::facts::entry_value;
use super::state::{AREA_TYPES, AREAS, Cached, Frame, Kind, SLOTS};
use super::teardown::{EV_CLEAR, EV_PG_DIRTY, EV_RMAP_DEL, EV_RSS_PAGE, EV_RSS_SWAP, EV_SWAP_DUP, EV_SWAP_FREE};
use super::{Ending, World};
use crate::program::{Op, Tree, accident};
use crate::pte::{Class, X86_64};
use crate::site::{Answer, params};

impl World {
    /// `page_referenced_one()`: accessed is cleared, and the page remembers.
    pub(super) fn age(&mut self, op: Op) -> Ending {
        let Some(frame) = self.normal_page(self.state.pte(op.page)) else { return Ending::NoEffect };
        self.age_page(frame);
        Ending::Done
    }

    fn age_page(&mut self, frame: usize) {
        self.each_page_of(frame, |world, page| {
            let pte = world.state.pte(page);
            if world.model.is_present(pte) {
                let answer = world.ask(pte, params::Accessor { operation: 2, ..Default::default() });
                world.state.set(page, answer.pte);
            }
            true
        });
    }

    pub(super) fn swap_out(&mut self, op: Op) -> Ending {
        let Some(i) = self.normal_page(self.state.pte(op.page)) else { return Ending::NoEffect };
        let frame = self.state.frames[i];
        if !frame.anon || frame.pinned || frame.hwpoison || frame.entries != 0 {
            return Ending::NoEffect;
        }
        let area = (op.arg & 3) as usize % AREAS;
        if frame.swap == 0 && frame.swap_backed {
            // add_to_swap(): the page gets a slot and is in the swap cache, dirty.
            let Some(slot) = self.state.take_slot(area) else { return Ending::OutOfMemory };
            self.state.swap_cache[area][slot as usize] = i as u8;
            self.state.frames[i].swap = (area * SLOTS) as u8 + slot;
            self.state.frames[i].dirty = true;
        }
        let ignore_access = op.arg & 8 != 0;
        if !ignore_access {
            self.age_page(i);
        }
        let done = self.unmap_all(
            i,
            params::Unmap {
                ttu_ignore_access: ignore_access,
                ttu_batch_flush: true,
                swap_dup_fail: op.accident == accident::DUP_FAIL,
                ..Default::default()
            },
        );
        if self.state.frames[i].maps == 0 && op.arg & 4 == 0 {
            // The page was written out and leaves memory.
            let (area, slot) = super::state::place(self.state.frames[i].swap);
            if self.state.frames[i].swap != 0 {
                self.state.drop_swap_cache(area, slot);
            }
        }
        self.settle(i);
        if done { Ending::Done } else { Ending::NoEffect }
    }

    /// `try_to_unmap()`: the rmap walk over the ptes of a frame ends at the first that cannot be unmapped.
    pub(super) fn unmap_all(&mut self, frame: usize, ttu: params::Unmap) -> bool {
        self.each_page_of(frame, |world, page| world.unmap_one(page, frame, ttu))
    }

    /// `try_to_unmap_one()` on one pte of a frame, with the page's flags added to `ttu`. True where it succeeded.
    pub(super) fn unmap_one(&mut self, page: u16, i: usize, ttu: params::Unmap) -> bool {
        let pte = self.state.pte(page);
        let frame = self.state.frames[i];
        let vma = self.vma_or_default(page);
        let private = if frame.swap != 0 { self.frame_entry(i) } else { entry_value(0, 1) };
        let answer = self.ask(
            pte,
            params::Unmap {
                pg_anon: frame.anon,
                pg_swapbacked: frame.swap_backed,
                pg_swapcache: frame.swap != 0,
                pg_dirty: frame.dirty,
                pg_hwpoison: frame.hwpoison,
                devpriv: frame.device,
                vm_locked: vma.locked,
                page_pfn: i as u64,
                private,
                ..ttu
            },
        );
        self.unmapped(page, i, &answer);
        answer.outcome & 1 != 0
    }

    fn unmapped(&mut self, page: u16, i: usize, answer: &Answer) {
        let events = answer.outcome;
        self.state.set(page, answer.pte);
        let class = self.class(answer.pte);
        let frame = &mut self.state.frames[i];
        frame.dirty |= events & EV_PG_DIRTY != 0;
        frame.swap_backed |= events & (1 << 42) != 0;
        if events & EV_RMAP_DEL != 0 {
            frame.maps = frame.maps.saturating_sub(1);
        }
        if events & EV_RMAP_DEL != 0 && matches!(class, Class::MigrationRead | Class::MigrationWrite | Class::HwPoison)
        {
            frame.entries += 1;
        }
        if events & EV_RSS_PAGE != 0 {
            self.state.mm(page).rss_pages -= 1;
        }
        if events & EV_RSS_SWAP != 0 {
            self.state.mm(page).rss_swap += 1;
        }
        if events & EV_SWAP_DUP != 0
            && class == Class::Swap
            && let Some((area, slot)) = self.slot_of(answer.pte)
        {
            self.state.slots[area][slot] = self.state.slots[area][slot].saturating_add(1);
        }
        if matches!(class, Class::None | Class::HwPoison) {
            // A discarded or poisoned page has no marks any more, and the pte of a file page forgets them (v5.10).
            self.state.forget(page);
        }
    }

    pub(super) fn evict(&mut self, op: Op) -> Ending {
        let Some(i) = self.normal_page(self.state.pte(op.page)) else { return self.evict_cached(op) };
        let frame = self.state.frames[i];
        if frame.anon || !frame.cached || frame.pinned || frame.entries != 0 {
            return Ending::NoEffect;
        }
        self.age_page(i);
        self.each_page_of(i, |world, page| {
            let pte = world.state.pte(page);
            let unmapped = world.unmap_one(page, i, params::Unmap { ttu_batch_flush: true, ..Default::default() });
            if unmapped && world.tree == Tree::Series {
                let vm_anon = world.vma_or_default(page).anonymous();
                let left = world.ask(pte, params::InstallUffdWp { vm_anon });
                world.state.set(page, left.pte);
                let special = world.class(left.pte) == Class::Special;
                world.state.special_seen |= special;
                world.state.expect(page).wp = special;
            }
            unmapped
        });
        self.swap_cached_out(i)
    }

    /// The page cache page of a pte that maps nothing.
    fn evict_cached(&mut self, op: Op) -> Ending {
        let Some(vma) = self.state.vma(op.page).filter(|v| v.has_file()) else { return Ending::NoEffect };
        match self.state.cached(&vma, op.page) {
            Cached::Frame(frame) if self.state.frames[frame as usize].maps == 0 => self.swap_cached_out(frame as usize),
            _ => Ending::NoEffect,
        }
    }

    /// `shmem_writepage()`: an unmapped page cache page goes to swap, and its slot in the page cache says where.
    fn swap_cached_out(&mut self, i: usize) -> Ending {
        if self.state.frames[i].maps != 0 || self.state.frames[i].entries != 0 {
            return Ending::NoEffect;
        }
        let Some(slot) = self.state.take_slot(0) else { return Ending::OutOfMemory };
        for file in 0..self.state.cache.len() {
            for at in self.state.touched_file_pages() {
                if self.state.cache[file][at] == Cached::Frame(i as u8) {
                    self.state.set_cached(file as u8, at, Cached::Swapped(slot));
                }
            }
        }
        self.state.slots[0][slot as usize] = 1;
        self.state.frames[i] = Frame::default();
        Ending::Done
    }

    pub(super) fn hwpoison(&mut self, op: Op) -> Ending {
        let Some(i) = self.normal_page(self.state.pte(op.page)) else { return Ending::NoEffect };
        if self.state.frames[i].entries != 0 {
            return Ending::NoEffect;
        }
        self.state.frames[i].hwpoison = true;
        self.unmap_all(i, params::Unmap { ttu_ignore_mlock: true, ttu_ignore_access: true, ..Default::default() });
        Ending::Done
    }

    pub(super) fn write_back(&mut self, op: Op) -> Ending {
        let pte = self.state.pte(op.page);
        let Some(i) = self.page_of(pte) else { return Ending::NoEffect };
        self.each_page_of(i, |world, page| {
            let pte = world.state.pte(page);
            // page_mkclean() is for shared mappings of file pages: of ptes that map the page it sees present ones here.
            if world.normal_page(pte).is_some() {
                let answer = world.ask(pte, params::PageMkclean { thp: false, page_pfn: i as u64 });
                world.state.set(page, answer.pte);
            }
            true
        });
        self.state.frames[i].dirty = false;
        Ending::Done
    }

    pub(super) fn swapoff(&mut self, op: Op) -> Ending {
        let area = (op.arg & 3) as usize % AREAS;
        let mut any = false;
        for page in self.state.touched_pages() {
            let page = page as u16;
            let pte = self.state.pte(page);
            if !self.model.is_swap(pte) {
                continue;
            }
            any = true;
            if !self.unuse(page, pte, area, op.accident) {
                return Ending::OutOfMemory;
            }
        }
        any |= self.unuse_page_cache(area);
        if any { Ending::Done } else { Ending::NoEffect }
    }

    /// `unuse_pte_range()` on one pte; false where it fails.
    fn unuse(&mut self, page: u16, pte: u64, area: usize, wrong: u8) -> bool {
        let ours = self.slot_of(pte).filter(|(a, _)| *a == area);
        let found = self.decoded_slot(pte).filter(|(a, _)| *a == area);
        let cached = ours.map_or(0, |(a, s)| self.state.swap_cache[a][s]);
        let frame = match (ours, cached) {
            (Some(_), 0) if wrong != accident::NO_PAGE => {
                self.state.take_frame(Frame { anon: true, swap_backed: true, ..Frame::default() }).unwrap_or(0)
            }
            (_, cached) => cached,
        };
        let count = found.map_or(0, |(a, s)| self.state.slots[a][s]);
        let (no_page, map_zero, ksm_oom) = (ours.is_some() && frame == 0, count == 0, wrong == accident::OOM);
        let (kind, size) = (AREA_TYPES[area] as u64, SLOTS as u64);
        let prot = self.vma_or_default(page).page_prot();
        let pfn = frame as u64;
        let sameswp_fixed = self.tree == Tree::Series;
        let answer = match self.tree {
            Tree::Patch07 => self.ask(
                pte,
                params::Unuse {
                    no_page,
                    map_zero,
                    map_bad: false,
                    ksm_oom,
                    sameswp_fixed,
                    kind,
                    area: size,
                    prot,
                    pfn,
                },
            ),
            Tree::Series => self.ask(
                pte,
                params::UnuseV3 {
                    no_page,
                    map_zero,
                    map_bad: false,
                    ksm_oom,
                    sameswp_fixed,
                    kind,
                    area: size,
                    prot,
                    pfn,
                },
            ),
        };
        if answer.outcome & 1 != 0 {
            return false;
        }
        if answer.pte != pte {
            self.state.set(page, answer.pte);
            self.state.mm(page).rss_swap -= 1;
            self.mapped(page);
            if let Some((a, s)) = ours.filter(|_| answer.outcome & EV_SWAP_FREE != 0) {
                self.state.put_slot(a, s);
            }
            // v5.10's swapoff carries neither mark over.
            self.state.forget(page);
        }
        true
    }

    /// `shmem_unuse()`: page cache slots of the area become pages again.
    fn unuse_page_cache(&mut self, area: usize) -> bool {
        let mut any = false;
        for file in 0..self.state.cache.len() {
            for at in self.state.touched_file_pages() {
                let Cached::Swapped(swap) = self.state.cache[file][at] else { continue };
                let (a, slot) = super::state::place(swap);
                if a != area {
                    continue;
                }
                let new = Frame { swap_backed: true, dirty: true, cached: true, ..Frame::default() };
                if let Some(frame) = self.state.take_frame(new) {
                    self.state.put_slot(a, slot);
                    self.state.set_cached(file as u8, at, Cached::Frame(frame));
                    any = true;
                }
            }
        }
        any
    }

    pub(super) fn madv_free(&mut self, op: Op) -> Ending {
        let mut any = false;
        self.each_part(op.page, op.end(), |world, i, start, end| {
            // madvise_free_single_vma(): anonymous vmas only.
            if world.state.vmas[i].kind != Kind::Anon || world.state.vmas[i].locked {
                return;
            }
            any = true;
            for page in start..end {
                if !world.hole(op, page) {
                    world.free_lazily(page, op.accident);
                }
            }
        });
        if any { Ending::Done } else { Ending::Denied }
    }

    fn free_lazily(&mut self, page: u16, wrong: u8) {
        let pte = self.state.pte(page);
        let frame = self.frame(pte);
        let (area, map_byte) = self.swap_facts(pte);
        let (pg_swapcache, pg_dirty, mapcount2) = (frame.swap != 0, frame.dirty, frame.maps != 1);
        let (trylock_fail, tryfree_fail) = (wrong == accident::LOCK_FAIL, frame.swap != 0);
        let (thp, split_fail) = (false, false);
        let answer = match self.tree {
            Tree::Patch07 => self.ask(
                pte,
                params::MadvFree {
                    pg_swapcache,
                    pg_dirty,
                    trylock_fail,
                    mapcount2,
                    tryfree_fail,
                    thp,
                    split_fail,
                    area,
                    map_byte,
                },
            ),
            Tree::Series => self.ask(
                pte,
                params::MadvFreeV3 {
                    pg_swapcache,
                    pg_dirty,
                    trylock_fail,
                    mapcount2,
                    tryfree_fail,
                    thp,
                    split_fail,
                    area,
                    map_byte,
                },
            ),
        };
        self.state.set(page, answer.pte);
        if answer.outcome & LAZYFREE != 0
            && let Some(i) = self.normal_page(answer.pte)
        {
            // mark_page_lazyfree(): no longer backed by swap, and clean.
            self.state.frames[i].swap_backed = false;
            self.state.frames[i].dirty = false;
            self.state.frames[i].referenced = false;
        }
        if answer.outcome & EV_CLEAR != 0 && !self.model.is_present(pte) {
            self.state.forget(page);
            self.dropped(page, pte, answer.outcome & !EV_RMAP_DEL);
        }
    }

    pub(super) fn willneed(&mut self, op: Op) -> Ending {
        let mut any = false;
        self.each_part(op.page, op.end(), |world, i, start, end| {
            if world.state.vmas[i].kind != Kind::Anon {
                return;
            }
            any = true;
            for page in start..end {
                if !world.hole(op, page) {
                    world.will_need(page);
                }
            }
        });
        if any { Ending::Done } else { Ending::Denied }
    }

    fn will_need(&mut self, page: u16) {
        let pte = self.state.pte(page);
        let (area, _) = self.swap_facts(pte);
        let answer = match self.tree {
            Tree::Patch07 => self.ask(pte, params::Willneed { area }),
            Tree::Series => self.ask(pte, params::WillneedV3 { area }),
        };
        if answer.outcome & 2 != 0 {
            self.read_ahead(pte, 0);
        }
    }

    /// Whether a walk over several pages meets a hole here: one call on a none pte says as much as a hundred.
    pub(super) fn hole(&self, op: Op, page: u16) -> bool {
        op.len > 1 && self.state.pte(page) == 0
    }

    /// Whether hardware's accessed bit is set, for khugepaged and friends.
    pub(super) fn young(pte: u64) -> bool {
        pte & X86_64.accessed != 0
    }
}

const LAZYFREE: u64 = 1 << 43;
