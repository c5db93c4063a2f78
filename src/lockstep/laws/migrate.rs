//! Laws of migration: what device migration collects, and what comes back for a migration entry.

use super::Law;
use super::bits::*;
use crate::pte::{Class, ClassSet};
use crate::site::SiteId::{self, MigrateCollect, MigrateCollectV3, RemoveMigration};

const VM_WRITE: u64 = 1;
const TO_DEVICE: u64 = 2;
const MISMATCH: u64 = 8;
const REPLACED: u64 = 1;

const VM_ANON: u64 = 4;
const TRYLOCK: u64 = 0x10;
const VALID: u64 = 1;
const MIGRATE: u64 = 2;
const LOCKED: u64 = 4;
const WRITE: u64 = 8;

/// Both forms of the collector.
const COLLECTORS: &[SiteId] = &[MigrateCollect, MigrateCollectV3];

/// Whether a page in ordinary memory, or in device memory, took the entry's place.
const fn became_page(c: &super::Case<'_>) -> bool {
    c.says(REPLACED) && !c.asked(TO_DEVICE)
}

/// The page frame number that a pte with a page names.
const fn page_of(c: &super::Case<'_>) -> u64 {
    if c.is(PRESENT) { frame(c.before()) } else { offset(c.before()) }
}

/// Whether the pte lets its page be written.
const fn is_writer(c: &super::Case<'_>) -> bool {
    if c.is(PRESENT) { c.had(RW) } else { kind(c.before()) == DEVICE_WRITE }
}

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "migration-end-finds-its-entry",
        text: "Only a migration entry of the page that was migrated is replaced, and that always; nothing else is touched.",
        source: "remove_migration_pte() in mm/migrate.c, v5.10",
        configs: EVERY,
        sites: &[RemoveMigration],
        classes: ANY,
        catches: "the page is not compared, and a stranger's entry gets this page",
        holds: |c| {
            let own = c.is(MIGRATION) && !c.asked(MISMATCH);
            c.says(REPLACED) == own && (own || (c.untouched() && c.answer.outcome == 0))
        },
        mistake: |c, a| {
            if c.is(MIGRATION) && c.asked(MISMATCH) {
                a.pte = page_pte(c.p2(), c.p1() & !A);
                a.outcome = REPLACED | STORE | RMAP_ADD | GET_PAGE;
            }
        },
    },
    Law {
        name: "migration-end-maps-the-new-page",
        text: "What took the entry's place maps the new page, or is a device entry of it.",
        source: "remove_migration_pte() in mm/migrate.c, v5.10; the mistake of ebdf8321eeeb",
        configs: EVERY,
        sites: &[RemoveMigration],
        classes: MIGRATION,
        catches: "the device entry is marked with the bit of present ptes, and names another page",
        holds: |c| {
            if became_page(c) {
                c.p1() & (P | G) == 0 || frame(c.after()) == c.p2() & FRAMES
            } else {
                !c.says(REPLACED)
                    || (matches!(kind(c.after()), DEVICE_READ | DEVICE_WRITE)
                        && offset(c.after()) & FRAMES == c.p2() & FRAMES)
            }
        },
        mistake: |c, a| {
            if c.says(REPLACED) && c.asked(TO_DEVICE) && c.had(SWP_WP) {
                a.pte = a.pte & !SWP_WP | WP;
            }
        },
    },
    Law {
        name: "migration-end-starts-old",
        text: "A page that was migrated is not accessed.",
        source: "remove_migration_pte() in mm/migrate.c, v5.10: pte_mkold()",
        configs: EVERY,
        sites: &[RemoveMigration],
        classes: MIGRATION,
        catches: "the accessed bit of the vma's protection stays, and every migrated page counts as used",
        holds: |c| !became_page(c) || !c.has(A),
        mistake: |c, a| {
            if became_page(c) {
                a.pte |= c.p1() & A;
            }
        },
    },
    Law {
        name: "migration-end-keeps-soft-dirty",
        text: "A soft-dirty entry comes back soft-dirty, as a page or as a device entry.",
        source: "remove_migration_pte() in mm/migrate.c, v5.10; c3d16e16522f and 3d321bf82c4b",
        configs: EVERY,
        sites: &[RemoveMigration],
        classes: MIGRATION,
        catches: "a page that goes to device memory loses the flag",
        holds: |c| !(c.says(REPLACED) && c.had(SWP_SD)) || c.has(if c.asked(TO_DEVICE) { SWP_SD } else { SD }),
        mistake: |c, a| {
            if c.says(REPLACED) && c.asked(TO_DEVICE) {
                a.pte &= !SWP_SD;
            }
        },
    },
    Law {
        name: "migration-end-keeps-read-mark",
        text: "A write-protected read entry comes back write-protected.",
        source: "remove_migration_pte() in mm/migrate.c, v5.10",
        configs: UFFD_WP_ONLY,
        sites: &[RemoveMigration],
        classes: ClassSet::of(&[Class::MigrationRead]),
        catches: "migration ends the protection",
        holds: |c| !(c.says(REPLACED) && c.had(SWP_WP)) || c.has(if c.asked(TO_DEVICE) { SWP_WP } else { WP }),
        mistake: |c, a| {
            if became_page(c) {
                a.pte &= !WP;
            }
        },
    },
    Law {
        name: "migration-end-write-is-earned",
        text: "Write comes back by the vma's protection, or for a write entry where the vma still allows it.",
        source: "remove_migration_pte() in mm/migrate.c, v5.10; the mistake of d3cb8bf6081b",
        configs: EVERY,
        sites: &[RemoveMigration],
        classes: MIGRATION,
        catches: "write is given back without asking the vma, and outlives an mprotect() in between",
        holds: |c| {
            let writable = if c.asked(TO_DEVICE) { kind(c.after()) == DEVICE_WRITE } else { c.has(RW) };
            let earned = matches!(c.class, Class::MigrationWrite) && c.asked(VM_WRITE);
            !(c.says(REPLACED) && writable) || c.p1() & RW != 0 || earned
        },
        mistake: |c, a| {
            if became_page(c) && matches!(c.class, Class::MigrationWrite) {
                a.pte |= RW;
            }
        },
    },
    Law {
        name: "collector-locks-what-it-replaces",
        text: "A page is reported locked exactly if a migration entry of that page stands in the table, a write entry exactly if the pte was writable.",
        source: "migrate_vma_collect_pmd() in mm/migrate.c, v5.10; the mistake of 43e7f189769c, one level down",
        configs: EVERY,
        sites: COLLECTORS,
        classes: union(NONE, FILLED),
        catches: "a device entry's soft-dirty flag, which has the place of the write bit, makes a write entry",
        holds: |c| {
            let expected = if is_writer(c) { MIGRATION_WRITE } else { MIGRATION_READ };
            if c.aux() & LOCKED == 0 {
                c.untouched()
            } else {
                c.says(STORE) && kind(c.after()) == expected && offset(c.after()) == page_of(c)
            }
        },
        mistake: |c, a| {
            if c.is(DEVICE) && a.aux & LOCKED != 0 {
                let promised = if c.had(RW) { MIGRATION_WRITE } else { MIGRATION_READ };
                a.pte = entry_pte(promised, page_of(c)) | a.pte & 0x1ff;
            }
        },
    },
    Law {
        name: "collector-carries-soft-dirty",
        text: "The migration entry is soft-dirty exactly if the pte was, in its own encoding.",
        source: "migrate_vma_collect_pmd() in mm/migrate.c, v5.10; ad7df764b7e1",
        configs: EVERY,
        sites: COLLECTORS,
        classes: union(PRESENT, DEVICE),
        catches: "the flag of a device entry is read with the bit of present ptes, which is a bit of its page number",
        holds: |c| c.aux() & LOCKED == 0 || c.has(SWP_SD) == c.had(c.soft_dirty_bit()),
        mistake: |c, a| {
            if c.is(DEVICE) && a.aux & LOCKED != 0 {
                a.pte = a.pte & !SWP_SD | if c.had(SD) { SWP_SD } else { 0 };
            }
        },
    },
    Law {
        name: "collector-carries-uffd-wp",
        text: "The migration entry is write-protected exactly if the pte was, in its own encoding.",
        source: "migrate_vma_collect_pmd() in mm/migrate.c, v5.10; ad7df764b7e1",
        configs: UFFD_WP_ONLY,
        sites: COLLECTORS,
        classes: union(PRESENT, DEVICE),
        catches: "the mark of a device entry is read with the bit of present ptes, which is a bit of its page number",
        holds: |c| c.aux() & LOCKED == 0 || c.has(SWP_WP) == c.had(c.wp_bit()),
        mistake: |c, a| {
            if c.is(DEVICE) && a.aux & LOCKED != 0 {
                a.pte = a.pte & !SWP_WP | if c.had(WP) { SWP_WP } else { 0 };
            }
        },
    },
    Law {
        name: "collector-names-its-page",
        text: "What is collected is counted; a valid word names the pte's page and whether it was writable, a word without a page nothing, and a lock needs a valid page.",
        source: "migrate_pfn() in include/linux/migrate.h and migrate_vma_collect_pmd(), v5.10",
        configs: EVERY,
        sites: COLLECTORS,
        classes: union(NONE, FILLED),
        catches: "the number of a PROT_NONE page is not un-inverted",
        holds: |c| {
            let word = c.aux();
            let counted = c.code() == (word & MIGRATE != 0) as u64;
            counted
                && if word & VALID == 0 {
                    word & !MIGRATE == 0
                } else {
                    word & MIGRATE != 0
                        && word >> 6 == page_of(c)
                        && (word & WRITE != 0) == is_writer(c)
                        && (word & LOCKED == 0 || c.asked(TRYLOCK))
                }
        },
        mistake: |c, a| {
            if matches!(c.class, Class::ProtNone) && a.aux & VALID != 0 {
                a.aux ^= FRAMES << 6;
            }
        },
    },
    Law {
        name: "collector-fills-anonymous-holes",
        text: "A hole is collected without a page, in anonymous memory only; since version 3 the special pte is such a hole.",
        source: "migrate_vma_collect_pmd() in mm/migrate.c, v5.10 and version 3 of the patch (05/27)",
        configs: EVERY,
        sites: COLLECTORS,
        classes: union(NONE, MARKER),
        catches: "holes of file mappings are collected, and device pages appear in a file",
        holds: |c| {
            let skips = matches!(c.site(), MigrateCollect) && c.is(MARKER);
            skips || (c.untouched() && c.aux() == if c.asked(VM_ANON) { MIGRATE } else { 0 })
        },
        mistake: |c, a| {
            if c.is(NONE) && !c.asked(VM_ANON) {
                a.aux = MIGRATE;
                a.outcome |= 1;
            }
        },
    },
];
