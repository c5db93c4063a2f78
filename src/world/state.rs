//! The small mm: vmas, frames, swap slots and page cache, in flat arrays that are cheap to clear.

use crate::program::{PAGES, TABLE};

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
/// Most vmas at a time.
pub(super) const VMAS: usize = 24;
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

/// A virtual memory area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Vma {
    pub start: u16,
    pub end: u16,
    pub kind: Kind,
    pub prot: Prot,
    pub uffd_wp: bool,
    pub uffd_missing: bool,
    pub locked: bool,
    pub seq_read: bool,
    pub soft_dirty: bool,
    pub anon_vma: bool,
    pub file: u8,
    /// Page of the file that the first page maps.
    pub offset: u16,
}

impl Vma {
    /// The part of the vma in these pages.
    pub fn part(&self, start: u16, end: u16) -> (u16, u16) {
        (self.start.max(start), self.end.min(end))
    }

    /// `VM_SHARED`.
    pub fn shared(&self) -> bool {
        self.kind == Kind::ShmemShared
    }

    /// `vma_is_anonymous()`.
    pub fn anonymous(&self) -> bool {
        self.kind == Kind::Anon
    }

    /// Whether the page cache stands behind it.
    pub fn has_file(&self) -> bool {
        matches!(self.kind, Kind::ShmemShared | Kind::ShmemPrivate)
    }

    /// `vma_is_accessible()`.
    pub fn accessible(&self) -> bool {
        self.prot.read || self.prot.write || self.prot.exec
    }

    /// `vma_wants_writenotify()` (v5.10): a shared writable vma whose writes are tracked for soft-dirty.
    pub fn wants_writenotify(&self) -> bool {
        self.shared() && self.prot.write && !self.soft_dirty
    }

    /// `vma->vm_page_prot` (`vma_set_page_prot()`, v5.10): the protection map, without write where writes must be noticed.
    pub fn page_prot(&self) -> u64 {
        self.prot_without(false)
    }

    /// `vm_get_page_prot()` of the vma's flags, less `VM_WRITE` if that is asked for.
    pub fn prot_without(&self, write: bool) -> u64 {
        if !self.accessible() {
            return 0x120;
        }
        let nx = if self.prot.exec { 0 } else { 1 << 63 };
        let write = self.shared() && self.prot.write && !write && !self.wants_writenotify();
        nx | 0x25 | (write as u64) << 1
    }

    /// The file page that a page of the vma maps.
    pub fn file_page(&self, page: u16) -> usize {
        (self.offset + (page - self.start)) as usize % PAGES as usize
    }
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
    pub vmas: [Vma; VMAS],
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
    /// Pages touched, so that a clearing touches no more.
    touched: (u16, u16),
    touched_cache: (u16, u16),
}

impl State {
    pub fn new() -> State {
        State {
            ptes: [0; PAGES as usize],
            expect: [Expect::default(); PAGES as usize],
            vmas: [Vma::default(); VMAS],
            frames: [Frame::default(); FRAMES],
            next_frame: 1,
            slots: [[0; SLOTS]; AREAS],
            swap_cache: [[0; SLOTS]; AREAS],
            cache: [[Cached::Hole; PAGES as usize]; FILES],
            mm: [Mm::default(); 2],
            forked: false,
            special_seen: false,
            touched: (PAGES, 0),
            touched_cache: (PAGES, 0),
        }
    }

    /// An empty address space again.
    pub fn clear(&mut self) {
        let (start, end) = self.touched;
        if start < end {
            self.ptes[start as usize..end as usize].fill(0);
            self.expect[start as usize..end as usize].fill(Expect::default());
        }
        let (start, end) = self.touched_cache;
        if start < end {
            for file in &mut self.cache {
                file[start as usize..end as usize].fill(Cached::Hole);
            }
        }
        self.vmas = [Vma::default(); VMAS];
        self.frames = [Frame::default(); FRAMES];
        self.next_frame = 1;
        self.slots = [[0; SLOTS]; AREAS];
        self.swap_cache = [[0; SLOTS]; AREAS];
        self.mm = [Mm::default(); 2];
        self.forked = false;
        self.special_seen = false;
        self.touched = (PAGES, 0);
        self.touched_cache = (PAGES, 0);
    }

    /// Stores a pte.
    pub fn set(&mut self, page: u16, pte: u64) {
        self.ptes[page as usize] = pte;
        self.touched = (self.touched.0.min(page), self.touched.1.max(page + 1));
    }

    /// The pages that have been touched at all.
    pub fn touched_pages(&self) -> std::ops::Range<usize> {
        let (start, end) = self.touched;
        start as usize..(end as usize).max(start as usize)
    }

    /// The file pages that have been touched at all.
    pub fn touched_file_pages(&self) -> std::ops::Range<usize> {
        let (start, end) = self.touched_cache;
        start as usize..(end as usize).max(start as usize)
    }

    pub fn pte(&self, page: u16) -> u64 {
        self.ptes[page as usize]
    }

    pub fn expect(&mut self, page: u16) -> &mut Expect {
        self.touched = (self.touched.0.min(page), self.touched.1.max(page + 1));
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

    /// The index of the vma of a page.
    pub fn vma_index(&self, page: u16) -> Option<usize> {
        self.vmas.iter().position(|v| v.start <= page && page < v.end)
    }

    pub fn vma(&self, page: u16) -> Option<Vma> {
        self.vma_index(page).map(|i| self.vmas[i])
    }

    /// Adds a vma; `false` where there is no room for one more.
    pub fn add_vma(&mut self, vma: Vma) -> bool {
        match self.vmas.iter_mut().find(|v| v.end == 0) {
            Some(free) => {
                *free = vma;
                true
            }
            None => false,
        }
    }

    /// Splits vmas so that none crosses `start` or `end`; `false` where there is no room (`-ENOMEM`).
    pub fn split(&mut self, start: u16, end: u16) -> bool {
        for at in [start, end] {
            if let Some(i) = self.vma_index(at).filter(|&i| self.vmas[i].start < at) {
                let mut upper = self.vmas[i];
                upper.offset = (upper.offset + (at - upper.start)) % PAGES;
                upper.start = at;
                if !self.add_vma(upper) {
                    return false;
                }
                self.vmas[i].end = at;
            }
        }
        true
    }

    /// A free frame, or none (out of memory).
    pub fn take_frame(&mut self, frame: Frame) -> Option<u8> {
        for _ in 1..FRAMES {
            let i = self.next_frame;
            self.next_frame = if i + 1 == FRAMES { 1 } else { i + 1 };
            if !self.frames[i].in_use() {
                self.frames[i] = frame;
                return Some(i as u8);
            }
        }
        None
    }

    /// A free slot of an area, or none (swap is full).
    pub fn take_slot(&mut self, area: usize) -> Option<u8> {
        let free = |s: &usize| self.slots[area][*s] == 0 && self.swap_cache[area][*s] == 0;
        (1..SLOTS).find(free).map(|slot| slot as u8)
    }

    pub fn cached(&self, vma: &Vma, page: u16) -> Cached {
        self.cache[vma.file as usize][vma.file_page(page)]
    }

    pub fn set_cached(&mut self, file: u8, at: usize, cached: Cached) {
        self.cache[file as usize][at] = cached;
        self.touched_cache = (self.touched_cache.0.min(at as u16), self.touched_cache.1.max(at as u16 + 1));
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
