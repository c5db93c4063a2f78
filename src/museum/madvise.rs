//! Bugs of mm/madvise.c.

use super::Bug;
use crate::packed::Packed;
use crate::site::SiteId;

pub(super) const R03: Bug = Bug {
    mistake: "swapin_walk_pmd_entry() reads the special pte ahead as a slot",
    harm: "MADV_WILLNEED asks for offset 2^50-1 of area 0, which is refused; without that area it complains in the log",
    raw_only: Some("MADV_WILLNEED reads anonymous memory ahead pte by pte, and special ptes stand in file mappings"),
    ..Bug::missed("R03", "willneed-reads-special", SiteId::WillneedV3, Packed::willneed)
};

pub(super) const R04: Bug = Bug {
    mistake: "madvise_free_pte_range() frees the special pte as a slot",
    harm: "MADV_FREE clears the mark, so that writes are not trapped, and counts one swapped page too few",
    raw_only: Some("MADV_FREE takes anonymous memory only, and special ptes stand in file mappings"),
    ..Bug::missed("R04", "madv-free-frees-special", SiteId::MadvFreeV3, Packed::madv_free)
};
