//! What takes ptes away: unmap, zap, exit; and what moves or copies them: mremap and fork. And mapping, which unmaps first.

use super::facts::slot_of_entry;
use super::state::{DEVICE_PFN, Frame, Kind, Prot, place};
use super::vmas::Vma;
use super::{Ending, Plant, World};
use crate::program::{Op, PAGES, TABLE, Tree, accident};
use crate::pte::{Class, X86_64};
use crate::site::{Answer, SiteId, params, params::Parameters};

// Event bits of outcomes that the bookkeeping goes by (`PTEFUZZ_EV_*`).
pub(super) const EV_STORE: u64 = 1 << 16;
pub(super) const EV_CLEAR: u64 = 1 << 17;
pub(super) const EV_RMAP_DEL: u64 = 1 << 19;
pub(super) const EV_RMAP_ADD: u64 = 1 << 20;
pub(super) const EV_PG_DIRTY: u64 = 1 << 23;
pub(super) const EV_PG_ACCESSED: u64 = 1 << 24;
pub(super) const EV_SWAP_DUP: u64 = 1 << 25;
pub(super) const EV_SWAP_FREE: u64 = 1 << 26;
pub(super) const EV_RSS_SWAP: u64 = 1 << 33;
pub(super) const EV_RSS_PAGE: u64 = 1 << 34;

/// What a zap is for: `struct zap_details`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Details {
    /// No details: munmap, exit, `MADV_DONTNEED`.
    None,
    /// Details without a mapping to check: truncation, private copies too.
    Truncate,
    /// Details with one: `unmap_mapping_range()` without private copies.
    UnmapFile,
}

impl World {
    pub(super) fn map(&mut self, op: Op) -> Ending {
        let kinds = [Kind::Anon, Kind::ShmemShared, Kind::ShmemPrivate, Kind::Hugetlb, Kind::Device];
        let kind = kinds[(op.arg & 7) as usize % kinds.len()];
        if self.unmap_range(op.page, op.end()) == Ending::OutOfMemory {
            return Ending::OutOfMemory;
        }
        let vma = Vma {
            start: op.page,
            end: op.end(),
            kind,
            prot: protection(op.arg >> 3 & 7),
            uffd_wp: op.arg & 0x40 != 0,
            uffd_missing: op.arg & 0x80 != 0,
            locked: op.arg & 0x100 != 0,
            seq_read: op.arg & 0x200 != 0,
            soft_dirty: true,
            anon_vma: false,
            file: (op.arg >> 10 & 1) as u8,
            offset: op.page,
        };
        if self.state.vmas.add(vma).is_none() {
            return Ending::OutOfMemory;
        }
        for page in op.page..op.end() {
            *self.state.expect(page) = Default::default();
        }
        if kind == Kind::Device {
            self.fill_device(&vma);
        }
        Ending::Done
    }

    /// `remap_pfn_range()`: every pte of a device vma maps device memory, special and without a page.
    fn fill_device(&mut self, vma: &Vma) {
        for page in vma.start..vma.end {
            let made = self.ask(0, params::PfnPte { pfn: DEVICE_PFN + page as u64, prot: vma.page_prot() });
            let special = self.ask(made.pte, params::Bitop { operation: 14 });
            self.state.set(page, special.pte);
        }
    }

    pub(super) fn unmap_range(&mut self, start: u16, end: u16) -> Ending {
        if !self.state.vmas.split(start, end) {
            return Ending::OutOfMemory;
        }
        let any = self.each_part(start, end, |world, i, start, end| {
            world.zap_part(i, start, end, Details::None, false);
            world.state.vmas.remove(i);
        });
        if any { Ending::Done } else { Ending::NoEffect }
    }

    pub(super) fn zap(&mut self, op: Op) -> Ending {
        let details = [Details::None, Details::Truncate, Details::UnmapFile][(op.arg & 3) as usize % 3];
        let keep = op.arg & 4 != 0;
        let any = self.each_part(op.page, op.end(), |world, i, start, end| {
            // Truncation and unmap_mapping_range() come through the file.
            if details == Details::None || world.state.vmas[i].has_file() {
                world.zap_part(i, start, end, details, keep);
            }
        });
        if any { Ending::Done } else { Ending::NoVma }
    }

