//! Outcomes, events and protections in words.

use super::{OutcomePart, Site, SiteId};

/// The events of sites from `fork` on: bit number in the outcome, name, and what happened (`PTEFUZZ_EV_*`).
pub const EVENTS: [(u8, &str, &str); 30] = [
    (16, "STORE", "a value was stored to the pte"),
    (17, "CLEAR", "the pte was cleared"),
    (18, "SRC_STORE", "the parent's pte was stored"),
    (19, "RMAP_DEL", "the page lost this mapping"),
    (20, "RMAP_ADD", "the page gained this mapping"),
    (21, "GET_PAGE", "a reference to the page was taken"),
    (22, "PUT_PAGE", "a reference to the page was dropped"),
    (23, "PG_DIRTY", "the page was marked dirty"),
    (24, "PG_ACCESSED", "the page was marked accessed"),
    (25, "SWAP_DUP", "swap_duplicate() was called"),
    (26, "SWAP_FREE", "a swap reference was dropped"),
    (27, "SWAP_BAD", "the kernel complained of a bad swap entry"),
    (28, "BAD_PTE", "print_bad_pte()"),
    (29, "WARN", "a WARN_ON fired"),
    (30, "MIGWAIT", "waited for a migration"),
    (31, "UFFD", "handle_userfault() was called"),
    (32, "WILD", "the kernel would use a wild pointer"),
    (33, "RSS_SWAP", "MM_SWAPENTS changed"),
    (34, "RSS_PAGE", "MM_ANONPAGES or MM_FILEPAGES changed"),
    (35, "MMU_CACHE", "update_mmu_cache()"),
    (36, "MMU_TLB", "update_mmu_tlb(): a race was lost"),
    (37, "TLB", "a TLB flush was asked for"),
    (38, "FORCE_FLUSH", "the TLB flush was forced"),
    (39, "RETRY", "memory was needed and the site tried again"),
    (40, "NOMEM", "no memory"),
    (41, "PG_COPY", "the page was copied"),
    (42, "SETSWAPBACKED", "SetPageSwapBacked()"),
    (43, "LAZYFREE", "the page became lazily freeable"),
    (44, "CLEAR_PG_DIRTY", "ClearPageDirty()"),
    (45, "MLOCK", "the page was mlocked"),
];

/// Bits that mean a store to the pte in the outcome of a site, 0 where its outcome does not say.
pub(crate) const fn store_bits(site: SiteId) -> u64 {
    match site {
        SiteId::ChangeProt => 2,
        SiteId::ClearSoftDirty => 1,
        _ if site as u8 >= SiteId::Fork as u8 => 3 << 16,
        _ => 0,
    }
}

/// The parts of a site's outcome, events included.
pub fn outcome_parts(site: &Site) -> impl Iterator<Item = OutcomePart> + use<> {
    let events: &[(u8, &str, &str)] = if site.id >= SiteId::Fork { &EVENTS } else { &[] };
    site.outcome.iter().copied().chain(events.iter().map(|(bit, name, _)| OutcomePart::Bit(*bit, name)))
}

/// An outcome in words: the names of its bits and numbers, in order, and what has no name as a number.
pub fn describe_outcome(site: &Site, outcome: u64) -> String {
    let mut words = Vec::new();
    let mut rest = outcome;
    for part in outcome_parts(site) {
        match part {
            OutcomePart::Bit(bit, name) => {
                if rest >> bit & 1 != 0 {
                    words.push(name.to_string());
                }
                rest &= !(1 << bit);
            }
            OutcomePart::Number { shift, bits, name, values } => {
                let mask = (u64::MAX >> (64 - bits as u32)) << shift;
                let value = (rest & mask) >> shift;
                rest &= !mask;
                match values.iter().find(|(v, _)| *v == value) {
                    Some((_, word)) => words.push(format!("{name}: {word}")),
                    None => words.push(format!("{name}: {value:#x}")),
                }
            }
        }
    }
    if rest != 0 {
        words.push(format!("unnamed bits {rest:#x}"));
    }
    if words.is_empty() { "nothing".to_string() } else { words.join(", ") }
}

/// The name of a page protection of x86_64's protection map, if it is one.
pub fn prot_name(prot: u64) -> Option<&'static str> {
    PROTECTIONS.iter().find(|(value, _)| *value == prot).map(|(_, name)| *name)
}

/// The page protections of the protection map (`ptefuzz.h`), by name.
pub const PROTECTIONS: [(u64, &str); 5] = [
    (0x120, "NONE"),
    (0x8000_0000_0000_0025, "READONLY"),
    (0x8000_0000_0000_0027, "SHARED"),
    (0x25, "READONLY_EXEC"),
    (0x27, "SHARED_EXEC"),
];
