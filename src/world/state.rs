//! The small mm: vmas, frames, swap slots and page cache, in flat arrays that are cheap to clear.

use super::vmas::{Vma, Vmas};
use crate::program::{PAGES, TABLE};
use std::ops::Range;

/// Page frames; a frame's number is its pfn. Frame 0 is never used.
pub(super) const FRAMES: usize = 256;
/// Swap areas: types 0, 1 and 26.
pub(super) const AREAS: usize = 3;
/// The swap type of each area.
pub(super) const AREA_TYPES: [u8; AREAS] = [0, 1, 26];
/// Slots of an area. Slot 0 is the header and never used.
pub(super) const SLOTS: usize = 64;
/// Files of the page cache.
pub(super) const FILES: usize = 2;
/// The pfn of the first page of device vmas: no frame of ours.
pub(super) const DEVICE_PFN: u64 = 0x1000;

/// What a vma maps, in the order of [`crate::program::KIND_WORDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Kind {
    #[default]
    Anon,
    ShmemShared,
    ShmemPrivate,
    Hugetlb,
    Device,
}

/// Page protection of a vma, in the order of [`crate::program::PROT_WORDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Prot {
    pub read: bool,
    pub write: bool,
    pub exec: bool,
}

/// A page frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Frame {
    /// Present and device-private ptes that map it (`page_mapcount()`).
    pub maps: u8,
    /// Migration and hwpoison entries that point to it.
    pub entries: u8,
    pub anon: bool,
    pub dirty: bool,
    pub swap_backed: bool,
    pub hwpoison: bool,
    pub ksm: bool,
    pub pinned: bool,
    pub device: bool,
    pub referenced: bool,
    /// In the page cache.
    pub cached: bool,
    /// Its place in the swap cache, as area * 64 + slot; 0 where it has none.
    pub swap: u8,
}

impl Frame {
    fn in_use(&self) -> bool {
        self.maps != 0 || self.entries != 0 || self.cached || self.swap != 0 || self.pinned
    }
}

/// A page cache slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Cached {
    #[default]
    Hole,
    Frame(u8),
    /// Swapped out: area * 64 + slot.
    Swapped(u8),
}

/// An mm: the parent's, and after a fork the child's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Mm {
    pub has_pinned: bool,
    pub rss_pages: i32,
    pub rss_swap: i32,
}

/// What the end of a program asks of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Expect {
    /// It was write-protected by userfaultfd, and nothing that may lift that did.
    pub wp: bool,
    /// It may carry a mark outside a registered vma: the descriptor was closed over it.
    pub stale: bool,
    /// It was written since soft-dirty was cleared, and nothing that may lose that happened.
    pub written: bool,
}

/// Everything that a program can change.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub ptes: [u64; PAGES as usize],
    pub expect: [Expect; PAGES as usize],
    pub vmas: Vmas,
    pub frames: [Frame; FRAMES],
    next_frame: usize,
    pub slots: [[u8; SLOTS]; AREAS],
    pub swap_cache: [[u8; SLOTS]; AREAS],
    pub cache: [[Cached; PAGES as usize]; FILES],
    pub mm: [Mm; 2],
    /// The second table is a child's.
    pub forked: bool,
    /// A special pte has stood in some table.
    pub special_seen: bool,
    /// Pages touched in each table, file pages, and how far frames and slots were used, so that clearing and counting look at no more.
    touched: [Touched; 2],
    touched_cache: Touched,
    frames_used: usize,
    slots_used: usize,
}

/// A range that grows with what is touched.
#[derive(Clone, Copy, Debug)]
struct Touched {
    start: u16,
    end: u16,
}

impl Touched {
    const NOTHING: Touched = Touched { start: PAGES, end: 0 };

    #[inline]
    fn add(&mut self, at: u16) {
        self.start = self.start.min(at);
        self.end = self.end.max(at + 1);
    }

    fn range(self) -> Range<usize> {
        self.start as usize..(self.end as usize).max(self.start as usize)
    }
}

impl State {
    pub fn new() -> State {
        State {
            ptes: [0; PAGES as usize],
            expect: [Expect::default(); PAGES as usize],
            vmas: Vmas::new(),
            frames: [Frame::default(); FRAMES],
            next_frame: 1,
            slots: [[0; SLOTS]; AREAS],
            swap_cache: [[0; SLOTS]; AREAS],
            cache: [[Cached::Hole; PAGES as usize]; FILES],
            mm: [Mm::default(); 2],
            forked: false,
            special_seen: false,
            touched: [Touched::NOTHING; 2],
            touched_cache: Touched::NOTHING,
            frames_used: 1,
            slots_used: 1,
        }
    }

    /// An empty address space again.
    pub fn clear(&mut self) {
        for touched in self.touched {
            self.ptes[touched.range()].fill(0);
            self.expect[touched.range()].fill(Expect::default());
        }
        for file in &mut self.cache {
            file[self.touched_cache.range()].fill(Cached::Hole);
        }
        self.vmas.clear();
        self.frames[..self.frames_used].fill(Frame::default());
        for area in 0..AREAS {
            self.slots[area][..self.slots_used].fill(0);
            self.swap_cache[area][..self.slots_used].fill(0);
        }
        self.next_frame = 1;
        self.frames_used = 1;
        self.slots_used = 1;
        self.mm = [Mm::default(); 2];
        self.forked = false;
        self.special_seen = false;
        self.touched = [Touched::NOTHING; 2];
        self.touched_cache = Touched::NOTHING;
    }

