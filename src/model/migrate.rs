//! Migration: `remove_migration_pte()` and `migrate_vma_collect_pmd()` in mm/migrate.c, for one pte.

use super::entry::{self, Form};
use super::events::{CLEAR, GET_PAGE, MLOCK, MMU_CACHE, PUT_PAGE, RMAP_ADD, RMAP_DEL, STORE, TLB};
use super::page::{answer, frame, is_zero_page, mk_pte, mkuffd_wp, normal_page, untouched, when};
use super::pte::{Held, Mapped, Model, Pte};
use crate::pte::Class;
use crate::site::{Answer, params};

/// `remove_migration_pte()` replaced the entry.
const REPLACED: u64 = 1;

/// `migrate->cpages++`.
const COUNTED: u64 = 1;

/// `MIGRATE_PFN_VALID`: the frame number of this word of `src[]` means something.
const MPFN_VALID: u64 = 1;
/// `MIGRATE_PFN_MIGRATE`.
const MPFN_MIGRATE: u64 = 2;
/// `MIGRATE_PFN_LOCKED`.
const MPFN_LOCKED: u64 = 4;
/// `MIGRATE_PFN_WRITE`.
const MPFN_WRITE: u64 = 8;
/// `MIGRATE_PFN_SHIFT`.
const MPFN_SHIFT: u32 = 6;

/// `remove_migration_pte()` of v5.10, the same in v5.11: puts the new page where a migration entry points to the old one.
pub(super) fn remove_migration(model: &Model, raw: u64, p: &params::RemoveMigration) -> Answer {
    let Pte::Swap(held) = model.read(raw) else { return untouched(raw) };
    let was_writable = match model.entry_class(held.entry) {
        Class::MigrationWrite => true,
        Class::MigrationRead => false,
        _ => return untouched(raw),
    };
    if p.pfn_mismatch {
        return untouched(raw);
    }
    let base = Mapped { young: false, ..mk_pte(model, p.new_pfn, p.prot) };
    let base = Mapped { soft_dirty: base.soft_dirty || held.soft_dirty, ..base };
    // A writable entry does not get uffd-wp back; a read entry does, but nothing takes write away.
    let mapped = if was_writable {
        Mapped { write: base.write || p.vm_write, ..base }
    } else if held.uffd_wp {
        mkuffd_wp(model, base)
    } else {
        base
    };
    let pte = if p.new_devpriv {
        // Write comes from the pte just built, so a writable protection makes a write entry of a read one.
        let entry = entry::device_private(model, frame(model, p.new_pfn), mapped.write);
        model.write_held(&Held { entry, rest: 0, ..held })
    } else {
        model.write_mapped(&mapped)
    };
    answer(pte, REPLACED | GET_PAGE | STORE | RMAP_ADD | MMU_CACHE | when(p.vm_locked, MLOCK), 0)
}

/// `migrate_vma_collect_pmd()` of v5.10, the same in v5.11.
pub(super) fn migrate_collect(model: &Model, raw: u64, p: &params::MigrateCollect) -> Answer {
    collect(model, raw, p, Form::V510)
}

/// `migrate_vma_collect_pmd()` with the hunk of v3 05/27: the special pte is answered like none.
pub(super) fn migrate_collect_v3(model: &Model, raw: u64, p: &params::MigrateCollectV3) -> Answer {
    collect(model, raw, &p.into(), Form::V3)
}

/// One pte of the range; the auxiliary word is what `src[]` gets.
fn collect(model: &Model, raw: u64, p: &params::MigrateCollect, form: Form) -> Answer {
    match model.read(raw) {
        Pte::None(_) => collect_hole(raw, p.vm_anon),
        Pte::Special if form == Form::V3 => collect_hole(raw, p.vm_anon),
        Pte::Present(mapped) => collect_mapped(model, raw, &mapped, p),
        Pte::Swap(held) => collect_entry(model, raw, held, p),
        Pte::Special => collect_entry(model, raw, entry::taken_for_entry(model, raw), p),
    }
}

/// Nothing is mapped: anonymous memory can start its life on the device.
fn collect_hole(raw: u64, is_fresh: bool) -> Answer {
    if is_fresh { answer(raw, COUNTED, MPFN_MIGRATE) } else { untouched(raw) }
}

/// A mapped page, if the caller selects system memory. The zero page holds no data, so it is as good as nothing.
fn collect_mapped(model: &Model, raw: u64, pte: &Mapped, p: &params::MigrateCollect) -> Answer {
    if !p.select_system {
        return untouched(raw);
    }
    if is_zero_page(model, pte) {
        return collect_hole(raw, true);
    }
    let (has_page, complaint) = normal_page(model, pte);
    if !has_page || p.no_mapping || p.thp {
        return answer(raw, complaint, 0);
    }
    let entry = entry::migration(model, pte.pfn, pte.write);
    let left = Held { entry, soft_dirty: pte.soft_dirty, uffd_wp: pte.uffd_wp, rest: 0 };
    collect_page(model, raw, left, pte.write, when(p.trylock, TLB), p)
}

/// A device private page, if the caller selects those and owns it. Every other entry is passed over.
fn collect_entry(model: &Model, raw: u64, held: Held, p: &params::MigrateCollect) -> Answer {
    let write = match model.entry_class(held.entry) {
        Class::DeviceWrite => true,
        Class::DeviceRead => false,
        _ => return untouched(raw),
    };
    if !p.select_devpriv || !p.owner_match || p.no_mapping || p.thp {
        return untouched(raw);
    }
    let left = Held { entry: entry::migration(model, held.entry.offset, write), rest: 0, ..held };
    collect_page(model, raw, left, write, 0, p)
}

/// A page to migrate. If its lock can be had at once, the migration entry `left` takes its place; if not, a later step will see to it.
fn collect_page(model: &Model, raw: u64, left: Held, write: bool, flush: u64, p: &params::MigrateCollect) -> Answer {
    let mpfn = left.entry.offset << MPFN_SHIFT | MPFN_VALID | MPFN_MIGRATE | when(write, MPFN_WRITE);
    if !p.trylock {
        return answer(raw, COUNTED | GET_PAGE, mpfn);
    }
    let events = GET_PAGE | CLEAR | STORE | RMAP_DEL | PUT_PAGE | flush;
    answer(model.write_held(&left), COUNTED | events, mpfn | MPFN_LOCKED)
}
