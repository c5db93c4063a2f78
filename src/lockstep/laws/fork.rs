//! Laws of fork: what parent and child may have of a pte afterwards.

use super::Law;
use super::bits::*;
use crate::pte::Class;
use crate::site::SiteId::{self, Fork, ForkRfc02, ForkRfc17};

const MAYWRITE: u64 = 1;
const SHARED: u64 = 2;
const CHILD_UFFD_WP: u64 = 0x10;
const PINNED: u64 = 0x20 | 0x40;
const ENOMEM: u64 = 1;

/// All three forms of the function.
const FORKS: &[SiteId] = &[Fork, ForkRfc02, ForkRfc17];

/// Whether the mapping is copy-on-write.
const fn is_cow(c: &super::Case<'_>) -> bool {
    c.asked(MAYWRITE) && !c.asked(SHARED)
}

/// Whether the entry type promises write.
const fn promises_write(raw: u64) -> bool {
    matches!(kind(raw), MIGRATION_WRITE | DEVICE_WRITE)
}

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "fork-leaves-no-cow-writer",
        text: "After the fork of a copy-on-write mapping neither side can write to the page, unless the child got a copy of its own.",
        source: "copy_present_pte() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: FORKS,
        classes: PRESENT,
        catches: "only the child is write-protected, and sees what the parent writes",
        holds: |c| !is_cow(c) || c.says(ENOMEM | PG_COPY) || (c.after() | c.aux()) & RW == 0,
        mistake: |c, a| {
            if is_cow(c) && c.says(SRC_STORE) {
                a.aux = c.before();
                a.outcome &= !SRC_STORE;
            }
        },
    },
    Law {
        name: "fork-leaves-no-cow-write-entry",
        text: "After the fork of a copy-on-write mapping no entry on either side promises write.",
        source: "copy_nonpresent_pte() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: FORKS,
        classes: WRITE_ENTRY,
        catches: "the parent keeps a write device entry, and its page comes back writable while the child shares it",
        holds: |c| !is_cow(c) || (!promises_write(c.after()) && !promises_write(c.aux())),
        mistake: |c, a| {
            if is_cow(c) && matches!(c.class, Class::DeviceWrite) {
                a.aux = c.before();
                a.outcome &= !SRC_STORE;
            }
        },
    },
    Law {
        name: "fork-child-starts-clean",
        text: "A page that the child shares is not young in the child, and not dirty there in a shared mapping.",
        source: "copy_present_pte() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: FORKS,
        classes: PRESENT,
        catches: "accessed is inherited, and every forked page is taken for used by two",
        holds: |c| !c.says(STORE) || c.says(PG_COPY) || !(c.has(A) || (c.has(D) && c.asked(SHARED))),
        mistake: |c, a| {
            if c.says(STORE) && !c.says(PG_COPY) {
                a.pte |= c.before() & A;
            }
        },
    },
    Law {
        name: "fork-parent-loses-write-only",
        text: "The parent keeps its page but for the write permission, its entry but for write becoming read (a device entry then loses soft-dirty), and everything else as it was.",
        source: "copy_present_pte() and copy_nonpresent_pte() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: FORKS,
        classes: ANY,
        catches: "the parent's pte is stored with what was meant for the child, not accessed",
        holds: |c| {
            let lost = c.before() ^ c.aux();
            let mark = if c.environment.has_uffd_wp() { SWP_WP } else { 0 };
            let soft_dirty = if matches!(c.class, Class::MigrationWrite) { SWP_SD } else { 0 };
            let same_entry = lost & (OFFSETS << 9 | mark | soft_dirty) == 0;
            lost == 0
                || (is_cow(c)
                    && c.says(SRC_STORE)
                    && if c.is(PRESENT) { lost == RW && c.had(RW) } else { c.is(WRITE_ENTRY) && same_entry })
        },
        mistake: |c, a| {
            if c.says(SRC_STORE) && c.is(PRESENT) {
                a.aux &= !A;
            }
        },
    },
    Law {
        name: "fork-child-has-the-same",
        text: "The child shares the same page, different only in write, accessed, dirty and uffd-wp, or the same entry, soft-dirty as it was but for device write entries.",
        source: "copy_present_pte() and copy_nonpresent_pte() in mm/memory.c, v5.10; the mistake of 83abe2fd5b3a, one level down",
        configs: EVERY,
        sites: FORKS,
        classes: FILLED,
        catches: "the mark is taken from an entry with the bit of present ptes, and the child's entry names another page",
        holds: |c| {
            if !c.says(STORE) || c.says(PG_COPY) {
                true
            } else if c.is(PRESENT) {
                c.keeps(!(RW | A | D | WP))
            } else {
                c.keeps(OFFSETS << 9) && (matches!(c.class, Class::DeviceWrite) || c.keeps(SWP_SD))
            }
        },
        mistake: |c, a| {
            if c.says(STORE) && c.is(ENTRY) && !c.asked(CHILD_UFFD_WP) {
                a.pte &= !WP;
            }
        },
    },
    Law {
        name: "fork-early-copy-is-the-childs-own",
        text: "Only a pinned page of a copy-on-write mapping is copied at once; the copy is new, dirty, soft-dirty and counted, and the parent is left alone.",
        source: "copy_present_page() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: FORKS,
        classes: PRESENT,
        catches: "the page is copied, and then the old one is mapped into the child",
        holds: |c| {
            !c.says(PG_COPY)
                || (is_cow(c)
                    && c.asked_all(PINNED)
                    && c.has_normal_page()
                    && c.aux() == c.before()
                    && c.after() & (D | SD) == D | SD
                    && (c.p1() & (P | G) == 0 || frame(c.after()) == c.p2() & FRAMES)
                    && c.answer.outcome & (RMAP_ADD | RSS_PAGE | GET_PAGE) == RMAP_ADD | RSS_PAGE)
        },
        mistake: |c, a| {
            if c.says(PG_COPY) {
                a.pte = page_pte(frame(c.before()), a.pte & !PFN);
            }
        },
    },
    Law {
        name: "fork-failure-copies-nothing",
        text: "Without memory the child gets nothing and the parent keeps everything.",
        source: "copy_pte_range() in mm/memory.c, v5.10: -ENOMEM",
        configs: EVERY,
        sites: FORKS,
        classes: ANY,
        catches: "the entry stands in the child although its slot was not counted twice",
        holds: |c| {
            !c.says(ENOMEM) || (c.after() == 0 && c.aux() == c.before() && c.says(NOMEM) && !c.says(STORE | SRC_STORE))
        },
        mistake: |c, a| {
            if c.says(ENOMEM) && c.is(SWAP) {
                a.pte = c.before();
            }
        },
    },
    Law {
        name: "fork-special-follows-the-child",
        text: "The special pte goes to a child that userfaultfd protects and to no other, and no swap slot is counted for it.",
        source: "RFC 17/30 of the series; the mistake of 49d6d7fb6313",
        configs: UFFD_WP_ONLY,
        sites: &[ForkRfc17],
        classes: MARKER,
        catches: "the special pte is copied into every child",
        holds: |c| {
            c.after() == if c.asked(CHILD_UFFD_WP) { c.before() } else { 0 }
                && c.aux() == c.before()
                && !c.says(SWAP_DUP | RSS_SWAP | RSS_PAGE | SRC_STORE)
        },
        mistake: |c, a| {
            a.pte = c.before();
            a.outcome |= STORE;
        },
    },
    Law {
        name: "fork-without-uffd-has-no-mark",
        text: "A child whose vma userfaultfd does not protect inherits no mark, in whatever encoding.",
        source: "RFC 02/30 of the series, upstream 8f34f1eac382",
        configs: UFFD_WP_ONLY,
        sites: &[ForkRfc02, ForkRfc17],
        classes: union(FILLED, MARKER),
        catches: "entries keep the mark in the child, and trap where nobody listens",
        holds: |c| c.asked(CHILD_UFFD_WP) || c.after() & c.wp_bit() == 0 || (c.says(PG_COPY) && c.p1() & WP != 0),
        mistake: |c, a| {
            if c.says(STORE) && c.is(ENTRY) {
                a.pte |= c.before() & SWP_WP;
            }
        },
    },
    Law {
        name: "fork-with-uffd-keeps-the-mark",
        text: "A child that userfaultfd protects inherits every mark, and a marked copy is not writable.",
        source: "RFC 02/30 of the series, upstream 8f34f1eac382: item 5, the early copy",
        configs: UFFD_WP_ONLY,
        sites: &[ForkRfc02, ForkRfc17],
        classes: FILLED,
        catches: "the early copy of a pinned page is built without the mark",
        holds: |c| {
            let marked = c.asked(CHILD_UFFD_WP) && c.had(c.wp_bit()) && c.says(STORE);
            !marked || (c.has(c.wp_bit()) && !(c.says(PG_COPY) && c.has(RW)))
        },
        mistake: |c, a| {
            if c.says(PG_COPY) {
                a.pte = a.pte & !WP | c.p1() & WP;
            }
        },
    },
    Law {
        name: "fork-counts-what-it-copies",
        text: "What the child got is counted once: a swap entry with its slot, a page or the entry of one as a page; what it did not get is not there.",
        source: "copy_nonpresent_pte() in mm/memory.c, v5.10: rss[]",
        configs: EVERY,
        sites: FORKS,
        classes: all_but(MARKER),
        catches: "a poisoned page counts as a page of the child, and the counter stays when it exits",
        holds: |c| {
            if !c.says(STORE) {
                return c.after() == 0 && !c.says(RSS_SWAP | RSS_PAGE | RMAP_ADD);
            }
            let page = c.has_normal_page() || c.is(PAGE_ENTRY);
            c.says(RSS_PAGE) == page
                && c.says(RSS_SWAP) == c.is(SWAP)
                && c.says(SWAP_DUP) == c.is(SWAP)
                && c.says(RMAP_ADD) == (page && !c.is(MIGRATION))
        },
        mistake: |c, a| {
            if c.is(POISON) {
                a.outcome |= RSS_PAGE;
            }
        },
    },
];
