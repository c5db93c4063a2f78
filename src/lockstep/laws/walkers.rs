//! Laws of those who walk and look: khugepaged, memory cgroups, the rmap walk and the wait for a migration.

use super::Law;
use super::bits::*;
use crate::pte::Class;
use crate::site::SiteId::{KhugeScan, KhugeSwapin, Mctgt, MigrationWait, Pvmw};

const MAX_SWAP: u64 = 1;
const MAX_NONE: u64 = 2;
const MAX_SHARED: u64 = 4;
const UFFD_ARMED: u64 = 8;
const SHARED: u64 = 0x10;
/// Not on the LRU, locked, not anonymous, referenced from elsewhere, too far away.
const UNFIT: u64 = 0x20 | 0x40 | 0x80 | 0x100 | 0x400;
const PG_REFERENCED: u64 = 0x200;
const ACCEPTED: u64 = 100;
const EXCEEDED: std::ops::RangeInclusive<u64> = 3..=5;

const MOVE_ANON: u64 = 1;
const MOVE_FILE: u64 = 2;
const PG_MAPPED: u64 = 4;
const PG_ANON: u64 = 8;
const GETPAGE_OK: u64 = 0x10;
const CHARGED: u64 = 0x20;
const SWAPCACHE: u64 = 0x80;
const SWAP_CHARGED: u64 = 0x100;
const COMPOUND: u64 = 0x800;
const TARGET_PAGE: u64 = 1;
const TARGET_SWAP: u64 = 2;
const TARGET_DEVICE: u64 = 3;

const OF_MIGRATION: u64 = 2;
const HUGETLB: u64 = 4;

