//! mm/page_vma_mapped.c: the rmap walk asks whether a pte maps a page.

use super::answered;
use super::pte::{Model, Pte};
use crate::pte::Class;
use crate::site::{Answer, params};

const MAP_PTE: u64 = 1;
const CHECK_PTE: u64 = 2;

/// `map_pte()` and `check_pte()`, v5.10 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com), both asked whatever the first says.
pub(super) fn map_and_check(model: &Model, raw: u64, p: &params::Pvmw) -> Answer {
    let pte = model.read(raw);
    let mapped = if map_pte(model, pte, p) { MAP_PTE } else { 0 };
    let checked = if check_pte(model, pte, p) { CHECK_PTE } else { 0 };
    answered(raw, mapped | checked, 0)
}

/// Whether the pte is worth the lock.
///
/// Under `PVMW_MIGRATION` the patch left `is_swap_pte()` in place, so the special pte passes here; [`check_pte`] turns it away.
fn map_pte(model: &Model, pte: Pte, p: &params::Pvmw) -> bool {
    if p.sync {
        return true;
    }
    match pte {
        Pte::Swap(_) | Pte::Special if p.migration => true,
        Pte::Swap(held) => is_device_private(model.entry_class(held.entry)),
        Pte::Present(_) => !p.migration,
        Pte::None(_) | Pte::Special => false,
    }
}

/// Whether the pte maps the page, or under `PVMW_MIGRATION` will again once its migration is over.
fn check_pte(model: &Model, pte: Pte, p: &params::Pvmw) -> bool {
    match pte {
        Pte::Swap(held) => {
            let class = model.entry_class(held.entry);
            let kind_fits = if p.migration { is_migration(class) } else { is_device_private(class) };
            kind_fits && pfn_is_match(held.entry.offset, p)
        }
        Pte::Present(mapped) => !p.migration && pfn_is_match(mapped.pfn, p),
        Pte::None(_) | Pte::Special => false,
    }
}

/// `pfn_is_match()`: the page itself, or any page of a transparent huge one.
fn pfn_is_match(pfn: u64, p: &params::Pvmw) -> bool {
    let huge = p.nr_pages > 1 && !p.hugetlb;
    if huge { pfn >= p.page_pfn && pfn - p.page_pfn < p.nr_pages } else { pfn == p.page_pfn }
}

fn is_migration(class: Class) -> bool {
    matches!(class, Class::MigrationRead | Class::MigrationWrite)
}

fn is_device_private(class: Class) -> bool {
    matches!(class, Class::DeviceRead | Class::DeviceWrite)
}
