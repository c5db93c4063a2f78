//! The named parts of the words that lockstep compares, and which of them differ.
//!
//! A signature says which bits went wrong in which direction, in names and not in numbers: the page frame number or the offset counts as one
//! part however many of its bits differ, so that one mistake has one signature.

use crate::pte::{Class, X86_64};
use crate::site::{OutcomePart, SiteId};

/// One named part of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its bits.
    pub mask: u64,
    /// Its name.
    pub name: &'static str,
    /// How it is compared and shown.
    pub kind: PartKind,
}

/// How a part is compared and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// One bit: `+name` or `-name`.
    Flag,
    /// A number whose values have names: `name:right->wrong`.
    Named(&'static [(u64, &'static str)]),
    /// A number: `~name`, whatever its values.
    Number,
}

const fn flag(bit: u8, name: &'static str) -> Part {
    Part { mask: 1 << bit, name, kind: PartKind::Flag }
}

const fn number(mask: u64, name: &'static str) -> Part {
    Part { mask, name, kind: PartKind::Number }
}

/// The parts of a present pte.
pub const PRESENT_PARTS: &[Part] = &[
    flag(0, "present"),
    flag(1, "write"),
    flag(2, "user"),
    flag(3, "pwt"),
    flag(4, "pcd"),
    flag(5, "accessed"),
    flag(6, "dirty"),
    flag(7, "pat"),
    flag(8, "global"),
    flag(9, "special-bit"),
    flag(10, "uffd-wp"),
    flag(11, "soft-dirty"),
    number(0x000f_ffff_ffff_f000, "pfn"),
    number(0x3f << 52, "ignored"),
    flag(58, "devmap"),
    number(0xf << 59, "pkey"),
    flag(63, "nx"),
];

/// The parts of a pte that holds a swap entry, and of the special pte and none.
pub const ENTRY_PARTS: &[Part] = &[
    flag(0, "bit0"),
    flag(1, "swp-soft-dirty"),
    flag(2, "swp-uffd-wp"),
    flag(3, "bit3"),
    flag(4, "bit4"),
    flag(5, "bit5"),
    flag(6, "bit6"),
    flag(7, "bit7"),
    flag(8, "bit8"),
    number(((1 << 50) - 1) << 9, "offset"),
    number(0x1f << 59, "type"),
];

const PAGEMAP_PARTS: &[Part] = &[
    number((1 << 55) - 1, "frame"),
    flag(55, "soft-dirty"),
    flag(56, "exclusive"),
    number(0xf << 57, "reserved"),
    flag(61, "file"),
    flag(62, "swap"),
    flag(63, "present"),
];

const HMM_PARTS: &[Part] = &[number((1 << 61) - 1, "pfn"), flag(61, "error"), flag(62, "write"), flag(63, "valid")];

const COUNTER_PARTS: &[Part] =
    &[flag(0, "writable"), flag(1, "referenced"), flag(2, "none_or_zero"), flag(3, "unmapped"), number(!0xf, "rest")];

const MPFN_PARTS: &[Part] = &[
    flag(0, "valid"),
    flag(1, "migrate"),
    flag(2, "locked"),
    flag(3, "write"),
    number(0x30, "reserved"),
    number(!0x3f, "pfn"),
];

const NUMBER_PARTS: &[Part] = &[number(!0, "value")];

/// The parts of a pte of this class.
pub fn pte_parts(class: Class) -> &'static [Part] {
    match class {
        Class::Present | Class::ProtNone => PRESENT_PARTS,
        _ => ENTRY_PARTS,
    }
}

/// What a site's auxiliary word is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuxKind {
    /// A pte: the parent's, or the one that was taken out.
    Pte,
    /// A word of these parts.
    Parts(&'static [Part]),
}

/// What the auxiliary word of this site is made of.
pub fn aux_kind(site: SiteId) -> AuxKind {
    match site {
        SiteId::Fork | SiteId::ForkRfc02 | SiteId::ForkRfc17 | SiteId::Accessor => AuxKind::Pte,
        SiteId::Pagemap => AuxKind::Parts(PAGEMAP_PARTS),
        SiteId::HmmRfc | SiteId::HmmV3 => AuxKind::Parts(HMM_PARTS),
        SiteId::KhugeScan => AuxKind::Parts(COUNTER_PARTS),
        SiteId::MigrateCollect | SiteId::MigrateCollectV3 => AuxKind::Parts(MPFN_PARTS),
        _ => AuxKind::Parts(NUMBER_PARTS),
    }
}

