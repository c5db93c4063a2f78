//! The 46 rows. Numbers, parameter bits and outcomes are those of `ptefuzz.h`; the rules are in our own words.

use super::table::{Domain, Field, OutcomePart, Site, Truth, UseRule, Used, read_flag, read_value, sites};
use crate::pte::{Class, ClassSet};
use Domain::{Choice, PageCount, Pfn, Prot, Pte, SwapArea, SwapCount, SwapEntry, SwapMapByte, SwapOffset, SwapType};
use OutcomePart::{Bit, Number};
use Truth::{Vectors, VectorsUffdWp};
use Used::{Of, Same};

// Sets of classes that the rows speak of.
const ANY: ClassSet = ClassSet::ALL;
const NONE: ClassSet = ClassSet::of(&[Class::None]);
const PRES: ClassSet = ClassSet::of(&[Class::Present, Class::ProtNone]);
const PROTNONE: ClassSet = ClassSet::of(&[Class::ProtNone]);
const SWAP: ClassSet = ClassSet::of(&[Class::Swap]);
const MIGR: ClassSet = ClassSet::of(&[Class::MigrationRead, Class::MigrationWrite]);
const MIGR_READ: ClassSet = ClassSet::of(&[Class::MigrationRead]);
const MIGR_WRITE: ClassSet = ClassSet::of(&[Class::MigrationWrite]);
const DEV: ClassSet = ClassSet::of(&[Class::DeviceRead, Class::DeviceWrite]);
const DEV_READ: ClassSet = ClassSet::of(&[Class::DeviceRead]);
const DEV_WRITE: ClassSet = ClassSet::of(&[Class::DeviceWrite]);
const SPECIAL: ClassSet = ClassSet::of(&[Class::Special]);
const PFN_SWAP: ClassSet = ClassSet(MIGR.0 | DEV.0);
const ENTRY: ClassSet = ClassSet(SWAP.0 | PFN_SWAP.0 | (1 << Class::HwPoison as u16));
const ENTRY_X: ClassSet = ClassSet(ENTRY.0 | SPECIAL.0);
/// What `unmap` can leave in the place of a page: a hwpoison, migration or swap entry.
const UNMAPPED: ClassSet = ClassSet(MIGR.0 | SWAP.0 | (1 << Class::HwPoison as u16));

// Kinds of use.
const D: u8 = 1;
const SF: u8 = 2;
const PF: u8 = 4;
const FAULT: u8 = 8;

// Sources.
const PATCH: &str = "v5.10 + RFC 06/30 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com)";
const V510: &str = "v5.10, the same in v5.11";
const RFC02: &str = "v5.10 + RFC 02/30 of the series";
const RFC08: &str = "v5.10 + RFC 07/30 + RFC 08/30 of the series";
const RFC13: &str = "RFC 13/30 of the series";
const RFC17: &str = "v5.10 + RFC 07/30 + RFC 17/30 of the series";
const V3: &str = "v5.10 + the hunk that version 3 of the patch (05/27) added";

// Parts of outcomes that several sites share.
const OOM: OutcomePart = Bit(0, "VM_FAULT_OOM");
const SIGBUS: OutcomePart = Bit(1, "VM_FAULT_SIGBUS");
const MAJOR: OutcomePart = Bit(2, "VM_FAULT_MAJOR");
const WRITE: OutcomePart = Bit(3, "VM_FAULT_WRITE");
const NOPAGE: OutcomePart = Bit(8, "VM_FAULT_NOPAGE");
const ENOMEM: OutcomePart = Bit(0, "ENOMEM");

const HMM_RESULT: OutcomePart =
    Number { shift: 0, bits: 4, name: "result", values: &[(0, "ok"), (1, "-EBUSY"), (2, "-EPERM"), (3, "-EFAULT")] };
const GUP_RESULT: OutcomePart = Number {
    shift: 0,
    bits: 8,
    name: "result",
    values: &[(0, "no page"), (1, "no page table"), (2, "page"), (3, "error"), (4, "not writable")],
};
const GUP_ERRNO: OutcomePart = Number {
    shift: 8,
    bits: 8,
    name: "errno",
    values: &[(0, "none"), (11, "EAGAIN"), (12, "ENOMEM"), (14, "EFAULT"), (17, "EEXIST"), (22, "EINVAL")],
};
const HANDLER: OutcomePart = Number {
    shift: 0,
    bits: 4,
    name: "handler",
    values: &[
        (0, "handle_pte_fault itself"),
        (1, "do_anonymous_page"),
        (2, "do_fault"),
        (3, "do_swap_page"),
        (4, "do_numa_page"),
        (5, "do_wp_page"),
        (6, "do_fault with FAULT_FLAG_UFFD_WP"),
        (7, "special pte cleared"),
    ],
};

/// The names of `p0` of `bitop`.
const BITOPS: &[&str] = &[
    "mkdirty",
    "mkclean",
    "mkyoung",
    "mkold",
    "mkwrite",
    "wrprotect",
    "mksoft_dirty",
    "clear_soft_dirty",
    "mkuffd_wp",
    "clear_uffd_wp",
    "swp_mksoft_dirty",
    "swp_clear_soft_dirty",
    "swp_mkuffd_wp",
    "swp_clear_uffd_wp",
    "mkspecial",
    "mkdevmap",
    "mkexec",
];

/// The names of `p0` of `accessor`.
const ACCESSORS: &[&str] = &[
    "set_access_flags",
    "test_clear_young",
    "clear_flush_young",
    "set_wrprotect",
    "get_and_clear",
    "get_and_clear_full",
    "clear_flush",
    "accessible",
];

