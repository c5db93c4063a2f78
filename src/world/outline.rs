//! Outlines: what later operations can tell of one page, with everything left out that only names things.
//!
//! Two worlds in which a page has the same outline do the same to it, as far as the page's own state, its vma, its frame and its swap slot decide.
//! The closure of the world explores one outline after the other; what an outline leaves out (who else maps the frame and how, what the neighbours
//! are) it meets by keeping several worlds of each.

use super::World;
use super::state::{Cached, Frame, State};
use super::vmas::Vma;
use crate::program::{TABLE, Tree, mix};
use crate::pte::{Class, X86_64};

/// A world put aside, to come back to.
#[derive(Clone, Debug)]
pub struct Saved {
    state: Box<State>,
    tree: Tree,
}

/// What later operations can tell of one page, as a number. Equal outlines have equal numbers; that different ones do not is a matter of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Outline(pub u64);

/// Words put together into one number.
struct Digest(u64);

impl Digest {
    fn word(&mut self, word: u64) {
        self.0 = mix(self.0.rotate_left(23) ^ word);
    }

    /// Where something stands among many that are left out.
    fn skip(&mut self, last: usize, at: usize) -> usize {
        self.word((at - last) as u64);
        at
    }

    fn flags<const N: usize>(&mut self, flags: [bool; N]) {
        self.word(flags.into_iter().fold(1, |word, flag| word << 1 | flag as u64));
    }

    fn frame(&mut self, frame: &Frame) {
        let Frame { maps, entries, anon, dirty, swap_backed, hwpoison, ksm, pinned, device, referenced, cached, swap } =
            *frame;
        self.word(maps.min(2) as u64 | (entries.min(2) as u64) << 8);
        self.flags([anon, dirty, swap_backed, hwpoison, ksm, pinned, device, referenced, cached, swap != 0]);
    }
}

impl World {
    /// Puts the world's state aside.
    pub fn save(&self) -> Saved {
        Saved { state: self.state.clone(), tree: self.tree }
    }

    /// Goes back to a state that was put aside. The trace is empty then.
    pub fn restore(&mut self, saved: &Saved) {
        self.state.clone_from(&saved.state);
        self.tree = saved.tree;
        self.trace.clear();
        self.op = 0;
    }

    /// The whole state as a number: what any operation can tell of it, names and all. Worlds with equal numbers go on alike, but for a chance of one
    /// in 2^64.
    pub fn digest(&self) -> u64 {
        let state = &*self.state;
        let mut digest = Digest(self.tree as u64 + 4);
        let mut page_at = 0;
        for page in state.touched_pages().filter(|page| state.ptes[*page] != 0) {
            page_at = digest.skip(page_at, page);
            digest.word(state.ptes[page]);
        }
        digest.word(!0);
        for vma in state.vmas.iter() {
            digest
                .word(vma.start as u64 | (vma.end as u64) << 16 | (vma.offset as u64) << 32 | (vma.kind as u64) << 48);
            digest.word(vma.file as u64);
            self.vma_flags(vma, &mut digest);
        }
        digest.word(!0);
        let mut frame_at = 0;
        for (number, frame) in state.used_frames().iter().enumerate().filter(|(_, frame)| **frame != Frame::default()) {
            frame_at = digest.skip(frame_at, number);
            digest.word(frame.maps as u64 | (frame.entries as u64) << 8 | (frame.swap as u64) << 16);
            digest.frame(frame);
        }
        state.digest_rest(&mut |word| digest.word(word));
        digest.0
    }

    /// The pages that were touched.
    pub fn pages(&self) -> impl Iterator<Item = u16> + use<> {
        self.state.touched_pages().map(|page| page as u16)
    }