/// An outcome part as a [`Part`].
pub(super) fn outcome_part(part: OutcomePart) -> Part {
    match part {
        OutcomePart::Bit(bit, name) => flag(bit, name),
        OutcomePart::Number { shift, bits, name, values } => {
            Part { mask: (u64::MAX >> (64 - bits as u32)) << shift, name, kind: PartKind::Named(values) }
        }
    }
}

/// A pte with its inverted payload turned upright, so that two of them can be compared part by part.
fn upright(raw: u64, class: Class) -> u64 {
    match class {
        Class::ProtNone => raw ^ X86_64.pfn,
        Class::Present | Class::None => raw,
        _ => raw ^ X86_64.swp_offset << X86_64.swp_offset_shift,
    }
}

/// What is left of two words when equal parts are taken out of both and numbers without names are reduced to one bit.
pub(super) fn reduce(parts: impl IntoIterator<Item = Part>, right: u64, wrong: u64) -> (u64, u64) {
    let (mut r, mut w, mut seen) = (0, 0, 0);
    for part in parts {
        let (a, b) = (right & part.mask, wrong & part.mask);
        seen |= part.mask;
        if a == b {
            continue;
        }
        if part.kind == PartKind::Number {
            let lowest = part.mask & part.mask.wrapping_neg();
            r |= lowest;
            w |= lowest;
        } else {
            r |= a;
            w |= b;
        }
    }
    (r | right & !wrong & !seen, w | wrong & !right & !seen)
}

/// [`reduce`] for two ptes. Where they are of different kinds (mapped, entry, none, special) nothing but that remains.
pub(super) fn reduce_ptes(right: (u64, Class), wrong: (u64, Class)) -> (u64, u64) {
    let kind = |class: Class| match class {
        Class::None => 0,
        Class::Present | Class::ProtNone => 1,
        Class::Special => 2,
        _ => 3,
    };
    if kind(right.1) != kind(wrong.1) {
        return (0, 0);
    }
    let (mut r, mut w) =
        reduce(pte_parts(right.1).iter().copied(), upright(right.0, right.1), upright(wrong.0, wrong.1));
    if right.1 != wrong.1 && kind(right.1) == 1 {
        // The class says it: hardware presence and the bit that stands for PROT_NONE without it.
        r &= !0x101;
        w &= !0x101;
    } else if kind(right.1) == 3 && right.1 != wrong.1 {
        r &= !(0x1f << 59);
        w &= !(0x1f << 59);
    }
    (r, w)
}

/// The words of a signature for reduced parts: `+uffd-wp`, `-write`, `~pfn`, `dispatch:warn and bail out->swap in`.
pub(super) fn words(parts: impl IntoIterator<Item = Part>, right: u64, wrong: u64) -> Vec<String> {
    let mut words = Vec::new();
    let mut seen = 0;
    for part in parts {
        let (r, w) = (right & part.mask, wrong & part.mask);
        seen |= part.mask;
        if r == 0 && w == 0 {
            continue;
        }
        words.push(match part.kind {
            PartKind::Flag if w != 0 => format!("+{}", part.name.replace(' ', "_")),
            PartKind::Flag => format!("-{}", part.name.replace(' ', "_")),
            PartKind::Number => format!("~{}", part.name),
            PartKind::Named(values) => {
                let shift = part.mask.trailing_zeros();
                let word = |value: u64| match values.iter().find(|(v, _)| *v == value >> shift) {
                    Some((_, word)) => word.replace(' ', "_"),
                    None => format!("{:#x}", value >> shift),
                };
                format!("{}:{}->{}", part.name.replace(' ', "_"), word(r), word(w))
            }
        });
    }
    for (sign, bits) in [('-', right & !seen), ('+', wrong & !seen)] {
        words.extend((0..64).filter(|bit| bits >> bit & 1 != 0).map(|bit| format!("{sign}bit{bit}")));
    }
    words
}
