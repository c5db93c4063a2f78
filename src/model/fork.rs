//! fork: `copy_pte_range()` in mm/memory.c, for one pte. The answer's pte is the child's (0: nothing installed), its auxiliary word the
//! parent's pte afterwards.

use super::entry;
use super::events::{GET_PAGE, NOMEM, PG_COPY, RETRY, RMAP_ADD, RSS_PAGE, RSS_SWAP, SRC_STORE, STORE, SWAP_DUP};
use super::page::{answer, mk_pte, mkdirty_maybe_mkwrite, mkuffd_wp, normal_page, when};
use super::pte::{Held, Mapped, Model, Pte};
use crate::pte::Class;
use crate::site::{Answer, params};

/// `-ENOMEM` in the code.
const ENOMEM: u64 = 1;

/// Whose `copy_pte_range()`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tree {
    /// v5.10 and v5.11.
    V510,
    /// After RFC 02/30: the child's vma decides about uffd-wp. The tree that patch 07/30 applies to.
    Rfc02,
    /// After RFC 17/30: the special pte is recognised.
    Rfc17,
}

/// `copy_pte_range()` of v5.10, the same in v5.11.
pub(super) fn fork(model: &Model, raw: u64, p: &params::Fork) -> Answer {
    copy_one_pte(model, raw, p, Tree::V510)
}

/// `copy_pte_range()` of v5.10 after RFC 02/30 (upstream 8f34f1eac382).
pub(super) fn fork_rfc02(model: &Model, raw: u64, p: &params::ForkRfc02) -> Answer {
    copy_one_pte(model, raw, &p.into(), Tree::Rfc02)
}

/// `copy_pte_range()` of v5.10 after RFC 17/30.
pub(super) fn fork_rfc17(model: &Model, raw: u64, p: &params::ForkRfc17) -> Answer {
    copy_one_pte(model, raw, &p.into(), Tree::Rfc17)
}

fn copy_one_pte(model: &Model, raw: u64, p: &params::Fork, tree: Tree) -> Answer {
    match model.read(raw) {
        Pte::None(_) => answer(0, 0, raw),
        Pte::Present(parent) => copy_present(model, raw, parent, p, tree),
        Pte::Swap(parent) => copy_nonpresent(model, parent, p, tree),
        Pte::Special if tree == Tree::Rfc17 => copy_special(raw, p),
        // The earlier trees do not know the special pte.
        Pte::Special => copy_nonpresent(model, entry::taken_for_entry(model, raw), p, tree),
    }
}

/// `is_cow_mapping()`: a private mapping that may become writable.
fn is_cow(p: &params::Fork) -> bool {
    p.vm_maywrite && !p.vm_shared
}

/// Where a page is mapped: the child gets the same page, and COW takes write away from both.
fn copy_present(model: &Model, raw: u64, parent: Mapped, p: &params::Fork, tree: Tree) -> Answer {
    let (has_page, complaint) = normal_page(model, &parent);
    if has_page && is_cow(p) && p.has_pinned && p.pg_pinned {
        return copy_pinned(model, raw, parent, p, tree);
    }
    // v5.10 asks the parent's vma whether the child keeps uffd-wp.
    let keeps_uffd_wp = if tree == Tree::V510 { p.src_uffd_wp } else { p.dst_uffd_wp };
    let protect = is_cow(p) && parent.write;
    let parent = Mapped { write: parent.write && !protect, ..parent };
    let child = Mapped {
        dirty: parent.dirty && !p.vm_shared,
        young: false,
        uffd_wp: parent.uffd_wp && keeps_uffd_wp,
        ..parent
    };
    let events = complaint | STORE | when(has_page, GET_PAGE | RMAP_ADD | RSS_PAGE) | when(protect, SRC_STORE);
    answer(model.write_mapped(&child), events, model.write_mapped(&parent))
}

/// `copy_present_page()`: a page that is pinned for DMA must stay the parent's own, so the child gets a copy at once. The first pass has no
/// page at hand and comes back with one.
fn copy_pinned(model: &Model, raw: u64, parent: Mapped, p: &params::Fork, tree: Tree) -> Answer {
    if p.nomem {
        return answer(0, ENOMEM | RETRY | NOMEM, raw);
    }
    let copy = mkdirty_maybe_mkwrite(mk_pte(model, p.new_pfn, p.prot), p.vm_write);
    // v5.10 forgets uffd-wp here.
    let child = if tree != Tree::V510 && p.dst_uffd_wp && parent.uffd_wp {
        mkuffd_wp(model, Mapped { write: false, ..copy })
    } else {
        copy
    };
    answer(model.write_mapped(&child), RETRY | STORE | RMAP_ADD | RSS_PAGE | PG_COPY, raw)
}

/// `copy_nonpresent_pte()`: where an entry is held. In a COW mapping a writable migration or device private entry becomes its read form on
/// both sides.
fn copy_nonpresent(model: &Model, parent: Held, p: &params::Fork, tree: Tree) -> Answer {
    let class = model.entry_class(parent.entry);
    let protect = is_cow(p) && matches!(class, Class::MigrationWrite | Class::DeviceWrite);
    let parent = if protect { entry::make_read(model, parent) } else { parent };
    // v5.10 never takes uffd-wp away from an entry.
    let keeps_uffd_wp = tree == Tree::V510 || p.dst_uffd_wp;
    let child = Held { uffd_wp: parent.uffd_wp && keeps_uffd_wp, ..parent };
    let events = match class {
        Class::Swap => return copy_swap(model, parent, child, p),
        Class::MigrationRead | Class::MigrationWrite => RSS_PAGE,
        Class::DeviceRead | Class::DeviceWrite => GET_PAGE | RMAP_ADD | RSS_PAGE,
        _ => 0,
    };
    answer(model.write_held(&child), events | STORE | when(protect, SRC_STORE), model.write_held(&parent))
}

/// The swap slot gets one more user. Where its count needs a continuation page, the pass ends, allocates one and comes again; for the entry
/// whose value is 0 that request is taken for success, and the child is left with nothing.
fn copy_swap(model: &Model, parent: Held, child: Held, p: &params::Fork) -> Answer {
    let unchanged = model.write_held(&parent);
    if p.swap_cont && entry::val(model, parent.entry) == 0 {
        return answer(0, SWAP_DUP, unchanged);
    }
    if p.swap_cont && p.nomem {
        return answer(0, ENOMEM | SWAP_DUP | RETRY | NOMEM, unchanged);
    }
    answer(model.write_held(&child), SWAP_DUP | when(p.swap_cont, RETRY) | RSS_SWAP | STORE, unchanged)
}

/// RFC 17/30: the special pte is copied where the child's vma has uffd-wp, and left out where it has not.
fn copy_special(raw: u64, p: &params::Fork) -> Answer {
    if p.dst_uffd_wp { answer(raw, STORE, raw) } else { answer(0, 0, raw) }
}
