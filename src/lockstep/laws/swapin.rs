//! Laws of the way back from swap: `do_swap_page()` and swapoff.

use super::Law;
use super::bits::*;
use crate::pte::Class;
use crate::site::SiteId::{DoSwapPage, Unuse, UnuseV3};

const WRITE: u64 = 1;
const VM_WRITE: u64 = 2;
const REUSE: u64 = 4;
const SWAPCACHE: u64 = 8;
const PG_HWPOISON: u64 = 0x10;
/// Lock fails, page changed, no memory for a KSM copy, pte changed, page not uptodate.
const FAILURES: u64 = 0x20 | 0x40 | 0x80 | 0x100 | 0x200;
const NOT_UPTODATE: u64 = 0x200;
const PTE_CHANGED: u64 = 0x100;
const NO_PAGE: u64 = 0x400;

const FAULT_CODE: u64 = 0xffff;
const FAULT_MAJOR: u64 = 4;
const FAULT_WRITE: u64 = 8;
const FAULT_HWPOISON: u64 = 0x10;
/// Out of memory, SIGBUS, hwpoison, retry.
const FAULT_FAILED: u64 = 1 | 2 | 0x10 | 0x400;
const WARNED: u64 = 1 << 16;
const DISPATCH: u64 = 0xf << 16;
const TO_MIGRATION: u64 = 2 << 16;
const TO_DEVICE: u64 = 3 << 16;
const TO_HWPOISON: u64 = 4 << 16;
const TO_SWAPIN: u64 = 6 << 16;
const THEN_WP_PAGE: u64 = 1 << 20;
const FREED: u64 = 1 << 21;
const EXCLUSIVE: u64 = 1 << 22;

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "swap-fault-warns-of-special",
        text: "do_swap_page() warns about the special pte, returns 0 and does nothing else.",
        source: "do_swap_page(), RFC 07/30",
        configs: UFFD_WP_ONLY,
        sites: &[DoSwapPage],
        classes: MARKER,
        catches: "the special pte is decoded, and a page of swap area 0 that never was is read in",
        holds: |c| c.unchanged() && c.answer.outcome == WARNED,
        mistake: |c, a| a.outcome = TO_SWAPIN | if c.asked(NO_PAGE) { 1 } else { 0 },
    },
    Law {
        name: "swap-fault-leaves-non-swap",
        text: "A fault on a migration, device or hwpoison entry goes to whom it belongs, and leaves the pte and every count alone.",
        source: "do_swap_page(), v5.10: the non_swap_entry() block",
        configs: EVERY,
        sites: &[DoSwapPage],
        classes: union(PAGE_ENTRY, POISON),
        catches: "a poisoned page is no error, and the fault repeats for ever",
        holds: |c| {
            let expected = match c.class {
                Class::HwPoison => TO_HWPOISON | FAULT_HWPOISON,
                Class::MigrationRead | Class::MigrationWrite => TO_MIGRATION,
                _ => TO_DEVICE,
            };
            c.unchanged() && c.answer.outcome == expected
        },
        mistake: |c, a| {
            if c.is(POISON) {
                a.outcome &= !FAULT_CODE;
            }
        },
    },
    Law {
        name: "swapin-frees-what-it-maps",
        text: "The slot is freed if and only if the page takes its place; what was not installed grants, frees and follows up nothing.",
        source: "do_swap_page(), v5.10: swap_free() behind the install",
        configs: EVERY,
        sites: &[DoSwapPage],
        classes: SWAP,
        catches: "the slot is freed although another thread changed the pte, and is given out twice",
        holds: |c| {
            if c.says(FREED) {
                c.answer.outcome & DISPATCH == TO_SWAPIN
                    && !c.says(FAULT_FAILED)
                    && (c.p1() & (P | G) == 0 || is_present(c.after()))
            } else {
                c.unchanged() && !c.says(THEN_WP_PAGE | EXCLUSIVE | FAULT_WRITE)
            }
        },
        mistake: |c, a| {
            if c.asked(PTE_CHANGED) && a.outcome & (DISPATCH | FAULT_FAILED) == TO_SWAPIN {
                a.outcome |= FREED;
            }
        },
    },
    Law {
        name: "swapin-keeps-write-protection",
        text: "A write-protected entry comes back as a write-protected page, even where the fault was granted the page for itself.",
        source: "do_swap_page(), v5.10: pte_swp_uffd_wp() behind the reuse block; Documentation/admin-guide/mm/userfaultfd.rst",
        configs: UFFD_WP_ONLY,
        sites: &[DoSwapPage],
        classes: SWAP,
        catches: "the protection is applied before the reuse grant, which gives write back",
        holds: |c| !(c.says(FREED) && c.had(SWP_WP)) || (c.has(WP) && !c.has(RW)),
        mistake: |c, a| {
            if c.had(SWP_WP) && c.says(FAULT_WRITE) && c.asked(VM_WRITE) {
                a.pte |= RW;
            }
        },
    },
    Law {
        name: "swapin-keeps-soft-dirty",
        text: "A soft-dirty entry comes back as a soft-dirty page.",
        source: "do_swap_page(), v5.10; 179ef71cbc08",
        configs: EVERY,
        sites: &[DoSwapPage],
        classes: SWAP,
        catches: "the flag is lost on the way through swap",
        holds: |c| !(c.says(FREED) && c.had(SWP_SD)) || c.has(SD),
        mistake: |c, a| {
            if c.says(FREED) && !c.says(FAULT_WRITE) {
                a.pte &= !SD;
            }
        },
    },
    Law {
        name: "swapin-maps-the-page",
        text: "What is installed maps the page that was read in, also where the vma's protection is PROT_NONE.",
        source: "do_swap_page() and pfn_pte(), v5.10 (the L1TF mitigation)",
        configs: EVERY,
        sites: &[DoSwapPage],
        classes: SWAP,
        catches: "the frame number is not inverted for a protection without the present bit",
        holds: |c| !c.says(FREED) || c.p1() & (P | G) == 0 || frame(c.after()) == c.p2() & FRAMES,
        mistake: |c, a| {
            if c.says(FREED) && a.pte & P == 0 {
                a.pte ^= PFN;
            }
        },
    },
    Law {
        name: "swapin-stops-at-failure",
        text: "No page is installed that could not be found, locked, copied or read, or that is no longer the entry's.",
        source: "do_swap_page(), v5.10",
        configs: EVERY,
        sites: &[DoSwapPage],
        classes: SWAP,
        catches: "a page that failed to read is mapped, and shows whatever was in the memory",
        holds: |c| {
            !c.says(FREED)
                || !(c.asked(FAILURES)
                    || (c.asked(NO_PAGE) && !c.asked(SWAPCACHE))
                    || c.asked_all(PG_HWPOISON | SWAPCACHE))
        },
        mistake: |c, a| {
            if c.asked(NOT_UPTODATE) && a.outcome & FAULT_FAILED == 2 {
                a.pte = page_pte(c.p2(), c.p1());
                a.outcome = a.outcome & !FAULT_FAILED | FREED;
            }
        },
    },
    Law {
        name: "swapin-write-is-earned",
        text: "A page becomes writable by the vma's protection, or because the fault writes, the vma allows it and nobody else uses the slot.",
        source: "do_swap_page(), v5.10: reuse_swap_page() and maybe_mkwrite()",
        configs: EVERY,
        sites: &[DoSwapPage],
        classes: SWAP,
        catches: "a forced write makes the page of a read-only mapping writable",
        holds: |c| {
            let reused = c.asked_all(WRITE | REUSE);
            let granted = !c.says(FAULT_WRITE | EXCLUSIVE) || reused;
            granted && (!c.says(FREED) || !c.has(RW) || c.p1() & RW != 0 || (reused && c.asked(VM_WRITE)))
        },
        mistake: |c, a| {
            if c.says(FREED) && c.says(FAULT_WRITE) {
                a.pte |= RW;
            }
        },
    },
    Law {
        name: "swapin-major-means-read",
        text: "A fault is major only if the page was not in the swap cache.",
        source: "do_swap_page(), v5.10: PGMAJFAULT",
        configs: EVERY,
        sites: &[DoSwapPage],
        classes: ENTRY,
        catches: "every fault on a swap entry counts as major",
        holds: |c| !c.says(FAULT_MAJOR) || (c.is(SWAP) && !c.asked(SWAPCACHE)),
        mistake: |c, a| {
            if c.says(FREED) {
                a.outcome |= FAULT_MAJOR;
            }
        },
    },
    Law {
        name: "swapoff-takes-its-own-area",
        text: "swapoff() maps and fails for ptes of the area that goes away, and looks at no other.",
        source: "unuse_pte_range(), v5.10",
        configs: EVERY,
        sites: &[Unuse, UnuseV3],
        classes: ANY,
        catches: "the type is not compared, and entries of another area get a page of this one",
        holds: |c| {
            let own = !c.is(union(NONE, PRESENT)) && kind(c.before()) == c.p0() >> 8 & 31;
            own || (c.unchanged() && c.answer.outcome == 0 && c.aux() == 0)
        },
        mistake: |c, a| {
            if c.is(SWAP) && kind(c.before()) != c.p0() >> 8 & 31 && !c.asked(1) {
                a.pte = page_pte(c.p2(), c.p1() & !A);
                a.outcome = STORE | RSS_SWAP | RSS_PAGE | GET_PAGE | PUT_PAGE | RMAP_ADD | SWAP_FREE;
                a.aux = entry(c.before());
            }
        },
    },
    Law {
        name: "swapoff-maps-the-page",
        text: "swapoff() leaves the pte, or maps the page that was read in, not accessed, and frees the slot.",
        source: "unuse_pte(), v5.10",
        configs: EVERY,
        sites: &[Unuse, UnuseV3],
        classes: union(SWAP, MARKER),
        catches: "the page is mapped young, and reclaim takes every page of the area for used",
        holds: |c| {
            if c.says(STORE) {
                (c.p1() & (P | G) == 0 || frame(c.after()) == c.p2() & FRAMES)
                    && !c.has(A)
                    && c.says(SWAP_FREE)
                    && c.code() == 0
            } else {
                c.unchanged() && !c.says(SWAP_FREE | RSS_SWAP)
            }
        },
        mistake: |c, a| {
            if c.says(STORE) {
                a.pte |= c.p1() & A;
            }
        },
    },
];
