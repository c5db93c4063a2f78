//! Page faults: the dispatch of `handle_pte_fault()`, and `do_numa_page()`, `do_anonymous_page()` and `finish_fault()`, all in
//! mm/memory.c. A write to a write-protected page is in the file beside this one.

use super::events::{
    CLEAR, FAULT_NOPAGE, FAULT_OOM, FAULT_SIGBUS, GET_PAGE, MMU_CACHE, MMU_TLB, NOMEM, PUT_PAGE, RMAP_ADD, RSS_PAGE,
    STORE, TLB, UFFD, WARN,
};
use super::page::{answer, mk_pte, mkdirty, mkdirty_maybe_mkwrite, mkuffd_wp, modify, normal_page, untouched, when};
use super::pte::{Mapped, Model, Pte};
use crate::site::{Answer, params};

/// Whose fault handling.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tree {
    /// v5.10 and v5.11.
    V510,
    /// After RFC 08/30, which faults the special pte in.
    Rfc08,
}

/// Who handles the fault (`PTEFUZZ_DI_*`).
mod handler {
    pub(super) const HERE: u64 = 0;
    pub(super) const ANON: u64 = 1;
    pub(super) const DO_FAULT: u64 = 2;
    pub(super) const SWAP: u64 = 3;
    pub(super) const NUMA: u64 = 4;
    pub(super) const WP: u64 = 5;
    pub(super) const DO_FAULT_UFFD_WP: u64 = 6;
    pub(super) const UFFD_CLEAR: u64 = 7;
    /// Beside `DO_FAULT`: `FAULT_FLAG_WRITE` is still set.
    pub(super) const AS_WRITE: u64 = 0x10;
}

/// What `task_numa_fault()` is told.
mod tnf {
    pub(super) const MIGRATED: u64 = 1;
    pub(super) const NO_GROUP: u64 = 2;
    pub(super) const SHARED: u64 = 4;
    pub(super) const MIGRATE_FAIL: u64 = 0x10;
    /// Not a flag of the kernel: that it was told at all.
    pub(super) const CALLED: u64 = 0x100;
}

/// The dispatch of `handle_pte_fault()` of v5.10, the same in v5.11. The special pte goes to `do_swap_page()`, which warns.
pub(super) fn pte_fault(model: &Model, raw: u64, p: &params::PteFault) -> Answer {
    dispatch(model, raw, p, Tree::V510)
}

/// The dispatch of `handle_pte_fault()` after RFC 08/30, with `do_swap_pte()` and `uffd_wp_handle_special()`.
pub(super) fn pte_fault_rfc08(model: &Model, raw: u64, p: &params::PteFaultRfc08) -> Answer {
    dispatch(model, raw, &p.into(), Tree::Rfc08)
}

fn dispatch(model: &Model, raw: u64, p: &params::PteFault, tree: Tree) -> Answer {
    match model.read(raw) {
        Pte::None(_) if p.vm_anon => answer(raw, handler::ANON, 0),
        Pte::None(_) => answer(raw, handler::DO_FAULT | when(p.write, handler::AS_WRITE), 0),
        Pte::Special if tree == Tree::Rfc08 => handle_special(raw, p),
        Pte::Swap(_) | Pte::Special => answer(raw, handler::SWAP, 0),
        Pte::Present(mapped) if !mapped.hardware && p.vm_access => answer(raw, handler::NUMA, 0),
        Pte::Present(mapped) if p.write && !mapped.write => answer(raw, handler::WP, 0),
        Pte::Present(mapped) => handle_here(model, raw, mapped, p),
    }
}

/// `uffd_wp_handle_special()` of RFC 08/30: left over from a vma that is no longer write-protected, the special pte goes; else the page is
/// faulted in as if for reading, whatever the access was.
fn handle_special(raw: u64, p: &params::PteFault) -> Answer {
    if !p.vm_uffd_wp || p.vm_anon {
        return answer(0, handler::UFFD_CLEAR | CLEAR, 0);
    }
    answer(raw, handler::DO_FAULT_UFFD_WP, 0)
}

/// Nobody else's fault: accessed, and for a write dirty. `ptep_set_access_flags()` of x86 stores only with dirty, so a read fault computes
/// accessed and drops it. Where nothing would change another CPU was faster, or the TLB is stale.
fn handle_here(model: &Model, raw: u64, pte: Mapped, p: &params::PteFault) -> Answer {
    let used = Mapped { young: true, ..if p.write { mkdirty(pte) } else { pte } };
    let used = model.write_mapped(&used);
    if used == raw {
        return answer(raw, handler::HERE | when(p.write && !p.tried, TLB), 0);
    }
    if p.write { answer(used, handler::HERE | MMU_CACHE | STORE, 0) } else { answer(raw, handler::HERE | MMU_CACHE, 0) }
}

