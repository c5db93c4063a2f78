//! Laws of looking up: mincore, `MADV_WILLNEED` and `get_user_pages()`.

use super::Law;
use super::bits::*;
use crate::pte::Class;
use crate::site::SiteId::{self, Gup, GupV3, Mincore, MincoreV3, Willneed, WillneedV3};

const VM_FILE: u64 = 1;
const INCORE: u64 = 2;
const UPTODATE: u64 = 4;
const RESIDENT: u64 = 1;
const IN_PAGE_CACHE: u64 = 0x10;
const IN_SWAP_CACHE: u64 = 0x20;

const CALLED: u64 = 1;
const TAKEN: u64 = 2;

const FOLL_WRITE: u64 = 1;
const FOLL_TOUCH: u64 = 2;
const FOLL_FORCE: u64 = 0x10;
const FOLL_NUMA: u64 = 0x200;
const FOLL_MIGRATION: u64 = 0x400;
const FOLL_COW: u64 = 0x4000;
const PAGE: u64 = 2;

/// Both forms of `follow_page_pte()`.
const GUPS: &[SiteId] = &[Gup, GupV3];

/// Whether this is a form that decodes the special pte, on a special pte.
const fn decodes_special(c: &super::Case<'_>) -> bool {
    matches!(c.site(), Mincore | Willneed | Gup) && c.is(MARKER)
}

/// The page cache or swap cache lookup that `mincore` owes this pte.
const fn owed_lookup(c: &super::Case<'_>) -> u64 {
    if c.is(SWAP) {
        IN_SWAP_CACHE
    } else if c.is(union(NONE, MARKER)) && c.asked(VM_FILE) {
        IN_PAGE_CACHE
    } else {
        0
    }
}

