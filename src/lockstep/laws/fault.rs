//! Laws of page faults: the dispatch, NUMA hints, and what a fault installs.

use super::Law;
use super::bits::*;
use crate::pte::Class;
use crate::site::SiteId::{self, AnonPage, FinishFault, FinishFaultRfc08, NumaPage, PteFault, PteFaultRfc08};

const NUMA_CHANGED: u64 = 1;
const NUMA_TOLD: u64 = 0x100;
const NUMA_NO_GROUP: u64 = 2;

const WRITE: u64 = 1;
const VM_WRITE: u64 = 2;
const VM_SHARED: u64 = 4;
const FAULT_UFFD_WP: u64 = 0x10;
/// `update_mmu_tlb()` alone: another thread was first.
const LOST_RACE: u64 = 1 << 36;

const VM_ANON: u64 = 2;
const VM_UFFD_WP: u64 = 0x10;
const HANDLER: u64 = 15;
const HERE: u64 = 0;
const TO_ANON: u64 = 1;
const TO_FILE: u64 = 2;
const TO_SWAP: u64 = 3;
const TO_NUMA: u64 = 4;
const TO_WP: u64 = 5;
const TO_FILE_UFFD_WP: u64 = 6;
const MARK_CLEARED: u64 = 7;

/// Both forms of the dispatch.
const DISPATCHES: &[SiteId] = &[PteFault, PteFaultRfc08];
/// What installs a page where nothing was.
const INSTALLS: &[SiteId] = &[AnonPage, FinishFault, FinishFaultRfc08];

/// The page that an install owes: the zero page, the new page, or the private copy.
const fn owed_page(c: &super::Case<'_>) -> u64 {
    match c.site() {
        AnonPage if !c.asked(WRITE) => ZERO_FRAME,
        AnonPage => c.p2() & FRAMES,
        _ if c.asked(WRITE) && !c.asked(VM_SHARED) => (c.p2() ^ 1) & FRAMES,
        _ => c.p2() & FRAMES,
    }
}

