//! Laws of the primitives: flag operations, the two encodings, and the operations on a slot.

use super::Law;
use super::bits::*;
use crate::site::SiteId::{Accessor, Bitop, PfnPte, SwpEntryToPte};

/// The bits that each operation of `bitop` is for, in its numbering, and whether it sets them.
const OPERATIONS: [(u64, bool); 17] = [
    (D | SD, true),
    (D, false),
    (A, true),
    (A, false),
    (RW, true),
    (RW, false),
    (SD, true),
    (SD, false),
    (WP, true),
    (WP, false),
    (SWP_SD, true),
    (SWP_SD, false),
    (SWP_WP, true),
    (SWP_WP, false),
    (SPECIAL, true),
    (DEVMAP | SPECIAL, true),
    (NX, false),
];

const SET_ACCESS_FLAGS: u64 = 0;
const TEST_CLEAR_YOUNG: u64 = 1;
const CLEAR_FLUSH_YOUNG: u64 = 2;
const SET_WRPROTECT: u64 = 3;
/// `get_and_clear`, `get_and_clear_full`, `clear_flush`.
const TAKING: std::ops::RangeInclusive<u64> = 4..=6;

/// What `bitop`'s operation is for, and whether this environment has it at all.
fn operation(c: &super::Case<'_>) -> (u64, bool, bool) {
    let (bits, sets) = OPERATIONS.get(c.p0() as usize).copied().unwrap_or((0, false));
    (bits, sets, c.environment.has_uffd_wp() || !matches!(c.p0(), 8 | 9 | 12 | 13))
}

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "flag-operation-keeps-to-its-flag",
        text: "A flag operation changes no bit but those that it is named for.",
        source: "arch/x86/include/asm/pgtable.h, v5.10",
        configs: EVERY,
        sites: &[Bitop],
        classes: ANY,
        catches: "pte_mkuffd_wp() takes write away as well, as it does since f1eb1bacfba9",
        holds: |c| c.keeps(!operation(c).0),
        mistake: |c, a| {
            if c.p0() == 8 {
                a.pte &= !RW;
            }
        },
    },
    Law {
        name: "flag-operation-works",
        text: "After a flag operation its bits are as its name says; where the architecture has no uffd-wp its four operations do nothing.",
        source: "arch/x86/include/asm/pgtable.h and include/asm-generic/pgtable_uffd.h, v5.10",
        configs: EVERY,
        sites: &[Bitop],
        classes: ANY,
        catches: "pte_mkdirty() sets dirty alone and leaves soft-dirty as it was",
        holds: |c| match operation(c) {
            (_, _, false) => c.unchanged(),
            (bits, true, true) => c.after() & bits == bits,
            (bits, false, true) => !c.has(bits),
        },
        mistake: |c, a| {
            if c.p0() == 0 {
                a.pte = c.before() | D;
            }
        },
    },
    Law {
        name: "entry-decodes-back",
        text: "The pte of an entry decodes to the type and the 50 offset bits that it was made of, and has no flag set.",
        source: "swp_entry_to_pte() in include/linux/swapops.h and __swp_entry() in pgtable_64.h, v5.10",
        configs: EVERY,
        sites: &[SwpEntryToPte],
        classes: ANY,
        catches: "the offset is not inverted, and a speculating processor sees the page that it names",
        holds: |c| kind(c.after()) == c.p0() && offset(c.after()) == c.p1() & OFFSETS && !c.has((1 << 9) - 1),
        mistake: |_, a| a.pte ^= OFFSETS << 9,
    },
    Law {
        name: "generic-entry-packs-both",
        text: "The generic entry has the type above 58 bits of offset.",
        source: "swp_entry() in include/linux/swapops.h, v5.10",
        configs: EVERY,
        sites: &[SwpEntryToPte],
        classes: ANY,
        catches: "the generic offset is cut like that in a pte",
        holds: |c| c.aux() >> 58 == c.p0() && (c.aux() ^ c.p1()) << 6 == 0,
        mistake: |_, a| a.aux = a.aux & 31 << 58 | a.aux & OFFSETS,
    },
    Law {
        name: "frame-decodes-back",
        text: "The pte of a page has exactly the protection it was given, and maps that page, inverted or not.",
        source: "pfn_pte() in arch/x86/include/asm/pgtable.h, v5.10 (the L1TF mitigation)",
        configs: EVERY,
        sites: &[PfnPte],
        classes: ANY,
        catches: "the frame number of a PROT_NONE pte is not inverted",
        holds: |c| {
            let number = if c.p1() == 0 { c.after() >> 12 } else { frame(c.after()) };
            c.after() & !PFN == c.p1() && number == c.p0() & FRAMES
        },
        mistake: |c, a| {
            if c.p1() & P == 0 && c.p1() != 0 {
                a.pte ^= PFN;
            }
        },
    },
    Law {
        name: "taking-hands-over-the-pte",
        text: "Taking a pte leaves 0 behind and gives all of the old one back; no other operation gives one back.",
        source: "ptep_get_and_clear(), ptep_get_and_clear_full() and ptep_clear_flush(), v5.10",
        configs: EVERY,
        sites: &[Accessor],
        classes: ANY,
        catches: "dirty is not among what is handed over, and a write is lost with the mapping",
        holds: |c| {
            if TAKING.contains(&c.p0()) { c.after() == 0 && c.aux() == c.before() } else { c.aux() == 0 }
        },
        mistake: |c, a| {
            if TAKING.contains(&c.p0()) {
                a.aux &= !D;
            }
        },
    },
    Law {
        name: "ageing-takes-its-bit",
        text: "Ageing takes accessed and says whether it was set, write-protecting takes write, and nothing else changes.",
        source: "ptep_test_and_clear_young() and ptep_set_wrprotect() in arch/x86, v5.10",
        configs: EVERY,
        sites: &[Accessor],
        classes: ANY,
        catches: "accessed is reported and left set, so that the page never grows old",
        holds: |c| match c.p0() {
            TEST_CLEAR_YOUNG | CLEAR_FLUSH_YOUNG => c.after() == c.before() & !A && c.code() == c.had(A) as u64,
            SET_WRPROTECT => c.after() == c.before() & !RW && c.code() == 0,
            _ => true,
        },
        mistake: |c, a| {
            if matches!(c.p0(), TEST_CLEAR_YOUNG | CLEAR_FLUSH_YOUNG) {
                a.pte = c.before();
            }
        },
    },
    Law {
        name: "access-flags-stored-when-dirty",
        text: "Setting access flags says whether the new pte differs, and stores it exactly if it is for a write.",
        source: "ptep_set_access_flags() in arch/x86/mm/pgtable.c, v5.10",
        configs: EVERY,
        sites: &[Accessor],
        classes: ANY,
        catches: "the new pte is stored for reads too",
        holds: |c| {
            c.p0() != SET_ACCESS_FLAGS
                || (c.after() == if c.p2() & 1 != 0 { c.p1() } else { c.before() }
                    && c.code() == (c.p1() != c.before()) as u64)
        },
        mistake: |c, a| {
            if c.p0() == SET_ACCESS_FLAGS {
                a.pte = c.p1();
            }
        },
    },
];
