//! Bugs of change_pte_range() in mm/mprotect.c: protection changes, by mprotect and by userfaultfd.

use super::{Bug, Source, amended, on_special};
use crate::packed::entry::{any, present, when};
use crate::packed::masks::*;
use crate::packed::{Packed, Watch};
use crate::pte::Class;
use crate::site::{Answer, Call, SiteId};

pub(super) const H11: Bug = Bug {
    mistake: "change_pte_range() treats the special pte as an entry whose uffd-wp flag can be cleared",
    harm: "lifting the protection of a range turns each special pte into none and counts a page: the mark is lost by accident",
    ..Bug::hunk("H11", "mprotect-changes-special", SiteId::ChangeProt, change_prot_decodes)
};

pub(super) const M08: Bug = Bug {
    mistake: "a writable device entry that becomes read-only loses its uffd-wp mark",
    harm: "mprotect(PROT_READ) over memory on a device, and writes to it are not trapped any more",
    fixed: "v7.2, of huge device entries; change_pte_range() never had it, so that this is its port to the pte level",
    source: Source::Commit("f7e2c21bd1f57cd5350eecdfdb5d6025ca6afbab"),
    cve: Some("CVE-2026-72180"),
    raw_only: Some(
        "a writable device entry with the mark does not arise: marking makes it read-only, and what is marked moves read-only",
    ),
    ..Bug::past("M08", "mprotect-device-loses-uffd-wp", SiteId::ChangeProt, device_loses_uffd_wp)
};

pub(super) const M39A: Bug = Bug {
    mistake: "change_pte_range() does not carry soft-dirty when it makes a migration entry read-only",
    harm: "mprotect() during a migration, and a page that was written is clean after it",
    fixed: "v3.12: \"mm: migration: do not lose soft dirty bit if page is in migration state\", its hunk of mm/mprotect.c",
    source: Source::Commit("c3d16e16522fe3fe"),
    ..Bug::past("M39A", "mprotect-migration-loses-soft-dirty", SiteId::ChangeProt, migration_loses_soft_dirty)
};

pub(super) const M49: Bug = Bug {
    mistake: "a pte is marked for userfaultfd by a pte_mkuffd_wp() that leaves write alone, and nobody takes it away",
    harm: "a write to memory that userfaultfd protects is not trapped: a snapshot of it is torn",
    fixed: "v6.5: \"mm/uffd: always wr-protect pte in pte|pmd_mkuffd_wp()\", a hardening; this is its hunk of mm/mprotect.c without the rest",
    source: Source::Commit("f1eb1bacfba9019823b2fce42383f010cd561fa6"),
    raw_only: Some("userfaultfd asks for a protection without write already, so that there is none to take away"),
    ..Bug::past("M49", "uffd-wp-leaves-write", SiteId::ChangeProt, uffd_wp_leaves_write)
};

pub(super) const M72A: Bug = Bug {
    mistake: "change_pte_range() does not keep the write bit of a pte that it makes a NUMA hint of",
    harm: "each hinting fault on a written page is followed by a fault for the write: slow, on machines with several nodes",
    fixed: "v4.1: \"mm: numa: preserve PTE write permissions across a NUMA hinting fault\", its hunk of mm/mprotect.c",
    source: Source::Commit("b191f9b106ea"),
    ..Bug::past("M72A", "numa-hint-loses-write", SiteId::ChangeProt, numa_hint_loses_write)
};

fn change_prot_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| packed.change_entry(call.pte, call.p[0]))
}

/// The right answer, without `lost` where the pte is of this class.
fn losing(packed: &mut Packed<Watch>, call: &Call, class: Class, lost: u64) -> Answer {
    amended(packed, call, |packed, right| {
        let lost = when(packed.class(call.pte) == class, lost);
        Answer { pte: right.pte & !lost, ..right }
    })
}

fn device_loses_uffd_wp(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    // Marking it again comes after it was lost.
    let lost = when(!any(call.p[0], cp_uffd_wp()), packed.masks.swp_wp);
    losing(packed, call, Class::DeviceWrite, lost)
}

fn migration_loses_soft_dirty(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    losing(packed, call, Class::MigrationWrite, swp_soft_dirty())
}

fn uffd_wp_leaves_write(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    let [flags, newprot, _] = call.p;
    let kept = newprot | when(any(flags, cp_prot_numa()), call.pte);
    let marked = present(call.pte) && any(flags, cp_uffd_wp());
    amended(packed, call, |_, right| {
        let left = when(marked && any(right.outcome, cpo_store()), kept & write());
        Answer { pte: right.pte | left, ..right }
    })
}

fn numa_hint_loses_write(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    let hint = present(call.pte) && any(call.p[0], cp_prot_numa());
    let right = packed.dispatch(call);
    if !hint || !any(right.outcome, cpo_store()) {
        return right;
    }
    packed.dispatch(&Call { pte: call.pte & !write(), ..*call })
}
