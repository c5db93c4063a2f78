//! Laws of taking memory away: zap, `MADV_FREE`, and what swap gets back.

use super::Law;
use super::bits::*;
use crate::site::SiteId::{self, MadvFree, MadvFreeV3, Unuse, UnuseV3, Zap};

const DETAILS: u64 = 1;
const ZAP_PG_ANON: u64 = 8;

const FREE_SWAPCACHE: u64 = 1;
const FREE_DIRTY: u64 = 2;
const FREE_TRYLOCK_FAIL: u64 = 4;
const FREE_SHARED: u64 = 8;

/// Both forms of the function.
const FREES: &[SiteId] = &[MadvFree, MadvFreeV3];

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "zap-leaves-nothing",
        text: "Without details nothing survives a zap.",
        source: "zap_pte_range() in mm/memory.c, v5.10 (patch 07 leaves the special pte to it)",
        configs: EVERY,
        sites: &[Zap],
        classes: all_but(NONE),
        catches: "poisoned entries are passed over, and stand in a page table that is about to be freed",
        holds: |c| c.asked(DETAILS) || (c.after() == 0 && c.says(CLEAR)),
        mistake: |c, a| {
            if c.is(POISON) && !c.asked(DETAILS) {
                a.pte = c.before();
                a.outcome = 0;
            }
        },
    },
    Law {
        name: "zap-clears-or-spares",
        text: "A pte is cleared whole, or stays as it was without any effect on page, slot or counter.",
        source: "zap_pte_range() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: &[Zap],
        classes: all_but(NONE),
        catches: "a page of another mapping is spared, and still taken off the counter",
        holds: |c| (c.after() == 0 && c.says(CLEAR)) || (c.unchanged() && c.answer.outcome == 0 && c.aux() == 0),
        mistake: |c, a| {
            if !c.says(CLEAR) && c.has_normal_page() {
                a.outcome |= RSS_PAGE;
            }
        },
    },
    Law {
        name: "zap-dirt-reaches-the-page",
        text: "The dirty bit of a file page's pte reaches the page, and the TLB is flushed before the page can be cleaned.",
        source: "zap_pte_range() in mm/memory.c, v5.10: set_page_dirty() and force_flush",
        configs: EVERY,
        sites: &[Zap],
        classes: PRESENT,
        catches: "the bit is dropped with the pte, and what was written through munmap() is lost",
        holds: |c| {
            let dirty = c.says(CLEAR) && c.has_normal_page() && !c.asked(ZAP_PG_ANON) && c.had(D);
            !dirty || c.answer.outcome & (PG_DIRTY | FORCE_FLUSH) == PG_DIRTY | FORCE_FLUSH
        },
        mistake: |_, a| {
            if a.outcome & PG_DIRTY != 0 {
                a.outcome &= !(PG_DIRTY | FORCE_FLUSH);
            }
        },
    },
    Law {
        name: "zap-details-spare-entries",
        text: "With details given every entry stays that names no device page.",
        source: "zap_pte_range() in mm/memory.c, v5.10, as it was before 5abfd71d936a",
        configs: EVERY,
        sites: &[Zap],
        classes: union(union(SWAP, MIGRATION), POISON),
        catches: "truncating a file takes the private swapped copies with it",
        holds: |c| !c.asked(DETAILS) || c.untouched(),
        mistake: |c, a| {
            if c.asked(DETAILS) && c.is(MIGRATION) {
                a.pte = 0;
                a.outcome = CLEAR | RSS_PAGE;
            }
        },
    },
    Law {
        name: "zap-unmaps-what-was-mapped",
        text: "Exactly the page of a cleared present pte or device entry loses the mapping, under its own number, and is counted as a page.",
        source: "zap_pte_range() in mm/memory.c, v5.10: page_remove_rmap()",
        configs: EVERY,
        sites: &[Zap],
        classes: union(NONE, FILLED),
        catches: "a migration entry is taken for a mapping, and the page loses one too many",
        holds: |c| {
            let page = c.says(CLEAR) && (c.has_normal_page() || c.is(DEVICE));
            let number = if c.is(PRESENT) { frame(c.before()) } else { offset(c.before()) };
            c.says(RMAP_DEL) == page && (!page || (c.aux() == number && c.says(RSS_PAGE) && !c.says(RSS_SWAP)))
        },
        mistake: |c, a| {
            if c.is(MIGRATION) && c.says(CLEAR) {
                a.outcome |= RMAP_DEL;
                a.aux = offset(c.before());
            }
        },
    },
    Law {
        name: "slot-goes-with-its-pte",
        text: "A swap reference is dropped only for an ordinary swap entry whose pte goes, once, and it is that entry's.",
        source: "free_swap_and_cache() and swap_free() in mm/swapfile.c, v5.10",
        configs: EVERY,
        sites: &[Zap, MadvFree, MadvFreeV3, Unuse, UnuseV3],
        classes: ANY,
        catches: "the offset is not un-inverted, and another slot is freed",
        holds: |c| {
            !c.says(SWAP_FREE)
                || (c.is(SWAP) && c.says(STORE | CLEAR) && c.says(RSS_SWAP) && c.aux() == entry(c.before()))
        },
        mistake: |c, a| {
            if c.says(SWAP_FREE) {
                a.aux = kind(c.before()) << 58 | c.before() >> 9 & OFFSETS;
            }
        },
    },
    Law {
        name: "lazy-free-keeps-the-mapping",
        text: "MADV_FREE takes accessed and dirty from a page's pte, and neither takes nor gives anything else.",
        source: "madvise_free_pte_range() in mm/madvise.c, v5.10",
        configs: EVERY,
        sites: FREES,
        classes: PRESENT,
        catches: "the pte is cleaned of soft-dirty too, and a checkpoint keeps what the process gave up",
        holds: |c| c.keeps(!(A | D)) && c.after() & !c.before() == 0,
        mistake: |c, a| {
            if !c.unchanged() {
                a.pte &= !SD;
            }
        },
    },
    Law {
        name: "lazy-free-page-is-clean",
        text: "A page that may be freed lazily has a pte that is neither accessed nor dirty; another page's pte is left alone.",
        source: "madvise_free_pte_range() in mm/madvise.c, v5.10",
        configs: EVERY,
        sites: FREES,
        classes: PRESENT,
        catches: "an old pte counts as clean though it is dirty, and the page is never freed",
        holds: |c| if c.says(LAZYFREE) { c.has_normal_page() && !c.has(A | D) } else { c.untouched() },
        mistake: |c, a| {
            if c.says(LAZYFREE) && !c.had(A) {
                a.pte = c.before();
                a.outcome &= !(STORE | CLEAR);
            }
        },
    },
    Law {
        name: "lazy-free-spares-shared-dirt",
        text: "A dirty or swap-cached page that others map, or that cannot be locked, is not touched.",
        source: "madvise_free_pte_range() in mm/madvise.c, v5.10",
        configs: EVERY,
        sites: FREES,
        classes: PRESENT,
        catches: "the mapcount is not asked, and one process frees what another one wrote",
        holds: |c| {
            let held = c.asked(FREE_SWAPCACHE | FREE_DIRTY) && c.asked(FREE_SHARED | FREE_TRYLOCK_FAIL);
            !held || (c.untouched() && !c.says(LAZYFREE))
        },
        mistake: |c, a| {
            if c.asked(FREE_DIRTY) && c.asked(FREE_SHARED) && c.has_normal_page() {
                a.pte &= !(A | D);
                a.outcome |= LAZYFREE | if c.had(A | D) { STORE | CLEAR } else { 0 };
            }
        },
    },
    Law {
        name: "lazy-free-takes-swap-only",
        text: "MADV_FREE clears an ordinary swap entry and takes it off the counter, and leaves every other entry.",
        source: "madvise_free_pte_range() in mm/madvise.c, v5.10",
        configs: EVERY,
        sites: FREES,
        classes: ENTRY,
        catches: "a page under migration loses its entry, and never comes back",
        holds: |c| {
            if c.is(SWAP) {
                c.after() == 0 && c.says(CLEAR) && c.says(RSS_SWAP)
            } else {
                c.unchanged() && c.answer.outcome == 0
            }
        },
        mistake: |c, a| {
            if c.is(MIGRATION) {
                a.pte = 0;
                a.outcome = CLEAR | RSS_SWAP;
            }
        },
    },
];
