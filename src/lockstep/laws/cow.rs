//! Laws of copy-on-write: who may write to the page that is there, and who gets one of their own.

use super::Law;
use super::bits::*;
use crate::site::SiteId::WpPage;

const VM_WRITE: u64 = 1;
const VM_SHARED: u64 = 2;
const VM_UFFD_WP: u64 = 4;
const PG_ANON: u64 = 8;
/// A KSM page, a page with other references, one that cannot be locked, one that others map.
const NOT_ALONE: u64 = 0x10 | 0x20 | 0x40 | 0x80;
const COUNT2: u64 = 0x20;
const REUSED: u64 = 0x1000;
const COPIED: u64 = 0x2000;
const USERFAULT: u64 = 0x4000;

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "wp-fault-tells-userfaultfd",
        text: "Of a marked pte in a protected vma userfaultfd is told, and nothing else happens; of no other pte it is told.",
        source: "do_wp_page() in mm/memory.c, v5.10; Documentation/admin-guide/mm/userfaultfd.rst",
        configs: UFFD_WP_ONLY,
        sites: &[WpPage],
        classes: PRESENT,
        catches: "a page that could be reused is made writable before the mark is looked at",
        holds: |c| {
            let told = c.asked(VM_UFFD_WP) && c.had(WP);
            c.says(UFFD) == told && (!told || (c.untouched() && c.code() == USERFAULT))
        },
        mistake: |c, a| {
            if c.says(UFFD) && c.asked_all(VM_WRITE | VM_SHARED) {
                a.pte = c.before() | A | D | SD | RW;
                a.outcome = 8 | REUSED | STORE;
            }
        },
    },
    Law {
        name: "wp-stores-what-it-reports",
        text: "The pte is stored exactly if a reuse or a copy is reported, and never both.",
        source: "do_wp_page() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: &[WpPage],
        classes: PRESENT,
        catches: "the copy is reported though the pte had changed under the lock, and the write is retried for ever",
        holds: |c| c.says(STORE) == c.says(REUSED | COPIED) && c.code() & (REUSED | COPIED) != REUSED | COPIED,
        mistake: |c, a| {
            if !c.says(STORE) && c.says(PG_COPY) {
                a.outcome |= COPIED;
            }
        },
    },
    Law {
        name: "wp-reuse-keeps-the-page",
        text: "A page that is reused becomes accessed, dirty and soft-dirty, writable exactly if the vma allows it, and nothing else changes.",
        source: "wp_page_reuse() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: &[WpPage],
        classes: PRESENT,
        catches: "a forced write makes the page of a read-only mapping writable for everybody",
        holds: |c| {
            !c.says(REUSED)
                || (c.keeps(!(A | D | SD | RW))
                    && c.after() & (A | D | SD) == A | D | SD
                    && c.has(RW) == c.asked(VM_WRITE))
        },
        mistake: |c, a| {
            if c.says(REUSED) {
                a.pte |= RW;
            }
        },
    },
    Law {
        name: "wp-reuse-only-when-alone",
        text: "An anonymous page is reused only by the one who has it, and another one only where writes are meant to be shared.",
        source: "do_wp_page() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: &[WpPage],
        classes: PRESENT,
        catches: "references without a mapping are not counted, and a pipe or a child sees the write",
        holds: |c| {
            !c.says(REUSED)
                || if c.has_normal_page() && c.asked(PG_ANON) {
                    !c.asked(NOT_ALONE)
                } else {
                    c.asked_all(VM_WRITE | VM_SHARED)
                }
        },
        mistake: |c, a| {
            if c.says(COPIED) && c.has_normal_page() && c.p0() & (PG_ANON | NOT_ALONE) == PG_ANON | COUNT2 {
                a.pte = c.before() | A | D | SD | if c.asked(VM_WRITE) { RW } else { 0 };
                a.outcome = 8 | REUSED | STORE;
            }
        },
    },
    Law {
        name: "wp-copy-is-new",
        text: "A copy is mapped under its own number, dirty and soft-dirty, as the vma protects it, and writable only if that or VM_WRITE says so.",
        source: "wp_page_copy() in mm/memory.c, v5.10",
        configs: EVERY,
        sites: &[WpPage],
        classes: PRESENT,
        catches: "the page is copied, and the old one is mapped writable",
        holds: |c| {
            let shown = D | SD | RW;
            !c.says(COPIED)
                || ((c.p1() & (P | G) == 0 || frame(c.after()) == c.p2() & FRAMES)
                    && c.after() & (D | SD) == D | SD
                    && (!c.has(RW) || c.asked(VM_WRITE) || c.p1() & RW != 0)
                    && (c.after() ^ c.p1()) & !(PFN | shown) == 0
                    && c.says(RMAP_ADD))
        },
        mistake: |c, a| {
            if c.says(COPIED) && c.p1() & P != 0 {
                a.pte = a.pte & !PFN | frame(c.before()) << 12;
            }
        },
    },
];
