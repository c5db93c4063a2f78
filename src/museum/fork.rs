//! Bugs of copy_pte_range() in mm/memory.c: what a child gets.

use super::{Bug, Source, amended, on_special};
use crate::packed::entry::{any, is_cow, is_swap, present, when};
use crate::packed::fork::Form;
use crate::packed::masks::*;
use crate::packed::{Packed, Watch, plain};
use crate::pte::Class;
use crate::site::{Answer, Call, SiteId};

/// The commit that mended fork for userfaultfd in five places.
const FORK: Source = Source::Commit("8f34f1eac3820fc2722e5159acceb22545b30b0d");

pub(super) const M13: Bug = Bug {
    mistake: "fork copies the special pte to a child whose vma userfaultfd does not watch",
    harm: "the child keeps a mark that nobody lifts: a warning, and pagemap shows a write protection that is not there",
    fixed: "v6.2 and v6.1.11, of the uffd-wp marker, which is what became of the special pte: \"mm/uffd: fix pte marker when fork() without fork event\"",
    source: Source::Commit("49d6d7fb631345b0f2957a7c4be24ad63903150f"),
    cve: Some("CVE-2022-49744"),
    ..Bug::past("M13", "fork-copies-special-unwatched", SiteId::ForkRfc17, copies_special)
};

pub(super) const M16: Bug = Bug {
    mistake: "copy_present_pte() asks the parent's vma whether the child may keep uffd-wp",
    harm: "a child without userfaultfd has write-protected pages that nobody serves: pagemap shows them for ever",
    fixed: "v5.14: \"mm/userfaultfd: fix uffd-wp special cases for fork()\", the first of its cases",
    source: FORK,
    ..Bug::past("M16", "fork-wp-by-parents-vma", SiteId::ForkRfc02, present_by_parents_vma)
};

pub(super) const M17: Bug = Bug {
    mistake: "copy_nonpresent_pte() never takes uffd-wp from the child's entry",
    harm: "a page that the child swaps in is write-protected, and nobody serves the fault",
    fixed: "v5.14: \"mm/userfaultfd: fix uffd-wp special cases for fork()\", the fourth of its cases",
    source: FORK,
    ..Bug::past("M17", "fork-swap-keeps-uffd-wp", SiteId::ForkRfc02, entries_keep_uffd_wp)
};

pub(super) const M20: Bug = Bug {
    mistake: "copy_present_page(), the early copy of a pinned page, loses uffd-wp",
    harm: "a child that userfaultfd does watch writes to a protected page without a trap",
    fixed: "v5.14: \"mm/userfaultfd: fix uffd-wp special cases for fork()\", the fifth of its cases",
    source: FORK,
    ..Bug::past("M20", "fork-early-copy-loses-uffd-wp", SiteId::ForkRfc02, early_copy_loses_uffd_wp)
};

pub(super) const M39B: Bug = Bug {
    mistake: "copy_one_pte() does not carry soft-dirty when it makes a migration entry read-only",
    harm: "fork() during a migration, and a page that was written is clean in parent and child after it",
    fixed: "v3.12: \"mm: migration: do not lose soft dirty bit if page is in migration state\", its hunk of mm/memory.c",
    source: Source::Commit("c3d16e16522fe3fe"),
    ..Bug::past("M39B", "fork-migration-loses-soft-dirty", SiteId::ForkRfc02, migration_loses_soft_dirty)
};

pub(super) const R08: Bug = Bug {
    mistake: "copy_nonpresent_pte() takes the special pte for a swap entry and duplicates it",
    harm: "the child counts a swapped page that is not there, and its write protection is gone or has become a stray mark",
    fixed: "RFC 17/30 of the series, January 2021",
    source: Source::Message("RFC 17/30 of the series of 20210115170907.24498-8-peterx@redhat.com"),
    ..Bug::missed("R08", "fork-duplicates-special", SiteId::ForkRfc17, Packed::fork_rfc02)
};

fn copies_special(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |_, call| plain(call.pte, ev_store(), call.pte))
}

fn present_by_parents_vma(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    let right = packed.dispatch(call);
    let early = any(right.outcome, ev_retry());
    if present(call.pte) && !early { packed.copy_present(call, Form::V510) } else { right }
}

fn entries_keep_uffd_wp(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    if is_swap(call.pte) { packed.copy_nonpresent(call, Form::V510) } else { packed.dispatch(call) }
}

fn early_copy_loses_uffd_wp(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    let right = packed.dispatch(call);
    if any(right.outcome, ev_pg_copy()) { packed.copy_pinned(call, Form::V510) } else { right }
}

fn migration_loses_soft_dirty(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    amended(packed, call, |packed, right| {
        let cow = is_cow(call.p[0], fk_maywrite(), fk_shared());
        let lost = when(cow && packed.class(call.pte) == Class::MigrationWrite, swp_soft_dirty());
        Answer { pte: right.pte & !lost, aux: right.aux & !lost, ..right }
    })
}
