//! Laws of protection changes: `change_pte_range()` and the `pte_modify()` behind it.

use super::Law;
use super::bits::*;
use crate::pte::{Class, ClassSet};
use crate::site::SiteId::{ChangeProt, NumaPage, PteModify};

const DIRTY_ACCOUNTABLE: u64 = 1;
const PROT_NUMA: u64 = 2;
const PROTECT: u64 = 4;
const RESOLVE: u64 = 8;
const VM_SOFTDIRTY: u64 = 0x20;
const PG_KSM: u64 = 0x80;

/// What `change_prot` says when it counted and stored a pte.
const DONE: u64 = 3;

/// The protection that a call of one of the three sites gives.
const fn new_protection(c: &super::Case<'_>) -> u64 {
    if matches!(c.site(), PteModify) { c.p0() } else { c.p1() }
}

/// Whether an entry type is another one's read form, or the same.
const fn same_or_read_form(before: u64, after: u64) -> bool {
    match before {
        MIGRATION_WRITE => matches!(after, MIGRATION_READ | MIGRATION_WRITE),
        DEVICE_WRITE => matches!(after, DEVICE_READ | DEVICE_WRITE),
        _ => after == before,
    }
}

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "protection-keeps-flags",
        text: "A new protection leaves a present pte dirty, soft-dirty, special, devmap and uncached as it was, and never takes accessed away.",
        source: "_PAGE_CHG_MASK in arch/x86/include/asm/pgtable_types.h, v5.10",
        configs: EVERY,
        sites: &[ChangeProt, PteModify, NumaPage],
        classes: PRESENT,
        catches: "soft-dirty is forgotten in the mask of bits that pte_modify() keeps, so that mprotect() loses a write",
        holds: |c| c.keeps(D | SD | SPECIAL | DEVMAP | PWT | PCD) && c.before() & A & !c.after() == 0,
        mistake: |c, a| {
            if c.answer.pte != c.before() {
                a.pte &= !SD;
            }
        },
    },
    Law {
        name: "protection-keeps-page",
        text: "A present pte maps the same page frame under its new protection, inverted or not.",
        source: "pte_modify() and protnone_mask() in arch/x86/include/asm, v5.10 (the L1TF mitigation)",
        configs: EVERY,
        sites: &[ChangeProt, PteModify, NumaPage],
        classes: PRESENT,
        catches: "the frame number is not flipped when PROT_NONE comes or goes, so that the pte names another page",
        holds: |c| new_protection(c) & (P | G) == 0 || frame(c.after()) == frame(c.before()),
        mistake: |c, a| {
            if (c.before() ^ a.pte) & P != 0 {
                a.pte ^= PFN;
            }
        },
    },
    Law {
        name: "protection-keeps-uffd-wp",
        text: "A protection change that is no userfaultfd pass leaves the uffd-wp mark as it was, in a page and in an entry.",
        source: "change_pte_range() and _PAGE_CHG_MASK, v5.10; the omission of 44f86392bdd1",
        configs: UFFD_WP_ONLY,
        sites: &[ChangeProt, PteModify, NumaPage],
        classes: FILLED,
        catches: "a write migration entry is rebuilt as a read entry without its mark, so that plain mprotect() ends the protection",
        holds: |c| {
            if matches!(c.site(), ChangeProt) {
                c.asked(PROTECT | RESOLVE) || c.keeps(c.wp_bit())
            } else {
                !c.is(PRESENT) || c.keeps(WP)
            }
        },
        mistake: |c, a| {
            if !matches!(c.site(), ChangeProt) {
                a.pte = a.pte & !WP | new_protection(c) & WP;
            } else if c.is(WRITE_ENTRY) && !c.asked(PROTECT | RESOLVE) {
                a.pte &= !SWP_WP;
            }
        },
    },
    Law {
        name: "uffd-protect-marks",
        text: "Whatever page or entry a userfaultfd write-protect pass reaches carries the mark afterwards.",
        source: "change_pte_range(), v5.10; the omissions of 24bf08c4376b and 44f86392bdd1",
        configs: UFFD_WP_ONLY,
        sites: &[ChangeProt],
        classes: FILLED,
        catches: "entries that are no write entries are passed over, and the page comes back unprotected",
        holds: |c| !c.asked(PROTECT) || c.has(c.wp_bit()) || (c.asked(PROT_NUMA) && c.is(PRESENT) && !c.says(DONE)),
        mistake: |c, a| {
            if c.asked(PROTECT) && c.is(ENTRY) && !c.is(WRITE_ENTRY) {
                *a = crate::site::Answer { pte: c.before(), outcome: 0, ..*a };
            }
        },
    },
    Law {
        name: "uffd-protect-takes-write",
        text: "A page that a write-protect pass reached is not writable, unless the dirty shortcut gave write back.",
        source: "change_pte_range(), v5.10; the omission of f1eb1bacfba9",
        configs: EVERY,
        sites: &[ChangeProt],
        classes: PRESENT,
        catches: "the pte is marked but keeps the write permission of its new protection, so that no write is ever reported",
        holds: |c| !c.asked(PROTECT) || c.asked(DIRTY_ACCOUNTABLE) || !c.says(DONE) || !c.has(RW),
        mistake: |c, a| {
            if c.asked(PROTECT) && c.says(DONE) {
                a.pte |= c.p1() & RW;
            }
        },
    },
    Law {
        name: "uffd-resolve-clears",
        text: "Whatever page or entry a resolve pass reaches carries no mark afterwards.",
        source: "change_pte_range(), v5.10; the omission of 24bf08c4376b",
        configs: UFFD_WP_ONLY,
        sites: &[ChangeProt],
        classes: FILLED,
        catches: "only present ptes are resolved, and a page that was under migration traps for ever",
        holds: |c| !c.asked(RESOLVE) || !c.has(c.wp_bit()) || (c.asked(PROT_NUMA) && c.is(PRESENT) && !c.says(DONE)),
        mistake: |c, a| {
            if c.asked(RESOLVE) && c.is(ENTRY) {
                a.pte |= c.before() & SWP_WP;
            }
        },
    },
    Law {
        name: "mprotect-keeps-slot",
        text: "An entry keeps its offset, and its type but for write becoming read.",
        source: "change_pte_range(), v5.10; the mistake of 83abe2fd5b3a, one level down",
        configs: EVERY,
        sites: &[ChangeProt],
        classes: ENTRY,
        catches: "the mark is set with the bit of present ptes, which is a bit of the offset: the entry names another slot or page",
        holds: |c| offset(c.after()) == offset(c.before()) && same_or_read_form(kind(c.before()), kind(c.after())),
        mistake: |c, a| {
            if c.asked(PROTECT) {
                a.pte |= WP;
            } else if c.asked(RESOLVE) {
                a.pte &= !WP;
            }
        },
    },
    Law {
        name: "mprotect-leaves-no-write-entry",
        text: "After a protection change no entry promises that its page comes back writable.",
        source: "change_pte_range(), v5.10: make_migration_entry_read() and make_device_private_entry_read()",
        configs: EVERY,
        sites: &[ChangeProt],
        classes: ENTRY,
        catches: "a device entry stays a write entry, so that its page returns writable behind the new protection",
        holds: |c| !matches!(kind(c.after()), MIGRATION_WRITE | DEVICE_WRITE),
        mistake: |c, a| {
            if matches!(c.class, Class::DeviceWrite) {
                a.pte = a.pte & OFFSETS << 9 | a.pte & 0x1ff | kind(c.before()) << 59;
            }
        },
    },
    Law {
        name: "mprotect-keeps-swap-soft-dirty",
        text: "An entry other than a device write entry keeps its soft-dirty flag through a protection change.",
        source: "change_pte_range(), v5.10; c3d16e16522f",
        configs: EVERY,
        sites: &[ChangeProt],
        classes: ClassSet(ENTRY.0 & !ClassSet::of(&[Class::DeviceWrite]).0),
        catches: "the read migration entry is built without the flag that the write entry had",
        holds: |c| c.keeps(SWP_SD),
        mistake: |c, a| {
            if matches!(c.class, Class::MigrationWrite) {
                a.pte &= !SWP_SD;
            }
        },
    },
    Law {
        name: "mprotect-counts-stores",
        text: "A pte is counted if and only if it is stored; what is not stored is unchanged, and an entry is stored only when it changes.",
        source: "change_pte_range(), v5.10: pages++ beside set_pte_at()",
        configs: EVERY,
        sites: &[ChangeProt],
        classes: ANY,
        catches: "changed entries are stored but not counted, and the caller skips its TLB flush",
        holds: |c| match c.answer.outcome {
            0 => c.unchanged(),
            DONE => c.is(PRESENT) || !c.unchanged(),
            _ => false,
        },
        mistake: |c, a| {
            if c.is(ENTRY) {
                a.outcome &= !1;
            }
        },
    },
    Law {
        name: "numa-pass-skips",
        text: "A NUMA hinting pass stores nothing to a pte that is a hint already, has no normal page, or maps a KSM page.",
        source: "change_pte_range(), v5.10: the prot_numa block",
        configs: EVERY,
        sites: &[ChangeProt],
        classes: PRESENT,
        catches: "the KSM test is forgotten, and shared pages are made to fault again and again",
        holds: |c| {
            !(c.asked(PROT_NUMA) && (matches!(c.class, Class::ProtNone) || c.had(SPECIAL) || c.asked(PG_KSM)))
                || (c.unchanged() && c.answer.outcome == 0)
        },
        mistake: |c, a| {
            if c.asked_all(PROT_NUMA | PG_KSM) && matches!(c.class, Class::Present) && !c.had(SPECIAL) {
                a.pte = (c.before() ^ PFN) & !P | G;
                a.outcome = DONE;
            }
        },
    },
    Law {
        name: "mprotect-write-is-earned",
        text: "Write comes from the new protection, from what a NUMA pass saved, or from the shortcut for pages that are dirty and tracked so.",
        source: "change_pte_range(), v5.10; the mistake of 76aefad628aa",
        configs: EVERY,
        sites: &[ChangeProt],
        classes: PRESENT,
        catches: "the shortcut forgets to ask whether soft-dirty is tracked, and the next write is not seen",
        holds: |c| {
            let shortcut = c.asked(DIRTY_ACCOUNTABLE) && c.had(D) && (c.had(SD) || !c.asked(VM_SOFTDIRTY));
            let saved = c.asked(PROT_NUMA) && c.had(RW);
            !(c.says(DONE) && c.has(RW)) || c.p1() & RW != 0 || saved || shortcut
        },
        mistake: |c, a| {
            if c.says(DONE) && c.asked(DIRTY_ACCOUNTABLE) && c.had(D) {
                a.pte |= RW;
            }
        },
    },
];
