//! Bugs of mm/migrate.c: waiting for a migration, its end, and the collection of pages for a device.

use super::{Bug, Source, amended, on_special};
use crate::packed::entry::{Entry, any, present, when};
use crate::packed::masks::*;
use crate::packed::{Packed, Watch, plain};
use crate::site::{Answer, Call, SiteId};

pub(super) const H10: Bug = Bug {
    mistake: "__migration_entry_wait() decodes the special pte",
    harm: "none on x86_64, where it decodes to no migration entry by luck; elsewhere a wait for a page that does not migrate",
    ..Bug::hunk("H10", "migration-wait-decodes-special", SiteId::MigrationWait, migration_wait_decodes)
};

pub(super) const M02: Bug = Bug {
    mistake: "migrate_vma_collect_pmd() reads soft-dirty and uffd-wp of a device pte at the bits that present ptes have them at",
    harm: "a page that comes back from a device gets both marks by two bits of its frame number: traps and dirty pages appear or are lost",
    fixed: "v5.9: \"mm/rmap: fixup copying of soft dirty and uffd ptes\", its half in mm/migrate.c",
    source: Source::Commit("ad7df764b7e1c7dc64e016da7ada2e3e1bb90700"),
    ..Bug::past("M02", "collect-present-bits-of-device", SiteId::MigrateCollect, collect_reads_present_bits)
};

pub(super) const M04: Bug = Bug {
    mistake: "remove_migration_pte() sets uffd-wp of a new device pte at the bit that present ptes have it at",
    harm: "the mark is lost, and bit 1 of the device page's frame number is cleared: the next fault migrates another page",
    fixed: "v5.9: \"mm/migrate: fixup setting UFFD_WP flag\"",
    source: Source::Commit("ebdf8321eeeb623aed60f7ed16f7445363230118"),
    ..Bug::past("M04", "restore-present-bit-on-device", SiteId::RemoveMigration, restore_sets_present_bit)
};

pub(super) const M05: Bug = Bug {
    mistake: "remove_migration_pte() does not carry soft-dirty to a new device pte",
    harm: "a written page that moves to a device is clean when it comes back: incremental checkpoints lose what was written",
    fixed: "v5.9: \"mm/migrate: preserve soft dirty in remove_migration_pte()\"",
    source: Source::Commit("3d321bf82c4be8e33261754a5775bc65fc5d2184"),
    ..Bug::past(
        "M05",
        "restore-loses-soft-dirty-on-device",
        SiteId::RemoveMigration,
        restore_on_device_loses_soft_dirty,
    )
};

pub(super) const M06: Bug = Bug {
    mistake: "migrate_vma_collect_pmd() asks pte_write() of a device pte, whose write permission is in the type of its entry",
    harm: "a page that comes back from a device is writable by its soft-dirty mark: read-only where it was written, and the other way round",
    fixed: "v4.17: \"mm/migrate: properly preserve write attribute in special migrate entry\"",
    source: Source::Message("the patch of that name by Ralph Campbell and Jerome Glisse, linux-mm, 1 April 2018"),
    ..Bug::past("M06", "collect-write-from-present-bit", SiteId::MigrateCollect, collect_reads_write_bit)
};

pub(super) const M38: Bug = Bug {
    mistake: "remove_migration_pte() makes a pte writable because its entry was, whatever the vma allows now",
    harm: "mprotect(PROT_READ) during a migration, and the page is writable after it",
    fixed: "v3.18: \"mm: migrate: Close race between migration completion and mprotect\", maybe_mkwrite() for pte_mkwrite()",
    source: Source::Commit("d3cb8bf6081b8b7a2dabb1264fe968fd870fa595"),
    ..Bug::past("M38", "restore-ignores-mprotect", SiteId::RemoveMigration, restore_ignores_vma)
};

pub(super) const M39C: Bug = Bug {
    mistake: "remove_migration_pte() does not carry soft-dirty from the migration entry to the pte",
    harm: "memory compaction moves a written page, and pagemap says that it is clean",
    fixed: "v3.12: \"mm: migration: do not lose soft dirty bit if page is in migration state\", its hunk of mm/migrate.c",
    source: Source::Commit("c3d16e16522fe3fe"),
    ..Bug::past("M39C", "restore-loses-soft-dirty", SiteId::RemoveMigration, restore_loses_soft_dirty)
};

pub(super) const R05: Bug = Bug {
    mistake: "migrate_vma_collect_pmd() decodes the special pte: it asks for none and for present, and takes the rest for entries",
    harm: "a hole in an anonymous vma is not offered to the device; elsewhere than on x86_64, a page that is not there is migrated",
    ..Bug::missed("R05", "collect-decodes-special", SiteId::MigrateCollectV3, Packed::migrate_collect)
};

fn migration_wait_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let entry = packed.decode(call.pte);
        if !entry.is_migration() {
            return plain(call.pte, 0, 0);
        }
        plain(call.pte, if any(call.p[0], mw_ref_ok()) { mwo_waits() } else { mwo_no_ref() }, entry.offset)
    })
}

/// What a collected device pte becomes, changed.
fn collected_device(packed: &mut Packed<Watch>, call: &Call, entry: impl FnOnce(&Packed<Watch>, u64) -> u64) -> Answer {
    let device = !present(call.pte);
    amended(packed, call, |packed, right| match device && any(right.outcome, ev_store()) {
        true => Answer { pte: entry(packed, right.pte), ..right },
        false => right,
    })
}

fn collect_reads_present_bits(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    collected_device(packed, call, |packed, entry| {
        entry & !(swp_soft_dirty() | packed.masks.swp_wp) | packed.flags_to_swap(call.pte)
    })
}

fn collect_reads_write_bit(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    collected_device(packed, call, |packed, entry| {
        let kept = entry & (swp_soft_dirty() | packed.masks.swp_wp);
        Entry::migration(Entry::of(entry).offset, any(call.pte, write())).pte() | kept
    })
}

/// What took the place of a migration entry, changed where the new page is a device's, or where it is none.
fn restored(
    packed: &mut Packed<Watch>,
    call: &Call,
    on_device: bool,
    amend: impl FnOnce(&Packed<Watch>, u64) -> u64,
) -> Answer {
    amended(packed, call, |packed, right| {
        let replaced = any(right.outcome, ev_store()) && any(call.p[0], rm_new_devpriv()) == on_device;
        Answer { pte: if replaced { amend(packed, right.pte) } else { right.pte }, ..right }
    })
}

fn restore_sets_present_bit(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    restored(packed, call, true, |packed, new| {
        let marked = any(new, packed.masks.swp_wp);
        new & !packed.masks.swp_wp | when(marked, packed.masks.wp)
    })
}

fn restore_on_device_loses_soft_dirty(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    restored(packed, call, true, |_, new| new & !swp_soft_dirty())
}

fn restore_loses_soft_dirty(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    restored(packed, call, false, |_, new| new & !(soft_dirty() & !call.p[1]))
}

fn restore_ignores_vma(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    let [flags, prot, page] = call.p;
    packed.dispatch(&Call { p: [flags | rm_vm_write(), prot, page], ..*call })
}
