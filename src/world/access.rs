//! Accesses: hardware first, then the fault path, site by site, until the access is satisfied or cannot go on.

use super::facts::{entry_value, slot_of_entry};
use super::state::{Cached, Frame, Kind, place};
use super::teardown::{EV_STORE, soft_dirty};
use super::vmas::Vma;
use super::{Ending, World};
use crate::program::{Op, Tree, accident};
use crate::pte::{Class, X86_64};
use crate::site::{Answer, params};

/// `handle_userfault()` was called.
const EV_UFFD: u64 = 1 << 31;
/// Faults taken for one access before it counts as stuck.
const TRIES: usize = 5;

impl World {
    pub(super) fn access(&mut self, op: Op, write: bool) -> Ending {
        let page = op.page;
        let Some(vma) = self.state.vma(page) else { return Ending::NoVma };
        let allowed = if write { vma.prot.write } else { vma.accessible() };
        if !allowed || vma.kind == Kind::Hugetlb {
            return Ending::Denied;
        }
        let mut stale = op.accident == accident::STALE_TLB;
        for round in 0..TRIES {
            if !stale && self.hardware_access(page, write) {
                return Ending::Done;
            }
            stale = false;
            let before = self.state.pte(page);
            // What goes wrong does so the first time.
            let wrong = if round == 0 { op.accident } else { 0 };
            if let Some(ending) = self.fault(page, write, round > 0, wrong) {
                return ending;
            }
            if self.state.pte(page) == before && self.class(before) == Class::Special {
                return Ending::Stuck;
            }
        }
        Ending::Stuck
    }

    /// An access to each page; those that cannot go on are left.
    pub(super) fn populate(&mut self, op: Op) -> Ending {
        let (code, accident) = (op.code, 0);
        let any = self.each_part(op.page, op.end(), |world, _, start, end| {
            for page in start..end {
                world.access(Op { code, accident, page, len: 1, arg: 0 }, op.arg & 1 != 0);
            }
        });
        if any { Ending::Done } else { Ending::NoVma }
    }

    /// What hardware does where the pte lets it: sets accessed, and dirty for a write.
    fn hardware_access(&mut self, page: u16, write: bool) -> bool {
        let pte = self.state.pte(page);
        if pte & X86_64.present == 0 || write && pte & X86_64.write == 0 {
            return false;
        }
        let sets = X86_64.accessed | if write { X86_64.dirty } else { 0 };
        self.state.set(page, pte | sets);
        if write {
            self.note_written(page);
        }
        true
    }

    /// A write got through: it must show as soft-dirty, unless the mark that would have caught it was legally gone already.
    fn note_written(&mut self, page: u16) {
        let pte = self.state.pte(page);
        let shows = soft_dirty(self.class(pte), pte);
        self.state.expect(page).written = shows;
    }

    /// One call of `handle_pte_fault()` and the handler that it chooses; an ending where the access cannot go on.
    fn fault(&mut self, page: u16, write: bool, retried: bool, wrong: u8) -> Option<Ending> {
        let vma = self.vma_or_default(page);
        let pte = self.state.pte(page);
        let tried = retried || wrong == accident::RETRIED;
        let (vm_anon, vm_access, vm_uffd_wp) = (vma.anonymous(), vma.accessible(), vma.uffd_wp);
        let answer = match self.tree {
            Tree::Patch07 => self.ask(pte, params::PteFault { write, vm_anon, vm_access, tried, vm_uffd_wp }),
            Tree::Series => self.ask(pte, params::PteFaultRfc08 { write, vm_anon, vm_access, tried, vm_uffd_wp }),
        };
        let as_write = answer.outcome & 0x10 != 0;
        match answer.outcome & 0xf {
            0 => {
                self.state.set(page, answer.pte);
                if write {
                    self.note_written(page);
                }
                Some(Ending::Done)
            }
            1 => self.anonymous_fault(page, &vma, write, wrong),
            2 => self.file_fault(page, &vma, as_write, false, wrong),
            3 => self.swap_fault(page, &vma, write, wrong),
            4 => self.numa_fault(page, &vma, wrong),
            5 => self.write_protect_fault(page, &vma, wrong),
            6 => self.file_fault(page, &vma, as_write, true, wrong),
            _ => {
                self.state.set(page, answer.pte);
                self.state.expect(page).wp = false;
                None
            }
        }
    }

