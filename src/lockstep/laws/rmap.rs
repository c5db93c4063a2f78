//! Laws of the reverse map: unmapping a page, write-protecting it for writeback, and the mark that is left behind.

use super::Law;
use super::bits::*;
use crate::pte::Class;
use crate::site::SiteId::{InstallUffdWp, PageMkclean, Unmap};

const MIGRATE: u64 = 1;
const IGNORE_MLOCK: u64 = 8;
const IGNORE_HWPOISON: u64 = 0x20;
const FREEZE: u64 = 0x100;
const PG_HWPOISON: u64 = 0x10_0000;
const PG_DEVICE: u64 = 0x40_0000;
const VM_LOCKED: u64 = 0x80_0000;
const THP: u64 = 0x200_0000;

/// Whether the device page branch is taken, which knows the page and not the pte.
const fn migrates_device_page(c: &super::Case<'_>) -> bool {
    c.asked_all(MIGRATE | PG_DEVICE)
}

/// Whether the page is poisoned and the caller wants to know.
const fn poisons(c: &super::Case<'_>) -> bool {
    c.asked(PG_HWPOISON) && !c.asked(IGNORE_HWPOISON) && !migrates_device_page(c)
}

/// Whether a present pte gave way to an entry that keeps its flags.
const fn became_entry(c: &super::Case<'_>) -> bool {
    c.says(CLEAR) && c.says(STORE) && !is_present(c.after()) && !poisons(c) && !migrates_device_page(c)
}

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "rmap-leaves-strangers",
        text: "The reverse map changes ptes that map its page or its device page, and nothing that stands there instead.",
        source: "try_to_unmap_one() and page_mkclean_one() in mm/rmap.c, v5.10: page_vma_mapped_walk() without PVMW_MIGRATION",
        configs: EVERY,
        sites: &[Unmap, PageMkclean],
        classes: all_but(union(PRESENT, DEVICE)),
        catches: "a migration entry of the page counts as a mapping, and is unmapped a second time",
        holds: |c| c.unchanged() && c.answer.outcome & !1 == 0 && c.aux() == 0,
        mistake: |c, a| match c.site() {
            Unmap if c.is(MIGRATION) => {
                a.pte = 0;
                a.outcome = CLEAR | RMAP_DEL | PUT_PAGE | RSS_PAGE | 1;
                a.aux = c.p1();
            }
            PageMkclean if c.is(MIGRATION) && c.had(RW) => {
                a.pte &= !RW;
                a.outcome = CLEAR | STORE | 1;
            }
            _ => {}
        },
    },
    Law {
        name: "unmap-dirt-reaches-the-page",
        text: "When a page's pte is cleared its dirty bit goes to the page, and a clean pte dirties nothing.",
        source: "try_to_unmap_one() in mm/rmap.c, v5.10: set_page_dirty()",
        configs: EVERY,
        sites: &[Unmap],
        classes: PRESENT,
        catches: "the bit is dropped, and reclaim throws away what was written (as fd35ca3d12cc tells of device migration)",
        holds: |c| !c.says(CLEAR) || migrates_device_page(c) || c.says(PG_DIRTY) == c.had(D),
        mistake: |_, a| a.outcome &= !PG_DIRTY,
    },
    Law {
        name: "unmap-carries-soft-dirty",
        text: "The entry that takes a page's place is soft-dirty exactly if the pte was.",
        source: "try_to_unmap_one() in mm/rmap.c, v5.10; 179ef71cbc08 and c3d16e16522f",
        configs: EVERY,
        sites: &[Unmap],
        classes: PRESENT,
        catches: "the flag is lost on the way out, and a checkpoint misses the page",
        holds: |c| !became_entry(c) || c.has(SWP_SD) == c.had(SD),
        mistake: |c, a| {
            if became_entry(c) {
                a.pte &= !SWP_SD;
            }
        },
    },
    Law {
        name: "unmap-carries-uffd-wp",
        text: "The entry that takes a page's place is write-protected exactly if the pte was.",
        source: "try_to_unmap_one() in mm/rmap.c, v5.10",
        configs: UFFD_WP_ONLY,
        sites: &[Unmap],
        classes: PRESENT,
        catches: "the mark of a page is not read where page ptes have it, but where entries do (as ad7df764b7e1 tells of device pages)",
        holds: |c| !became_entry(c) || c.has(SWP_WP) == c.had(WP),
        mistake: |c, a| {
            if became_entry(c) {
                a.pte = a.pte & !SWP_WP | c.before() & SWP_WP;
            }
        },
    },
    Law {
        name: "unmap-migration-remembers",
        text: "The migration entry of a page names that page, and promises write exactly if the pte gave it.",
        source: "try_to_unmap_one() in mm/rmap.c, v5.10: make_migration_entry(subpage, pte_write(pteval))",
        configs: EVERY,
        sites: &[Unmap],
        classes: PRESENT,
        catches: "every migration entry promises write, and a page shared copy-on-write comes back writable",
        holds: |c| {
            let expected = if c.had(RW) { MIGRATION_WRITE } else { MIGRATION_READ };
            let migrates = became_entry(c) && c.asked(MIGRATE | FREEZE);
            !migrates || (kind(c.after()) == expected && offset(c.after()) == frame(c.before()))
        },
        mistake: |c, a| {
            if became_entry(c) && c.asked(MIGRATE | FREEZE) {
                a.pte |= entry_pte(MIGRATION_WRITE, OFFSETS);
            }
        },
    },
    Law {
        name: "unmap-names-the-poisoned",
        text: "A poisoned page leaves a hwpoison entry of its own number, whatever else was asked.",
        source: "try_to_unmap_one() in mm/rmap.c, v5.10: PageHWPoison() comes first",
        configs: EVERY,
        sites: &[Unmap],
        classes: PRESENT,
        catches: "migration is looked at first, and the poisoned page is copied",
        holds: |c| {
            !(poisons(c) && c.says(CLEAR))
                || (kind(c.after()) == HWPOISON && offset(c.after()) == frame(c.before()) && !is_present(c.after()))
        },
        mistake: |c, a| {
            if poisons(c) && c.says(CLEAR) && c.asked(MIGRATE) {
                a.pte = entry_pte(MIGRATION_READ, frame(c.before()));
            }
        },
    },
    Law {
        name: "unmap-success-drops-the-mapping",
        text: "A page loses its mapping and one reference exactly if its pte went and success was reported, and a pte that still maps it lost nothing.",
        source: "try_to_unmap_one() in mm/rmap.c, v5.10: page_remove_rmap() and put_page()",
        configs: EVERY,
        sites: &[Unmap],
        classes: union(PRESENT, DEVICE),
        catches: "the mapping is dropped although the pte was put back, and the page is freed while it is mapped",
        holds: |c| {
            let dropped = c.says(CLEAR) && c.says(1);
            c.says(RMAP_DEL) == dropped
                && c.says(PUT_PAGE) == dropped
                && (dropped || c.aux() == 0)
                && (!dropped || !is_present(c.after()))
        },
        mistake: |c, a| {
            if c.says(CLEAR) && !c.says(1) {
                a.outcome |= RMAP_DEL | PUT_PAGE;
            }
        },
    },
    Law {
        name: "unmap-spares-mlocked",
        text: "A page of a locked vma stays mapped unless the caller ignores mlock().",
        source: "try_to_unmap_one() in mm/rmap.c, v5.10: TTU_IGNORE_MLOCK",
        configs: EVERY,
        sites: &[Unmap],
        classes: all_but(NONE),
        catches: "migration of device pages, which comes before the aging, comes before the lock too",
        holds: |c| !c.asked(VM_LOCKED) || c.asked(IGNORE_MLOCK) || c.untouched(),
        mistake: |c, a| {
            if c.asked_all(VM_LOCKED | MIGRATE | PG_DEVICE) && c.is(DEVICE) && offset(c.before()) == c.p1() {
                a.pte = entry_pte(MIGRATION_READ, c.p1());
                a.outcome = CLEAR | STORE | RMAP_DEL | PUT_PAGE | 1;
                a.aux = c.p1();
            }
        },
    },
    Law {
        name: "mkclean-leaves-neither",
        text: "A pte that was cleaned is neither dirty nor writable and else as before; one that was not is untouched.",
        source: "page_mkclean_one() in mm/rmap.c, v5.10",
        configs: EVERY,
        sites: &[PageMkclean],
        classes: all_but(NONE),
        catches: "dirty is taken and write is left, so that the next write dirties a page that is thought clean",
        holds: |c| {
            if c.says(1) { c.keeps(!(D | RW)) && !c.has(D | RW) && c.had(D | RW) } else { c.untouched() }
        },
        mistake: |c, a| {
            if c.says(1) {
                a.pte |= c.before() & RW;
            }
        },
    },
    Law {
        name: "mkclean-misses-no-writer",
        text: "Every pte that maps the page and is dirty or writable is cleaned.",
        source: "page_mkclean_one() in mm/rmap.c, v5.10",
        configs: EVERY,
        sites: &[PageMkclean],
        classes: PRESENT,
        catches: "clean ptes are passed over though they are writable, and writes after the writeback are lost",
        holds: |c| c.asked(THP) || frame(c.before()) != c.p1() || !c.had(D | RW) || c.says(1),
        mistake: |c, a| {
            if c.says(1) && !c.had(D) {
                a.pte = c.before();
                a.outcome = 0;
            }
        },
    },
    Law {
        name: "marker-stands-for-a-mark",
        text: "What is left of a cleared pte is nothing, or the special pte if it was marked in its own encoding and belongs to a file.",
        source: "pte_install_uffd_wp_if_needed() in include/linux/mm_inline.h, RFC 13/30 of the series",
        configs: UFFD_WP_ONLY,
        sites: &[InstallUffdWp],
        classes: ANY,
        catches: "the mark of an entry is read with the bit of present ptes, and ends when a swapped page is dropped",
        holds: |c| {
            let marked = !c.asked(1) && c.had(c.wp_bit());
            let expected = if marked { c.environment.special.unwrap_or(0) } else { 0 };
            c.after() == expected && c.says(STORE) == marked
        },
        mistake: |c, a| {
            if matches!(c.class, Class::Swap) && !c.had(WP) {
                a.pte = 0;
                a.outcome = 0;
            }
        },
    },
];
