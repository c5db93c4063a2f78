//! The operations of world programs: one declarative table, from which text, bytes, generator, minimiser and the reference page come.
//!
//! Opcode numbers are append-only: a corpus outlives the version that wrote it.

use crate::site::SiteId;

/// Page numbers run from 0 to 1023: two page tables of 512 entries. After a fork the second table is the child's.
pub const PAGES: u16 = 1024;
/// Entries of one page table.
pub const TABLE: u16 = 512;

/// One operation in its fixed form of 8 bytes: opcode, accident, page, length, argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Op {
    /// What is done.
    pub code: OpCode,
    /// What goes wrong on the way, an index in [`ACCIDENTS`].
    pub accident: u8,
    /// The first page.
    pub page: u16,
    /// How many pages.
    pub len: u16,
    /// Options, or the destination of a move.
    pub arg: u16,
}

/// How an operation names its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One page.
    Page,
    /// Pages `first..end`, within one table.
    Range,
    /// Pages `first..end` and a destination, `first..end -> to`.
    Move,
    /// No page.
    Whole,
}

/// One option in an operation's argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opt {
    /// Its name in text; for a choice, what is chosen.
    pub name: &'static str,
    /// Lowest bit in the argument.
    pub shift: u8,
    /// How many bits.
    pub bits: u8,
    /// Words of a choice, by value; empty for a flag.
    pub words: &'static [&'static str],
}

/// What can go wrong on the way of an operation: a fact that no state of the small mm decides. Number 0 is nothing.
pub const ACCIDENTS: [&str; 17] = [
    "none",
    "oom",
    "changed",
    "lock-fail",
    "not-uptodate",
    "page-hwpoison",
    "no-page",
    "cache-changed",
    "ksm-oom",
    "unstable",
    "copy-fail",
    "mkwrite-fail",
    "stale-tlb",
    "retried",
    "swap-cont",
    "dup-fail",
    "split-fail",
];

/// Numbers of [`ACCIDENTS`] that the world asks for.
#[allow(missing_docs, reason = "each is the accident of its name")]
pub mod accident {
    pub const OOM: u8 = 1;
    pub const CHANGED: u8 = 2;
    pub const LOCK_FAIL: u8 = 3;
    pub const NOT_UPTODATE: u8 = 4;
    pub const PAGE_HWPOISON: u8 = 5;
    pub const NO_PAGE: u8 = 6;
    pub const CACHE_CHANGED: u8 = 7;
    pub const KSM_OOM: u8 = 8;
    pub const UNSTABLE: u8 = 9;
    pub const COPY_FAIL: u8 = 10;
    pub const MKWRITE_FAIL: u8 = 11;
    pub const STALE_TLB: u8 = 12;
    pub const RETRIED: u8 = 13;
    pub const SWAP_CONT: u8 = 14;
    pub const DUP_FAIL: u8 = 15;
    pub const SPLIT_FAIL: u8 = 16;
}

/// One row of the operation table.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The opcode.
    pub code: OpCode,
    /// The word of the text form.
    pub name: &'static str,
    /// How it names its pages.
    pub shape: Shape,
    /// Its options.
    pub options: &'static [Opt],
    /// Accidents that can happen to it.
    pub accidents: &'static [u8],
    /// One line: what it does.
    pub meaning: &'static str,
    /// The sites that it calls.
    pub sites: &'static [SiteId],
    /// The facts of the world that it passes as parameters.
    pub facts: &'static str,
    /// Where the way around the sites comes from: kernel function and version.
    pub truth: &'static str,
}

const fn flag(name: &'static str, shift: u8) -> Opt {
    Opt { name, shift, bits: 1, words: &[] }
}