    fn anonymous_fault(&mut self, page: u16, vma: &Vma, write: bool, wrong: u8) -> Option<Ending> {
        let pte = self.state.pte(page);
        let frame = if write { self.new_anonymous_page(wrong) } else { None };
        let answer = self.ask(
            pte,
            params::AnonPage {
                write,
                vm_write: vma.prot.write,
                vm_shared: false,
                uffd_missing: vma.uffd_missing,
                oom: write && frame.is_none(),
                unstable: wrong == accident::UNSTABLE,
                prot: vma.page_prot(),
                pfn: frame.unwrap_or(0) as u64,
            },
        );
        if answer.outcome & EV_UFFD != 0 {
            return Some(Ending::Trapped);
        }
        if let Some(ending) = fault_error(&answer) {
            return Some(ending);
        }
        if answer.outcome & EV_STORE != 0 {
            self.state.set(page, answer.pte);
            self.note_anon(page);
            if write {
                self.mapped(page);
                self.state.expect(page).written = true;
            }
        }
        None
    }

    /// A page for a private write, unless memory is out.
    fn new_anonymous_page(&mut self, wrong: u8) -> Option<u8> {
        if wrong == accident::OOM {
            return None;
        }
        self.state.take_frame(Frame { anon: true, swap_backed: true, ..Frame::default() })
    }

    /// The page in the slot is mapped once more, and counted.
    pub(super) fn mapped(&mut self, page: u16) {
        if let Some(i) = self.page_of(self.state.pte(page)) {
            self.state.frames[i].maps += 1;
            self.state.mm(page).rss_pages += 1;
        }
    }

    /// `do_fault()`: the page of the page cache, or a copy of it for a private write.
    fn file_fault(&mut self, page: u16, vma: &Vma, write: bool, uffd_wp: bool, wrong: u8) -> Option<Ending> {
        if !vma.has_file() {
            return Some(Ending::Sigbus);
        }
        if uffd_wp {
            // FAULT_FLAG_UFFD_WP: the page is brought in without the write.
        } else if vma.uffd_missing && self.state.cached(vma, page) == Cached::Hole {
            return Some(Ending::Trapped);
        }
        let Some(cached) = self.page_cache_page(vma, page) else { return Some(Ending::OutOfMemory) };
        let private = write && !vma.shared();
        let mapped = if private { self.new_anonymous_page(wrong) } else { Some(cached) };
        let Some(mapped) = mapped else { return Some(Ending::OutOfMemory) };
        let pte = self.state.pte(page);
        // The site is told the page cache page and takes the page next to it as the copy.
        let pfn = if private { mapped as u64 ^ 1 } else { mapped as u64 };
        let (vm_write, vm_shared, unstable) = (vma.prot.write, vma.shared(), wrong == accident::UNSTABLE);
        let prot = vma.page_prot();
        let answer = match self.tree {
            Tree::Patch07 => {
                self.ask(pte, params::FinishFault { write, vm_write, vm_shared, unstable, uffd_wp: false, prot, pfn })
            }
            Tree::Series => {
                self.ask(pte, params::FinishFaultRfc08 { write, vm_write, vm_shared, unstable, uffd_wp, prot, pfn })
            }
        };
        if let Some(ending) = fault_error(&answer) {
            return Some(ending);
        }
        if answer.outcome & EV_STORE != 0 {
            self.state.set(page, answer.pte);
            self.mapped(page);
            if private {
                self.note_anon(page);
            }
            if write {
                self.state.expect(page).written = true;
                self.state.frames[mapped as usize].dirty = true;
            }
        }
        None
    }

    /// The page of a file mapping, read back from swap or new where it is not in memory (`shmem_fault()`, v5.10).
    pub(super) fn page_cache_page(&mut self, vma: &Vma, page: u16) -> Option<u8> {
        let at = vma.file_page(page);
        match self.state.cached(vma, page) {
            Cached::Frame(frame) => Some(frame),
            hole => {
                let frame = self.state.take_frame(Frame {
                    swap_backed: true,
                    dirty: true,
                    cached: true,
                    ..Frame::default()
                })?;
                if let Cached::Swapped(swap) = hole {
                    let (area, slot) = place(swap);
                    self.state.put_slot(area, slot);
                }
                self.state.set_cached(vma.file, at, Cached::Frame(frame));
                Some(frame)
            }
        }
    }

