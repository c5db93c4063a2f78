//! Laws of soft-dirty tracking: mremap sets what `clear_refs` cleared.

use super::Law;
use super::bits::*;
use crate::site::SiteId::{ClearSoftDirty, MoveSoftDirty};

const VM_MAYWRITE: u64 = 1;
const VM_SHARED: u64 = 2;
const PINNED: u64 = 4 | 8;

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "mremap-marks-soft-dirty",
        text: "Every page and every entry that mremap() moves is soft-dirty afterwards.",
        source: "Documentation/admin-guide/mm/soft-dirty.rst and move_soft_dirty_pte(), v5.10; 6dec97dc929",
        configs: EVERY,
        sites: &[MoveSoftDirty],
        classes: FILLED,
        catches: "entries are moved without the flag, and a checkpoint misses the page at its new address",
        holds: |c| c.has(c.soft_dirty_bit()),
        mistake: |c, a| {
            if c.is(ENTRY) {
                a.pte = c.before();
            }
        },
    },
    Law {
        name: "mremap-changes-nothing-else",
        text: "mremap() changes no bit of what it moves but soft-dirty, in the encoding that the pte uses.",
        source: "move_soft_dirty_pte(), v5.10; the mistake of 6dec97dc929",
        configs: EVERY,
        sites: &[MoveSoftDirty],
        classes: FILLED,
        catches: "an entry gets the soft-dirty bit of present ptes too, which is a bit of its offset",
        holds: |c| c.keeps(!c.soft_dirty_bit()),
        mistake: |c, a| {
            if c.is(ENTRY) {
                a.pte |= SD;
            }
        },
    },
    Law {
        name: "clear-refs-clears-soft-dirty",
        text: "What clear_refs stored is not soft-dirty, and every entry is stored.",
        source: "Documentation/admin-guide/mm/soft-dirty.rst and clear_soft_dirty(), v5.10",
        configs: EVERY,
        sites: &[ClearSoftDirty],
        classes: FILLED,
        catches: "the flag of swapped pages survives, and they count as written for ever",
        holds: |c| (c.is(PRESENT) && !c.says(1)) || (c.says(1) && !c.has(c.soft_dirty_bit())),
        mistake: |c, a| {
            if c.is(ENTRY) {
                a.pte |= c.before() & SWP_SD;
            }
        },
    },
    Law {
        name: "clear-refs-takes-write",
        text: "A page whose soft-dirty flag was cleared is not writable, so that the next write faults and is seen.",
        source: "Documentation/admin-guide/mm/soft-dirty.rst and clear_soft_dirty(), v5.10",
        configs: EVERY,
        sites: &[ClearSoftDirty],
        classes: PRESENT,
        catches: "write protection is forgotten, and nothing is ever soft-dirty again",
        holds: |c| !c.says(1) || !c.has(RW),
        mistake: |c, a| {
            if c.says(1) {
                a.pte |= c.before() & RW;
            }
        },
    },
    Law {
        name: "clear-refs-spares-pinned-only",
        text: "The only present pte that clear_refs leaves alone is a writable one of a pinned page in a COW mapping, and it leaves that alone altogether.",
        source: "clear_soft_dirty() and pte_is_pinned() in fs/proc/task_mmu.c, v5.11",
        configs: EVERY,
        sites: &[ClearSoftDirty],
        classes: PRESENT,
        catches: "pinned pages of shared mappings are spared too, where there is no copy to be afraid of",
        holds: |c| {
            let cow = c.asked(VM_MAYWRITE) && !c.asked(VM_SHARED);
            c.says(1) || (c.unchanged() && cow && c.asked_all(PINNED) && c.had(RW) && !c.had(SPECIAL))
        },
        mistake: |c, a| {
            if c.asked_all(PINNED | VM_SHARED) && c.had(RW) && !c.had(SPECIAL) {
                a.pte = c.before();
                a.outcome = 0;
            }
        },
    },
    Law {
        name: "clear-refs-changes-nothing-else",
        text: "clear_refs takes soft-dirty, and write from a page, and changes no other bit.",
        source: "clear_soft_dirty(), v5.10",
        configs: EVERY,
        sites: &[ClearSoftDirty],
        classes: FILLED,
        catches: "dirty is cleared together with soft-dirty, and a write to the page is never written back",
        holds: |c| c.keeps(!(c.soft_dirty_bit() | if c.is(PRESENT) { RW } else { 0 })),
        mistake: |c, a| {
            if c.is(PRESENT) && c.says(1) {
                a.pte &= !D;
            }
        },
    },
];