const fn choice(name: &'static str, shift: u8, bits: u8, words: &'static [&'static str]) -> Opt {
    Opt { name, shift, bits, words }
}

/// Protections that `vma` and `mprotect` can give.
pub const PROT_WORDS: &[&str] = &["rw", "r", "none", "rx", "rwx"];
/// Kinds of vmas.
pub const KIND_WORDS: &[&str] = &["anon", "shmem-shared", "shmem-private", "hugetlb", "device"];

macro_rules! operations {
    ($( $number:literal $id:ident $name:literal $shape:ident [$($option:expr),*] [$($accident:ident),*]
        $meaning:literal sites [$($site:ident),*] facts $facts:literal truth $truth:literal; )*) => {
        /// An opcode.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum OpCode {
            $(#[doc = concat!("`", $name, "`: ", $meaning)] $id = $number,)*
        }

        impl OpCode {
            /// Every opcode, by number.
            pub const ALL: [OpCode; OPERATION_COUNT] = [$(OpCode::$id),*];
        }

        /// How many operations there are.
        pub const OPERATION_COUNT: usize = [$($number),*].len();

        /// The table of operations, by opcode.
        pub static OPERATIONS: [Operation; OPERATION_COUNT] = [
            $(Operation {
                code: OpCode::$id,
                name: $name,
                shape: Shape::$shape,
                options: &[$($option),*],
                accidents: &[$(accident::$accident),*],
                meaning: $meaning,
                sites: &[$(SiteId::$site),*],
                facts: $facts,
                truth: $truth,
            },)*
        ];
    };
}

operations! {
    0 Vma "vma" Range [choice("kind", 0, 3, KIND_WORDS), choice("protection", 3, 3, PROT_WORDS), flag("uffd-wp", 6), flag("uffd-missing", 7), flag("locked", 8), flag("seq-read", 9), flag("second-file", 10)] []
        "maps the pages; what was there is unmapped first; device vmas are filled with device ptes"
        sites [Zap, PfnPte, Bitop] facts "as unmap; protection and frame of each device pte" truth "mmap_region() and remap_pfn_range(), v5.10";
    1 Unmap "unmap" Range [] []
        "unmaps the pages: every pte is zapped and the vma ends"
        sites [Zap] facts "page anonymous, sequential read, swap area and count" truth "unmap_page_range(), v5.10";
    2 Read "read" Page [] [OOM, CHANGED, LOCK_FAIL, NOT_UPTODATE, PAGE_HWPOISON, NO_PAGE, CACHE_CHANGED, KSM_OOM, UNSTABLE, STALE_TLB, RETRIED]
        "a read access: hardware if the pte allows it, else the fault path until it is satisfied or stuck"
        sites [PteFault, PteFaultRfc08, AnonPage, FinishFault, FinishFaultRfc08, DoSwapPage, MigrationWait, NumaPage, MigrateCollect, RemoveMigration] facts "vma kind, flags and protection; page cache; swap cache and counts; mapcounts" truth "handle_pte_fault(), v5.10; RFC 08/30 in the series";
    3 Write "write" Page [] [OOM, CHANGED, LOCK_FAIL, NOT_UPTODATE, PAGE_HWPOISON, NO_PAGE, CACHE_CHANGED, KSM_OOM, UNSTABLE, COPY_FAIL, STALE_TLB, RETRIED]
        "a write access: hardware if the pte allows it, else the fault path until it is satisfied, trapped by userfaultfd or stuck"
        sites [PteFault, PteFaultRfc08, AnonPage, FinishFault, FinishFaultRfc08, DoSwapPage, MigrationWait, NumaPage, WpPage, MigrateCollect, RemoveMigration] facts "as read, and who else maps the page" truth "handle_pte_fault(), v5.10; RFC 08/30 in the series";
    4 Hardware "hardware" Page [flag("accessed", 0), flag("dirty", 1)] []
        "hardware sets accessed or dirty in the pte by itself; on a none pte that is the erratum"
        sites [] facts "" truth "_PAGE_KNL_ERRATUM_MASK, arch/x86/include/asm/pgtable_types.h, v5.10";
    5 Mprotect "mprotect" Range [choice("protection", 3, 3, PROT_WORDS)] [CHANGED]
        "changes the protection of the pages; changed: a migration began behind the walk, which so misses its entries"
        sites [ChangeProt] facts "new protection, writenotify, vma flags, mapcount, page dirty" truth "mprotect_fixup(), v5.10; the race of d3cb8bf6081b";
    6 NumaHint "numa-hint" Range [] []
        "NUMA balancing takes the present bit from the pages"
        sites [ChangeProt] facts "as mprotect, PROT_NONE" truth "change_prot_numa(), v5.10";
    7 UffdRegister "uffd-register" Range [flag("wp", 0), flag("missing", 1)] []
        "registers the pages with a userfaultfd"
        sites [] facts "" truth "userfaultfd_register(), v5.10";
    8 UffdUnregister "uffd-unregister" Range [flag("close", 0)] []
        "unregisters them; v5.10 leaves the marks in the ptes, the series' tree resolves them unless the descriptor is closed"
        sites [ChangeProt] facts "as uffd-unwp" truth "userfaultfd_unregister() and userfaultfd_release(), v5.10; f369b07c8614 for the series' tree";
    9 UffdWp "uffd-wp" Range [] []
        "write-protects pages of a registered vma"
        sites [ChangeProt] facts "protection without write, vma flags, page facts" truth "mwriteprotect_range(), v5.10";
    10 UffdUnwp "uffd-unwp" Range [] []
        "lifts that protection"
        sites [ChangeProt] facts "protection, vma flags, page facts" truth "mwriteprotect_range(), v5.10";
    11 Mremap "mremap" Move [flag("event", 0)] []
        "moves the pages, soft-dirty set; what was at the destination is unmapped first"
        sites [Zap, Accessor, MoveSoftDirty, Bitop] facts "none" truth "move_ptes(), v5.10; without event the vma leaves userfaultfd, and the series' tree clears the marks (0cef0bb836e3)";
    12 ClearRefs "clear-refs" Range [] []
        "clears soft-dirty, in the vma and in every pte"
        sites [ClearSoftDirty] facts "COW vma, pinned pages" truth "clear_refs_write(), v5.11 for the pinned pages";
    13 Pagemap "pagemap" Range [flag("show-pfn", 0)] []
        "reads /proc/PID/pagemap"
        sites [Pagemap] facts "vma soft-dirty, page anonymous, mapcount" truth "pagemap_pmd_range(), v5.10";
    14 Smaps "smaps" Range [] []
        "reads /proc/PID/smaps"
        sites [Smaps, SmapsHugetlb] facts "shmem slot swapped, swap count, mapcount" truth "smap_gather_stats(), v5.10";
    15 SwapOut "swap-out" Page [choice("area", 0, 2, &["area0", "area1", "area26"]), flag("keep-cached", 2), flag("v511", 3)] [DUP_FAIL]
        "reclaims the anonymous page: aged, then every pte of it becomes the swap entry"
        sites [Accessor, Unmap] facts "page flags, its entry" truth "shrink_page_list(), v5.10";
    16 SwapIn "swap-in" Page [flag("cached", 0)] [LOCK_FAIL, NOT_UPTODATE, NO_PAGE, CHANGED]
        "reads the swap entry back as a read fault does, whatever the vma allows; cached: into the swap cache only"
        sites [DoSwapPage, MigrationWait, MigrateCollect, RemoveMigration] facts "swap cache and count, protection" truth "do_swap_page() and swapin_readahead(), v5.10";
    17 Swapoff "swapoff" Whole [choice("area", 0, 2, &["area0", "area1", "area26"])] [OOM, NO_PAGE]
        "takes a swap area away: every entry of it becomes a page again"
        sites [Unuse, UnuseV3] facts "area, page, swap count" truth "try_to_unuse(), v5.10";
    18 Zap "zap" Range [choice("by", 0, 2, &["dontneed", "truncate", "unmap-file"]), flag("keep-marker", 2)] []
        "drops what the pages map; keep-marker leaves the special pte where uffd-wp was (tree 07 never makes one by itself: this puts it there)"
        sites [Zap, InstallUffdWp] facts "details, mapping, page facts, swap area and count" truth "zap_page_range() and unmap_mapping_range(), v5.10; RFC 13/30 in the series";
    19 Evict "evict" Page [] []
        "reclaims the page cache page: every pte of it is unmapped; the series' tree leaves the special pte where uffd-wp was"
        sites [Accessor, Unmap, InstallUffdWp] facts "page flags" truth "shrink_page_list() and shmem_writepage(), v5.10; RFC 13/30 in the series";
    20 MigrateBegin "migrate-begin" Page [] []
        "starts moving the page: every pte of it becomes a migration entry"
        sites [Unmap] facts "page flags" truth "migrate_pages(), __unmap_and_move(), v5.10";
    21 MigrateEnd "migrate-end" Page [] []
        "ends it: every migration entry of the page becomes a pte of the new one"
        sites [RemoveMigration] facts "new page, protection, vma flags" truth "remove_migration_ptes(), v5.10";
    22 MigrateWait "migrate-wait" Page [] [NO_PAGE]
        "waits for a migration, as a fault does"
        sites [MigrationWait] facts "page reference" truth "migration_entry_wait(), v5.10";
    23 ToDevice "to-device" Range [] [LOCK_FAIL]
        "moves pages to device-private memory"
        sites [MigrateCollect, MigrateCollectV3, RemoveMigration] facts "vma kind, lock, new device page" truth "migrate_vma_setup() to migrate_vma_finalize(), v5.10";
    24 FromDevice "from-device" Range [] [LOCK_FAIL]
        "moves device-private pages back"
        sites [MigrateCollect, MigrateCollectV3, RemoveMigration] facts "owner, lock, new page" truth "migrate_vma_setup() to migrate_vma_finalize(), v5.10";
    25 HwPoison "hwpoison" Page [] []
        "a memory error in the page: every pte of it becomes a hwpoison entry"
        sites [Unmap] facts "page flags" truth "hwpoison_user_mappings(), v5.10";
    26 KhugeScan "khuge-scan" Range [choice("max-swap", 0, 2, &["max-swap-64", "max-swap-0", "max-swap-1", "max-swap-511"]), choice("max-none", 2, 2, &["max-none-511", "max-none-0", "max-none-1", "max-none-64"]), choice("max-shared", 4, 2, &["max-shared-256", "max-shared-0", "max-shared-1"])] []
        "khugepaged scans the pages with its budgets"
        sites [KhugeScan] facts "userfaultfd armed, mapcount, page flags" truth "khugepaged_scan_pmd(), v5.10";
    27 KhugeSwapin "khuge-swapin" Range [] []
        "khugepaged swaps the pages in"
        sites [KhugeSwapin, DoSwapPage, MigrationWait] facts "as swap-in" truth "__collapse_huge_page_swapin(), v5.10";
    28 MemcgMove "memcg-move" Range [flag("anon", 0), flag("file", 1), flag("charged", 2), flag("grab", 3)] []
        "a memory cgroup asks what it may move"
        sites [Mctgt] facts "page mapped and anonymous, swap cache, charged" truth "mem_cgroup_move_charge_pte_range(), v5.10";
    29 Rmap "rmap" Page [flag("sync", 0), flag("migration", 1), flag("other", 2)] []
        "the rmap walk looks at the pte, for the page in it or for another"
        sites [Pvmw] facts "the page's frame" truth "page_vma_mapped_walk(), v5.10";
    30 WriteBack "write-back" Page [] []
        "the page is cleaned for writing back: write and dirty leave every pte of it"
        sites [PageMkclean] facts "the page's frame" truth "page_mkclean(), v5.10";
    31 Hmm "hmm" Range [flag("fault", 0), flag("write", 1), flag("owner", 2)] [OOM]
        "a device driver asks for the pages"
        sites [HmmRfc, HmmV3] facts "vma write, owner" truth "hmm_range_fault(), v5.10; version 3's hunk in the series";
    32 Gup "gup" Page [flag("write", 0), flag("touch", 1), flag("get", 2), flag("dump", 3), flag("force", 4), flag("split", 5), flag("numa", 6), flag("migration", 7), flag("cow", 8), flag("pin", 9), flag("mlock", 10)] [OOM, SPLIT_FAIL]
        "get_user_pages() looks the page up"
        sites [Gup, GupV3] facts "vma kind, page dirty, locked" truth "follow_page_mask(), v5.10; version 3's hunk in the series";
    33 Mincore "mincore" Range [] []
        "asks which pages are resident"
        sites [Mincore, MincoreV3] facts "page cache, swap cache, swap area" truth "mincore_pte_range(), v5.10; version 3's hunk in the series";
    34 MadvFree "madv-free" Range [] [LOCK_FAIL]
        "MADV_FREE on anonymous pages"
        sites [MadvFree, MadvFreeV3] facts "swap cache, page dirty, mapcount, swap area and count" truth "madvise_free_single_vma(), v5.10; version 3's hunk in the series";
    35 Willneed "willneed" Range [] []
        "MADV_WILLNEED on anonymous pages: swap entries are read into the swap cache"
        sites [Willneed, WillneedV3] facts "swap area" truth "force_swapin_readahead(), v5.10; version 3's hunk in the series";
    36 Fork "fork" Whole [flag("event", 0)] [OOM, SWAP_CONT]
        "forks: the second table becomes the child's; without event its vmas leave userfaultfd"
        sites [ForkRfc02, ForkRfc17, Zap] facts "COW, both vmas' userfaultfd, pinned pages" truth "dup_mmap() and copy_page_range(), v5.10; RFC 02/30, in the series RFC 17/30";
    37 ExitChild "exit-child" Whole [] []
        "the child exits"
        sites [Zap] facts "as unmap" truth "exit_mmap(), v5.10";
    38 Pin "pin" Page [] []
        "pins the page for DMA"
        sites [] facts "" truth "pin_user_pages(), v5.10";
    39 Unpin "unpin" Page [] []
        "unpins it"
        sites [] facts "" truth "unpin_user_page(), v5.10";
    40 Age "age" Page [] []
        "reclaim looks whether the page was accessed, and clears that"
        sites [Accessor] facts "none" truth "page_referenced_one(), v5.10";
    41 Ksm "ksm" Page [] []
        "KSM write-protects the anonymous page and takes it over"
        sites [Accessor] facts "none" truth "write_protect_page(), mm/ksm.c, v5.10";
    42 Mlock "mlock" Range [flag("off", 0)] []
        "locks or unlocks the vma"
        sites [] facts "" truth "mlock_fixup(), v5.10";
    43 Populate "populate" Range [flag("write", 0)] []
        "faults in every page, as read or write does"
        sites [PteFault, PteFaultRfc08, AnonPage, FinishFault, FinishFaultRfc08, DoSwapPage, MigrationWait, NumaPage, WpPage, MigrateCollect, RemoveMigration] facts "as read and write" truth "populate_vma_page_range(), v5.10";
}

/// How an operation of this code names its pages.
pub fn operation_shape(code: OpCode) -> Shape {
    OPERATIONS[code as usize].shape
}
