//! The few bits and sets that the laws speak of, read from the C ABI and the kernel's headers once more.
//!
//! Laws share no constant with the reference or the packed implementation: a wrong mask there must not be excused here.

use crate::pte::{Class, ClassSet, Config};

macro_rules! bits {
    ($($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: u64 = 1 << $bit;)*
    };
}

bits! {
    /// Present to the hardware.
    P = 0;
    /// Writable, in a present pte.
    RW = 1;
    /// Cache attribute that `pte_modify()` keeps.
    PWT = 3;
    /// Cache attribute that `pte_modify()` keeps.
    PCD = 4;
    /// Accessed.
    A = 5;
    /// Dirty.
    D = 6;
    /// Global; alone it is `PROT_NONE`.
    G = 8;
    /// No normal page behind a present pte.
    SPECIAL = 9;
    /// Write-protected by userfaultfd, in a present pte.
    WP = 10;
    /// Soft-dirty, in a present pte.
    SD = 11;
    /// Device memory.
    DEVMAP = 58;
    /// No-execute.
    NX = 63;
    /// Soft-dirty, in a pte that holds an entry.
    SWP_SD = 1;
    /// Write-protected by userfaultfd, in a pte that holds an entry.
    SWP_WP = 2;

    /// A store to the pte.
    STORE = 16;
    /// The pte was cleared.
    CLEAR = 17;
    /// Fork: a store to the parent's pte.
    SRC_STORE = 18;
    /// The page lost this mapping.
    RMAP_DEL = 19;
    /// The page gained this mapping.
    RMAP_ADD = 20;
    /// A reference was taken.
    GET_PAGE = 21;
    /// A reference was dropped.
    PUT_PAGE = 22;
    /// The page was marked dirty.
    PG_DIRTY = 23;
    /// `swap_duplicate()` was called.
    SWAP_DUP = 25;
    /// A swap reference was dropped.
    SWAP_FREE = 26;
    /// A migration was waited for.
    MIGWAIT = 30;
    /// `handle_userfault()` was called.
    UFFD = 31;
    /// A wild pointer would be used.
    WILD = 32;
    /// `MM_SWAPENTS` changed.
    RSS_SWAP = 33;
    /// `MM_ANONPAGES` or `MM_FILEPAGES` changed.
    RSS_PAGE = 34;
    /// The TLB flush was forced.
    FORCE_FLUSH = 38;
    /// No memory.
    NOMEM = 40;
    /// The page was copied.
    PG_COPY = 41;
    /// The page became lazily freeable.
    LAZYFREE = 43;
}

/// The page frame number's bits.
pub(super) const PFN: u64 = 0x000f_ffff_ffff_f000;
/// Page frame numbers have 40 bits.
pub(super) const FRAMES: u64 = (1 << 40) - 1;
/// Swap offsets have 50 bits in a pte.
pub(super) const OFFSETS: u64 = (1 << 50) - 1;
/// Page frame number of the zero page behind the recorded answers.
pub(super) const ZERO_FRAME: u64 = 0x5a5a5;

/// Swap types that are no swap area.
pub(super) const HWPOISON: u64 = 27;
/// See [`HWPOISON`].
pub(super) const MIGRATION_READ: u64 = 28;
/// See [`HWPOISON`].
pub(super) const MIGRATION_WRITE: u64 = 29;
/// See [`HWPOISON`].
pub(super) const DEVICE_WRITE: u64 = 30;
/// See [`HWPOISON`].
pub(super) const DEVICE_READ: u64 = 31;

/// Every configuration.
pub(super) const EVERY: &[Config] = &Config::ALL;
/// The configuration in which the uffd-wp bits mean something.
pub(super) const UFFD_WP_ONLY: &[Config] = &[Config::UffdWp];

/// Every class.
pub(super) const ANY: ClassSet = ClassSet::ALL;
/// Nothing there.
pub(super) const NONE: ClassSet = ClassSet::of(&[Class::None]);
/// Present, to the hardware or for the kernel only.
pub(super) const PRESENT: ClassSet = ClassSet::of(&[Class::Present, Class::ProtNone]);
/// A slot of a swap area.
pub(super) const SWAP: ClassSet = ClassSet::of(&[Class::Swap]);
/// Migration entries.
pub(super) const MIGRATION: ClassSet = ClassSet::of(&[Class::MigrationRead, Class::MigrationWrite]);
/// Device-private entries.
pub(super) const DEVICE: ClassSet = ClassSet::of(&[Class::DeviceRead, Class::DeviceWrite]);
/// Entries of pages that are still there.
pub(super) const PAGE_ENTRY: ClassSet = union(MIGRATION, DEVICE);
/// Entries that promise write.
pub(super) const WRITE_ENTRY: ClassSet = ClassSet::of(&[Class::MigrationWrite, Class::DeviceWrite]);
/// Poisoned pages.
pub(super) const POISON: ClassSet = ClassSet::of(&[Class::HwPoison]);
/// Everything that holds an entry.
pub(super) const ENTRY: ClassSet = union(union(SWAP, POISON), PAGE_ENTRY);
/// The special swap pte.
pub(super) const MARKER: ClassSet = ClassSet::of(&[Class::Special]);
/// Present, or an entry.
pub(super) const FILLED: ClassSet = union(PRESENT, ENTRY);

/// Both sets together.
pub(super) const fn union(a: ClassSet, b: ClassSet) -> ClassSet {
    ClassSet(a.0 | b.0)
}

/// Every class but those of the set.
pub(super) const fn all_but(set: ClassSet) -> ClassSet {
    ClassSet(ClassSet::ALL.0 & !set.0)
}

/// Present for the kernel.
pub(super) const fn is_present(raw: u64) -> bool {
    raw & (P | G) != 0
}

/// The swap type that the value encodes.
pub(super) const fn kind(raw: u64) -> u64 {
    raw >> 59
}

/// The swap offset that the value encodes.
pub(super) const fn offset(raw: u64) -> u64 {
    (!raw >> 9) & OFFSETS
}

/// The generic entry that the value encodes: type and offset.
pub(super) const fn entry(raw: u64) -> u64 {
    kind(raw) << 58 | offset(raw)
}

/// The pte that encodes this type and offset, without flags.
pub(super) const fn entry_pte(kind: u64, offset: u64) -> u64 {
    kind << 59 | (!offset & OFFSETS) << 9
}

/// The page frame number of a pte, un-inverted where hardware does not see it.
pub(super) const fn frame(raw: u64) -> u64 {
    (if raw == 0 || raw & P != 0 { raw } else { !raw } & PFN) >> 12
}

/// The pte that maps this page frame number with this protection.
pub(super) const fn page_pte(frame: u64, prot: u64) -> u64 {
    let field = frame << 12;
    (if prot == 0 || prot & P != 0 { field } else { !field } & PFN) | prot
}
