//! A write to a present pte without write: `do_wp_page()` in mm/memory.c, v5.10, the same in v5.11. It ends in userfaultfd, in reuse of
//! the page, or in a copy.

use super::events::{
    CLEAR, FAULT_NOPAGE, FAULT_OOM, FAULT_SIGBUS, FAULT_WRITE, GET_PAGE, MMU_CACHE, MMU_TLB, NOMEM, PG_COPY, PG_DIRTY,
    PUT_PAGE, RMAP_ADD, RMAP_DEL, RSS_PAGE, STORE, TLB, UFFD,
};
use super::page::{answer, is_zero_page, mk_pte, mkdirty_maybe_mkwrite, normal_page, when};
use super::pte::{Mapped, Model};
use crate::site::{Answer, params};

/// `wp_page_reuse()` changed the pte.
const REUSED: u64 = 0x1000;
/// The copy was installed.
const COPIED: u64 = 0x2000;
/// `handle_userfault()` took over.
const USERFAULT: u64 = 0x4000;

/// `do_wp_page()`. The code is the `VM_FAULT_*` value and how it came about.
pub(super) fn wp_page(model: &Model, raw: u64, p: &params::WpPage) -> Answer {
    let old = model.read_mapped(raw);
    if p.vm_uffd_wp && old.uffd_wp {
        return answer(raw, USERFAULT | UFFD, 0);
    }
    let (has_page, complaint) = normal_page(model, &old);
    let is_shared_writable = p.vm_write && p.vm_shared;
    let found = if has_page && p.pg_anon {
        if is_exclusive(p) { reuse(model, raw, old, FAULT_WRITE, p) } else { copy(model, raw, &old, has_page, p) }
    } else if is_shared_writable && has_page {
        wp_page_shared(model, raw, old, p)
    } else if is_shared_writable {
        wp_pfn_shared(model, raw, old, p)
    } else {
        copy(model, raw, &old, has_page, p)
    };
    Answer { outcome: found.outcome | complaint, ..found }
}

/// Whether nobody else has this anonymous page.
fn is_exclusive(p: &params::WpPage) -> bool {
    !p.pg_ksm && !p.count2 && !p.trylock_fail && !p.mapcount2
}

/// `wp_page_reuse()`: the page stays, accessed and dirty, and writable where the vma is. uffd-wp stays too, so a leftover of it ends up
/// beside write. Nothing is stored where nothing changes.
fn reuse(model: &Model, raw: u64, old: Mapped, fault: u64, p: &params::WpPage) -> Answer {
    let used = mkdirty_maybe_mkwrite(Mapped { young: true, ..old }, p.vm_write);
    let used = model.write_mapped(&used);
    answer(used, fault | when(used != raw, REUSED | STORE | MMU_CACHE), 0)
}

/// The driver's or filesystem's `page_mkwrite` or `pfn_mkwrite`, and the look afterwards whether the pte is still the same: what
/// the fault ends with, where it ends here.
fn mkwrite(p: &params::WpPage) -> Result<(), u64> {
    if p.mkwrite_fail {
        Err(FAULT_SIGBUS)
    } else if p.changed {
        Err(FAULT_NOPAGE | MMU_TLB)
    } else {
        Ok(())
    }
}

/// `wp_page_shared()`: a page of a shared writable file mapping, which its filesystem may want to know of.
fn wp_page_shared(model: &Model, raw: u64, old: Mapped, p: &params::WpPage) -> Answer {
    let asked = if p.page_mkwrite { mkwrite(p) } else { Ok(()) };
    let found = match asked {
        Err(fault) => answer(raw, fault, 0),
        Ok(()) => reuse(model, raw, old, FAULT_WRITE | PG_DIRTY, p),
    };
    Answer { outcome: found.outcome | GET_PAGE | PUT_PAGE, ..found }
}

/// `wp_pfn_shared()`: a shared writable mapping without a page.
fn wp_pfn_shared(model: &Model, raw: u64, old: Mapped, p: &params::WpPage) -> Answer {
    if !p.pfn_mkwrite {
        return reuse(model, raw, old, FAULT_WRITE, p);
    }
    match mkwrite(p) {
        Err(fault) => answer(raw, fault, 0),
        // Not VM_FAULT_WRITE: finish_mkwrite_fault() says 0.
        Ok(()) => reuse(model, raw, old, 0, p),
    }
}

/// `wp_page_copy()`: a page of one's own, which keeps nothing of the old pte: not uffd-wp, not special, not the protection key. A copy of
/// the zero page is made by zeroing.
fn copy(model: &Model, raw: u64, old: &Mapped, has_page: bool, p: &params::WpPage) -> Answer {
    let held = when(has_page, GET_PAGE);
    if p.oom {
        return answer(raw, FAULT_OOM | NOMEM | held | when(has_page, PUT_PAGE), 0);
    }
    let is_zero = is_zero_page(model, old);
    if p.copyfail && !is_zero {
        return answer(raw, held | PUT_PAGE, 0);
    }
    let copied = held | when(!is_zero, PG_COPY);
    if p.changed {
        return answer(raw, copied | MMU_TLB | PUT_PAGE, 0);
    }
    let new = mkdirty_maybe_mkwrite(mk_pte(model, p.new_pfn, p.prot), p.vm_write);
    let installed = CLEAR | when(old.hardware, TLB) | STORE | MMU_CACHE | RMAP_ADD;
    let counted = when(!has_page || !p.pg_anon, RSS_PAGE);
    let replaced = when(has_page, RMAP_DEL | PUT_PAGE);
    answer(model.write_mapped(&new), FAULT_WRITE | COPIED | copied | installed | counted | replaced, 0)
}
