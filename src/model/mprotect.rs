//! mm/mprotect.c: changing the protection of what is mapped, and uffd-wp with it.

use super::answered;
use super::primitive::pte_modify;
use super::pte::{Held, Mapped, Model, Pte};
use crate::pte::Class;
use crate::site::{Answer, params};

/// Outcome: the pte counts as a changed page.
const PAGES: u64 = 1;
/// Outcome: the pte was stored.
const STORE: u64 = 2;

/// `change_pte_range()` for one pte, v5.10 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com).
///
/// The patch asks `pte_has_swap_entry()` where `is_swap_pte()` was asked before: the special pte joins none, is not touched and not counted.
/// Installing or dropping it is for later patches of the series.
pub(super) fn change_pte_range(model: &Model, raw: u64, p: &params::ChangeProt) -> Answer {
    match model.read(raw) {
        Pte::Present(old) if p.prot_numa && numa_skips(&old, p) => answered(raw, 0, 0),
        Pte::Present(old) => answered(change_present(model, raw, &old, p), PAGES | STORE, 0),
        Pte::Swap(old) => {
            let new = model.write_held(&change_swap(model, old, p));
            // Unlike a present pte, a swap pte counts and is stored only if it changed.
            answered(new, if new == raw { 0 } else { PAGES | STORE }, 0)
        }
        Pte::None(_) | Pte::Special => answered(raw, 0, 0),
    }
}

/// Whether NUMA balancing leaves a present pte alone: no use in a hinting fault on it.
fn numa_skips(old: &Mapped, p: &params::ChangeProt) -> bool {
    let cow_mapping = p.vm_maywrite && !p.vm_shared;
    // change_prot_numa() looks for the task's own node in private mappings only.
    let on_target_node = p.same_node && !p.vm_shared;
    !old.hardware || !old.has_normal_page() || p.pg_ksm || cow_mapping && p.mapcount2 || p.file_dirty || on_target_node
}

/// The present pte under its new protection. The order decides: the dirty shortcut comes last and gives write back even after uffd-wp took it.
fn change_present(model: &Model, raw: u64, old: &Mapped, p: &params::ChangeProt) -> u64 {
    let mut pte = model.read_mapped(pte_modify(model, raw, p.newprot));
    if p.prot_numa && old.write {
        pte.write = true;
    }
    if p.uffd_wp {
        pte.write = false;
        pte.uffd_wp = model.has_uffd_wp;
    } else if p.uffd_resolve {
        // Write is not given back: the write fault that follows will do that.
        pte.uffd_wp = false;
    }
    let soft_dirty_is_known = pte.soft_dirty || !p.vm_softdirty;
    if p.dirty_acct && pte.dirty && soft_dirty_is_known {
        pte.write = true;
    }
    model.write_mapped(&pte)
}

/// The pte with a swap entry afterwards: no longer a writable one, and with the uffd-wp flag that was asked for.
fn change_swap(model: &Model, old: Held, p: &params::ChangeProt) -> Held {
    let mut pte = match model.entry_class(old.entry) {
        Class::MigrationWrite => Held { entry: model.migration_read(old.entry.offset), rest: 0, ..old },
        // The kernel carries soft-dirty over in the branch above and forgets it in this one.
        Class::DeviceWrite => Held { entry: model.device_read(old.entry.offset), soft_dirty: false, rest: 0, ..old },
        _ => old,
    };
    if p.uffd_wp {
        pte.uffd_wp = model.has_uffd_wp;
    } else if p.uffd_resolve {
        pte.uffd_wp = false;
    }
    pte
}
