//! Laws of what `/proc` tells: pagemap words and smaps counters.

use super::Law;
use super::bits::*;
use crate::pte::Class;
use crate::site::SiteId::{Pagemap, Smaps, SmapsHugetlb};

const SHOW_FRAME: u64 = 1;
const VM_SOFTDIRTY: u64 = 2;
const PG_ANON: u64 = 4;
const MAPCOUNT_ONE: u64 = 8;

const FRAME_FIELD: u64 = (1 << 55) - 1;
const PM_SOFT_DIRTY: u64 = 1 << 55;
const PM_EXCLUSIVE: u64 = 1 << 56;
const PM_FILE: u64 = 1 << 61;
const PM_SWAP: u64 = 1 << 62;
const PM_PRESENT: u64 = 1 << 63;
const PM_DEFINED: u64 = FRAME_FIELD | PM_SOFT_DIRTY | PM_EXCLUSIVE | PM_FILE | PM_SWAP | PM_PRESENT;

const CHECK_SHMEM: u64 = 1;
const SLOT_IS_SWAPPED: u64 = 2;
const RESIDENT: u64 = 1;
const SWAPPED: u64 = 2;
const SHARE: u64 = 4;
const AGE: u64 = 8 | 0x10;
const LOOKED_UP: u64 = 0x20;
/// A page in the fixed point of `SwapPss`.
const WHOLE_PAGE: u64 = 4096 << 12;

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "pagemap-present-or-swapped",
        text: "A pagemap word says present of what is present, swapped of what holds an entry, and neither of anything else.",
        source: "Documentation/admin-guide/mm/pagemap.rst and pte_to_pagemap_entry(), v5.10 + RFC 07/30",
        configs: EVERY,
        sites: &[Pagemap],
        classes: ANY,
        catches: "PROT_NONE is taken for not present, and the page is reported as swapped",
        holds: |c| {
            let expected = if c.is(PRESENT) { PM_PRESENT } else { 0 } | if c.is(ENTRY) { PM_SWAP } else { 0 };
            c.aux() & (PM_PRESENT | PM_SWAP) == expected
        },
        mistake: |c, a| {
            if matches!(c.class, Class::ProtNone) {
                a.aux ^= PM_PRESENT | PM_SWAP;
            }
        },
    },
    Law {
        name: "pagemap-empty-says-nothing",
        text: "The word of a none pte, and of the special one, says nothing but the soft-dirty flag of its vma.",
        source: "pte_to_pagemap_entry(), v5.10 + RFC 07/30",
        configs: EVERY,
        sites: &[Pagemap],
        classes: union(NONE, MARKER),
        catches: "the special pte is decoded, and a reader sees a swap slot that does not exist",
        holds: |c| c.aux() & !PM_SOFT_DIRTY == 0,
        mistake: |c, a| {
            if c.is(MARKER) && c.asked(SHOW_FRAME) {
                a.aux |= (kind(c.before()) | offset(c.before()) << 5) & FRAME_FIELD;
            }
        },
    },
    Law {
        name: "pagemap-soft-dirty-is-true",
        text: "Bit 55 is set exactly if the vma, the page or the entry is soft-dirty.",
        source: "Documentation/admin-guide/mm/pagemap.rst, v5.10; the mistake of e9cdd6e77158",
        configs: EVERY,
        sites: &[Pagemap],
        classes: ANY,
        catches: "soft-dirty of an entry is read with the bit of present ptes, which is a bit of its offset",
        holds: |c| (c.aux() & PM_SOFT_DIRTY != 0) == (c.asked(VM_SOFTDIRTY) || c.had(c.soft_dirty_bit())),
        mistake: |c, a| {
            if c.is(ENTRY) && !c.asked(VM_SOFTDIRTY) {
                a.aux = a.aux & !PM_SOFT_DIRTY | if c.had(SD) { PM_SOFT_DIRTY } else { 0 };
            }
        },
    },
    Law {
        name: "pagemap-hides-frames",
        text: "Who may not see page frame numbers sees no frame, and no swap slot either.",
        source: "Documentation/admin-guide/mm/pagemap.rst: CAP_SYS_ADMIN since 4.2, v5.10",
        configs: EVERY,
        sites: &[Pagemap],
        classes: ANY,
        catches: "swap slots are shown to everybody",
        holds: |c| c.asked(SHOW_FRAME) || c.aux() & FRAME_FIELD == 0,
        mistake: |c, a| {
            if c.is(ENTRY) && !c.asked(SHOW_FRAME) {
                a.aux |= (kind(c.before()) | offset(c.before()) << 5) & FRAME_FIELD;
            }
        },
    },
    Law {
        name: "pagemap-frame-decodes-back",
        text: "The frame shown of a page is its page frame number, and that of an entry its type and offset.",
        source: "Documentation/admin-guide/mm/pagemap.rst, v5.10: bits 0-4 and 5-54",
        configs: EVERY,
        sites: &[Pagemap],
        classes: FILLED,
        catches: "the inverted frame number of a PROT_NONE pte is shown as it stands",
        holds: |c| {
            let raw = c.before();
            let shown = if c.is(PRESENT) { frame(raw) } else { kind(raw) | offset(raw) << 5 };
            !c.asked(SHOW_FRAME) || c.aux() & FRAME_FIELD == shown & FRAME_FIELD
        },
        mistake: |c, a| {
            if matches!(c.class, Class::ProtNone) && c.asked(SHOW_FRAME) {
                a.aux ^= FRAMES;
            }
        },
    },
    Law {
        name: "pagemap-page-flags-need-a-page",
        text: "Only what has a page is file-mapped or exclusively mapped, an anonymous page is not file-mapped, and a shared page not exclusive.",
        source: "Documentation/admin-guide/mm/pagemap.rst and pte_to_pagemap_entry(), v5.10",
        configs: EVERY,
        sites: &[Pagemap],
        classes: ANY,
        catches: "the mapcount is asked for ordinary swap entries too, as if their offset were a page",
        holds: |c| {
            let page = c.has_normal_page() || c.is(PAGE_ENTRY);
            (c.aux() & PM_FILE == 0 || (page && !c.asked(PG_ANON)))
                && (c.aux() & PM_EXCLUSIVE == 0 || (page && c.asked(MAPCOUNT_ONE)))
        },
        mistake: |c, a| {
            if c.is(SWAP) && c.asked(MAPCOUNT_ONE) {
                a.aux |= PM_EXCLUSIVE;
            }
        },
    },
    Law {
        name: "pagemap-defined-bits-only",
        text: "Bits 57 to 60 of a pagemap word are zero.",
        source: "Documentation/admin-guide/mm/pagemap.rst, v5.10",
        configs: EVERY,
        sites: &[Pagemap],
        classes: ANY,
        catches: "uffd-wp is reported in bit 57 as later kernels do",
        holds: |c| c.aux() & !PM_DEFINED == 0,
        mistake: |c, a| {
            if c.had(c.wp_bit()) {
                a.aux |= 1 << 57;
            }
        },
    },
    Law {
        name: "smaps-resident-has-a-page",
        text: "Rss counts what has a normal page, under migration and in device memory included, and nothing else.",
        source: "smaps_pte_entry(), v5.10 + RFC 07/30",
        configs: EVERY,
        sites: &[Smaps],
        classes: ANY,
        catches: "pages under migration are left out, and Rss dips while a process is migrated",
        holds: |c| c.says(RESIDENT) == (c.has_normal_page() || c.is(PAGE_ENTRY)),
        mistake: |c, a| {
            if c.is(MIGRATION) {
                a.outcome &= !(RESIDENT | AGE);
            }
        },
    },
    Law {
        name: "smaps-swap-is-a-slot",
        text: "Of all ptes with a page or an entry, Swap counts the ordinary swap entries, and asks no page cache for them.",
        source: "smaps_pte_entry(), v5.10 + RFC 07/30",
        configs: EVERY,
        sites: &[Smaps],
        classes: FILLED,
        catches: "a poisoned page, which is neither here nor in swap, is counted as swapped",
        holds: |c| c.says(SWAPPED) == c.is(SWAP) && !c.says(LOOKED_UP),
        mistake: |c, a| {
            if c.is(POISON) {
                a.outcome |= SWAPPED;
            }
        },
    },
    Law {
        name: "smaps-hole-asks-shmem",
        text: "Where nothing is mapped, the special pte included, the page cache is asked in shmem mappings only, and Swap grows only if the slot there is swapped out.",
        source: "smaps_pte_entry(), v5.10 + RFC 07/30: pte_none() || is_swap_special_pte()",
        configs: EVERY,
        sites: &[Smaps],
        classes: union(NONE, MARKER),
        catches: "the special pte is left out of the shmem lookup, and Swap shrinks when userfaultfd protects a file page",
        holds: |c| {
            let asked = c.asked(CHECK_SHMEM);
            c.says(LOOKED_UP) == asked && c.says(SWAPPED) == (asked && c.asked(SLOT_IS_SWAPPED))
        },
        mistake: |c, a| {
            if c.is(MARKER) {
                a.outcome = 0;
            }
        },
    },
    Law {
        name: "smaps-share-within-a-page",
        text: "SwapPss grows by at most a page, by a whole one if the slot is not shared, and only for a slot that counts as swapped.",
        source: "Documentation/filesystems/proc.rst and smaps_pte_entry(), v5.10",
        configs: EVERY,
        sites: &[Smaps],
        classes: ANY,
        catches: "the share of a slot is not divided by its users but multiplied",
        holds: |c| {
            let single = c.is(SWAP) && (c.p1() as u32 as i32) < 2;
            c.aux() <= WHOLE_PAGE
                && (c.aux() == WHOLE_PAGE || !single)
                && (c.aux() == 0 || (c.is(SWAP) && c.says(SWAPPED)))
                && c.says(SHARE) == (c.aux() != 0)
        },
        mistake: |c, a| {
            let count = c.p1() as u32;
            if c.is(SWAP) && (count as i32) > 1 {
                a.aux = WHOLE_PAGE.wrapping_mul(count as u64);
            }
        },
    },
    Law {
        name: "smaps-age-needs-a-page",
        text: "Only a resident page is young or dirty.",
        source: "smaps_account() and its callers, v5.10",
        configs: EVERY,
        sites: &[Smaps],
        classes: ANY,
        catches: "raw bits of a pte without a page are counted as Referenced",
        holds: |c| !c.says(AGE) || c.says(RESIDENT),
        mistake: |c, a| {
            if !c.says(RESIDENT) && c.had(A) {
                a.outcome |= 8;
            }
        },
    },
    Law {
        name: "hugetlb-counts-pages-only",
        text: "Huge memory is counted where there is a page, once, as shared exactly if it is mapped twice, and under that page's number.",
        source: "smaps_hugetlb_range(), v5.10 + RFC 07/30",
        configs: EVERY,
        sites: &[SmapsHugetlb],
        classes: ANY,
        catches: "the special pte is decoded, and the page that its bits happen to name is counted",
        holds: |c| {
            let raw = c.before();
            let counted = if c.asked(1) { 2 } else { 1 };
            if c.has_normal_page() {
                c.answer.outcome == counted && c.aux() == frame(raw)
            } else if c.is(PAGE_ENTRY) {
                c.answer.outcome == counted && c.aux() == offset(raw)
            } else {
                c.answer.outcome == 0 && c.aux() == 0
            }
        },
        mistake: |c, a| {
            if c.is(MARKER) {
                a.outcome = if c.asked(1) { 2 } else { 1 };
                a.aux = offset(c.before());
            }
        },
    },
];