    fn numa_fault(&mut self, page: u16, vma: &Vma, wrong: u8) -> Option<Ending> {
        let pte = self.state.pte(page);
        let mapcount2 = self.frame(pte).maps > 1;
        let answer = self.ask(
            pte,
            params::NumaPage {
                changed: wrong == accident::CHANGED,
                mapcount2,
                vm_shared: vma.shared(),
                prot: vma.page_prot(),
                ..Default::default()
            },
        );
        self.state.set(page, answer.pte);
        None
    }

    /// `do_wp_page()` on what stands in the slot.
    fn write_protect_fault(&mut self, page: u16, vma: &Vma, wrong: u8) -> Option<Ending> {
        let pte = self.state.pte(page);
        let old = self.normal_page(pte);
        let frame = self.frame(pte);
        let new = self.new_anonymous_page(wrong);
        let answer = self.ask(
            pte,
            params::WpPage {
                vm_write: vma.prot.write,
                vm_shared: vma.shared(),
                vm_uffd_wp: vma.uffd_wp,
                pg_anon: frame.anon,
                pg_ksm: frame.ksm,
                count2: frame.maps + frame.entries > 1 || frame.swap != 0 || frame.pinned,
                trylock_fail: wrong == accident::LOCK_FAIL,
                mapcount2: frame.maps > 1,
                changed: wrong == accident::CHANGED,
                oom: new.is_none(),
                copyfail: wrong == accident::COPY_FAIL,
                prot: vma.page_prot(),
                new_pfn: new.unwrap_or(0) as u64,
                ..Default::default()
            },
        );
        if answer.outcome & EV_UFFD != 0 {
            return Some(Ending::Trapped);
        }
        if let Some(ending) = fault_error(&answer) {
            return Some(ending);
        }
        if answer.pte != pte {
            self.state.set(page, answer.pte);
            if answer.outcome & WP_COPY != 0 {
                self.copied_on_write(page, old);
            }
            self.state.expect(page).written = true;
        }
        None
    }

    /// A copy took the place of the old page, with none of its marks.
    fn copied_on_write(&mut self, page: u16, old: Option<usize>) {
        if let Some(old) = old {
            self.state.frames[old].maps = self.state.frames[old].maps.saturating_sub(1);
            self.state.mm(page).rss_pages -= 1;
            self.settle(old);
        }
        self.mapped(page);
        self.note_anon(page);
        self.state.expect(page).wp = false;
    }

    /// `do_swap_page()` with what the swap cache and the counts say.
    pub(super) fn swap_fault(&mut self, page: u16, vma: &Vma, write: bool, wrong: u8) -> Option<Ending> {
        let pte = self.state.pte(page);
        let slot = self.slot_of(pte);
        let cached = slot.map_or(0, |(area, slot)| self.state.swap_cache[area][slot]);
        let frame = match (slot, cached) {
            (None, _) => 0,
            (Some(_), 0) => self.new_anonymous_page(wrong).unwrap_or(0),
            (Some(_), cached) => cached,
        };
        let is_cached = cached != 0;
        let alone = slot.is_some_and(|(area, slot)| self.state.slots[area][slot] == 1)
            && self.state.frames[frame as usize].maps == 0
            && !self.state.frames[frame as usize].ksm;
        let answer = self.ask(
            pte,
            params::DoSwapPage {
                write,
                vm_write: vma.prot.write,
                reuse: alone,
                swapcache: is_cached,
                pg_hwpoison: wrong == accident::PAGE_HWPOISON,
                lock_fail: wrong == accident::LOCK_FAIL,
                cache_changed: wrong == accident::CACHE_CHANGED,
                ksm_oom: wrong == accident::KSM_OOM,
                pte_changed: wrong == accident::CHANGED,
                not_uptodate: wrong == accident::NOT_UPTODATE,
                no_page: wrong == accident::NO_PAGE || slot.is_some() && frame == 0,
                prot: vma.page_prot(),
                pfn: frame as u64,
            },
        );
        match answer.outcome >> 16 & 0xf {
            DISPATCH_SPECIAL => Some(Ending::Stuck),
            DISPATCH_MIGRATION => {
                self.ask(pte, params::MigrationWait { ref_ok: wrong != accident::NO_PAGE });
                Some(Ending::Waits)
            }
            DISPATCH_DEVICE => {
                self.migrate_to_ram(page);
                None
            }
            DISPATCH_SWAPIN => self.swapped_in(page, vma, slot, frame, write, wrong, &answer),
            _ => Some(Ending::Sigbus),
        }
    }