    /// `zap_pte_range()` over one vma's pages. `keep` leaves the special pte where uffd-wp was (RFC 13/30). In the tree of patch 07, which never
    /// makes one, that is how a special pte is put there to see what the patch does with it.
    fn zap_part(&mut self, vma: usize, start: u16, end: u16, details: Details, keep: bool) {
        let vma = self.state.vmas[vma];
        if self.tree == Tree::Series {
            // The series' zap knows the special pte: it drops it, or keeps it when asked to. No site of ours is that form, so it is done here.
            for page in start..end {
                if self.class(self.state.pte(page)) == Class::Special && !keep {
                    self.state.set(page, 0);
                    self.state.forget(page);
                }
            }
        }
        let mut from = start;
        while from < end {
            // Runs of pages that the zap site sees.
            let skip = |world: &World, page| {
                world.tree == Tree::Series && world.class(world.state.pte(page)) == Class::Special
            };
            if skip(self, from) {
                from += 1;
                continue;
            }
            let to = (from..end).find(|&page| skip(self, page)).unwrap_or(end);
            self.zap_run(&vma, from, to, details, keep);
            from = to;
        }
    }

    fn zap_run(&mut self, vma: &Vma, start: u16, end: u16, details: Details, keep: bool) {
        let parameters = |world: &mut World, _: u16, pte: u64| {
            let frame = world.frame(pte);
            let (area, map_byte) = world.swap_facts(pte);
            params::Zap {
                details: details != Details::None,
                check_mapping: details == Details::UnmapFile,
                mapping_match: details == Details::UnmapFile && !frame.anon,
                pg_anon: frame.anon,
                seq_read: vma.seq_read,
                area,
                map_byte,
                ..Default::default()
            }
            .words()
        };
        let anonymous = vma.anonymous();
        let mut cleared = Vec::new();
        self.ask_pages(SiteId::Zap, start, end, parameters, |world, page, pte, answer| {
            world.zapped(page, pte, answer);
            if answer.outcome & EV_CLEAR != 0 {
                cleared.push((page, pte));
            }
        });
        if keep {
            for (page, pte) in cleared {
                let left = self.ask(pte, params::InstallUffdWp { vm_anon: anonymous });
                self.state.set(page, left.pte);
                self.state.special_seen |= self.class(left.pte) == Class::Special;
                self.state.expect(page).wp = self.class(left.pte) == Class::Special;
            }
        }
    }

    /// The bookkeeping of one zapped page.
    fn zapped(&mut self, page: u16, pte: u64, answer: &Answer) {
        self.state.set(page, answer.pte);
        if answer.outcome & EV_CLEAR != 0 {
            self.state.forget(page);
        }
        self.dropped(page, pte, answer.outcome);
    }

    /// What the events of an outcome say about a pte that was taken away: page, counters, swap slot.
    pub(super) fn dropped(&mut self, page: u16, pte: u64, events: u64) {
        let class = self.class(pte);
        if let Some(i) = self.page_of(pte) {
            let frame = &mut self.state.frames[i];
            if events & EV_RMAP_DEL != 0 {
                frame.maps = frame.maps.saturating_sub(1);
            }
            if events & EV_CLEAR != 0 && matches!(class, Class::MigrationRead | Class::MigrationWrite | Class::HwPoison)
            {
                frame.entries = frame.entries.saturating_sub(1);
            }
            frame.dirty |= events & EV_PG_DIRTY != 0;
            frame.referenced |= events & EV_PG_ACCESSED != 0;
            self.settle(i);
        }
        if events & EV_RSS_PAGE != 0 {
            self.state.mm(page).rss_pages -= 1;
        }
        if events & EV_RSS_SWAP != 0 && self.plant != Plant::LosesRssCount {
            self.state.mm(page).rss_swap -= 1;
        }
        if events & EV_SWAP_FREE != 0
            && let Some((area, slot)) = self.slot_of(pte)
        {
            self.state.put_slot(area, slot);
        }
    }

    /// A frame that nobody maps any more gives its place in the swap cache back if no pte holds its entry.
    pub(super) fn settle(&mut self, frame: usize) {
        let Frame { maps, entries, swap, .. } = self.state.frames[frame];
        if maps == 0 && entries == 0 && swap != 0 {
            let (area, slot) = place(swap);
            if self.state.slots[area][slot] == 0 {
                self.state.drop_swap_cache(area, slot);
            }
        }
    }

    pub(super) fn exit_child(&mut self) -> Ending {
        if !self.state.forked {
            return Ending::NoEffect;
        }
        self.unmap_range(TABLE, PAGES);
        self.state.forked = false;
        Ending::Done
    }