sites! {
    0 ChangeProt "change_prot" {
        function: "change_pte_range() in mm/mprotect.c, one pte",
        source: PATCH,
        rule: "A present pte takes the new protection (unless NUMA balancing skips it), then write protection by userfaultfd, then the dirty shortcut that gives write back. A writable migration or device entry becomes its read form; every pte with an entry gets or loses the uffd-wp flag. None and the special pte stay as they are and are not counted.",
        domain: ANY,
        flags: [
            dirty_acct @ 0 . 0 "MM_CP_DIRTY_ACCT: a dirty page may be made writable again";
            prot_numa @ 0 . 1 "MM_CP_PROT_NUMA: a NUMA hinting pass";
            uffd_wp @ 0 . 2 "MM_CP_UFFD_WP: write-protect for userfaultfd";
            uffd_resolve @ 0 . 3 "MM_CP_UFFD_WP_RESOLVE: lift that protection";
            vm_shared @ 0 . 4 "VM_SHARED";
            vm_softdirty @ 0 . 5 "VM_SOFTDIRTY: soft-dirty is not tracked page by page";
            vm_maywrite @ 0 . 6 "VM_MAYWRITE; without VM_SHARED: a COW mapping";
            pg_ksm @ 0 . 7 "the page is a KSM page";
            mapcount2 @ 0 . 8 "page_mapcount() is not 1";
            file_dirty @ 0 . 9 "a file page that is dirty";
            same_node @ 0 . 10 "the page is on the task's node already";
        ]
        values: [
            newprot @ 1 . 0 + 64 Prot, "the new page protection";
        ]
        outcome: [ Bit(0, "pages+1"); Bit(1, "store"); ]
        aux: "0",
        truth: Vectors,
        uses: [
            PRES => Same, PF;
            PRES => Of(PRES), PF;
            ENTRY => Same, D | SF;
            MIGR_WRITE => Of(MIGR_READ), SF;
            DEV_WRITE => Of(DEV_READ), SF;
        ]
    }

    1 MoveSoftDirty "move_soft_dirty" {
        function: "move_soft_dirty_pte() in mm/mremap.c",
        source: PATCH,
        rule: "mremap marks what it moves: soft-dirty in the encoding that the pte uses. None and the special pte stay as they are.",
        domain: ANY,
        flags: []
        values: []
        outcome: []
        aux: "0",
        truth: Vectors,
        uses: [ PRES => Same, PF; ENTRY => Same, SF; ]
    }

    2 ClearSoftDirty "clear_soft_dirty" {
        function: "clear_soft_dirty() in fs/proc/task_mmu.c",
        source: "v5.11 + RFC 07/30; v5.10 where neither pinned flag is set",
        rule: "A present pte loses soft-dirty and write, so that the next write is seen, unless a pinned COW page would be write-protected. A pte with an entry loses swap soft-dirty and is always stored. None and the special pte are not stored.",
        domain: ANY,
        flags: [
            vm_maywrite @ 0 . 0 "VM_MAYWRITE; without VM_SHARED: a COW mapping";
            vm_shared @ 0 . 1 "VM_SHARED";
            has_pinned @ 0 . 2 "mm->has_pinned";
            pg_pinned @ 0 . 3 "page_maybe_dma_pinned()";
        ]
        values: []
        outcome: [ Bit(0, "store"); ]
        aux: "0",
        truth: Vectors,
        uses: [ PRES => Same, PF; PRES => Of(PRES), PF; ENTRY => Same, SF; ]
    }

    3 Pagemap "pagemap" {
        function: "pte_to_pagemap_entry() in fs/proc/task_mmu.c",
        source: PATCH,
        rule: "Present: bit 63, the pfn if allowed, soft-dirty from bit 11. An entry: bit 62, soft-dirty from bit 1, type and offset if allowed. None and the special pte report nothing but the vma's soft-dirty.",
        domain: ANY,
        flags: [
            show_pfn @ 0 . 0 "the reader may see page frame numbers";
            vm_softdirty @ 0 . 1 "VM_SOFTDIRTY";
            pg_anon @ 0 . 2 "PageAnon()";
            mapcount1 @ 0 . 3 "page_mapcount() is 1";
        ]
        values: []
        outcome: []
        aux: "the 64-bit pagemap entry",
        truth: Vectors,
        uses: [ PRES => Same, PF; ENTRY => Same, D | SF; ]
    }

    4 Smaps "smaps" {
        function: "smaps_pte_entry() in fs/proc/task_mmu.c",
        source: PATCH,
        rule: "A present page is resident; a swap entry adds to Swap and its share to SwapPss; migration and device entries are resident; hwpoison is nothing. None and the special pte look into the page cache of shmem and add to Swap if the slot there is swapped out.",
        domain: ANY,
        flags: [
            check_shmem @ 0 . 0 "mss->check_shmem_swap";
            xa_value @ 0 . 1 "the page cache slot holds a swap value";
        ]
        values: [
            swapcount @ 1 . 0 + 64 SwapCount, "swp_swapcount() of the entry";
        ]
        outcome: [
            Bit(0, "resident"); Bit(1, "swap"); Bit(2, "swap_pss"); Bit(3, "young"); Bit(4, "dirty"); Bit(5, "xa_load");
        ]
        aux: "what swap_pss grew by, in bytes << 12",
        truth: Vectors,
        uses: [ PRES => Same, PF; ENTRY => Same, D; PFN_SWAP => Same, PF; ]
    }

    5 SmapsHugetlb "smaps_hugetlb" {
        function: "smaps_hugetlb_range() in fs/proc/task_mmu.c",
        source: PATCH,
        rule: "A present page, and the page of a migration or device entry, counts as private or shared huge memory by its mapcount. Everything else counts as nothing.",
        domain: ANY,
        flags: [ mapcount2 @ 0 . 0 "page_mapcount() is 2 or more"; ]
        values: []
        outcome: [
            Number { shift: 0, bits: 2, name: "counts as", values: &[(0, "nothing"), (1, "private_hugetlb"), (2, "shared_hugetlb")] };
        ]
        aux: "the page's pfn, 0 without a page",
        truth: Vectors,
        uses: [ PRES => Same, PF; ENTRY => Same, D; ]
    }

    6 KhugeScan "khuge_scan" {
        function: "khugepaged_scan_pmd() in mm/khugepaged.c, one pte with fresh counters",
        source: PATCH,
        rule: "The special pte aborts with SCAN_PTE_UFFD_WP before anything is counted; other swap ptes count against max_ptes_swap first and then abort if write-protected; none and the zero page count against max_ptes_none; present ptes are tested for uffd-wp, page, sharing and the page's state in that order.",
        domain: ANY,
        flags: [
            max_swap1 @ 0 . 0 "max_ptes_swap is 1, else 0 (not in ranges)";
            max_none1 @ 0 . 1 "max_ptes_none is 1, else 0 (not in ranges)";
            max_shared1 @ 0 . 2 "max_ptes_shared is 1, else 0 (not in ranges)";
            uffd_armed @ 0 . 3 "userfaultfd_armed(vma)";
            mapcount2 @ 0 . 4 "page_mapcount() is more than 1";
            not_lru @ 0 . 5 "the page is not on the LRU";
            locked @ 0 . 6 "the page is locked";
            not_anon @ 0 . 7 "the page is not anonymous";
            bad_ref @ 0 . 8 "the page's reference count does not fit";
            pg_referenced @ 0 . 9 "PageReferenced()";
            scan_abort @ 0 . 10 "khugepaged_scan_abort(): the node is too far away";
        ]
        values: []
        outcome: [
            Number { shift: 0, bits: 8, name: "scan", values: SCAN_RESULTS };
        ]
        aux: "counters at exit: 1 writable, 2 referenced, 4 none_or_zero, 8 unmapped",
        truth: Vectors,
        uses: [ PRES => Same, PF; ENTRY => Same, SF; ]
    }

    7 KhugeSwapin "khuge_swapin" {
        function: "__collapse_huge_page_swapin() in mm/khugepaged.c, one pte",
        source: PATCH,
        rule: "do_swap_page() is called for every pte that holds an entry, migration and hwpoison included; never for none, present or the special pte.",
        domain: ANY,
        flags: []
        values: []
        outcome: [ Bit(0, "do_swap_page called"); ]
        aux: "0",
        truth: Vectors,
        uses: [ ENTRY => Same, FAULT; ]
    }

    8 Mctgt "mctgt" {
        function: "get_mctgt_type() in mm/memcontrol.c",
        source: PATCH,
        rule: "Charge moving asks the present, swap or file handler what page or entry stands behind the pte. The special pte has no handler in this patch (the review of version 5 wants it treated like none).",
        domain: ANY,
        flags: [
            move_anon @ 0 . 0 "MOVE_ANON";
            move_file @ 0 . 1 "MOVE_FILE";
            pg_mapped @ 0 . 2 "page_mapped()";
            pg_anon @ 0 . 3 "PageAnon()";
            getpage_ok @ 0 . 4 "get_page_unless_zero() succeeds";
            memcg_from @ 0 . 5 "the page is charged to mc.from";
            devref_ok @ 0 . 6 "page_ref_add_unless() succeeds for a device page";
            swapcache @ 0 . 7 "the entry's page is in the swap cache";
            swap_cgroup @ 0 . 8 "the entry is charged to mc.from";
            vm_file @ 0 . 9 "vma->vm_file is set";
            incore @ 0 . 10 "find_get_incore_page() finds a page";
            pg_compound @ 0 . 11 "PageTransCompound()";
        ]
        values: []
        outcome: [
            Number { shift: 0, bits: 4, name: "type", values: &[(0, "none"), (1, "page"), (2, "swap"), (3, "device")] };
            Number { shift: 4, bits: 4, name: "handler", values: &[(0, "none"), (1, "present"), (2, "swap"), (3, "file")] };
        ]
        aux: "page, device: its pfn (swap cache: the swap offset; file handler: 0); swap: the entry; none: 0",
        truth: Vectors,
        uses: [ PRES => Same, PF; ENTRY => Same, D; ]
    }

    9 MigrationWait "migration_wait" {
        function: "__migration_entry_wait() in mm/migrate.c",
        source: PATCH,
        rule: "Waits for a migration entry whose page still has a reference; returns at once for everything else.",
        domain: ANY,
        flags: [ ref_ok @ 0 . 0 "get_page_unless_zero() succeeds"; ]
        values: []
        outcome: [
            Number { shift: 0, bits: 2, name: "wait", values: &[(0, "no"), (1, "waits"), (2, "page without reference")] };
        ]
        aux: "the entry's pfn when it is a migration entry, else 0",
        truth: Vectors,
        uses: [ ENTRY => Same, D; ]
    }

    10 Pvmw "pvmw" {
        function: "map_pte() and check_pte() in mm/page_vma_mapped.c",
        source: PATCH,
        rule: "The rmap walk: map_pte() says whether the pte is worth the lock, check_pte() whether it maps the page. Under PVMW_MIGRATION map_pte() still asks is_swap_pte() and so lets the special pte pass; check_pte() then says no.",
        domain: ANY,
        flags: [
            sync @ 0 . 0 "PVMW_SYNC";
            migration @ 0 . 1 "PVMW_MIGRATION";
            hugetlb @ 0 . 2 "the page is a hugetlb page";
        ]
        values: [
            page_pfn @ 1 . 0 + 64 Pfn, "the page's pfn";
            nr_pages @ 2 . 0 + 64 PageCount, "its number of pages";
        ]
        outcome: [ Bit(0, "map_pte"); Bit(1, "check_pte"); ]
        aux: "0",
        truth: Vectors,
        uses: [ PRES => Same, PF; ENTRY => Same, D; ]
    }

    11 HmmRfc "hmm_rfc" {
        function: "hmm_vma_handle_pte() in mm/hmm.c",
        source: "v5.10, which RFC 07/30 does not touch",
        rule: "Reports or faults one pte for a device. This form was missed by the patch: it decodes the special pte, and gives none's answer only because 0x4 decodes to a normal swap entry.",
        domain: ANY,
        flags: [
            req_fault @ 0 . 0 "HMM_PFN_REQ_FAULT";
            req_write @ 0 . 1 "HMM_PFN_REQ_WRITE";
            vm_write @ 0 . 2 "VM_WRITE";
            owner_match @ 0 . 3 "the device page belongs to the caller";
            fault_error @ 0 . 4 "handle_mm_fault() fails";
        ]
        values: []
        outcome: [ HMM_RESULT; Bit(8, "handle_mm_fault called"); Bit(9, "waited for migration"); ]
        aux: "*hmm_pfn: flags in bits 61 to 63 and the pfn, or 0x123 where it is not written",
        truth: Vectors,
        uses: [ PRES => Same, PF; ENTRY_X => Same, D; ]
    }

    12 HmmV3 "hmm_v3" {
        function: "hmm_vma_handle_pte() in mm/hmm.c",
        source: V3,
        rule: "As hmm_rfc, with the special pte answered like none and not decoded.",
        domain: ANY,
        flags: [
            req_fault @ 0 . 0 "HMM_PFN_REQ_FAULT";
            req_write @ 0 . 1 "HMM_PFN_REQ_WRITE";
            vm_write @ 0 . 2 "VM_WRITE";
            owner_match @ 0 . 3 "the device page belongs to the caller";
            fault_error @ 0 . 4 "handle_mm_fault() fails";
        ]
        values: []
        outcome: [ HMM_RESULT; Bit(8, "handle_mm_fault called"); Bit(9, "waited for migration"); ]
        aux: "*hmm_pfn: flags in bits 61 to 63 and the pfn, or 0x123 where it is not written",
        truth: Vectors,
        uses: [ PRES => Same, PF; ENTRY => Same, D; ]
    }

    13 DoSwapPage "do_swap_page" {
        function: "do_swap_page() in mm/memory.c",
        source: PATCH,
        rule: "The special pte is warned about and left alone (return 0). Migration entries wait, device entries migrate back, hwpoison fails. A swap entry is read in, with an exit for each thing that can go wrong, and installed with its soft-dirty and uffd-wp flags carried over; uffd-wp takes write away even after the reuse grant.",
        domain: ENTRY_X,
        flags: [
            write @ 0 . 0 "FAULT_FLAG_WRITE";
            vm_write @ 0 . 1 "VM_WRITE";
            reuse @ 0 . 2 "reuse_swap_page() succeeds";
            swapcache @ 0 . 3 "the page is in the swap cache";
            pg_hwpoison @ 0 . 4 "PageHWPoison()";
            lock_fail @ 0 . 5 "lock_page_or_retry() fails";
            cache_changed @ 0 . 6 "the page is no longer this entry's";
            ksm_oom @ 0 . 7 "ksm_might_need_to_copy() fails";
            pte_changed @ 0 . 8 "the pte changed under the lock";
            not_uptodate @ 0 . 9 "!PageUptodate()";
            no_page @ 0 . 10 "swapin_readahead() gives no page";
        ]
        values: [
            prot @ 1 . 0 + 64 Prot, "vma->vm_page_prot";
            pfn @ 2 . 0 + 64 Pfn, "the page's pfn";
        ]
        outcome: [
            OOM; SIGBUS; MAJOR; WRITE; Bit(4, "VM_FAULT_HWPOISON"); Bit(10, "VM_FAULT_RETRY");
            Number { shift: 16, bits: 4, name: "dispatch", values: &[(0, "none"), (1, "warn and bail out"), (2, "migration wait"), (3, "migrate_to_ram"), (4, "hwpoison"), (5, "bad pte"), (6, "swap in")] };
            Bit(20, "then do_wp_page"); Bit(21, "swap_free"); Bit(22, "exclusive rmap");
        ]
        aux: "0",
        truth: Vectors,
        uses: [ ENTRY => Same, D; SWAP => Same, D | SF; SWAP => Of(PRES), PF; ]
    }

    14 PteModify "pte_modify" {
        function: "pte_modify() in arch/x86/include/asm/pgtable.h",
        source: V510,
        rule: "Keeps the bits of _PAGE_CHG_MASK, takes the rest from the new protection, and inverts the pfn field where that makes it change between inverted and not. No test of the class.",
        domain: ANY,
        flags: []
        values: [ newprot @ 0 . 0 + 64 Prot, "the new page protection"; ]
        outcome: []
        aux: "0",
        truth: Vectors,
        uses: []
    }

    15 Bitop "bitop" {
        function: "pte_mkdirty() and its kin in arch/x86/include/asm/pgtable.h",
        source: V510,
        rule: "One flag operation on the raw value, whatever its class. pte_mkdirty() also sets soft-dirty; the uffd-wp four do nothing where the architecture has no uffd-wp.",
        domain: ANY,
        flags: []
        values: [ operation @ 0 . 0 + 64 Choice(BITOPS), "which operation"; ]
        outcome: []
        aux: "0",
        truth: Vectors,
        uses: []
    }

    16 SwpEntryToPte "swp_entry_to_pte" {
        function: "swp_entry_to_pte() in include/linux/swapops.h",
        source: V510,
        rule: "Encodes a type and an offset: type in the top five bits, the offset inverted in bits 9 to 58. The pte of the call is ignored.",
        domain: ANY,
        flags: []
        values: [
            kind @ 0 . 0 + 64 SwapType, "the swap type";
            offset @ 1 . 0 + 64 SwapOffset, "the swap offset, cut to 50 bits";
        ]
        outcome: []
        aux: "the generic swp_entry_t: type << 58 | offset cut to 58 bits",
        truth: Vectors,
        uses: []
    }

    17 PfnPte "pfn_pte" {
        function: "pfn_pte() in arch/x86/include/asm/pgtable.h",
        source: V510,
        rule: "A pte of a page frame number and a protection; the number is inverted where the protection is not zero and not present to the hardware. The pte of the call is ignored.",
        domain: ANY,
        flags: []
        values: [
            pfn @ 0 . 0 + 64 Pfn, "the page frame number";
            prot @ 1 . 0 + 64 Prot, "the page protection";
        ]
        outcome: []
        aux: "0",
        truth: Vectors,
        uses: []
    }

    18 Fork "fork" {
        function: "copy_pte_range() in mm/memory.c, one pte",
        source: V510,
        rule: "The child gets a copy; COW takes write away from both; writable migration and device entries of a COW mapping become read entries on both sides. uffd-wp is dropped by the parent's vma and never from swap ptes. The special pte is taken for a swap entry: a caller that the patch missed.",
        domain: ANY,
        flags: [
            vm_maywrite @ 0 . 0 "VM_MAYWRITE; without VM_SHARED: a COW mapping";
            vm_shared @ 0 . 1 "VM_SHARED";
            vm_write @ 0 . 2 "VM_WRITE";
            src_uffd_wp @ 0 . 3 "the parent's vma has VM_UFFD_WP";
            dst_uffd_wp @ 0 . 4 "the child's vma has VM_UFFD_WP";
            has_pinned @ 0 . 5 "src_mm->has_pinned";
            pg_pinned @ 0 . 6 "page_maybe_dma_pinned()";
            nomem @ 0 . 7 "page_copy_prealloc() or add_swap_count_continuation() fails";
            swap_cont @ 0 . 8 "the first swap_duplicate() returns -ENOMEM";
        ]
        values: [
            prot @ 1 . 0 + 64 Prot, "the child's vm_page_prot";
            new_pfn @ 2 . 0 + 64 Pfn, "pfn of the page of an early copy";
        ]
        outcome: [ ENOMEM; ]
        aux: "the parent's pte afterwards",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; PRES => Of(PRES), PF; ENTRY_X => Same, D; MIGR_WRITE => Same, SF; DEV_WRITE => Same, SF; MIGR_WRITE => Of(MIGR_READ), SF; DEV_WRITE => Of(DEV_READ), SF; ]
    }

    19 ForkRfc02 "fork_rfc02" {
        function: "copy_pte_range() in mm/memory.c, one pte",
        source: RFC02,
        rule: "As fork, but the child's vma decides about uffd-wp, for swap ptes and early copies too. The special pte is still taken for a swap entry; without VM_UFFD_WP in the child it becomes none.",
        domain: ANY,
        flags: [
            vm_maywrite @ 0 . 0 "VM_MAYWRITE; without VM_SHARED: a COW mapping";
            vm_shared @ 0 . 1 "VM_SHARED";
            vm_write @ 0 . 2 "VM_WRITE";
            src_uffd_wp @ 0 . 3 "the parent's vma has VM_UFFD_WP";
            dst_uffd_wp @ 0 . 4 "the child's vma has VM_UFFD_WP";
            has_pinned @ 0 . 5 "src_mm->has_pinned";
            pg_pinned @ 0 . 6 "page_maybe_dma_pinned()";
            nomem @ 0 . 7 "page_copy_prealloc() or add_swap_count_continuation() fails";
            swap_cont @ 0 . 8 "the first swap_duplicate() returns -ENOMEM";
        ]
        values: [
            prot @ 1 . 0 + 64 Prot, "the child's vm_page_prot";
            new_pfn @ 2 . 0 + 64 Pfn, "pfn of the page of an early copy";
        ]
        outcome: [ ENOMEM; ]
        aux: "the parent's pte afterwards",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; PRES => Of(PRES), PF; ENTRY_X => Same, D | SF; MIGR_WRITE => Of(MIGR_READ), SF; DEV_WRITE => Of(DEV_READ), SF; ]
    }

    20 ForkRfc17 "fork_rfc17" {
        function: "copy_pte_range() in mm/memory.c, one pte",
        source: RFC17,
        rule: "As fork_rfc02, but the special pte is recognised: copied if the child's vma has VM_UFFD_WP, else nothing is stored.",
        domain: ANY,
        flags: [
            vm_maywrite @ 0 . 0 "VM_MAYWRITE; without VM_SHARED: a COW mapping";
            vm_shared @ 0 . 1 "VM_SHARED";
            vm_write @ 0 . 2 "VM_WRITE";
            src_uffd_wp @ 0 . 3 "the parent's vma has VM_UFFD_WP";
            dst_uffd_wp @ 0 . 4 "the child's vma has VM_UFFD_WP";
            has_pinned @ 0 . 5 "src_mm->has_pinned";
            pg_pinned @ 0 . 6 "page_maybe_dma_pinned()";
            nomem @ 0 . 7 "page_copy_prealloc() or add_swap_count_continuation() fails";
            swap_cont @ 0 . 8 "the first swap_duplicate() returns -ENOMEM";
        ]
        values: [
            prot @ 1 . 0 + 64 Prot, "the child's vm_page_prot";
            new_pfn @ 2 . 0 + 64 Pfn, "pfn of the page of an early copy";
        ]
        outcome: [ ENOMEM; ]
        aux: "the parent's pte afterwards",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; PRES => Of(PRES), PF; ENTRY => Same, D | SF; MIGR_WRITE => Of(MIGR_READ), SF; DEV_WRITE => Of(DEV_READ), SF; ]
    }

    21 Zap "zap" {
        function: "zap_pte_range() in mm/memory.c, one pte",
        source: V510,
        rule: "Clears a present pte and tells the page what the pte knew; with details, keeps what is another mapping's and every swap pte. Patch 07 leaves it alone: the special pte is freed like a swap entry and complained about.",
        domain: ANY,
        flags: [
            details @ 0 . 0 "details are given";
            check_mapping @ 0 . 1 "details->check_mapping is set (even_cows false)";
            mapping_match @ 0 . 2 "the page belongs to that mapping";
            pg_anon @ 0 . 3 "PageAnon()";
            seq_read @ 0 . 4 "VM_SEQ_READ";
            mapcount_neg @ 0 . 5 "page_mapcount() goes below zero";
            tlb_full @ 0 . 6 "__tlb_remove_page() says the batch is full";
            fullmm @ 0 . 7 "the whole mm goes away";
        ]
        values: [
            area @ 1 . 0 + 64 SwapArea, "size of the entry's swap area (low 32 bits)";
            map_byte @ 2 . 0 + 8 SwapMapByte, "the entry's byte in swap_map[]";
        ]
        outcome: []
        aux: "pfn removed from rmap, else the entry freed",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; ENTRY_X => Same, D; ]
    }

    22 Unmap "unmap" {
        function: "try_to_unmap_one() in mm/rmap.c, one pte",
        source: "v5.10; v5.11 where TTU_IGNORE_ACCESS is set",
        rule: "Takes a page out of one pte: leaves a hwpoison, migration or swap entry with soft-dirty and uffd-wp carried over, or none for a file page or a discarded one, or restores the pte where that fails.",
        domain: ANY,
        flags: [
            ttu_migration @ 0 . 0 "TTU_MIGRATION";
            ttu_munlock @ 0 . 1 "TTU_MUNLOCK";
            ttu_split_huge_pmd @ 0 . 2 "TTU_SPLIT_HUGE_PMD (plays no part)";
            ttu_ignore_mlock @ 0 . 3 "TTU_IGNORE_MLOCK";
            ttu_ignore_access @ 0 . 4 "TTU_IGNORE_ACCESS (v5.10; set: as v5.11)";
            ttu_ignore_hwpoison @ 0 . 5 "TTU_IGNORE_HWPOISON";
            ttu_batch_flush @ 0 . 6 "TTU_BATCH_FLUSH";
            ttu_rmap_locked @ 0 . 7 "TTU_RMAP_LOCKED (plays no part)";
            ttu_split_freeze @ 0 . 8 "TTU_SPLIT_FREEZE";
            pg_anon @ 0 . 16 "PageAnon()";
            pg_swapbacked @ 0 . 17 "PageSwapBacked()";
            pg_swapcache @ 0 . 18 "PageSwapCache()";
            pg_dirty @ 0 . 19 "PageDirty()";
            pg_hwpoison @ 0 . 20 "PageHWPoison()";
            zone_device @ 0 . 21 "a zone-device page, not device private";
            devpriv @ 0 . 22 "a device private page";
            vm_locked @ 0 . 23 "VM_LOCKED";
            swap_dup_fail @ 0 . 24 "swap_duplicate() fails";
            thp @ 0 . 25 "a pte-mapped huge page of 512 pages from page_pfn";
        ]
        values: [
            page_pfn @ 1 . 0 + 40 Pfn, "the (head) page's pfn";
            private @ 2 . 0 + 64 SwapEntry, "page_private(): the page's swap entry";
        ]
        outcome: [ Bit(0, "returned true"); ]
        aux: "pfn removed from rmap",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF | SF; ENTRY => Same, D; DEV => Same, D | SF | PF; PRES => Of(UNMAPPED), SF; DEV => Of(UNMAPPED), SF; ]
    }

    23 RemoveMigration "remove_migration" {
        function: "remove_migration_pte() in mm/migrate.c, not hugetlb",
        source: V510,
        rule: "Puts the new page where the migration entry stood: write by entry and vma, soft-dirty kept, uffd-wp kept for read entries only; a device private page becomes a device entry again.",
        domain: ANY,
        flags: [
            vm_write @ 0 . 0 "VM_WRITE";
            new_devpriv @ 0 . 1 "the new page is device private";
            pg_anon @ 0 . 2 "PageAnon()";
            pfn_mismatch @ 0 . 3 "the entry points to another page";
            vm_locked @ 0 . 4 "VM_LOCKED";
        ]
        values: [
            prot @ 1 . 0 + 64 Prot, "vma->vm_page_prot";
            new_pfn @ 2 . 0 + 64 Pfn, "the new page's pfn";
        ]
        outcome: [ Bit(0, "replaced"); ]
        aux: "0",
        truth: VectorsUffdWp,
        uses: [ ENTRY => Same, D; MIGR => Same, D | SF; MIGR => Of(PRES), PF; MIGR => Of(DEV), SF; ]
    }

    24 MigrateCollect "migrate_collect" {
        function: "migrate_vma_collect_pmd() in mm/migrate.c, one pte",
        source: V510,
        rule: "Collects a page for device migration and leaves a migration entry with the flags carried over from the right encoding. The special pte is decoded: a caller that the patch missed.",
        domain: ANY,
        flags: [
            select_system @ 0 . 0 "MIGRATE_VMA_SELECT_SYSTEM";
            select_devpriv @ 0 . 1 "MIGRATE_VMA_SELECT_DEVICE_PRIVATE";
            vm_anon @ 0 . 2 "vma_is_anonymous()";
            owner_match @ 0 . 3 "the device page belongs to the caller";
            trylock @ 0 . 4 "trylock_page() succeeds";
            no_mapping @ 0 . 5 "page->mapping is NULL";
            thp @ 0 . 6 "PageTransCompound()";
        ]
        values: []
        outcome: [ Bit(0, "cpages++"); ]
        aux: "src[]: 1 valid, 2 migrate, 4 locked, 8 write, pfn << 6",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; ENTRY_X => Same, D; DEV => Same, D | SF; PRES => Of(MIGR), SF; DEV_READ => Of(MIGR_READ), SF; DEV_WRITE => Of(MIGR_WRITE), SF; ]
    }

    25 MigrateCollectV3 "migrate_collect_v3" {
        function: "migrate_vma_collect_pmd() in mm/migrate.c, one pte",
        source: V3,
        rule: "As migrate_collect, with the special pte answered like none.",
        domain: ANY,
        flags: [
            select_system @ 0 . 0 "MIGRATE_VMA_SELECT_SYSTEM";
            select_devpriv @ 0 . 1 "MIGRATE_VMA_SELECT_DEVICE_PRIVATE";
            vm_anon @ 0 . 2 "vma_is_anonymous()";
            owner_match @ 0 . 3 "the device page belongs to the caller";
            trylock @ 0 . 4 "trylock_page() succeeds";
            no_mapping @ 0 . 5 "page->mapping is NULL";
            thp @ 0 . 6 "PageTransCompound()";
        ]
        values: []
        outcome: [ Bit(0, "cpages++"); ]
        aux: "src[]: 1 valid, 2 migrate, 4 locked, 8 write, pfn << 6",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; ENTRY => Same, D; DEV => Same, D | SF; PRES => Of(MIGR), SF; DEV_READ => Of(MIGR_READ), SF; DEV_WRITE => Of(MIGR_WRITE), SF; ]
    }

    26 Unuse "unuse" {
        function: "unuse_pte_range() and unuse_pte() in mm/swapfile.c, one pte",
        source: V510,
        rule: "swapoff: a swap pte of the area going away becomes the page, without soft-dirty and uffd-wp; one with uffd-wp never matches before v5.13. The special pte matches type 0: a caller that the patch missed.",
        domain: ANY,
        flags: [
            no_page @ 0 . 0 "neither swap cache nor readahead has the page";
            map_zero @ 0 . 1 "the swap_map byte of the entry is 0";
            map_bad @ 0 . 2 "the swap_map byte of the entry is SWAP_MAP_BAD";
            ksm_oom @ 0 . 3 "ksm_might_need_to_copy() fails";
            sameswp_fixed @ 0 . 4 "pte_same_as_swp() clears uffd-wp too (v5.13)";
        ]
        values: [
            kind @ 0 . 8 + 5 SwapType, "the type being swapped off";
            area @ 0 . 16 + 48 SwapArea, "size of that area in pages";
            prot @ 1 . 0 + 64 Prot, "vma->vm_page_prot";
            pfn @ 2 . 0 + 64 Pfn, "the page's pfn";
        ]
        outcome: [ ENOMEM; ]
        aux: "the entry freed",
        truth: VectorsUffdWp,
        uses: [ ENTRY_X => Same, D; SWAP => Same, D | SF; SWAP => Of(PRES), PF; ]
    }

    27 UnuseV3 "unuse_v3" {
        function: "unuse_pte_range() and unuse_pte() in mm/swapfile.c, one pte",
        source: V3,
        rule: "As unuse, with the special pte skipped.",
        domain: ANY,
        flags: [
            no_page @ 0 . 0 "neither swap cache nor readahead has the page";
            map_zero @ 0 . 1 "the swap_map byte of the entry is 0";
            map_bad @ 0 . 2 "the swap_map byte of the entry is SWAP_MAP_BAD";
            ksm_oom @ 0 . 3 "ksm_might_need_to_copy() fails";
            sameswp_fixed @ 0 . 4 "pte_same_as_swp() clears uffd-wp too (v5.13)";
        ]
        values: [
            kind @ 0 . 8 + 5 SwapType, "the type being swapped off";
            area @ 0 . 16 + 48 SwapArea, "size of that area in pages";
            prot @ 1 . 0 + 64 Prot, "vma->vm_page_prot";
            pfn @ 2 . 0 + 64 Pfn, "the page's pfn";
        ]
        outcome: [ ENOMEM; ]
        aux: "the entry freed",
        truth: VectorsUffdWp,
        uses: [ ENTRY => Same, D; SWAP => Same, D | SF; SWAP => Of(PRES), PF; ]
    }

    28 Mincore "mincore" {
        function: "mincore_pte_range() in mm/mincore.c, one pte",
        source: V510,
        rule: "1 for what is resident or on its way; a lookup in the page cache for none, in the swap cache for a swap entry. The special pte is looked up with a wild index: a caller that the patch missed.",
        domain: ANY,
        flags: [
            vm_file @ 0 . 0 "vma->vm_file is set";
            incore @ 0 . 1 "the lookup finds a page";
            uptodate @ 0 . 2 "PageUptodate()";
        ]
        values: [ area @ 1 . 0 + 64 SwapArea, "size of the entry's swap area in pages"; ]
        outcome: [ Bit(0, "resident"); Bit(4, "page cache lookup"); Bit(5, "swap cache lookup"); ]
        aux: "the index looked up in the swap cache, else 0",
        truth: VectorsUffdWp,
        uses: [ ENTRY_X => Same, D; ]
    }

    29 MincoreV3 "mincore_v3" {
        function: "mincore_pte_range() in mm/mincore.c, one pte",
        source: V3,
        rule: "As mincore, with the special pte answered like none.",
        domain: ANY,
        flags: [
            vm_file @ 0 . 0 "vma->vm_file is set";
            incore @ 0 . 1 "the lookup finds a page";
            uptodate @ 0 . 2 "PageUptodate()";
        ]
        values: [ area @ 1 . 0 + 64 SwapArea, "size of the entry's swap area in pages"; ]
        outcome: [ Bit(0, "resident"); Bit(4, "page cache lookup"); Bit(5, "swap cache lookup"); ]
        aux: "the index looked up in the swap cache, else 0",
        truth: VectorsUffdWp,
        uses: [ ENTRY => Same, D; ]
    }

    30 MadvFree "madv_free" {
        function: "madvise_free_pte_range() in mm/madvise.c, one pte",
        source: V510,
        rule: "A swap entry is freed and the pte cleared; a present page that is not shared loses accessed and dirty and becomes lazily freeable. The special pte is freed like a swap entry: a caller that the patch missed.",
        domain: ANY,
        flags: [
            pg_swapcache @ 0 . 0 "PageSwapCache()";
            pg_dirty @ 0 . 1 "PageDirty()";
            trylock_fail @ 0 . 2 "trylock_page() fails";
            mapcount2 @ 0 . 3 "page_mapcount() is not 1";
            tryfree_fail @ 0 . 4 "try_to_free_swap() fails";
            thp @ 0 . 5 "PageTransCompound()";
            split_fail @ 0 . 6 "split_huge_page() fails";
        ]
        values: [
            area @ 1 . 0 + 64 SwapArea, "size of the entry's swap area (low 32 bits)";
            map_byte @ 2 . 0 + 8 SwapMapByte, "the entry's byte in swap_map[]";
        ]
        outcome: []
        aux: "the entry freed",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; PRES => Of(PRES), PF; ENTRY_X => Same, D; ]
    }

    31 MadvFreeV3 "madv_free_v3" {
        function: "madvise_free_pte_range() in mm/madvise.c, one pte",
        source: V3,
        rule: "As madv_free, with the special pte skipped.",
        domain: ANY,
        flags: [
            pg_swapcache @ 0 . 0 "PageSwapCache()";
            pg_dirty @ 0 . 1 "PageDirty()";
            trylock_fail @ 0 . 2 "trylock_page() fails";
            mapcount2 @ 0 . 3 "page_mapcount() is not 1";
            tryfree_fail @ 0 . 4 "try_to_free_swap() fails";
            thp @ 0 . 5 "PageTransCompound()";
            split_fail @ 0 . 6 "split_huge_page() fails";
        ]
        values: [
            area @ 1 . 0 + 64 SwapArea, "size of the entry's swap area (low 32 bits)";
            map_byte @ 2 . 0 + 8 SwapMapByte, "the entry's byte in swap_map[]";
        ]
        outcome: []
        aux: "the entry freed",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; PRES => Of(PRES), PF; ENTRY => Same, D; ]
    }

    32 Willneed "willneed" {
        function: "swapin_walk_pmd_entry() in mm/madvise.c, one pte",
        source: V510,
        rule: "Starts reading a swap entry ahead; get_swap_device() refuses one outside its area. The special pte is decoded and refused: a caller that the patch missed.",
        domain: ANY,
        flags: []
        values: [ area @ 1 . 0 + 64 SwapArea, "size of the entry's swap area in pages"; ]
        outcome: [ Bit(0, "read_swap_cache_async called"); Bit(1, "accepted"); ]
        aux: "the entry",
        truth: VectorsUffdWp,
        uses: [ ENTRY_X => Same, D; ]
    }

    33 WillneedV3 "willneed_v3" {
        function: "swapin_walk_pmd_entry() in mm/madvise.c, one pte",
        source: V3,
        rule: "As willneed, with the special pte skipped.",
        domain: ANY,
        flags: []
        values: [ area @ 1 . 0 + 64 SwapArea, "size of the entry's swap area in pages"; ]
        outcome: [ Bit(0, "read_swap_cache_async called"); Bit(1, "accepted"); ]
        aux: "the entry",
        truth: VectorsUffdWp,
        uses: [ ENTRY => Same, D; ]
    }

    34 Gup "gup" {
        function: "follow_page_pte() in mm/gup.c",
        source: V510,
        rule: "Finds the page behind a pte for get_user_pages(), or says why not; FOLL_MIGRATION waits for a migration entry and looks again. Only the write bit decides about writing; uffd-wp is never asked. The special pte is decoded under FOLL_MIGRATION: a caller that the patch missed.",
        domain: ANY,
        flags: [
            foll_write @ 0 . 0 "FOLL_WRITE";
            foll_touch @ 0 . 1 "FOLL_TOUCH";
            foll_get @ 0 . 2 "FOLL_GET";
            foll_dump @ 0 . 3 "FOLL_DUMP";
            foll_force @ 0 . 4 "FOLL_FORCE";
            foll_nowait @ 0 . 5 "FOLL_NOWAIT (plays no part)";
            foll_populate @ 0 . 6 "FOLL_POPULATE (plays no part)";
            foll_split @ 0 . 7 "FOLL_SPLIT";
            foll_hwpoison @ 0 . 8 "FOLL_HWPOISON (plays no part)";
            foll_numa @ 0 . 9 "FOLL_NUMA";
            foll_migration @ 0 . 10 "FOLL_MIGRATION";
            foll_tried @ 0 . 11 "FOLL_TRIED (plays no part)";
            foll_mlock @ 0 . 12 "FOLL_MLOCK";
            foll_cow @ 0 . 14 "FOLL_COW";
            foll_pin @ 0 . 18 "FOLL_PIN";
            vm_anon @ 1 . 0 "vma_is_anonymous()";
            no_fault_op @ 1 . 1 "the vma has no ->fault";
            vm_locked @ 1 . 2 "VM_LOCKED";
            pg_dirty @ 1 . 3 "PageDirty()";
            thp @ 1 . 4 "PageTransCompound()";
            split_fail @ 1 . 5 "split_huge_page() fails";
            dev_pagemap @ 1 . 6 "get_dev_pagemap() succeeds";
            grab_fail @ 1 . 7 "try_grab_page() fails";
            no_mapping @ 1 . 8 "page->mapping is NULL";
        ]
        values: [ second @ 2 . 0 + 64 Pte, "the pte found after the first wait (none after a second)"; ]
        outcome: [ GUP_RESULT; GUP_ERRNO; ]
        aux: "the page's pfn where a page is returned",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; PRES => Of(PRES), PF; ENTRY_X => Same, D; MIGR => Of(PRES), PF; MIGR => Of(ENTRY_X), D; ]
    }

    35 GupV3 "gup_v3" {
        function: "follow_page_pte() in mm/gup.c",
        source: V3,
        rule: "As gup, with the special pte not decoded.",
        domain: ANY,
        flags: [
            foll_write @ 0 . 0 "FOLL_WRITE";
            foll_touch @ 0 . 1 "FOLL_TOUCH";
            foll_get @ 0 . 2 "FOLL_GET";
            foll_dump @ 0 . 3 "FOLL_DUMP";
            foll_force @ 0 . 4 "FOLL_FORCE";
            foll_nowait @ 0 . 5 "FOLL_NOWAIT (plays no part)";
            foll_populate @ 0 . 6 "FOLL_POPULATE (plays no part)";
            foll_split @ 0 . 7 "FOLL_SPLIT";
            foll_hwpoison @ 0 . 8 "FOLL_HWPOISON (plays no part)";
            foll_numa @ 0 . 9 "FOLL_NUMA";
            foll_migration @ 0 . 10 "FOLL_MIGRATION";
            foll_tried @ 0 . 11 "FOLL_TRIED (plays no part)";
            foll_mlock @ 0 . 12 "FOLL_MLOCK";
            foll_cow @ 0 . 14 "FOLL_COW";
            foll_pin @ 0 . 18 "FOLL_PIN";
            vm_anon @ 1 . 0 "vma_is_anonymous()";
            no_fault_op @ 1 . 1 "the vma has no ->fault";
            vm_locked @ 1 . 2 "VM_LOCKED";
            pg_dirty @ 1 . 3 "PageDirty()";
            thp @ 1 . 4 "PageTransCompound()";
            split_fail @ 1 . 5 "split_huge_page() fails";
            dev_pagemap @ 1 . 6 "get_dev_pagemap() succeeds";
            grab_fail @ 1 . 7 "try_grab_page() fails";
            no_mapping @ 1 . 8 "page->mapping is NULL";
        ]
        values: [ second @ 2 . 0 + 64 Pte, "the pte found after the first wait (none after a second)"; ]
        outcome: [ GUP_RESULT; GUP_ERRNO; ]
        aux: "the page's pfn where a page is returned",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; PRES => Of(PRES), PF; ENTRY => Same, D; MIGR => Of(PRES), PF; MIGR => Of(ENTRY), D; ]
    }

    36 NumaPage "numa_page" {
        function: "do_numa_page() in mm/memory.c",
        source: V510,
        rule: "A NUMA hinting fault makes the pte present again with the vma's protection, accessed, and writable if it was; what task_numa_fault() is told is in the code.",
        domain: PROTNONE,
        flags: [
            changed @ 0 . 0 "the pte changed before the lock";
            compound @ 0 . 1 "PageCompound()";
            mapcount2 @ 0 . 2 "page_mapcount() is more than 1";
            vm_shared @ 0 . 3 "VM_SHARED";
            target @ 0 . 4 "numa_migrate_prep() returns a node";
            migrate_ok @ 0 . 5 "migrate_misplaced_page() succeeds";
        ]
        values: [ prot @ 1 . 0 + 64 Prot, "vma->vm_page_prot"; ]
        outcome: [ Bit(0, "TNF_MIGRATED"); Bit(1, "TNF_NO_GROUP"); Bit(2, "TNF_SHARED"); Bit(4, "TNF_MIGRATE_FAIL"); Bit(8, "task_numa_fault called"); ]
        aux: "0",
        truth: VectorsUffdWp,
        uses: [ PROTNONE => Same, PF; PROTNONE => Of(PRES), PF; ]
    }

    37 WpPage "wp_page" {
        function: "do_wp_page() in mm/memory.c, on a present pte without write",
        source: V510,
        rule: "A write to a write-protected pte: userfaultfd first, then reuse of a page that nobody shares or of a shared mapping, else a copy, which keeps none of the old pte's flags.",
        domain: PRES,
        flags: [
            vm_write @ 0 . 0 "VM_WRITE";
            vm_shared @ 0 . 1 "VM_SHARED";
            vm_uffd_wp @ 0 . 2 "VM_UFFD_WP";
            pg_anon @ 0 . 3 "PageAnon()";
            pg_ksm @ 0 . 4 "PageKsm()";
            count2 @ 0 . 5 "page_count() is not 1";
            trylock_fail @ 0 . 6 "trylock_page() fails";
            mapcount2 @ 0 . 7 "page_mapcount() is not 1";
            page_mkwrite @ 0 . 8 "vm_ops->page_mkwrite exists";
            pfn_mkwrite @ 0 . 9 "vm_ops->pfn_mkwrite exists";
            mkwrite_fail @ 0 . 10 "they return VM_FAULT_SIGBUS";
            changed @ 0 . 11 "the pte changes while the lock is dropped";
            oom @ 0 . 12 "no memory for the copy";
            copyfail @ 0 . 13 "cow_user_page() fails";
        ]
        values: [
            prot @ 1 . 0 + 64 Prot, "vma->vm_page_prot";
            new_pfn @ 2 . 0 + 64 Pfn, "pfn of the copy";
        ]
        outcome: [ OOM; SIGBUS; WRITE; NOPAGE; Bit(12, "reused"); Bit(13, "copy installed"); Bit(14, "handle_userfault"); ]
        aux: "0",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; PRES => Of(PRES), PF; ]
    }

    38 AnonPage "anon_page" {
        function: "do_anonymous_page() in mm/memory.c",
        source: V510,
        rule: "A read fault maps the zero page, a write fault a new page, dirty and writable only if the vma is; what stands in the table under the lock must be none.",
        domain: ANY,
        flags: [
            write @ 0 . 0 "FAULT_FLAG_WRITE";
            vm_write @ 0 . 1 "VM_WRITE";
            vm_shared @ 0 . 2 "VM_SHARED";
            uffd_missing @ 0 . 3 "VM_UFFD_MISSING";
            oom @ 0 . 4 "no memory for the page";
            unstable @ 0 . 5 "check_stable_address_space() fails";
        ]
        values: [
            prot @ 1 . 0 + 64 Prot, "vma->vm_page_prot";
            pfn @ 2 . 0 + 64 Pfn, "the new page's pfn";
        ]
        outcome: [ OOM; SIGBUS; ]
        aux: "0",
        truth: VectorsUffdWp,
        uses: [ ANY => Of(PRES), PF; ]
    }

    39 FinishFault "finish_fault" {
        function: "finish_fault() and alloc_set_pte() in mm/memory.c",
        source: V510,
        rule: "Installs the page of a file fault where the pte is none, dirty and (if the vma is writable) writable for a write fault; anything else in the table loses the race.",
        domain: ANY,
        flags: [
            write @ 0 . 0 "FAULT_FLAG_WRITE";
            vm_write @ 0 . 1 "VM_WRITE";
            vm_shared @ 0 . 2 "VM_SHARED";
            unstable @ 0 . 3 "check_stable_address_space() fails";
            uffd_wp @ 0 . 4 "FAULT_FLAG_UFFD_WP (ignored here)";
        ]
        values: [
            prot @ 1 . 0 + 64 Prot, "vma->vm_page_prot";
            pfn @ 2 . 0 + 64 Pfn, "pfn of the page cache page; the COW page is this ^ 1";
        ]
        outcome: [ SIGBUS; NOPAGE; ]
        aux: "0",
        truth: VectorsUffdWp,
        uses: [ NONE => Of(PRES), PF; ]
    }

    40 FinishFaultRfc08 "finish_fault_rfc08" {
        function: "finish_fault() and alloc_set_pte() in mm/memory.c",
        source: RFC08,
        rule: "As finish_fault; with FAULT_FLAG_UFFD_WP the table must hold the special pte, and the new pte is write-protected and marked.",
        domain: ANY,
        flags: [
            write @ 0 . 0 "FAULT_FLAG_WRITE";
            vm_write @ 0 . 1 "VM_WRITE";
            vm_shared @ 0 . 2 "VM_SHARED";
            unstable @ 0 . 3 "check_stable_address_space() fails";
            uffd_wp @ 0 . 4 "FAULT_FLAG_UFFD_WP";
        ]
        values: [
            prot @ 1 . 0 + 64 Prot, "vma->vm_page_prot";
            pfn @ 2 . 0 + 64 Pfn, "pfn of the page cache page; the COW page is this ^ 1";
        ]
        outcome: [ SIGBUS; NOPAGE; ]
        aux: "0",
        truth: VectorsUffdWp,
        uses: [ NONE => Of(PRES), PF; SPECIAL => Of(PRES), PF; ]
    }

    41 PteFault "pte_fault" {
        function: "handle_pte_fault() in mm/memory.c: the dispatch",
        source: V510,
        rule: "None goes to the anonymous or file handler, everything else that is not present to do_swap_page() (the special pte too), PROT_NONE of an accessible vma to NUMA balancing, a write without permission to do_wp_page(); else accessed and dirty are updated here.",
        domain: ANY,
        flags: [
            write @ 0 . 0 "FAULT_FLAG_WRITE";
            vm_anon @ 0 . 1 "vma_is_anonymous()";
            vm_access @ 0 . 2 "vma_is_accessible()";
            tried @ 0 . 3 "FAULT_FLAG_TRIED";
            vm_uffd_wp @ 0 . 4 "VM_UFFD_WP (ignored here)";
        ]
        values: []
        outcome: [ HANDLER; Bit(4, "write flag still set"); ]
        aux: "0",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; PRES => Of(PRES), PF; ENTRY_X => Same, FAULT; ]
    }

    42 PteFaultRfc08 "pte_fault_rfc08" {
        function: "handle_pte_fault() in mm/memory.c: the dispatch",
        source: RFC08,
        rule: "As pte_fault, but the special pte is cleared in a vma that is not write-protected by userfaultfd, and otherwise faulted in as a read that keeps the protection.",
        domain: ANY,
        flags: [
            write @ 0 . 0 "FAULT_FLAG_WRITE";
            vm_anon @ 0 . 1 "vma_is_anonymous()";
            vm_access @ 0 . 2 "vma_is_accessible()";
            tried @ 0 . 3 "FAULT_FLAG_TRIED";
            vm_uffd_wp @ 0 . 4 "VM_UFFD_WP";
        ]
        values: []
        outcome: [ HANDLER; Bit(4, "write flag still set"); ]
        aux: "0",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; PRES => Of(PRES), PF; ENTRY => Same, FAULT; ]
    }

    43 Accessor "accessor" {
        function: "ptep_set_access_flags() and its kin in arch/x86/mm/pgtable.c",
        source: V510,
        rule: "One operation on the slot, whatever the class of what stands in it. ptep_set_access_flags() stores only if the new pte is dirty; clearing accessed and write are raw bit operations.",
        domain: ANY,
        flags: []
        values: [
            operation @ 0 . 0 + 64 Choice(ACCESSORS), "which operation";
            entry @ 1 . 0 + 64 Pte, "set_access_flags: the new pte";
            argument @ 2 . 0 + 1 Domain::Flag, "set_access_flags: dirty; get_and_clear_full: full";
        ]
        outcome: [ Bit(0, "returned 1"); ]
        aux: "get_and_clear, get_and_clear_full, clear_flush: the old pte",
        truth: VectorsUffdWp,
        uses: []
    }

    44 InstallUffdWp "install_uffd_wp" {
        function: "pte_install_uffd_wp_if_needed() in include/linux/mm_inline.h",
        source: RFC13,
        rule: "When a pte of a file mapping is cleared that carried uffd-wp in its encoding, the special pte is left in its place.",
        domain: ANY,
        flags: [ vm_anon @ 0 . 0 "vma_is_anonymous()"; ]
        values: []
        outcome: []
        aux: "0",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; ENTRY_X => Same, SF; ]
    }

    45 PageMkclean "page_mkclean" {
        function: "page_mkclean_one() in mm/rmap.c",
        source: V510,
        rule: "Where the pte maps the page and is dirty or writable, both are taken away so that the next write is seen; a device entry is tested and changed with the present bits.",
        domain: ANY,
        flags: [ thp @ 0 . 25 "a pte-mapped huge page of 512 pages from page_pfn"; ]
        values: [ page_pfn @ 1 . 0 + 40 Pfn, "the page's pfn"; ]
        outcome: [ Bit(0, "cleaned"); ]
        aux: "0",
        truth: VectorsUffdWp,
        uses: [ PRES => Same, PF; PRES => Of(PRES), PF; ENTRY => Same, D; DEV => Same, D | PF; DEV => Of(DEV), PF; ]
    }
}

/// The kernel's `enum scan_result` (v5.10), and 100 for a pte that is accepted.
const SCAN_RESULTS: &[(u64, &str)] = &[
    (1, "SCAN_SUCCEED"),
    (3, "SCAN_EXCEED_NONE_PTE"),
    (4, "SCAN_EXCEED_SWAP_PTE"),
    (5, "SCAN_EXCEED_SHARED_PTE"),
    (6, "SCAN_PTE_NON_PRESENT"),
    (7, "SCAN_PTE_UFFD_WP"),
    (8, "SCAN_PAGE_RO"),
    (9, "SCAN_LACK_REFERENCED_PAGE"),
    (10, "SCAN_PAGE_NULL"),
    (11, "SCAN_ABORT"),
    (12, "SCAN_PAGE_COUNT"),
    (13, "SCAN_PAGE_LRU"),
    (14, "SCAN_PAGE_LOCK"),
    (15, "SCAN_PAGE_ANON"),
    (100, "continue"),
];
