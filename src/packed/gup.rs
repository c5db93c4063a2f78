//! `follow_page_pte()` of mm/gup.c: v5.10, and with the hunk of version 3.

use super::entry::*;
use super::masks::*;
use super::{Observer, Packed};
use crate::site::{Answer, Call};

/// What `vm_normal_page()` and its fallbacks found behind a present pte.
enum Behind {
    Page,
    NoPage,
    Error(u64),
    Pfn,
}

impl<O: Observer> Packed<O> {
    /// `follow_page_pte()`, v5.10: the special pte is decoded where migration is waited for. The auxiliary word is
    /// the page's frame number.
    #[inline]
    pub fn gup(&mut self, call: &Call) -> Answer {
        self.follow_page(call, true)
    }

    /// `follow_page_pte()`, v5.10 with the hunk of version 3: the special pte is not decoded.
    #[inline]
    pub fn gup_v3(&mut self, call: &Call) -> Answer {
        self.follow_page(call, false)
    }

    /// Both forms; `decodes_special` says whether the special pte is taken to hold an entry.
    ///
    /// After the first wait the table holds `p[2]`, after a second nothing.
    #[inline]
    pub(crate) fn follow_page(&mut self, call: &Call, decodes_special: bool) -> Answer {
        let [flags, facts, second] = call.p;
        if any(flags, foll_pin()) && any(flags, foll_get()) {
            return self.finish(call.pte, call.pte, ev_warn() | gup_error(einval()), 0);
        }
        let mut waits = 0;
        let mut pte = call.pte;
        for next in [second, 0] {
            let decodes = is_swap(pte) && (decodes_special || !self.masks.is_special(pte));
            if !any(flags, foll_migration()) || !decodes || !self.decode(pte).is_migration() {
                break;
            }
            waits = ev_migwait();
            pte = next;
        }
        if present(pte) {
            self.follow_present(pte, flags, facts, waits)
        } else {
            let code = if none(pte) { no_page_table(flags, facts) } else { 0 };
            self.finish(pte, pte, waits | code, 0)
        }
    }

    /// A present pte.
    #[inline]
    pub(crate) fn follow_present(&mut self, pte: u64, flags: u64, facts: u64, waits: u64) -> Answer {
        self.present_flag(pte);
        if any(flags, foll_numa()) && protnone(pte) {
            return self.finish(pte, pte, waits, 0);
        }
        if any(flags, foll_write()) && !can_follow_write(pte, flags) {
            return self.finish(pte, pte, waits | guo_nowrite(), 0);
        }
        let events = waits | bad_pte(pte);
        match behind(pte, flags, facts) {
            Behind::Page => self.follow_grab(pte, flags, facts, events),
            Behind::NoPage => self.finish(pte, pte, events, 0),
            Behind::Error(error) => self.finish(pte, pte, events | gup_error(error), 0),
            Behind::Pfn => self.follow_pfn(pte, flags, events),
        }
    }

    /// `follow_pfn_pte()`: there is no page; the pte may be touched all the same.
    pub(crate) fn follow_pfn(&mut self, pte: u64, flags: u64, events: u64) -> Answer {
        if any(flags, foll_get()) {
            return self.finish(pte, pte, events | gup_error(efault()), 0);
        }
        let touches = when(any(flags, foll_touch()), accessed() | when(any(flags, foll_write()), dirtied()));
        let new = pte | touches;
        let stored = when(new != pte, ev_store() | ev_mmu_cache());
        self.finish(pte, new, events | stored | gup_error(eexist()), 0)
    }

    /// A page: split if it is to be, then a reference, then what the flags ask to be told to it.
    #[inline]
    pub(crate) fn follow_grab(&mut self, pte: u64, flags: u64, facts: u64, events: u64) -> Answer {
        let mut events = events;
        let mut huge = any(facts, gu_thp());
        if huge && any(flags, foll_split()) {
            events |= ev_get_page() | ev_put_page();
            if any(facts, gu_split_fail()) {
                return self.finish(pte, pte, events | gup_error(eagain()), 0);
            }
            huge = false;
        }
        if any(flags, foll_get() | foll_pin()) {
            if any(facts, gu_grab_fail()) {
                return self.finish(pte, pte, events | gup_error(enomem()), 0);
            }
            events |= ev_get_page();
        }
        if any(flags, foll_touch()) {
            let dirties = any(flags, foll_write()) && !any(pte, dirty()) && !any(facts, gu_pg_dirty());
            events |= ev_pg_accessed() | when(dirties, ev_pg_dirty());
        }
        let locks = any(flags, foll_mlock()) && any(facts, gu_vm_locked()) && !huge && !any(facts, gu_no_mapping());
        self.finish(pte, pte, events | when(locks, ev_mlock()) | guo_page(), pfn(pte))
    }
}

/// What is behind a present pte that may be followed.
#[inline]
fn behind(pte: u64, flags: u64, facts: u64) -> Behind {
    if has_page(pte) {
        Behind::Page
    } else if any(pte, devmap()) && any(flags, foll_get() | foll_pin()) {
        if any(facts, gu_dev_pagemap()) { Behind::Page } else { Behind::NoPage }
    } else if any(flags, foll_dump()) {
        Behind::Error(efault())
    } else if maps_zero_page(pte) {
        Behind::Page
    } else {
        Behind::Pfn
    }
}

/// `can_follow_write_pte()`: writable, or a forced write whose COW has been made.
#[inline]
pub(crate) fn can_follow_write(pte: u64, flags: u64) -> bool {
    any(pte, write()) || (any(flags, foll_force()) && any(flags, foll_cow()) && any(pte, dirty()))
}

/// `no_page_table()`: a dump leaves holes out, everything else will fault.
#[inline]
pub(crate) fn no_page_table(flags: u64, facts: u64) -> u64 {
    if any(flags, foll_dump()) && any(facts, gu_vm_anon() | gu_no_fault_op()) {
        gup_error(efault())
    } else {
        guo_no_page_table()
    }
}

/// The code of an error pointer.
#[inline(always)]
pub(crate) fn gup_error(errno: u64) -> u64 {
    guo_err() | (errno << guo_errno_shift())
}
