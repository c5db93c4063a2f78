//! Laws of the predicates: what they say of one value must fit together.

use super::bits::{OFFSETS, kind, offset};
use crate::pte::{Class, Classification, Config, Environment};

/// A statement about one pte value and everything that the predicates say of it.
///
/// As [`super::Law`], for classification instead of a site call.
#[derive(Clone, Copy, Debug)]
pub struct ClassificationLaw {
    /// A short name in kebab case; it goes into signatures.
    pub name: &'static str,
    /// The law in one sentence.
    pub text: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// The configurations in which it holds.
    pub configs: &'static [Config],
    /// The shared mistake that it catches.
    pub catches: &'static str,
    /// Whether it holds of this value.
    pub holds: fn(&Environment, u64, &Classification) -> bool,
    /// The mistake, which makes a right classification wrong where it shows.
    pub mistake: fn(&Environment, u64, &mut Classification),
}

const EVERY: &[Config] = &Config::ALL;

/// The class that the predicates amount to, asked in the kernel's order.
fn class_of(said: &Classification) -> Class {
    match said {
        _ if said.protnone => Class::ProtNone,
        _ if said.present => Class::Present,
        _ if said.none => Class::None,
        _ if said.special => Class::Special,
        _ if said.hwpoison => Class::HwPoison,
        _ if said.write_migration => Class::MigrationWrite,
        _ if said.migration => Class::MigrationRead,
        _ if said.write_devpriv => Class::DeviceWrite,
        _ if said.devpriv => Class::DeviceRead,
        _ if said.non_swap_entry => Class::BadType,
        _ => Class::Swap,
    }
}

/// Every law of classification.
pub static CLASSIFICATION_LAWS: [ClassificationLaw; 8] = [
    ClassificationLaw {
        name: "four-kinds-partition",
        text: "Exactly one of none, present, special and has-entry is true of every value.",
        source: "RFC 06/30 and 07/30 of the series; without the architecture's uffd-wp none and special are both true of 0",
        configs: &[Config::UffdWp, Config::NoUserfaultfd],
        catches: "the special pte counts as holding an entry",
        holds: |_, _, said| {
            [said.none, said.present, said.special, said.has_swap_entry].into_iter().filter(|yes| *yes).count() == 1
        },
        mistake: |_, _, said| said.has_swap_entry |= said.special,
    },
    ClassificationLaw {
        name: "swap-is-the-rest",
        text: "is_swap_pte() is true of exactly what is neither none nor present.",
        source: "is_swap_pte() in include/linux/swapops.h, v5.10",
        configs: EVERY,
        catches: "PROT_NONE counts as a swap pte",
        holds: |_, _, said| said.is_swap == (!said.none && !said.present),
        mistake: |_, _, said| said.is_swap |= said.protnone,
    },
    ClassificationLaw {
        name: "none-ignores-the-erratum",
        text: "A value is none exactly if nothing but accessed and dirty is set in it.",
        source: "pte_none() and _PAGE_KNL_ERRATUM_MASK, v5.10",
        configs: EVERY,
        catches: "a none pte with a bit that hardware set by mistake counts as a swap pte",
        holds: |_, pte, said| said.none == (pte & !0x60 == 0),
        mistake: |_, pte, said| {
            if pte != 0 && said.none {
                said.none = false;
                said.is_swap = true;
                said.has_swap_entry = true;
            }
        },
    },
    ClassificationLaw {
        name: "special-is-one-value",
        text: "Special is exactly the special value, bit for bit, and nothing where there is no such value.",
        source: "is_swap_special_pte() in include/linux/swapops.h, RFC 06/30 of the series",
        configs: EVERY,
        catches: "the comparison ignores accessed and dirty as pte_none() does",
        holds: |environment, pte, said| said.special == (environment.special == Some(pte)),
        mistake: |environment, pte, said| {
            said.special |= environment.special.is_some_and(|special| (special ^ pte) & !0x60 == 0);
        },
    },
    ClassificationLaw {
        name: "entry-kinds-exclude-each-other",
        text: "Migration, device private and hwpoison exclude each other, make up all non-swap entries, and write is a kind of each of the first two.",
        source: "include/linux/swapops.h and include/linux/swap.h, v5.10, with every feature configured",
        configs: EVERY,
        catches: "the write forms are missing among migration entries",
        holds: |_, _, said| {
            let kinds = [said.migration, said.devpriv, said.hwpoison].into_iter().filter(|yes| *yes).count();
            kinds == said.non_swap_entry as usize
                && (said.migration || !said.write_migration)
                && (said.devpriv || !said.write_devpriv)
        },
        mistake: |_, _, said| said.migration &= !said.write_migration,
    },
    ClassificationLaw {
        name: "class-sums-up",
        text: "The class is what the predicates say, asked in the kernel's order, and of known types only.",
        source: "the callers in RFC 07/30: present, none, special, then the entry",
        configs: EVERY,
        catches: "the entry is decoded before the special value is compared",
        holds: |_, _, said| said.class == class_of(said) && said.class != Class::BadType,
        mistake: |_, _, said| {
            if said.class == Class::Special {
                said.class = class_of(&Classification { special: false, ..*said });
            }
        },
    },
    ClassificationLaw {
        name: "entry-fields-decode",
        text: "Type and offset are the top five bits and the inverted bits 9 to 58, whatever the flags.",
        source: "__swp_type() and __swp_offset() in arch/x86/include/asm/pgtable_64.h, v5.10",
        configs: EVERY,
        catches: "the offset is not inverted",
        holds: |_, pte, said| said.swp_type as u64 == kind(pte) && said.swp_offset == offset(pte),
        mistake: |_, _, said| said.swp_offset ^= OFFSETS,
    },
    ClassificationLaw {
        name: "no-uffd-wp-no-mark",
        text: "Without the architecture's uffd-wp no value is marked, and no value that holds an entry is special.",
        source: "include/asm-generic/pgtable_uffd.h, v5.10",
        configs: &[Config::NoArchUffdWp, Config::NoUserfaultfd],
        catches: "the bits are read although they belong to somebody else",
        holds: |_, _, said| !(said.uffd_wp || said.swp_uffd_wp || said.special && said.has_swap_entry),
        mistake: |_, pte, said| said.swp_uffd_wp = pte & 4 != 0,
    },
];
