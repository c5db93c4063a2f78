//! The C ABI as Rust sees it: the structures and function types of `ptefuzz.h`.

use crate::pte::{Class, Classification};
use std::ffi::{c_char, c_int};

/// The version of the ABI: `PTEFUZZ_ABI_VERSION` of the header.
pub const ABI_VERSION: u32 = 1;

/// `struct ptefuzz_classify`: flags are bytes, since what a library writes there need not be 0 or 1.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct RawClassify {
    cls: u8,
    /// From `none` to `hwpoison`.
    predicates: [u8; 12],
    swp_type: u8,
    /// From `soft_dirty` to `devmap`.
    bits: [u8; 9],
    swp_offset: u64,
    pfn: u64,
}

/// Words of eight bytes in `struct ptefuzz_classify`.
pub const CLASSIFY_WORDS: usize = size_of::<RawClassify>() / 8;
/// Words of eight bytes in `struct ptefuzz_result`: pte, outcome, aux.
pub const RESULT_WORDS: usize = 3;

impl RawClassify {
    /// The record as the words that it lies in.
    pub fn from_words(words: [u64; CLASSIFY_WORDS]) -> RawClassify {
        // SAFETY: both are plain data of the same size, and every bit pattern is a RawClassify.
        unsafe { std::mem::transmute(words) }
    }

    /// The record that is compared. A class that does not exist becomes one that no pte has; any byte but 0 is true.
    pub fn to_classification(self) -> Classification {
        let [none, present, protnone, is_swap, special, has_swap_entry, non_swap_entry, migration, ..] =
            self.predicates.map(|byte| byte != 0);
        let [.., write_migration, devpriv, write_devpriv, hwpoison] = self.predicates.map(|byte| byte != 0);
        let [soft_dirty, swp_soft_dirty, uffd_wp, swp_uffd_wp, write, dirty, young, pte_special, devmap] =
            self.bits.map(|byte| byte != 0);
        Classification {
            class: Class::from_number(self.cls).unwrap_or(Class::BadType),
            none,
            present,
            protnone,
            is_swap,
            special,
            has_swap_entry,
            non_swap_entry,
            migration,
            write_migration,
            devpriv,
            write_devpriv,
            hwpoison,
            swp_type: self.swp_type,
            soft_dirty,
            swp_soft_dirty,
            uffd_wp,
            swp_uffd_wp,
            write,
            dirty,
            young,
            pte_special,
            devmap,
            swp_offset: self.swp_offset,
            pfn: self.pfn,
        }
    }
}

/// `ptefuzz_abi_version()` and `ptefuzz_config()`.
pub type NumberFunction = unsafe extern "C" fn() -> u32;
/// `ptefuzz_special()`.
pub type SpecialFunction = unsafe extern "C" fn() -> u64;
/// `ptefuzz_apply()`; the last argument is a `struct ptefuzz_result *`.
pub type ApplyFunction = unsafe extern "C" fn(u32, u64, u64, u64, u64, *mut u64) -> c_int;
/// `ptefuzz_classify()`; the last argument is a `struct ptefuzz_classify *`.
pub type ClassifyFunction = unsafe extern "C" fn(u64, *mut u64);
/// `ptefuzz_reporter`.
pub type Reporter = unsafe extern "C" fn(u32, u64, *const c_char);
/// `ptefuzz_set_reporter()`.
pub type SetReporterFunction = unsafe extern "C" fn(Reporter);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structure_has_the_size_that_the_header_gives_it() {
        assert_eq!(size_of::<RawClassify>(), 40);
        assert_eq!(std::mem::offset_of!(RawClassify, swp_offset), 24);
    }

    #[test]
    fn a_class_that_does_not_exist_is_no_class_of_a_pte() {
        let raw = RawClassify { cls: 200, ..RawClassify::default() };
        assert_eq!(raw.to_classification().class, Class::BadType);
    }
}