    pub(super) fn mremap(&mut self, op: Op) -> Ending {
        let (from, to, len) = (op.page, op.to(), op.len);
        let overlap = from < to + len && to < from + len;
        if overlap || self.state.mm_of(from) != self.state.mm_of(to) {
            return Ending::NoEffect;
        }
        // mremap moves within one vma (-EFAULT otherwise).
        let Some(vma) = self.state.vma(from).filter(|v| op.end() <= v.end) else { return Ending::NoVma };
        if self.unmap_range(to, to + len) == Ending::OutOfMemory || !self.state.vmas.split(from, op.end()) {
            return Ending::OutOfMemory;
        }
        let Some(i) = self.state.vmas.index_of(from) else { return Ending::NoVma };
        let leaves_uffd = !op.has("event");
        self.move_ptes(from, to, len, leaves_uffd && (vma.uffd_wp || vma.uffd_missing));
        let moved = self.state.vmas[i];
        let there = Vma {
            start: to,
            end: to + len,
            uffd_wp: moved.uffd_wp && !leaves_uffd,
            uffd_missing: moved.uffd_missing && !leaves_uffd,
            ..moved
        };
        self.state.vmas.replace(i, there);
        Ending::Done
    }

    /// `move_ptes()` (v5.10): each pte that is not none is taken out, marked soft-dirty and put down.
    fn move_ptes(&mut self, from: u16, to: u16, len: u16, leaves_uffd: bool) {
        let offset = to.wrapping_sub(from);
        for page in from..from + len {
            let pte = self.state.pte(page);
            if !self.model.is_none(pte) {
                self.ask(pte, params::Accessor { operation: 4, ..Default::default() });
            }
        }
        self.ask_pages(
            SiteId::MoveSoftDirty,
            from,
            from + len,
            |_, _, _| [0; 3],
            |world, page, pte, answer| {
                let there = page.wrapping_add(offset);
                if world.model.is_none(pte) {
                    return;
                }
                let expect = std::mem::take(world.state.expect(page));
                world.state.set(page, 0);
                world.state.set(there, answer.pte);
                *world.state.expect(there) = expect;
            },
        );
        if leaves_uffd {
            for page in to..to + len {
                self.state.expect(page).wp = false;
                if self.tree == Tree::Series && self.plant != Plant::MremapKeepsMarks {
                    self.clear_mark(page);
                }
            }
        }
    }

    /// Takes the uffd-wp mark from a pte whose vma left userfaultfd, as v6.13 does.
    pub(super) fn clear_mark(&mut self, page: u16) {
        let pte = self.state.pte(page);
        let cleared = match self.class(pte) {
            Class::None => return,
            Class::Special => 0,
            Class::Present | Class::ProtNone => self.ask(pte, params::Bitop { operation: 9 }).pte,
            _ => self.ask(pte, params::Bitop { operation: 13 }).pte,
        };
        self.state.set(page, cleared);
    }

    pub(super) fn fork(&mut self, op: Op) -> Ending {
        // One child at a time, in a table of its own: an older child exits, and what the parent had there is unmapped.
        self.unmap_range(TABLE, PAGES);
        self.state.forked = true;
        self.state.mm[1] = super::state::Mm { has_pinned: self.state.mm[0].has_pinned, ..Default::default() };
        let mut at = 0;
        while let Some((i, _, end)) = self.state.vmas.next_part(at, TABLE) {
            at = end;
            let parent = self.state.vmas[i];
            let event = op.has("event");
            let child = Vma {
                start: parent.start + TABLE,
                end: parent.end + TABLE,
                uffd_wp: parent.uffd_wp && event,
                uffd_missing: parent.uffd_missing && event,
                locked: false,
                ..parent
            };
            if self.state.vmas.add(child).is_none() {
                return Ending::OutOfMemory;
            }
            if self.copies(&parent, &child) && !self.copy_range(op, &parent, &child) {
                // copy_page_range() failed: dup_mmap() gives up and the child exits.
                self.exit_child();
                return Ending::OutOfMemory;
            }
        }
        if at == 0 {
            self.state.forked = false;
            return Ending::NoVma;
        }
        Ending::Done
    }

    /// Whether `copy_page_range()` has anything to do: ptes of file mappings without private copies are faulted in again.
    fn copies(&self, parent: &Vma, child: &Vma) -> bool {
        match parent.kind {
            Kind::Hugetlb | Kind::Device => true,
            _ if self.tree == Tree::Series && child.uffd_wp => true,
            _ => parent.anon_vma,
        }
    }

