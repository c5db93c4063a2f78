//! The candidates that are not in the museum, each with its reason.

/// A candidate that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Out {
    /// Its number in the list of candidates.
    pub id: &'static str,
    /// Its name there.
    pub slug: &'static str,
    /// Why it is out.
    pub why: Why,
    /// What is particular to it, if anything is.
    pub note: &'static str,
}

/// Why a candidate is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is wrong about a pmd.
    Pmd,
    /// It is wrong about a pte of hugetlb.
    Hugetlb,
    /// It needs a kind of entry that came after v5.10: a marker, a device-exclusive entry.
    Entry,
    /// The tree that the model reads, v5.10, has it: there the wrong answer is the right one.
    Tree,
    /// The function that is wrong is no site here.
    NoSite,
    /// It differs in no value and no use that is not expected.
    Unseen,
}

impl Why {
    /// The reason in words.
    pub const fn words(self) -> &'static str {
        match self {
            Why::Pmd => "pmd level: waits for huge entries",
            Why::Hugetlb => "hugetlb only: waits for its sites",
            Why::Entry => "needs a kind of entry that v5.10 does not have",
            Why::Tree => "v5.10, which the model reads, has it itself",
            Why::NoSite => "the function that is wrong is no site here",
            Why::Unseen => "changes no value and makes no unexpected use",
        }
    }
}

const fn out(id: &'static str, slug: &'static str, why: Why, note: &'static str) -> Out {
    Out { id, slug, why, note }
}

/// Every candidate that is out, by number.
pub static OUT: [Out; 51] = [
    out("M07", "devpriv-pmd-migration-write-from-sd", Why::Pmd, "on a pte it would be M06 with M02"),
    out("M09", "thp-migration-wp-lost-begin", Why::Pmd, ""),
    out("M10", "thp-migration-wp-ignored-protect", Why::Pmd, ""),
    out("M11", "hugetlb-migration-wp-ignored", Why::Hugetlb, ""),
    out("M12", "hugetlb-marker-modified", Why::Hugetlb, "and markers"),
    out("M14", "fork-swapin-error-dropped", Why::Entry, "swapin-error markers of v6.1"),
    out(
        "M15",
        "mremap-keeps-uffd-wp",
        Why::Tree,
        "the world's own mremap has it as a plant, which a conservation law finds",
    ),
    out("M18", "fork-pmd-migration-clear-present-bit", Why::Pmd, ""),
    out("M19", "fork-pmd-migration-wp-lost", Why::Pmd, ""),
    out("M21", "pmd-to-swp-entry-keeps-wp", Why::Unseen, "the flags lie outside type and offset on x86_64"),
    out("M22", "hugetlb-fork-wrong-accessor", Why::Hugetlb, ""),
    out("M23", "hugetlb-fork-clear-corrupts-pfn", Why::Hugetlb, ""),
    out("M26", "unuse-loses-swap-bits", Why::Tree, "unuse loses both marks until v5.19"),
    out("M27", "unuse-maps-random-on-error", Why::Tree, "unuse does not ask whether the read succeeded until v5.19"),
    out("M28", "madv-free-skips-poison", Why::Tree, "MADV_FREE leaves every non-swap entry alone until v5.19"),
    out("M29", "zap-skips-swap-when-details", Why::Tree, "zap keeps entries whenever it has details until v5.18"),
    out("M30", "zeropage-split-loses-wp", Why::Pmd, ""),
    out("M31", "split-zerofill-loses-sd-wp", Why::NoSite, "try_to_map_unused_to_zeropage() of v6.12"),
    out("M32", "khugepaged-isolate-ignores-wp", Why::NoSite, "__collapse_huge_page_isolate()"),
    out("M33", "split-migration-pmd-flags", Why::Pmd, ""),
    out("M34", "split-migration-pmd-zeropage-test", Why::Pmd, ""),
    out("M35", "split-compare-folio-on-migration", Why::Pmd, ""),
    out("M36", "uffd-move-on-migration-pmd", Why::Pmd, ""),
    out("M37", "migrate-end-ro-becomes-rw", Why::Tree, "remove_migration_pte() never write-protects in v5.10"),
    out("M42", "mprotect-page-of-genuine-swap", Why::Unseen, "decoding a slot is expected there"),
    out("M43", "mprotect-sd-not-honoured", Why::Tree, "the test of VM_SOFTDIRTY is the wrong way round since v3.18"),
    out("M44", "clear-refs-no-writenotify", Why::NoSite, "vma_wants_writenotify(), which makes a parameter of sites"),
    out("M45", "hugetlb-shared-sd", Why::Hugetlb, ""),
    out("M46", "uffd-wp-shared-prot-writable", Why::Tree, "and vma_wants_writenotify() is no site"),
    out("M47", "hugetlb-wp-reuse", Why::Hugetlb, ""),
    out("M48", "uffd-copy-wp-needs-vm-write", Why::NoSite, "UFFDIO_COPY"),
    out("M50", "mincore-hugetlb-marker", Why::Hugetlb, "and markers"),
    out("M52", "is-pfn-swap-entry-hwpoison", Why::Tree, "smaps and pagemap know no page of a hwpoison entry in v5.10"),
    out("M54", "pvmw-devpriv-pmd", Why::Pmd, ""),
    out("M55", "hmm-nonowner-devpriv", Why::Tree, "hmm answers -EFAULT for another's device page until v5.19"),
    out("M57", "smaps-mapcount-on-migration", Why::Tree, "pagemap takes the map count of a migrating page until v5.17"),
    out("M58", "pagemap-scan-loses-ad", Why::NoSite, "PAGEMAP_SCAN of v6.7"),
    out("M59", "must-wait-pte-write-on-swap", Why::NoSite, "userfaultfd_must_wait()"),
    out("M60", "lazyfree-batch-writable", Why::NoSite, "unmap of batches, v6.15; the batches of mremap are M61"),
    out("M62", "uffd-move-soft-dirty", Why::NoSite, "UFFDIO_MOVE of v6.8"),
    out("M63", "dirty-means-cowed", Why::Tree, "gup takes a dirty pte for a broken COW until v6.0"),
    out("M64", "unregister-leaves-wp", Why::Tree, "v5.10's unregister leaves marks; no call is wrong, one is missing"),
    out("M65", "migrate-vma-dirty-lost", Why::Tree, "migrate_vma_collect_pmd() does not tell the page until v6.1"),
    out("M66", "swp-sd-aliases-pse", Why::Pmd, "a pte is never asked for PSE"),
    out("M68", "hugetlb-fork-nonpresent", Why::Hugetlb, ""),
    out("M69", "hugetlb-mprotect-nonpresent", Why::Hugetlb, ""),
    out("M70", "pmd-none-huge-bad-hole", Why::Pmd, ""),
    out("M71", "thp-split-dirty-lost", Why::Pmd, ""),
    out("M73", "device-exclusive-rmap", Why::Entry, "device-exclusive entries of v5.15"),
    out("M74", "zap-devpriv-anon-vma-warn", Why::Unseen, "a warning about a vma, which no parameter of zap says"),
    out("M75", "pagemap-hole-softdirty", Why::NoSite, "pagemap_pte_hole(), about vmas"),
];
