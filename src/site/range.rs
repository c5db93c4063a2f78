//! Range calls: a site over a slice of a page table, where the subject owns the loop and its counters.

use super::SiteId;

/// Most entries that a range call can have: one page table.
pub const RANGE_MAX: usize = 512;

/// Number of words in [`RangeAnswer::totals`].
pub const TOTALS: usize = 8;

/// The live budgets of khugepaged's scan (`/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_*`); other ranges have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Budgets {
    /// `max_ptes_swap`: so many swap ptes are tolerated.
    pub swap: u32,
    /// `max_ptes_none`: so many none or zero-page ptes are tolerated.
    pub none: u32,
    /// `max_ptes_shared`: so many shared pages are tolerated.
    pub shared: u32,
}

/// One call of a site over consecutive entries.
///
/// Entry `i` of the answer is what the site itself answers for `ptes[i]` with `params[i]`, up to the entry where the loop stops: fork stops
/// behind the entry that failed with `-ENOMEM`, khugepaged's scan at the entry that aborts it. Entries behind that are as [`RangeAnswer`]
/// says. In khugepaged's scan the three budget bits of `params[i][0]` are ignored and `budgets` and the counters of the whole scan rule.
#[derive(Clone, Copy, Debug)]
pub struct RangeCall<'a> {
    /// The site, one of [`RANGE_SITES`].
    pub site: SiteId,
    /// The entries, at most [`RANGE_MAX`].
    pub ptes: &'a [u64],
    /// Parameter words of each entry; as long as `ptes`.
    pub params: &'a [[u64; 3]],
    /// khugepaged's budgets.
    pub budgets: Budgets,
}

/// Where a range call's answer goes. The slices are as long as the call's; auxiliary words and aggregates are zeroed by the caller, every pte must be
/// written.
#[derive(Debug)]
pub struct RangeAnswer<'a> {
    /// The entries afterwards (fork: the child's). Behind a stop: the entry as it was, for fork 0.
    pub ptes: &'a mut [u64],
    /// The auxiliary word of each entry. Behind a stop: 0, for fork the parent's entry as it was.
    pub aux: &'a mut [u64],
    /// The aggregates that [`totals_names`] names; unused ones are 0.
    pub totals: &'a mut [u64; TOTALS],
}

/// Sites that have a range form.
pub const RANGE_SITES: [SiteId; 10] = [
    SiteId::ChangeProt,
    SiteId::MoveSoftDirty,
    SiteId::ClearSoftDirty,
    SiteId::Pagemap,
    SiteId::Smaps,
    SiteId::KhugeScan,
    SiteId::Fork,
    SiteId::ForkRfc02,
    SiteId::ForkRfc17,
    SiteId::Zap,
];

/// Names of the aggregates of a range site, in the order of [`RangeAnswer::totals`]; empty for a site without a range form.
///
/// * `change_prot`: `pages` and `stores` are the sums of the two outcome bits.
/// * `move_soft_dirty`: `moved` counts the entries that are not none, `force_flush` is 1 if one of them is present (`move_ptes()`, v5.10).
/// * `clear_soft_dirty`: `stores` is the sum of the outcomes.
/// * `pagemap`: `present`, `swap` and `soft_dirty` count the words with that bit (63, 62, 55).
/// * `smaps`: `resident`, `young`, `dirty` and `xa_loads` count outcome bits; `swap` and `swap_pss` are sums, in bytes and in
///   bytes << 12 (`struct mem_size_stats`; wrapping).
/// * `khuge_scan`: `result` is the kernel's `enum scan_result` of the whole scan, `index` the entry that stopped it (the length of the
///   slice if none did), then the counters at that moment: `unmapped`, `none_or_zero`, `shared`, `referenced`, `writable` (0 or 1). Without an
///   abort the result is `SCAN_PAGE_RO` (8) if nothing was writable; else `SCAN_LACK_REFERENCED_PAGE` (9) if nothing was referenced, or something
///   was unmapped and fewer than 256 were referenced; else `SCAN_SUCCEED` (1) (`khugepaged_scan_pmd()`, v5.10). A counter that exceeds its budget has
///   been counted.
/// * `fork*`: `rss_page`, `rss_swap`, `swap_dup`, `stores`, `src_stores` count events of the outcome; `error` is 1 after `-ENOMEM`, `index` the entry where that
///   happened (the length of the slice if it did not).
/// * `zap`: `rss_page`, `rss_swap`, `swap_free`, `swap_bad`, `rmap_del` and `cleared` count events of the outcome; `force_flush` is 1 if any entry asked for it.
pub const fn totals_names(site: SiteId) -> &'static [&'static str] {
    match site {
        SiteId::ChangeProt => &["pages", "stores"],
        SiteId::MoveSoftDirty => &["moved", "force_flush"],
        SiteId::ClearSoftDirty => &["stores"],
        SiteId::Pagemap => &["present", "swap", "soft_dirty"],
        SiteId::Smaps => &["resident", "swap", "swap_pss", "young", "dirty", "xa_loads"],
        SiteId::KhugeScan => &["result", "index", "unmapped", "none_or_zero", "shared", "referenced", "writable"],
        SiteId::Fork | SiteId::ForkRfc02 | SiteId::ForkRfc17 => {
            &["rss_page", "rss_swap", "swap_dup", "stores", "src_stores", "error", "index"]
        }
        SiteId::Zap => &["rss_page", "rss_swap", "swap_free", "swap_bad", "rmap_del", "cleared", "force_flush"],
        _ => &[],
    }
}