    fn copy_range(&mut self, op: Op, parent: &Vma, child: &Vma) -> bool {
        let site = if self.tree == Tree::Series { SiteId::ForkRfc17 } else { SiteId::ForkRfc02 };
        let has_pinned = self.state.mm[0].has_pinned;
        let mut new_frames = Vec::new();
        let parameters = |world: &mut World, _: u16, pte: u64| {
            let frame = world.frame(pte);
            let copies = frame.pinned && has_pinned && !parent.shared() && world.normal_page(pte).is_some();
            let copy = Frame { anon: true, swap_backed: true, entries: 1, ..Frame::default() };
            // The early copy's page is held by a reference until the answer says whether it was used.
            let new = if copies { world.state.take_frame(copy).unwrap_or(0) } else { 0 };
            new_frames.push(new);
            params::Fork {
                vm_maywrite: true,
                vm_shared: parent.shared(),
                vm_write: parent.prot.write,
                src_uffd_wp: parent.uffd_wp,
                dst_uffd_wp: child.uffd_wp,
                has_pinned,
                pg_pinned: frame.pinned,
                nomem: op.accident == accident::OOM || copies && new == 0,
                swap_cont: matches!(op.accident, accident::SWAP_CONT | accident::OOM),
                prot: child.page_prot(),
                new_pfn: new as u64,
            }
            .words()
        };
        let mut failed = false;
        self.ask_pages(site, parent.start, parent.end, parameters, |world, page, pte, answer| {
            failed |= answer.outcome & 1 != 0;
            world.copied(page, pte, answer);
        });
        for new in new_frames.into_iter().filter(|new| *new != 0) {
            let frame = &mut self.state.frames[new as usize];
            frame.entries = frame.entries.saturating_sub(1);
        }
        !failed
    }

    /// The bookkeeping of one copied page: `answer.pte` is the child's, `answer.aux` the parent's.
    fn copied(&mut self, page: u16, pte: u64, answer: &Answer) {
        let child = page + TABLE;
        let events = answer.outcome;
        self.state.set(page, answer.aux);
        self.state.set(child, if events & EV_STORE != 0 { answer.pte } else { 0 });
        if let Some(i) = self.page_of(answer.pte).filter(|_| events & EV_STORE != 0) {
            match self.class(answer.pte) {
                Class::MigrationRead | Class::MigrationWrite | Class::HwPoison => self.state.frames[i].entries += 1,
                _ if events & EV_RMAP_ADD != 0 => self.state.frames[i].maps += 1,
                _ => {}
            }
        }
        if events & EV_RSS_PAGE != 0 {
            self.state.mm[1].rss_pages += 1;
        }
        if events & EV_RSS_SWAP != 0 {
            self.state.mm[1].rss_swap += 1;
        }
        if events & EV_SWAP_DUP != 0
            && events & EV_STORE != 0
            && self.plant != Plant::LosesSwapCount
            && let Some((area, slot)) = slot_of_entry(self.model.decode(pte)).filter(|_| self.class(pte) == Class::Swap)
        {
            self.state.slots[area][slot] = self.state.slots[area][slot].saturating_add(1);
        }
        let mut expect = self.state.expect[page as usize];
        // A child whose vma is not registered has no marks; a downgraded device entry loses soft-dirty in v5.10 on both sides.
        expect.wp &= self.state.vma(child).is_some_and(|v| v.uffd_wp) && events & EV_STORE != 0;
        if matches!(self.class(pte), Class::DeviceWrite) {
            expect.written = false;
            self.state.expect(page).written = false;
        }
        expect.written &= events & EV_STORE != 0;
        *self.state.expect(child) = expect;
    }
}

/// The protection that an option names.
pub(super) fn protection(value: u16) -> Prot {
    let (read, write, exec) =
        [(true, true, false), (true, false, false), (false, false, false), (true, false, true), (true, true, true)]
            [value as usize % 5];
    Prot { read, write, exec }
}

/// Whether a pte carries the uffd-wp mark in its encoding, the special pte included.
pub(super) fn marked(class: Class, pte: u64) -> bool {
    match class {
        Class::None => false,
        Class::Special => true,
        Class::Present | Class::ProtNone => pte & X86_64.uffd_wp != 0,
        _ => pte & X86_64.swp_uffd_wp != 0,
    }
}

/// Whether a pte carries soft-dirty in its encoding.
pub(super) fn soft_dirty(class: Class, pte: u64) -> bool {
    match class {
        Class::None | Class::Special => false,
        Class::Present | Class::ProtNone => pte & X86_64.soft_dirty != 0,
        _ => pte & X86_64.swp_soft_dirty != 0,
    }
}
