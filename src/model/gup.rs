//! get_user_pages: `follow_page_pte()` in mm/gup.c.

use super::entry::Form;
use super::events::{GET_PAGE, MIGWAIT, MLOCK, MMU_CACHE, PG_ACCESSED, PG_DIRTY, PUT_PAGE, STORE, WARN};
use super::page::{answer, is_zero_page, mkdirty, normal_page, when};
use super::pte::{Mapped, Model, Pte};
use crate::pte::Class;
use crate::site::{Answer, params};

/// NULL, and the pte is not none: the caller will fault.
const NO_PAGE: u64 = 0;
/// NULL by way of `no_page_table()`.
const NO_PAGE_TABLE: u64 = 1;
/// A page.
const PAGE: u64 = 2;
/// NULL: `FOLL_WRITE`, and the pte may not be written through.
const NOWRITE: u64 = 4;

const EAGAIN: u64 = 11;
const ENOMEM: u64 = 12;
const EFAULT: u64 = 14;
const EEXIST: u64 = 17;
const EINVAL: u64 = 22;

/// `ERR_PTR(-errno)`.
fn error(errno: u64) -> u64 {
    3 | errno << 8
}

/// `follow_page_pte()` of v5.10, the same in v5.11. The auxiliary word is the pfn of the page that is returned.
pub(super) fn gup(model: &Model, raw: u64, p: &params::Gup) -> Answer {
    follow_page_pte(model, raw, p, Form::V510)
}

/// `follow_page_pte()` with the hunk of v3 05/27: the special pte is not decoded.
pub(super) fn gup_v3(model: &Model, raw: u64, p: &params::GupV3) -> Answer {
    follow_page_pte(model, raw, &p.into(), Form::V3)
}

fn follow_page_pte(model: &Model, raw: u64, p: &params::Gup, form: Form) -> Answer {
    if p.foll_pin && p.foll_get {
        return answer(raw, error(EINVAL) | WARN, 0);
    }
    // After a wait there is something else in the table, and after a second one nothing.
    let waits = |raw: u64| p.foll_migration && is_migration(model, raw, form);
    let (raw, waited) = match (waits(raw), waits(p.second)) {
        (false, _) => (raw, 0),
        (true, false) => (p.second, MIGWAIT),
        (true, true) => (0, MIGWAIT),
    };
    let found = match model.read(raw) {
        Pte::Present(mapped) => follow_mapped(model, raw, mapped, p),
        Pte::None(_) => no_page_table(raw, p),
        Pte::Swap(_) | Pte::Special => answer(raw, NO_PAGE, 0),
    };
    Answer { outcome: found.outcome | waited, ..found }
}

/// Whether there is a migration to wait for. v5.10 decodes the special pte to find out.
fn is_migration(model: &Model, raw: u64, form: Form) -> bool {
    let entry = match model.read(raw) {
        Pte::Swap(held) => held.entry,
        Pte::Special if form == Form::V510 => model.decode(raw),
        _ => return false,
    };
    matches!(model.entry_class(entry), Class::MigrationRead | Class::MigrationWrite)
}

/// `no_page_table()`: a core dump leaves holes out where a fault would only make zeroes.
fn no_page_table(raw: u64, p: &params::Gup) -> Answer {
    let is_hole = p.foll_dump && (p.vm_anon || p.no_fault_op);
    answer(raw, if is_hole { error(EFAULT) } else { NO_PAGE_TABLE }, 0)
}

/// A mapped pte: NUMA hints and missing write permission end here, the rest goes on to the page. Only the write bit decides about writing;
/// uffd-wp is never asked.
fn follow_mapped(model: &Model, raw: u64, pte: Mapped, p: &params::Gup) -> Answer {
    if p.foll_numa && !pte.hardware {
        return answer(raw, NO_PAGE, 0);
    }
    let may_write = pte.write || p.foll_force && p.foll_cow && pte.dirty;
    if p.foll_write && !may_write {
        return answer(raw, NOWRITE, 0);
    }
    let (has_page, complaint) = normal_page(model, &pte);
    let found = if has_page { take_page(raw, &pte, p) } else { follow_special_mapping(model, raw, pte, p) };
    Answer { outcome: found.outcome | complaint, ..found }
}

/// No normal page: device memory gives its page to who takes a reference, the zero page is good for all but a core dump, and for the rest
/// there is only the pfn.
fn follow_special_mapping(model: &Model, raw: u64, pte: Mapped, p: &params::Gup) -> Answer {
    if pte.devmap && (p.foll_get || p.foll_pin) {
        return if p.dev_pagemap { take_page(raw, &pte, p) } else { answer(raw, NO_PAGE, 0) };
    }
    if p.foll_dump {
        return answer(raw, error(EFAULT), 0);
    }
    if is_zero_page(model, &pte) { take_page(raw, &pte, p) } else { follow_pfn_pte(model, raw, pte, p) }
}

/// `follow_pfn_pte()`: there is no page to return, but the pte can be touched.
fn follow_pfn_pte(model: &Model, raw: u64, pte: Mapped, p: &params::Gup) -> Answer {
    if p.foll_get {
        return answer(raw, error(EFAULT), 0);
    }
    if !p.foll_touch {
        return answer(raw, error(EEXIST), 0);
    }
    let written = if p.foll_write { mkdirty(pte) } else { pte };
    let touched = model.write_mapped(&Mapped { young: true, ..written });
    answer(touched, error(EEXIST) | when(touched != raw, STORE | MMU_CACHE), 0)
}

/// There is a page: it may have to be split, which starts the walk again, and then it is grabbed, touched and mlocked as asked.
fn take_page(raw: u64, pte: &Mapped, p: &params::Gup) -> Answer {
    let splits = p.foll_split && p.thp;
    let events = when(splits, GET_PAGE | PUT_PAGE);
    if splits && p.split_fail {
        return answer(raw, error(EAGAIN) | events, 0);
    }
    let grabs = p.foll_get || p.foll_pin;
    if grabs && p.grab_fail {
        return answer(raw, error(ENOMEM) | events, 0);
    }
    let dirties = p.foll_write && !pte.dirty && !p.pg_dirty;
    let touch = when(p.foll_touch, PG_ACCESSED | when(dirties, PG_DIRTY));
    let is_thp = p.thp && !splits;
    let mlocks = p.foll_mlock && p.vm_locked && !is_thp && !p.no_mapping;
    answer(raw, PAGE | events | when(grabs, GET_PAGE) | touch | when(mlocks, MLOCK), pte.pfn)
}
