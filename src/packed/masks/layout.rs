//! The bits of an x86_64 pte, the encoding of a swap entry, and what else belongs to the layout (SPEC sections 1 and
//! 2).

use super::constants;

constants! { 0;
    mask present_hw = 1 << 0; "P: present to the hardware."
    mask write = 1 << 1; "RW of a present pte."
    mask accessed = 1 << 5; "A of a present pte."
    mask dirty = 1 << 6; "D of a present pte."
    mask global = 1 << 8; "G, which without P is PROTNONE."
    mask page_special = 1 << 9; "Software bit 1: no normal page. Not the special swap pte."
    mask uffd_wp = 1 << 10; "Software bit 2: write-protected by userfaultfd."
    mask soft_dirty = 1 << 11; "Software bit 3: soft-dirty."
    mask devmap = 1 << 58; "Software bit 4: a page of a device mapping."
    mask nx = 1 << 63; "No execution."
    mask pfn_field = 0x000f_ffff_ffff_f000; "Where the page frame number stands."
    number pfn_shift = 12; "The lowest bit of that field."
    mask erratum = 0x60; "Bits that hardware may set on a none pte."
    mask modify_keeps = 0x040f_ffff_ffff_fa78; "What pte_modify() keeps of the old pte, uffd-wp apart."
    mask swp_soft_dirty = 1 << 1; "Soft-dirty of a pte that holds an entry."
    mask swp_uffd_wp = 1 << 2; "Write-protected by userfaultfd, of a pte that holds an entry."
    number type_shift = 59; "The lowest bit of the swap type in a pte."
    number offset_shift = 9; "The lowest bit of the inverted swap offset in a pte."
    mask offset_field = (1 << 50) - 1; "The bits of a swap offset that a pte can hold."
    number entry_type_shift = 58; "The lowest bit of the type in a generic swp_entry_t."
    mask entry_offset = (1 << 58) - 1; "The bits of the offset in a generic swp_entry_t."
    number max_swapfiles = 27; "The first type that is no swap area."
    number type_hwpoison = 27; "The type of hwpoison entries."
    number type_migration_read = 28; "The type of migration entries of a page that was mapped read-only."
    number type_migration_write = 29; "The type of migration entries of a page that was mapped writable."
    number type_device_write = 30; "The type of writable device private entries."
    number type_device_read = 31; "The type of read-only device private entries."
    number zero_pfn = 0x5a5a5; "The page frame number of the zero page."
    number page_bytes = 4096; "The size of a page."
    number huge_pages = 512; "The pages of a transparent huge page."
    number swap_space_shift = 14; "log2 of the pages that one address space of a swap area has."
}
