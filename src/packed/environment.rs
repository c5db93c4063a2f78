//! What the environment decides, as words that the sites can use without asking again: masks that are 0 where a flag
//! has no meaning, the special value, and the class of every swap type.

use super::entry::{Entry, is_swap, none, present, protnone, swap_type};
use super::masks::*;
use crate::pte::{Class, Environment};

/// The masks of one environment.
#[derive(Clone, Copy, Debug)]
pub struct Masks {
    /// What they were made for.
    pub(crate) environment: Environment,
    /// The special value, where there is one.
    special: u64,
    /// Whether there is one.
    has_special: bool,
    /// uffd-wp in a present pte, 0 where it has no meaning.
    pub(crate) wp: u64,
    /// uffd-wp in a pte that holds an entry, 0 where it has no meaning.
    pub(crate) swp_wp: u64,
    /// What `pte_modify()` keeps of the old pte.
    pub(crate) keep: u64,
    /// The class that each swap type stands for.
    classes: [Class; 32],
}

impl Masks {
    /// The masks of this environment.
    pub fn new(environment: Environment) -> Masks {
        let (wp, swp_wp) = if environment.has_uffd_wp() { (uffd_wp(), swp_uffd_wp()) } else { (0, 0) };
        Masks {
            environment,
            special: environment.special.unwrap_or(0),
            has_special: environment.special.is_some(),
            wp,
            swp_wp,
            keep: modify_keeps() | wp,
            classes: std::array::from_fn(|kind| class_of_type(kind as u64)),
        }
    }

    /// `is_swap_special_pte()`: the exact value. Where userfaultfd has no write protection it is true of 0.
    #[inline(always)]
    pub(crate) fn is_special(&self, pte: u64) -> bool {
        (pte == self.special) & self.has_special
    }

    /// The class that a swap type stands for.
    #[inline]
    pub(crate) fn class_of_type(&self, kind: u64) -> Class {
        self.classes[kind as usize % 32]
    }

    /// `pte_has_swap_entry()`.
    #[inline(always)]
    pub(crate) fn has_entry(&self, pte: u64) -> bool {
        is_swap(pte) && !self.is_special(pte)
    }

    /// The special pte where it is one: not the 0 that is special too where userfaultfd has no write protection.
    #[inline(always)]
    pub(crate) fn is_special_swap(&self, pte: u64) -> bool {
        is_swap(pte) && self.is_special(pte)
    }

    /// The value that a special pte has.
    #[inline(always)]
    pub(crate) fn special(&self) -> u64 {
        self.special
    }

    /// The class of a pte: present, none and special are asked in this order, then the type decides.
    #[inline]
    pub fn class(&self, pte: u64) -> Class {
        if present(pte) {
            if protnone(pte) { Class::ProtNone } else { Class::Present }
        } else if none(pte) {
            Class::None
        } else if self.is_special(pte) {
            Class::Special
        } else {
            self.class_of_type(swap_type(pte))
        }
    }
}

/// The class that a swap type stands for.
fn class_of_type(kind: u64) -> Class {
    let entry = Entry { kind, offset: 0 };
    match kind {
        _ if entry.is_swap() => Class::Swap,
        _ if entry.is_hwpoison() => Class::HwPoison,
        _ if entry.is_migration_write() => Class::MigrationWrite,
        _ if entry.is_migration() => Class::MigrationRead,
        _ if entry.is_device_write() => Class::DeviceWrite,
        _ if entry.is_device() => Class::DeviceRead,
        _ => Class::BadType,
    }
}
