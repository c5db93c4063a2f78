//! What a page table entry can be: its class, the swap entry that it may hold, the kernel configuration that decides
//! what its bits mean, and the bit layout as data.
//!
//! This room holds types only. How a raw value is classified is a rule, and rules are read twice: once in
//! [`crate::model`] and once, independently, in [`crate::packed`].

mod class;
mod environment;
mod layout;

pub use class::{Class, ClassSet, Classification};
pub use environment::{Config, Environment, Special};
pub use layout::{Layout, X86_64};

/// A swap entry: what a pte that is neither none nor present usually holds.
///
/// The two fields of the kernel's generic `swp_entry_t` (`include/linux/swapops.h`, v5.10). `kind` is the swap type, 0 to 31;
/// `offset` is a slot number, or a page frame number for migration, device private and hwpoison entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SwapEntry {
    /// The swap type, 5 bits.
    pub kind: u8,
    /// The offset, of which 50 bits survive in a pte.
    pub offset: u64,
}
