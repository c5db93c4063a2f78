//! The vmas of the small mm: a few of them, and for each page the one that it lies in, so that an operation finds its vmas without a search.

use super::state::{Kind, Prot};
use crate::program::PAGES;
use std::ops::{Index, IndexMut};

/// Most vmas at a time.
pub(super) const VMAS: usize = 24;

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

/// All vmas; by index they can be changed in everything but their place.
#[derive(Clone, Debug)]
pub(super) struct Vmas {
    list: [Vma; VMAS],
    /// For each page the index of its vma plus 1, or 0.
    at: [u8; PAGES as usize],
    /// Slots of the list that were ever used, and the pages that ever lay in a vma.
    used: usize,
    touched: (u16, u16),
}

impl Vmas {
    pub fn new() -> Vmas {
        Vmas { list: [Vma::default(); VMAS], at: [0; PAGES as usize], used: 0, touched: (PAGES, 0) }
    }

    /// No vma again.
    pub fn clear(&mut self) {
        self.list[..self.used].fill(Vma::default());
        self.used = 0;
        if self.touched.0 < self.touched.1 {
            self.at[self.touched.0 as usize..self.touched.1 as usize].fill(0);
        }
        self.touched = (PAGES, 0);
    }

    /// The vmas that there are.
    pub fn iter(&self) -> impl Iterator<Item = &Vma> {
        self.list[..self.used].iter().filter(|vma| vma.end != 0)
    }

    /// The index of the vma of a page.
    #[inline]
    pub fn index_of(&self, page: u16) -> Option<usize> {
        (*self.at.get(page as usize)? as usize).checked_sub(1)
    }

    /// Adds a vma where none is; its index, or none where there is no room for one more.
    pub fn add(&mut self, vma: Vma) -> Option<usize> {
        let index = self.list.iter().position(|v| v.end == 0)?;
        self.put(index, vma);
        Some(index)
    }

    fn put(&mut self, index: usize, vma: Vma) {
        self.list[index] = vma;
        self.used = self.used.max(index + 1);
        self.at[vma.start as usize..vma.end as usize].fill(index as u8 + 1);
        self.touched = (self.touched.0.min(vma.start), self.touched.1.max(vma.end));
    }

    /// Takes a vma away.
    pub fn remove(&mut self, index: usize) -> Vma {
        let vma = std::mem::take(&mut self.list[index]);
        self.at[vma.start as usize..vma.end as usize].fill(0);
        vma
    }

    /// Puts another vma in the place of this one, elsewhere.
    pub fn replace(&mut self, index: usize, vma: Vma) {
        self.remove(index);
        self.put(index, vma);
    }

    /// Splits vmas so that none crosses `start` or `end`; `false` where there is no room (`-ENOMEM`).
    pub fn split(&mut self, start: u16, end: u16) -> bool {
        for at in [start, end] {
            if let Some(i) = self.index_of(at).filter(|&i| self.list[i].start < at) {
                let mut upper = self.list[i];
                upper.offset = (upper.offset + (at - upper.start)) % PAGES;
                upper.start = at;
                if self.add(upper).is_none() {
                    return false;
                }
                self.list[i].end = at;
            }
        }
        true
    }

    /// The first vma that has pages in `start..end`: its index and its part of them.
    #[inline]
    pub fn next_part(&self, start: u16, end: u16) -> Option<(usize, u16, u16)> {
        let pages = self.at.get(start as usize..end as usize)?;
        let skip = pages.iter().position(|i| *i != 0)?;
        let index = pages[skip] as usize - 1;
        Some((index, start + skip as u16, self.list[index].end.min(end)))
    }
}

impl Index<usize> for Vmas {
    type Output = Vma;

    fn index(&self, index: usize) -> &Vma {
        &self.list[index]
    }
}

impl IndexMut<usize> for Vmas {
    fn index_mut(&mut self, index: usize) -> &mut Vma {
        &mut self.list[index]
    }
}