    /// What most operations can tell of a page: less than [`World::outline`], so that many worlds share it.
    pub fn sketch(&self, page: u16) -> Outline {
        let state = &*self.state;
        let pte = state.pte(page);
        let class = self.class(pte);
        let mut digest = Digest(self.tree as u64 + 2);
        digest.flags([page >= TABLE]);
        digest.word(class as u64);
        let l = &X86_64;
        match class {
            Class::Present | Class::ProtNone => {
                digest.word(pte & (l.write | l.accessed | l.dirty | l.special | l.uffd_wp | l.soft_dirty))
            }
            Class::None | Class::Special => digest.word(pte & (l.accessed | l.dirty)),
            _ => digest.word(pte & 6),
        }
        let frame = self.frame(pte);
        digest.flags([frame.maps > 1, frame.entries > 0, frame.anon, frame.dirty, frame.swap != 0]);
        if let Some((area, slot)) = self.slot_of(pte) {
            digest.flags([state.slots[area][slot] > 1, state.swap_cache[area][slot] != 0]);
        }
        if let Some(vma) = state.vma(page) {
            digest.word(vma.kind as u64);
            digest.flags([vma.prot.write, vma.accessible(), vma.uffd_wp, vma.soft_dirty]);
            if vma.has_file() {
                digest.word(match state.cached(&vma, page) {
                    Cached::Hole => 1,
                    Cached::Swapped(_) => 2,
                    Cached::Frame(cached) if self.page_of(pte).is_some_and(|frame| frame != cached as usize) => 4,
                    Cached::Frame(_) => 3,
                });
            }
        }
        Outline(digest.0)
    }

    /// The outline of a page.
    pub fn outline(&self, page: u16) -> Outline {
        let state = &*self.state;
        let pte = state.pte(page);
        let class = self.class(pte);
        let mut digest = Digest(self.tree as u64);
        digest.flags([state.forked, page >= TABLE, state.mm[state.mm_of(page)].has_pinned]);
        digest.word(class as u64);
        let slot = self.slot_of(pte);
        match class {
            Class::Present | Class::ProtNone => digest.word(pte & !X86_64.pfn),
            Class::None | Class::Special => digest.word(pte & (X86_64.accessed | X86_64.dirty)),
            _ => digest.word(pte & 0xfe),
        }
        let frame = self.page_of(pte);
        if let Some(frame) = frame {
            digest.frame(&state.frames[frame]);
            self.others(page, frame, &mut digest);
        }
        if let Some((area, slot)) = slot {
            digest.word(area as u64 | (state.slots[area][slot].min(2) as u64) << 8);
            let cached = state.swap_cache[area][slot];
            digest.frame(&state.frames[cached as usize]);
            digest.flags([cached != 0]);
        }
        match state.vma(page) {
            None => digest.word(1),
            Some(vma) => {
                digest.word(vma.kind as u64 + 2);
                self.vma_flags(&vma, &mut digest);
                if vma.has_file() {
                    match state.cached(&vma, page) {
                        Cached::Hole => digest.word(1),
                        Cached::Swapped(_) => digest.word(2),
                        Cached::Frame(cached) if frame == Some(cached as usize) => digest.word(3),
                        Cached::Frame(cached) => {
                            digest.word(4);
                            digest.frame(&state.frames[cached as usize]);
                        }
                    }
                }
            }
        }
        Outline(digest.0)
    }

    fn vma_flags(&self, vma: &Vma, digest: &mut Digest) {
        digest.flags([
            vma.prot.read,
            vma.prot.write,
            vma.prot.exec,
            vma.uffd_wp,
            vma.uffd_missing,
            vma.locked,
            vma.seq_read,
            vma.soft_dirty,
            vma.anon_vma,
        ]);
    }

    /// What the other ptes of the frame are: which classes, in one vma of which kind.
    fn others(&self, page: u16, frame: usize, digest: &mut Digest) {
        let facts = &self.state.frames[frame];
        if facts.maps as usize + facts.entries as usize <= 1 {
            return;
        }
        let others = self.state.touched_pages().filter(|other| *other != page as usize);
        let classes = others.filter_map(|other| {
            let pte = self.state.ptes[other];
            (self.page_of(pte) == Some(frame)).then(|| 1u64 << self.class(pte) as u64)
        });
        digest.word(classes.fold(0, |all, class| all | class));
    }
}