/// Whether khugepaged counts this pte as empty: none, or the zero page.
const fn counts_as_none(c: &super::Case<'_>) -> bool {
    c.is(NONE) || (c.is(PRESENT) && frame(c.before()) == ZERO_FRAME)
}

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "collapse-takes-no-uffd-wp",
        text: "khugepaged accepts no page that userfaultfd write-protected, present or swapped; the zero page, which it asks no more about, apart.",
        source: "khugepaged_scan_pmd(), v5.10; the omission of dd47ac428c3f",
        configs: UFFD_WP_ONLY,
        sites: &[KhugeScan],
        classes: FILLED,
        catches: "the mark is not looked at, and a huge page takes the place of protected ones",
        holds: |c| !c.had(c.wp_bit()) || c.answer.outcome != ACCEPTED || counts_as_none(c),
        mistake: |c, a| {
            if c.had(c.wp_bit()) && a.outcome == 7 {
                a.outcome = ACCEPTED;
            }
        },
    },
    Law {
        name: "collapse-stops-at-special",
        text: "The special pte ends the scan with SCAN_PTE_UFFD_WP before anything is counted.",
        source: "khugepaged_scan_pmd(), RFC 07/30",
        configs: UFFD_WP_ONLY,
        sites: &[KhugeScan],
        classes: MARKER,
        catches: "the special pte is counted against max_ptes_swap first",
        holds: |c| c.answer.outcome == 7 && c.aux() == 0,
        mistake: |c, a| {
            a.aux |= 8;
            if !c.asked(MAX_SWAP) {
                a.outcome = 4;
            }
        },
    },
    Law {
        name: "collapse-keeps-to-budgets",
        text: "A pte is accepted only where the limit for swapped, empty or shared ptes has room for one, and an empty one never where userfaultfd waits for it.",
        source: "Documentation/admin-guide/mm/transhuge.rst: max_ptes_*; khugepaged_scan_pmd(), v5.10",
        configs: EVERY,
        sites: &[KhugeScan],
        classes: ANY,
        catches: "a limit is compared one too late",
        holds: |c| {
            c.answer.outcome != ACCEPTED
                || if c.is(ENTRY) {
                    c.asked(MAX_SWAP)
                } else if counts_as_none(c) {
                    c.asked(MAX_NONE) && !c.asked(UFFD_ARMED)
                } else {
                    !c.asked(SHARED) || c.asked(MAX_SHARED)
                }
        },
        mistake: |_, a| {
            if EXCEEDED.contains(&a.outcome) {
                a.outcome = ACCEPTED;
            }
        },
    },
    Law {
        name: "collapse-takes-fit-pages",
        text: "An accepted page is a normal, anonymous, unlocked page on the LRU, near enough, with no reference that is not a mapping.",
        source: "khugepaged_scan_pmd(), v5.10",
        configs: EVERY,
        sites: &[KhugeScan],
        classes: PRESENT,
        catches: "the reference count is not compared, and a page under direct I/O is copied away",
        holds: |c| c.answer.outcome != ACCEPTED || counts_as_none(c) || (c.has_normal_page() && !c.asked(UNFIT)),
        mistake: |_, a| {
            if a.outcome == 12 {
                a.outcome = ACCEPTED;
            }
        },
    },
    Law {
        name: "collapse-counts-what-it-saw",
        text: "Writable is counted for a writable page, referenced for an accepted page that was accessed, none for empty ptes and unmapped for entries.",
        source: "khugepaged_scan_pmd(), v5.10",
        configs: EVERY,
        sites: &[KhugeScan],
        classes: ANY,
        catches: "an entry's soft-dirty flag, which has the place of the write bit, counts as writable",
        holds: |c| {
            let accepted = c.answer.outcome == ACCEPTED;
            let aux = c.aux();
            (aux & 1 == 0 || (c.is(PRESENT) && c.had(RW)))
                && (aux & 2 == 0 || (c.is(PRESENT) && accepted && (c.had(A) || c.asked(PG_REFERENCED))))
                && (aux & 4 == 0 || counts_as_none(c))
                && (aux & 8 == 0 || c.is(ENTRY))
                && aux < 16
        },
        mistake: |c, a| {
            if c.is(ENTRY) && c.had(RW) {
                a.aux |= 1;
            }
        },
    },
    Law {
        name: "swapin-for-entries-only",
        text: "khugepaged calls do_swap_page() for every pte that holds an entry and for no other.",
        source: "__collapse_huge_page_swapin(), RFC 07/30",
        configs: EVERY,
        sites: &[KhugeSwapin],
        classes: ANY,
        catches: "is_swap_pte() is asked instead of pte_has_swap_entry(), and the special pte runs into do_swap_page()'s warning",
        holds: |c| c.answer.outcome == c.is(ENTRY) as u64,
        mistake: |c, a| {
            if c.is(MARKER) {
                a.outcome = 1;
            }
        },
    },
    Law {
        name: "charge-moves-what-is-charged",
        text: "A page moves only if it is charged to the old cgroup, and a swap slot only if that is.",
        source: "get_mctgt_type(), v5.10: mc.from",
        configs: EVERY,
        sites: &[Mctgt],
        classes: ANY,
        catches: "a slot is moved without asking who is charged for it",
        holds: |c| match c.answer.outcome & 15 {
            TARGET_PAGE | TARGET_DEVICE => c.asked(CHARGED),
            TARGET_SWAP => c.asked(SWAP_CHARGED),
            _ => true,
        },
        mistake: |c, a| {
            let slot = c.is(SWAP) && c.asked(MOVE_ANON) && !c.asked(COMPOUND) && entry(c.before()) != 0;
            if slot && a.outcome & 15 == 0 {
                a.outcome |= TARGET_SWAP;
                a.aux = entry(c.before());
            }
        },
    },
    Law {
        name: "charge-names-the-slot",
        text: "A swap target is the entry of an ordinary swap pte, as generic value and not 0, and moves with anonymous memory.",
        source: "get_mctgt_type() and mc_handle_swap_pte(), v5.10",
        configs: EVERY,
        sites: &[Mctgt],
        classes: ANY,
        catches: "the raw pte is handed on where the generic entry belongs",
        holds: |c| {
            let slot = entry(c.before());
            c.answer.outcome & 15 != TARGET_SWAP || (c.is(SWAP) && c.asked(MOVE_ANON) && c.aux() == slot && slot != 0)
        },
        mistake: |c, a| {
            if a.outcome & 15 == TARGET_SWAP {
                a.aux = c.before();
            }
        },
    },
    Law {
        name: "charge-names-the-page",
        text: "A target is the page that the pte maps or remembers, of the kind of memory that is to be moved, and no target names nothing.",
        source: "get_mctgt_type() and mc_handle_present_pte(), v5.10",
        configs: EVERY,
        sites: &[Mctgt],
        classes: FILLED,
        catches: "file pages are moved where only anonymous ones were asked for",
        holds: |c| {
            let raw = c.before();
            let wanted = c.asked(if c.asked(PG_ANON) { MOVE_ANON } else { MOVE_FILE });
            match c.answer.outcome & 15 {
                0 => c.aux() == 0,
                TARGET_DEVICE => c.is(DEVICE) && c.aux() == offset(raw) && c.asked(MOVE_ANON),
                TARGET_PAGE if c.is(PRESENT) => {
                    c.has_normal_page() && c.asked_all(PG_MAPPED | GETPAGE_OK) && wanted && c.aux() == frame(raw)
                }
                TARGET_PAGE => c.is(SWAP) && c.aux() == offset(raw) && c.asked_all(MOVE_ANON | SWAPCACHE),
                _ => true,
            }
        },
        mistake: |c, a| {
            let file = c.asked_all(PG_MAPPED | GETPAGE_OK | CHARGED) && !c.asked(PG_ANON | MOVE_FILE);
            if c.has_normal_page() && file {
                a.outcome |= TARGET_PAGE;
                a.aux = frame(c.before());
            }
        },
    },
    Law {
        name: "charge-leaves-special",
        text: "The special pte has no handler, and nothing moves for it.",
        source: "get_mctgt_type(), RFC 07/30 (the review of version 5 asks for none's handler instead)",
        configs: UFFD_WP_ONLY,
        sites: &[Mctgt],
        classes: MARKER,
        catches: "the special pte is decoded, and the swap cache is asked at an index out of range",
        holds: |c| c.answer.outcome == 0 && c.aux() == 0,
        mistake: |c, a| {
            if c.asked(MOVE_ANON) {
                a.outcome = 0x20;
            }
        },
    },
    Law {
        name: "wait-for-migration-only",
        text: "The wait is for migration entries, of the page that the entry names, and happens exactly if that page still has a reference.",
        source: "__migration_entry_wait(), v5.10 + RFC 07/30",
        configs: EVERY,
        sites: &[MigrationWait],
        classes: ANY,
        catches: "the special pte is decoded, and under another encoding waits for a page that nobody migrates",
        holds: |c| {
            if c.is(MIGRATION) {
                c.answer.outcome == if c.asked(1) { 1 } else { 2 } && c.aux() == offset(c.before())
            } else {
                c.answer.outcome == 0 && c.aux() == 0
            }
        },
        mistake: |c, a| {
            if matches!(kind(c.before()), MIGRATION_READ | MIGRATION_WRITE) && c.is(MARKER) {
                a.outcome = if c.asked(1) { 1 } else { 2 };
                a.aux = offset(c.before());
            }
        },
    },
    Law {
        name: "rmap-checks-what-it-locks",
        text: "Whatever check_pte() takes for the page, map_pte() had thought worth the lock.",
        source: "map_pte() and check_pte() in mm/page_vma_mapped.c, v5.10",
        configs: EVERY,
        sites: &[Pvmw],
        classes: ANY,
        catches: "map_pte() passes device entries by, and the page in device memory cannot be unmapped",
        holds: |c| c.answer.outcome != 2,
        mistake: |c, a| {
            if c.is(DEVICE) {
                a.outcome &= !1;
            }
        },
    },
    Law {
        name: "rmap-finds-the-page-only",
        text: "check_pte() finds a page in present ptes and device entries, or else in migration entries when asked for those, and only within the page's frames.",
        source: "check_pte() in mm/page_vma_mapped.c, v5.10; the mistake of f84ca9b1888d, one level down",
        configs: EVERY,
        sites: &[Pvmw],
        classes: ANY,
        catches: "a walk for migration entries stops at device entries too, and the caller decodes them wrongly",
        holds: |c| {
            let raw = c.before();
            let number = if c.is(PRESENT) { frame(raw) } else { offset(raw) };
            let pages = if c.asked(HUGETLB) || c.p2() == 0 { 1 } else { c.p2() };
            let holders = if c.asked(OF_MIGRATION) { MIGRATION } else { union(PRESENT, DEVICE) };
            !c.says(2) || (c.is(holders) && number.wrapping_sub(c.p1()) & FRAMES < pages)
        },
        mistake: |c, a| {
            if matches!(c.class, Class::DeviceRead | Class::DeviceWrite) && offset(c.before()) == c.p1() {
                a.outcome |= 3;
            }
        },
    },
];
