//! Tests of sites 18 to 45: the recorded answers, what holds of every call, and the notable rules one by one.

mod copying;
mod every_call;
mod faults;
mod lookups;
mod replay;
mod teardown;

use crate::model::Model;
use crate::pte::{Config, Environment};

/// x86_64 as it is.
fn model() -> Model {
    Model::new(Environment::default())
}

/// The two configurations in which the uffd-wp bits have no meaning.
fn without_uffd_wp() -> [Model; 2] {
    [Config::NoArchUffdWp, Config::NoUserfaultfd].map(|config| Model::new(Environment::of(config)))
}

/// The special pte of x86_64.
const X: u64 = 0x4;

// Bits of a present pte.
const P: u64 = 1;
const RW: u64 = 1 << 1;
const US: u64 = 1 << 2;
const A: u64 = 1 << 5;
const D: u64 = 1 << 6;
const PROTNONE: u64 = 1 << 8;
const SPECIAL: u64 = 1 << 9;
const UFFD_WP: u64 = 1 << 10;
const SOFT_DIRTY: u64 = 1 << 11;
const DEVMAP: u64 = 1 << 58;

// Bits of a pte that holds an entry.
const SWP_SOFT_DIRTY: u64 = 1 << 1;
const SWP_UFFD_WP: u64 = 1 << 2;

// Types of entries that are no swap slots.
const HWPOISON: u64 = 27;
const MIGR_READ: u64 = 28;
const MIGR_WRITE: u64 = 29;
const DEV_WRITE: u64 = 30;
const DEV_READ: u64 = 31;

const READONLY: u64 = 0x8000_0000_0000_0025;
const SHARED: u64 = 0x8000_0000_0000_0027;
const ZERO_PFN: u64 = 0x5_a5a5;

/// A present pte.
fn page(pfn: u64, bits: u64) -> u64 {
    pfn << 12 | P | bits
}

/// A PROT_NONE pte, whose pfn is inverted.
fn protnone(pfn: u64, bits: u64) -> u64 {
    (!pfn << 12) & 0x000f_ffff_ffff_f000 | PROTNONE | bits
}

/// A pte that holds an entry.
fn held(kind: u64, offset: u64, bits: u64) -> u64 {
    kind << 59 | (!offset & ((1 << 50) - 1)) << 9 | bits
}

/// The generic `swp_entry_t.val`.
fn val(kind: u64, offset: u64) -> u64 {
    kind << 58 | offset
}
