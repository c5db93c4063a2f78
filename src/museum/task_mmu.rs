//! Bugs of fs/proc/task_mmu.c: what smaps, pagemap and clear_refs make of a pte.

use super::{Bug, Source, on_special};
use crate::packed::entry::*;
use crate::packed::masks::*;
use crate::packed::{Packed, Watch, plain};
use crate::site::{Answer, Call, SiteId, Use};

pub(super) const H01: Bug = Bug {
    mistake: "smaps_pte_entry() takes the special pte for a swap entry and decodes it",
    harm: "each special pte adds 4 kB to Swap and SwapPss of /proc/PID/smaps, and the log fills with a bad swap offset",
    ..Bug::hunk("H01", "smaps-decodes-special", SiteId::Smaps, smaps_decodes)
};

pub(super) const H02: Bug = Bug {
    mistake: "smaps_pte_entry() does not look the page cache up for a special pte, as it does for none",
    harm: "shmem pages that are swapped out behind a special pte are missing from Swap",
    ..Bug::hunk("H02", "smaps-special-not-looked-up", SiteId::Smaps, smaps_passes_over)
};

pub(super) const H03: Bug = Bug {
    mistake: "smaps_hugetlb_range() decodes the special pte",
    harm: "none on x86_64, where it decodes to a swap slot by luck; elsewhere a page that is not there is counted",
    raw_only: Some("no operation of the world leaves a special pte in a hugetlb mapping"),
    ..Bug::hunk("H03", "smaps-hugetlb-decodes-special", SiteId::SmapsHugetlb, smaps_hugetlb_decodes)
};

pub(super) const H04: Bug = Bug {
    mistake: "clear_soft_dirty() clears the swap soft-dirty flag of the special pte and stores it back",
    harm: "a store for nothing; where the special value has that bit, the mark is gone",
    ..Bug::hunk("H04", "clear-refs-stores-special", SiteId::ClearSoftDirty, clear_soft_dirty_stores)
};

pub(super) const H05: Bug = Bug {
    mistake: "pte_to_pagemap_entry() reports the special pte as a swapped page",
    harm: "readers of /proc/PID/pagemap see swap offset 2^50-1 where there is nothing: checkpoint tools save what is not there",
    ..Bug::hunk("H05", "pagemap-decodes-special", SiteId::Pagemap, pagemap_decodes)
};

pub(super) const M40: Bug = Bug {
    mistake: "pte_to_pagemap_entry() asks pte_soft_dirty() of ptes that hold an entry too, where its bit is part of the offset",
    harm: "clean swapped pages are reported as soft-dirty, by a bit of where they lie: incremental checkpoints copy them again",
    fixed: "v3.12: the present bit is read of present ptes only",
    source: Source::Commit("e9cdd6e77158"),
    ..Bug::past("M40", "pagemap-present-bit-of-entries", SiteId::Pagemap, pagemap_reads_present_bit)
};

fn smaps_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| packed.smaps_entry(call.pte, call.p[1]))
}

fn smaps_passes_over(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |_, call| plain(call.pte, 0, 0))
}

fn smaps_hugetlb_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let entry = packed.decode(call.pte);
        if !entry.is_migration() && !entry.is_device() {
            return plain(call.pte, 0, 0);
        }
        let shared = any(call.p[0], sh_mapcount2());
        plain(call.pte, if shared { sho_shared() } else { sho_private() }, entry.offset)
    })
}

fn clear_soft_dirty_stores(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        packed.swap_flag(call.pte);
        packed.used(Use::Store, call.pte);
        plain(call.pte & !swp_soft_dirty(), cso_store(), 0)
    })
}

fn pagemap_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| pagemap_entry(packed, call, swp_soft_dirty()))
}

fn pagemap_reads_present_bit(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    if !packed.masks.has_entry(call.pte) {
        return packed.dispatch(call);
    }
    packed.present_flag(call.pte);
    pagemap_entry(packed, call, swp_soft_dirty() | soft_dirty())
}

/// The word of a pte that is taken to hold an entry, soft-dirty by the bits `tracked`.
fn pagemap_entry(packed: &mut Packed<Watch>, call: &Call, tracked: u64) -> Answer {
    let (pte, flags) = (call.pte, call.p[0]);
    packed.swap_flag(pte);
    let entry = packed.decode(pte);
    let page = entry.is_migration() || entry.is_device();
    let frame = entry.kind | (entry.offset << pagemap_type_bits());
    let word = pagemap_swap()
        | carry(pte, tracked, pagemap_soft_dirty())
        | carry(flags, pm_vm_softdirty(), pagemap_soft_dirty())
        | when(any(flags, pm_show_pfn()), frame & pagemap_frame())
        | when(page && !any(flags, pm_pg_anon()), pagemap_file())
        | when(page && any(flags, pm_mapcount1()), pagemap_exclusive());
    plain(pte, 0, word)
}