    /// Stores a pte.
    #[inline]
    pub fn set(&mut self, page: u16, pte: u64) {
        self.ptes[page as usize] = pte;
        self.touched[(page / TABLE) as usize & 1].add(page);
    }

    /// The pages that have been touched at all.
    pub fn touched_pages(&self) -> impl Iterator<Item = usize> + use<> {
        let [first, second] = self.touched;
        first.range().chain(second.range())
    }

    /// The first page from `from` on whose pte is as asked, among those touched.
    pub fn next_page(&self, from: usize, is: impl Fn(u64) -> bool) -> Option<usize> {
        self.touched.into_iter().find_map(|touched| {
            let pages = touched.range().start.max(from)..touched.range().end;
            let ptes = self.ptes.get(pages.clone())?;
            ptes.iter().position(|pte| is(*pte)).map(|i| pages.start + i)
        })
    }

    /// The file pages that have been touched at all.
    pub fn touched_file_pages(&self) -> Range<usize> {
        self.touched_cache.range()
    }

    /// The frames that have been used at all.
    pub fn used_frames(&self) -> &[Frame] {
        &self.frames[..self.frames_used]
    }

    /// Tells of everything in slots, page cache and mms that is not as in an empty address space. What the end of a program asks of pages, and the
    /// counts that it compares, no operation looks at.
    pub fn digest_rest(&self, word: &mut impl FnMut(u64)) {
        word(self.next_frame as u64 | (self.forked as u64) << 32);
        for area in 0..AREAS {
            for slot in 1..self.slots_used {
                let (count, cached) = (self.slots[area][slot] as u64, self.swap_cache[area][slot] as u64);
                if count | cached != 0 {
                    word((area as u64) << 48 | (slot as u64) << 32 | count << 8 | cached);
                }
            }
        }
        for (file, pages) in self.cache.iter().enumerate() {
            for at in self.touched_cache.range() {
                let place = |kind: u64, number: u8| (file as u64) << 48 | (at as u64) << 16 | kind << 8 | number as u64;
                match pages[at] {
                    Cached::Hole => {}
                    Cached::Frame(frame) => word(place(1, frame)),
                    Cached::Swapped(slot) => word(place(2, slot)),
                }
            }
        }
        word(self.mm[0].has_pinned as u64 | (self.mm[1].has_pinned as u64) << 1);
    }

    pub fn pte(&self, page: u16) -> u64 {
        self.ptes[page as usize]
    }

    pub fn expect(&mut self, page: u16) -> &mut Expect {
        self.touched[(page / TABLE) as usize & 1].add(page);
        &mut self.expect[page as usize]
    }

    /// Nothing is expected of a page any more; what it may carry, it still may.
    pub fn forget(&mut self, page: u16) {
        let expect = self.expect(page);
        *expect = Expect { stale: expect.stale, ..Expect::default() };
    }

    /// Which mm a page belongs to.
    pub fn mm_of(&self, page: u16) -> usize {
        (self.forked && page >= TABLE) as usize
    }

    pub fn mm(&mut self, page: u16) -> &mut Mm {
        let mm = self.mm_of(page);
        &mut self.mm[mm]
    }

    /// The vma of a page.
    pub fn vma(&self, page: u16) -> Option<Vma> {
        self.vmas.index_of(page).map(|i| self.vmas[i])
    }

    /// A free frame, or none (out of memory).
    pub fn take_frame(&mut self, frame: Frame) -> Option<u8> {
        for _ in 1..FRAMES {
            let i = self.next_frame;
            self.next_frame = if i + 1 == FRAMES { 1 } else { i + 1 };
            if !self.frames[i].in_use() {
                self.frames[i] = frame;
                self.frames_used = self.frames_used.max(i + 1);
                return Some(i as u8);
            }
        }
        None
    }

    /// A free slot of an area, or none (swap is full).
    pub fn take_slot(&mut self, area: usize) -> Option<u8> {
        let free = |s: &usize| self.slots[area][*s] == 0 && self.swap_cache[area][*s] == 0;
        let slot = (1..SLOTS).find(free)?;
        self.slots_used = self.slots_used.max(slot + 1);
        Some(slot as u8)
    }

    pub fn cached(&self, vma: &Vma, page: u16) -> Cached {
        self.cache[vma.file as usize][vma.file_page(page)]
    }

    pub fn set_cached(&mut self, file: u8, at: usize, cached: Cached) {
        self.cache[file as usize][at] = cached;
        self.touched_cache.add(at as u16);
    }

    /// Drops a reference to a swap slot. The page leaves the swap cache with the last one.
    pub fn put_slot(&mut self, area: usize, slot: usize) {
        self.slots[area][slot] = self.slots[area][slot].saturating_sub(1);
        if self.slots[area][slot] == 0 {
            self.drop_swap_cache(area, slot);
        }
    }

    /// Takes a page out of the swap cache.
    pub fn drop_swap_cache(&mut self, area: usize, slot: usize) {
        let frame = std::mem::take(&mut self.swap_cache[area][slot]);
        if frame != 0 {
            self.frames[frame as usize].swap = 0;
        }
    }
}

/// Area and slot of a frame's place in the swap cache.
pub(super) fn place(swap: u8) -> (usize, usize) {
    (swap as usize / SLOTS, swap as usize % SLOTS)
}