    /// The bookkeeping of a swap-in, and the write-protect fault that may follow it at once.
    #[allow(clippy::too_many_arguments, reason = "what do_swap_page() has in its locals")]
    fn swapped_in(
        &mut self,
        page: u16,
        vma: &Vma,
        slot: Option<(usize, usize)>,
        frame: u8,
        write: bool,
        wrong: u8,
        answer: &Answer,
    ) -> Option<Ending> {
        if answer.outcome & DS_SWAP_FREE == 0 {
            return fault_error(answer).or(match wrong {
                accident::PAGE_HWPOISON => Some(Ending::Sigbus),
                _ => None,
            });
        }
        let (area, slot) = slot?;
        self.state.set(page, answer.pte);
        self.state.mm(page).rss_swap -= 1;
        if self.state.swap_cache[area][slot] == 0 {
            // The page that was read in is in the swap cache as long as the entry lives.
            self.state.swap_cache[area][slot] = frame;
            self.state.frames[frame as usize].swap = (area * 64 + slot) as u8;
        }
        self.mapped(page);
        self.state.put_slot(area, slot);
        if self.state.slots[area][slot] == 0 {
            self.state.drop_swap_cache(area, slot);
        }
        if write && answer.pte & X86_64.write != 0 {
            self.state.expect(page).written = true;
        }
        if answer.outcome & DS_WP_PAGE != 0 {
            return self.write_protect_fault(page, vma, wrong);
        }
        None
    }

    pub(super) fn swap_in(&mut self, op: Op) -> Ending {
        let page = op.page;
        let pte = self.state.pte(page);
        if !self.model.is_swap(pte) {
            return Ending::NoEffect;
        }
        if op.arg & 1 != 0 {
            return self.read_ahead(pte, op.accident);
        }
        let vma = self.vma_or_default(page);
        self.swap_fault(page, &vma, false, op.accident).unwrap_or(Ending::Done)
    }

    /// `read_swap_cache_async()`: the slot's page is in the swap cache afterwards.
    pub(super) fn read_ahead(&mut self, pte: u64, wrong: u8) -> Ending {
        let Some((area, slot)) = self.slot_of(pte) else { return Ending::NoEffect };
        if self.state.swap_cache[area][slot] != 0 {
            return Ending::NoEffect;
        }
        let Some(frame) = self.new_anonymous_page(wrong) else { return Ending::OutOfMemory };
        self.state.swap_cache[area][slot] = frame;
        self.state.frames[frame as usize].swap = (area * 64 + slot) as u8;
        Ending::Done
    }

    /// The generic entry of a frame's place in the swap cache.
    pub(super) fn frame_entry(&self, frame: usize) -> u64 {
        let (area, slot) = place(self.state.frames[frame].swap);
        entry_value(area, slot)
    }

    /// The swap slot that a pte would decode to, whatever it is.
    pub(super) fn decoded_slot(&self, pte: u64) -> Option<(usize, usize)> {
        slot_of_entry(self.model.decode(pte))
    }
}

const WP_COPY: u64 = 0x2000;
const DISPATCH_SPECIAL: u64 = 1;
const DISPATCH_MIGRATION: u64 = 2;
const DISPATCH_DEVICE: u64 = 3;
const DISPATCH_SWAPIN: u64 = 6;
const DS_WP_PAGE: u64 = 0x10_0000;
const DS_SWAP_FREE: u64 = 0x20_0000;

/// The ending of a fault that failed.
fn fault_error(answer: &Answer) -> Option<Ending> {
    if answer.outcome & 1 != 0 {
        Some(Ending::OutOfMemory)
    } else if answer.outcome & 2 != 0 {
        Some(Ending::Sigbus)
    } else {
        None
    }
}