/// Whether `get_user_pages()` returned a page.
const fn got_page(c: &super::Case<'_>) -> bool {
    c.answer.outcome & 0xff == PAGE
}

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "mincore-knows-what-is-there",
        text: "What is present, under migration, in device memory or poisoned is resident without a lookup.",
        source: "mincore_pte_range() in mm/mincore.c, v5.10",
        configs: EVERY,
        sites: &[Mincore, MincoreV3],
        classes: union(union(PRESENT, PAGE_ENTRY), POISON),
        catches: "a page under migration is reported as not resident",
        holds: |c| c.answer.outcome == RESIDENT && c.aux() == 0,
        mistake: |c, a| {
            if c.is(MIGRATION) {
                a.outcome = 0;
            }
        },
    },
    Law {
        name: "mincore-lookup-tells",
        text: "A swap entry is looked up in the swap cache and a hole in the page cache of its file; only a page found there and uptodate is resident.",
        source: "mincore_page() and __mincore_unmapped_range() in mm/mincore.c, v5.10",
        configs: EVERY,
        sites: &[Mincore, MincoreV3],
        classes: union(union(NONE, MARKER), SWAP),
        catches: "a page that is still being read in counts as resident",
        holds: |c| {
            let lookup = c.says(IN_PAGE_CACHE | IN_SWAP_CACHE);
            (decodes_special(c) || c.code() & (IN_PAGE_CACHE | IN_SWAP_CACHE) == owed_lookup(c))
                && (c.says(RESIDENT) == (lookup && c.asked_all(INCORE | UPTODATE)) || (decodes_special(c) && !lookup))
                && c.says(PUT_PAGE) == (lookup && c.asked(INCORE))
        },
        mistake: |c, a| {
            if c.says(IN_PAGE_CACHE | IN_SWAP_CACHE) && c.asked(INCORE) {
                a.outcome |= RESIDENT;
            }
        },
    },
    Law {
        name: "willneed-reads-swap-only",
        text: "Reading ahead is started for ordinary swap entries only, for that entry, and taken only within the area.",
        source: "swapin_walk_pmd_entry() in mm/madvise.c and get_swap_device(), v5.10",
        configs: EVERY,
        sites: &[Willneed, WillneedV3],
        classes: ANY,
        catches: "the end of the area is not compared, and a slot that is not there is read",
        holds: |c| {
            let slot = entry(c.before());
            (decodes_special(c) || c.says(CALLED) == c.is(SWAP))
                && c.aux() == if c.says(CALLED) { slot } else { 0 }
                && (!c.says(TAKEN) || (c.says(CALLED) && slot != 0 && offset(c.before()) < c.p1()))
        },
        mistake: |c, a| {
            if c.is(SWAP) {
                a.outcome |= TAKEN;
            }
        },
    },
    Law {
        name: "gup-writes-with-permission",
        text: "A page for writing is given only through a writable pte, or when forced, after the copy was made, through a dirty one.",
        source: "can_follow_write_pte() in mm/gup.c, v5.10 (weak, as 5535be309971 tells)",
        configs: EVERY,
        sites: GUPS,
        classes: all_but(MARKER),
        catches: "forcing alone is enough, and a debugger writes into a page that is shared copy-on-write",
        holds: |c| {
            !got_page(c) || !c.asked(FOLL_WRITE) || c.has(RW) || (c.asked_all(FOLL_FORCE | FOLL_COW) && c.has(D))
        },
        mistake: |c, a| {
            if c.answer.outcome == 4 && c.asked(FOLL_FORCE) && c.has_normal_page() {
                a.outcome = PAGE;
                a.aux = frame(c.before());
            }
        },
    },
    Law {
        name: "gup-gives-the-mapped-page",
        text: "The page is the one that the pte maps at the end, a NUMA hint is no mapping to those who ask, and without a page no frame is named.",
        source: "follow_page_pte() in mm/gup.c, v5.10",
        configs: EVERY,
        sites: GUPS,
        classes: all_but(MARKER),
        catches: "the inverted frame number of a PROT_NONE pte is taken as it stands",
        holds: |c| {
            if got_page(c) {
                is_present(c.after()) && c.aux() == frame(c.after()) && (c.has(P) || !c.asked(FOLL_NUMA))
            } else {
                c.aux() == 0
            }
        },
        mistake: |c, a| {
            if got_page(c) && !c.has(P) {
                a.aux ^= FRAMES;
            }
        },
    },
    Law {
        name: "gup-touches-age-only",
        text: "Nothing but accessed, dirty and soft-dirty changes, of a pte without a normal page, when it is touched, and dirty only for a write.",
        source: "follow_pfn_pte() in mm/gup.c, v5.10",
        configs: EVERY,
        sites: GUPS,
        classes: ANY,
        catches: "a read dirties the pte as a write does",
        holds: |c| {
            let found = if !c.says(MIGWAIT) {
                c.before()
            } else if c.after() == 0 {
                0
            } else {
                c.p2()
            };
            let gained = c.after() ^ found;
            let allowed = A | if c.asked(FOLL_WRITE) { D | SD } else { 0 };
            gained == 0 || (c.asked(FOLL_TOUCH) && found & SPECIAL != 0 && gained & !(allowed & c.after()) == 0)
        },
        mistake: |c, a| {
            if c.says(STORE) && !c.asked(FOLL_WRITE) {
                a.pte |= D | SD;
            }
        },
    },
    Law {
        name: "gup-waits-for-migration-only",
        text: "Waiting is for migration entries, and for those who ask for it.",
        source: "follow_page_pte() in mm/gup.c, v5.10: FOLL_MIGRATION",
        configs: EVERY,
        sites: GUPS,
        classes: ANY,
        catches: "a device page is waited for, and nobody ever wakes the waiter",
        holds: |c| decodes_special(c) || !c.says(MIGWAIT) || (c.asked(FOLL_MIGRATION) && c.is(MIGRATION)),
        mistake: |c, a| {
            if matches!(c.class, Class::DeviceRead | Class::DeviceWrite) && c.asked(FOLL_MIGRATION) && a.outcome == 0 {
                a.outcome |= MIGWAIT;
                a.pte = c.p2();
            }
        },
    },
];