/// Whether the fault asks for a page that stays write-protected, and the site knows of that.
const fn installs_protected(c: &super::Case<'_>) -> bool {
    matches!(c.site(), FinishFaultRfc08) && c.asked(FAULT_UFFD_WP)
}

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "numa-fault-restores",
        text: "A NUMA hint becomes accessed and writable as it was saved or as the vma is, unless the pte changed, which is left alone.",
        source: "do_numa_page() in mm/memory.c, v5.10; the mistake of b191f9b106ea",
        configs: EVERY,
        sites: &[NumaPage],
        classes: PRESENT,
        catches: "the saved write permission is not given back, and every hint costs a second fault",
        holds: |c| {
            if c.asked(NUMA_CHANGED) {
                c.untouched() && c.answer.outcome == 0
            } else {
                c.has(A) && c.has(RW) == (c.had(RW) || c.p1() & RW != 0)
            }
        },
        mistake: |c, a| {
            if !c.asked(NUMA_CHANGED) {
                a.pte = a.pte & !RW | c.p1() & RW;
            }
        },
    },
    Law {
        name: "numa-groups-by-writers",
        text: "Task grouping is ruled out exactly for pages that cannot be written.",
        source: "do_numa_page() in mm/memory.c, v5.10: TNF_NO_GROUP",
        configs: EVERY,
        sites: &[NumaPage],
        classes: PRESENT,
        catches: "the flag is taken from the pte before its write permission came back",
        holds: |c| !c.says(NUMA_TOLD) || c.says(NUMA_NO_GROUP) != c.has(RW),
        mistake: |c, a| {
            if c.says(NUMA_TOLD) && c.p1() & RW == 0 {
                a.outcome |= NUMA_NO_GROUP;
            }
        },
    },
    Law {
        name: "fault-fills-holes-only",
        text: "A page is installed where there is none, or, for a fault that userfaultfd protects, exactly where the special pte stands; whatever else is in the table stays.",
        source: "do_anonymous_page() and alloc_set_pte() in mm/memory.c, v5.10, and RFC 08/30 of the series",
        configs: EVERY,
        sites: INSTALLS,
        classes: ANY,
        catches: "the check under the lock is left out, and another thread's page is lost",
        holds: |c| {
            if !c.says(STORE) {
                c.unchanged()
            } else if installs_protected(c) {
                c.environment.special == Some(c.before())
            } else {
                c.is(NONE)
            }
        },
        mistake: |c, a| {
            if c.is(PRESENT) && (a.outcome & 0x100 != 0 || a.outcome == LOST_RACE) {
                a.pte = page_pte(owed_page(c), c.p1());
                a.outcome = STORE | RMAP_ADD | RSS_PAGE;
            }
        },
    },
    Law {
        name: "fault-maps-the-right-page",
        text: "A write to private memory maps a page of its own, a read of anonymous memory the zero page, and everything else the page that was asked for.",
        source: "do_anonymous_page() and finish_fault() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: INSTALLS,
        classes: union(NONE, MARKER),
        catches: "a private write maps the page that everybody has, the file's or the zero page, and changes it",
        holds: |c| !c.says(STORE) || c.p1() & (P | G) == 0 || frame(c.after()) == owed_page(c),
        mistake: |c, a| {
            if c.says(STORE) && c.p1() & P != 0 {
                let shared = if matches!(c.site(), AnonPage) { ZERO_FRAME } else { c.p2() };
                a.pte = a.pte & !PFN | page_pte(shared, P) & PFN;
            }
        },
    },
    Law {
        name: "fault-write-is-earned",
        text: "What is installed is writable by the vma's protection, or for a write where the vma allows it.",
        source: "maybe_mkwrite() in include/linux/mm.h, v5.10",
        configs: EVERY,
        sites: INSTALLS,
        classes: union(NONE, MARKER),
        catches: "maybe_mkwrite() does not ask the vma, and a forced write opens a read-only mapping",
        holds: |c| !c.says(STORE) || !c.has(RW) || c.p1() & RW != 0 || c.asked_all(WRITE | VM_WRITE),
        mistake: |c, a| {
            if c.says(STORE) && c.asked(WRITE) && !installs_protected(c) {
                a.pte |= RW;
            }
        },
    },
    Law {
        name: "fault-write-leaves-dirt",
        text: "What a write fault installs is dirty and soft-dirty; of anonymous memory, if the vma is writable.",
        source: "do_anonymous_page() and alloc_set_pte() in mm/memory.c, v5.10; Documentation/admin-guide/mm/soft-dirty.rst",
        configs: EVERY,
        sites: INSTALLS,
        classes: union(NONE, MARKER),
        catches: "the pte starts clean, and the hardware's write to it is the only trace of the data",
        holds: |c| {
            let write = c.says(STORE) && c.asked(WRITE) && (!matches!(c.site(), AnonPage) || c.asked(VM_WRITE));
            !write || c.after() & (D | SD) == D | SD
        },
        mistake: |c, a| {
            if c.says(STORE) && c.asked(WRITE) {
                a.pte &= !D;
            }
        },
    },
    Law {
        name: "fault-keeps-protection",
        text: "A page that comes in where the special pte stood is marked and not writable.",
        source: "RFC 08/30 of the series; the mistake of 51d3d5eb74ff",
        configs: UFFD_WP_ONLY,
        sites: &[FinishFaultRfc08],
        classes: MARKER,
        catches: "the pte is marked, but a writable vm_page_prot lets writes through",
        holds: |c| !(c.says(STORE) && installs_protected(c)) || (c.has(WP) && !c.has(RW)),
        mistake: |c, a| {
            if c.says(STORE) {
                a.pte |= c.p1() & RW;
            }
        },
    },
    Law {
        name: "dispatch-by-what-it-is",
        text: "A hole goes to the anonymous or the file handler, an entry to do_swap_page(), and a page to none of these.",
        source: "handle_pte_fault() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: DISPATCHES,
        classes: all_but(MARKER),
        catches: "PROT_NONE is taken for not present, and its inverted frame number for a swap slot",
        holds: |c| {
            let handler = c.answer.outcome & HANDLER;
            match c.class {
                Class::None => handler == if c.asked(VM_ANON) { TO_ANON } else { TO_FILE },
                Class::ProtNone => matches!(handler, HERE | TO_WP | TO_NUMA),
                Class::Present => matches!(handler, HERE | TO_WP),
                _ => handler == TO_SWAP,
            }
        },
        mistake: |c, a| {
            if matches!(c.class, Class::ProtNone) {
                *a = crate::site::Answer { pte: c.before(), outcome: TO_SWAP, ..*a };
            }
        },
    },
    Law {
        name: "dispatch-of-special",
        text: "The special pte goes to do_swap_page() in patch 07; after RFC 08 it is cleared where userfaultfd does not protect, and else faulted in as a read of the file, never swapped in.",
        source: "handle_pte_fault() in mm/memory.c, RFC 07/30 and RFC 08/30 of the series",
        configs: UFFD_WP_ONLY,
        sites: DISPATCHES,
        classes: MARKER,
        catches: "the special pte of any file is faulted in protected, and traps where nobody listens any more",
        holds: |c| {
            if matches!(c.site(), PteFault) {
                c.unchanged() && c.answer.outcome == TO_SWAP
            } else if c.asked(VM_UFFD_WP) && !c.asked(VM_ANON) {
                c.untouched() && c.answer.outcome == TO_FILE_UFFD_WP
            } else {
                c.after() == 0 && c.says(CLEAR) && c.code() == MARK_CLEARED
            }
        },
        mistake: |c, a| {
            if !c.asked(VM_ANON) {
                a.pte = c.before();
                a.outcome = TO_FILE_UFFD_WP;
            }
        },
    },
    Law {
        name: "dispatch-touches-age-only",
        text: "The dispatch gives accessed, dirty and soft-dirty to a page that is written and may be, and changes no other pte with a page or an entry.",
        source: "handle_pte_fault() in mm/memory.c and ptep_set_access_flags(), v5.10",
        configs: EVERY,
        sites: DISPATCHES,
        classes: union(NONE, FILLED),
        catches: "a read fault stores the accessed bit with a dirty one that it saw too early",
        holds: |c| {
            c.unchanged()
                || (c.asked(WRITE)
                    && c.answer.outcome & HANDLER == HERE
                    && c.had(RW)
                    && c.ages_only()
                    && c.after() & (A | D | SD) == A | D | SD)
        },
        mistake: |c, a| {
            if c.is(PRESENT) && !c.asked(WRITE) && c.answer.outcome & HANDLER == HERE {
                a.pte |= A;
            }
        },
    },
    Law {
        name: "dispatch-sends-writers-to-wp",
        text: "A write that the pte does not permit is never settled by the dispatch itself, and a page is sent to do_wp_page() for nothing else.",
        source: "handle_pte_fault() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: DISPATCHES,
        classes: PRESENT,
        catches: "a write to a read-only pte is taken for a spurious fault, and repeats for ever",
        holds: |c| {
            let refused = c.asked(WRITE) && !c.had(RW);
            match c.answer.outcome & HANDLER {
                HERE => !refused,
                TO_WP => refused,
                _ => true,
            }
        },
        mistake: |_, a| {
            if a.outcome & HANDLER == TO_WP {
                a.outcome &= !HANDLER;
            }
        },
    },
];