/// `do_numa_page()` of v5.10, the same in v5.11: the pte takes the vma's protection again, accessed, and writable if it was. Then the page
/// may move to the task's node. The code is what `task_numa_fault()` is told.
pub(super) fn numa_page(model: &Model, raw: u64, p: &params::NumaPage) -> Answer {
    if p.changed {
        return untouched(raw);
    }
    let was_writable = matches!(model.read(raw), Pte::Present(mapped) if mapped.write);
    let visible = modify(model, raw, p.prot);
    let visible = Mapped { young: true, write: visible.write || was_writable, ..visible };
    let (has_page, complaint) = normal_page(model, &visible);
    let told = if has_page && !p.compound { numa_fault(&visible, p) } else { 0 };
    answer(model.write_mapped(&visible), CLEAR | STORE | MMU_CACHE | complaint | told, 0)
}

/// The half of `do_numa_page()` that concerns the page.
fn numa_fault(pte: &Mapped, p: &params::NumaPage) -> u64 {
    let sharing = when(!pte.write, tnf::NO_GROUP) | when(p.mapcount2 && p.vm_shared, tnf::SHARED);
    let moved = if !p.target {
        PUT_PAGE
    } else if p.migrate_ok {
        tnf::MIGRATED
    } else {
        tnf::MIGRATE_FAIL
    };
    GET_PAGE | tnf::CALLED | sharing | moved
}

/// `do_anonymous_page()` of v5.10, the same in v5.11; the pte is what stands in the table under the lock.
pub(super) fn anon_page(model: &Model, raw: u64, p: &params::AnonPage) -> Answer {
    if p.vm_shared {
        answer(raw, FAULT_SIGBUS, 0)
    } else if p.write {
        anon_write(model, raw, p)
    } else {
        anon_read(model, raw, p)
    }
}

/// A read fault maps the zero page.
fn anon_read(model: &Model, raw: u64, p: &params::AnonPage) -> Answer {
    if !model.is_none(raw) {
        return answer(raw, MMU_TLB, 0);
    }
    if p.unstable {
        return answer(raw, FAULT_SIGBUS, 0);
    }
    if p.uffd_missing {
        return answer(raw, UFFD, 0);
    }
    let zero = Mapped { special: true, ..mk_pte(model, model.layout().zero_pfn, p.prot) };
    answer(model.write_mapped(&zero), STORE | MMU_CACHE, 0)
}

/// A write fault maps a new page, which is given back where it turns out not to be needed. It is dirty only where the vma is writable.
fn anon_write(model: &Model, raw: u64, p: &params::AnonPage) -> Answer {
    if p.oom {
        return answer(raw, FAULT_OOM | NOMEM, 0);
    }
    if !model.is_none(raw) {
        // v5.10 calls update_mmu_cache() here, where the read path calls update_mmu_tlb().
        return answer(raw, MMU_CACHE | PUT_PAGE, 0);
    }
    if p.unstable {
        return answer(raw, FAULT_SIGBUS | PUT_PAGE, 0);
    }
    if p.uffd_missing {
        return answer(raw, PUT_PAGE | UFFD, 0);
    }
    let new = mk_pte(model, p.pfn, p.prot);
    let new = if p.vm_write { mkdirty_maybe_mkwrite(new, true) } else { new };
    answer(model.write_mapped(&new), STORE | MMU_CACHE | RMAP_ADD | RSS_PAGE, 0)
}

/// `finish_fault()` and `alloc_set_pte()` of v5.10, the same in v5.11.
pub(super) fn finish_fault(model: &Model, raw: u64, p: &params::FinishFault) -> Answer {
    install_page(model, raw, p, Tree::V510)
}

/// `finish_fault()` and `alloc_set_pte()` after RFC 08/30, which know `FAULT_FLAG_UFFD_WP`.
pub(super) fn finish_fault_rfc08(model: &Model, raw: u64, p: &params::FinishFaultRfc08) -> Answer {
    install_page(model, raw, &p.into(), Tree::Rfc08)
}

/// The page of a file fault is installed if nobody was faster: over none, or over exactly the special pte where the fault is to bring
/// write protection back.
fn install_page(model: &Model, raw: u64, p: &params::FinishFault, tree: Tree) -> Answer {
    if !p.vm_shared && p.unstable {
        return answer(raw, FAULT_SIGBUS, 0);
    }
    let uffd_wp = p.uffd_wp && tree == Tree::Rfc08;
    let is_unchanged = if uffd_wp { model.is_special(raw) } else { model.is_none(raw) };
    if !is_unchanged {
        return answer(raw, FAULT_NOPAGE | MMU_TLB, 0);
    }
    // A write to a private mapping gets a copy, made before: the page beside the file's.
    let is_copy = p.write && !p.vm_shared;
    let new = mk_pte(model, p.pfn ^ is_copy as u64, p.prot);
    let new = if p.write { mkdirty_maybe_mkwrite(new, p.vm_write) } else { new };
    let new = if uffd_wp { mkuffd_wp(model, Mapped { write: false, ..new }) } else { new };
    let warning = when(uffd_wp && p.write, WARN);
    answer(model.write_mapped(&new), STORE | MMU_CACHE | RMAP_ADD | RSS_PAGE | warning, 0)
}
