//! Laws that many sites share.

use super::Law;
use super::bits::*;
use crate::site::SiteId::{self, *};

const CHANGE_STORED: u64 = 2;
const CLEAR_REFS_STORED: u64 = 1;
/// `-ENOMEM` and `VM_FAULT_OOM`, `VM_FAULT_SIGBUS`, `VM_FAULT_NOPAGE`.
const FAILED: u64 = 1 | 2 | 0x100;

/// Sites that look and never touch.
const OBSERVERS: &[SiteId] = &[
    Pagemap,
    Smaps,
    SmapsHugetlb,
    KhugeScan,
    KhugeSwapin,
    Mctgt,
    MigrationWait,
    Pvmw,
    HmmRfc,
    HmmV3,
    Mincore,
    MincoreV3,
    Willneed,
    WillneedV3,
];

/// The bits of a site's outcome that say that the pte was stored or cleared.
const fn store_bits(site: SiteId) -> u64 {
    match site {
        ChangeProt => CHANGE_STORED,
        ClearSoftDirty => CLEAR_REFS_STORED,
        _ => STORE | CLEAR,
    }
}

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "special-is-left-alone",
        text: "mprotect(), mremap() and clear_refs leave the special pte as it is, and neither count nor store it.",
        source: "RFC 07/30 (20210115170907.24498-8-peterx@redhat.com)",
        configs: UFFD_WP_ONLY,
        sites: &[ChangeProt, MoveSoftDirty, ClearSoftDirty],
        classes: MARKER,
        catches: "is_swap_pte() is asked instead of pte_has_swap_entry(), and the special pte's flags are changed until it is special no more",
        holds: |c| c.unchanged() && c.answer.outcome == 0,
        mistake: |c, a| match c.site() {
            ChangeProt if c.asked(8) => {
                a.pte &= !SWP_WP;
                a.outcome = 3;
            }
            MoveSoftDirty => a.pte |= SWP_SD,
            ClearSoftDirty => {
                a.pte &= !SWP_SD;
                a.outcome = 1;
            }
            _ => {}
        },
    },
    Law {
        name: "none-stays-none",
        text: "Where nothing is mapped nothing appears: no flag, no entry, no store, and no child of it.",
        source: "pte_none() at the head of each of these functions, v5.10",
        configs: EVERY,
        sites: &[
            ChangeProt,
            MoveSoftDirty,
            ClearSoftDirty,
            Fork,
            ForkRfc02,
            ForkRfc17,
            Zap,
            Unuse,
            UnuseV3,
            MadvFree,
            MadvFreeV3,
            PteFault,
            PteFaultRfc08,
        ],
        classes: NONE,
        catches: "the accessed bit that hardware left on a none pte makes it something",
        holds: |c| {
            let kept = if matches!(c.site(), Fork | ForkRfc02 | ForkRfc17) {
                c.after() == 0 && c.aux() == c.before()
            } else {
                c.unchanged()
            };
            kept && !c.says(store_bits(c.site()) | SRC_STORE | SWAP_FREE | RMAP_DEL | RSS_PAGE | RSS_SWAP)
        },
        mistake: |c, a| {
            if c.had(A | D) {
                a.pte = c.before() | SWP_SD;
            }
        },
    },
    Law {
        name: "observer-leaves-the-pte",
        text: "Who only looks at a pte leaves it as it is.",
        source: "the functions of these sites, v5.10: no set_pte_at() in them",
        configs: EVERY,
        sites: OBSERVERS,
        classes: ANY,
        catches: "the accessed bit is cleared while it is read",
        holds: |c| c.unchanged() && !(c.site() as u8 >= Fork as u8 && c.says(STORE | CLEAR)),
        mistake: |c, a| {
            if c.is(PRESENT) {
                a.pte &= !A;
            }
        },
    },
    Law {
        name: "change-is-stored",
        text: "A pte that is different afterwards was stored or cleared, and says so.",
        source: "set_pte_at() and its kin; the store and clear events of the C ABI",
        configs: EVERY,
        sites: &[
            ChangeProt,
            ClearSoftDirty,
            Zap,
            Unmap,
            RemoveMigration,
            MigrateCollect,
            MigrateCollectV3,
            Unuse,
            UnuseV3,
            MadvFree,
            MadvFreeV3,
            Gup,
            GupV3,
            NumaPage,
            WpPage,
            AnonPage,
            FinishFault,
            FinishFaultRfc08,
            PteFault,
            PteFaultRfc08,
            Accessor,
            PageMkclean,
        ],
        classes: ANY,
        catches: "the new value is written past the functions that others hook into",
        holds: |c| {
            c.unchanged() || c.says(store_bits(c.site())) || (matches!(c.site(), Gup | GupV3) && c.says(MIGWAIT))
        },
        mistake: |c, a| a.outcome &= !store_bits(c.site()),
    },
    Law {
        name: "special-is-no-slot",
        text: "Since version 3 of the patch swapoff, MADV_FREE, MADV_WILLNEED and mincore never take the special pte for a swap entry: no slot is looked up, freed or counted, and the pte stays.",
        source: "version 3 of the patch (05/27)",
        configs: UFFD_WP_ONLY,
        sites: &[UnuseV3, MadvFreeV3, WillneedV3, MincoreV3],
        classes: MARKER,
        catches: "a caller was missed, and the special pte is decoded as an entry of swap area 0",
        holds: |c| {
            let file_lookup = if matches!(c.site(), MincoreV3) { 0x11 | PUT_PAGE } else { 0 };
            c.unchanged() && c.answer.outcome & !file_lookup == 0 && c.aux() == 0
        },
        mistake: |c, a| match c.site() {
            MadvFreeV3 => {
                a.pte = 0;
                a.outcome = CLEAR | RSS_SWAP;
            }
            WillneedV3 => {
                a.outcome = 1;
                a.aux = entry(c.before());
            }
            MincoreV3 => {
                a.outcome = 0x20 | WILD;
                a.aux = offset(c.before());
            }
            UnuseV3 if kind(c.before()) == c.p0() >> 8 & 31 => a.outcome = WILD | NOMEM | 1,
            _ => {}
        },
    },
    Law {
        name: "failure-stores-nothing",
        text: "Who fails, for want of memory or because the address space goes away, leaves the pte as it was.",
        source: "-ENOMEM, VM_FAULT_OOM, VM_FAULT_SIGBUS and VM_FAULT_NOPAGE in the functions of these sites, v5.10",
        configs: EVERY,
        sites: &[Unuse, UnuseV3, WpPage, AnonPage, FinishFault, FinishFaultRfc08],
        classes: ANY,
        catches: "the pte is stored before it is known whether that may be",
        holds: |c| c.untouched() || !c.says(FAILED | NOMEM),
        mistake: |c, a| {
            if c.says(FAILED | NOMEM) && c.is(union(union(NONE, PRESENT), SWAP)) {
                a.pte = page_pte(c.p2(), c.p1());
                a.outcome |= STORE | SWAP_FREE;
            }
        },
    },
];
