//! The bit layout as data: what the model, the text form and the generator know of x86_64.
//!
//! The packed implementation has constants of its own and never looks here. A test flips every field of this table in turn and
//! requires the recorded answers to notice.

macro_rules! layout {
    ($($(#[$doc:meta])* $name:ident = $value:expr;)*) => {
        /// Where an architecture keeps what a pte says. All fields are masks unless they say otherwise.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Layout {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// x86_64, Linux v5.10 and v5.11 (`arch/x86/include/asm/pgtable_types.h`, `pgtable_64.h`).
        pub const X86_64: Layout = Layout { $($name: $value,)* };

        impl Layout {
            /// Every field's name, in the order of [`Layout::field_mut`].
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// The field with this index in [`Layout::NAMES`], to be changed by tests that ask who would notice.
            pub fn field_mut(&mut self, index: usize) -> Option<&mut u64> {
                [$(&mut self.$name),*].into_iter().nth(index)
            }
        }
    };
}

layout! {
    /// `_PAGE_PRESENT`.
    present = 1 << 0;
    /// `_PAGE_RW`: writable.
    write = 1 << 1;
    /// `_PAGE_USER`.
    user = 1 << 2;
    /// `_PAGE_PWT`.
    pwt = 1 << 3;
    /// `_PAGE_PCD`.
    pcd = 1 << 4;
    /// `_PAGE_ACCESSED`.
    accessed = 1 << 5;
    /// `_PAGE_DIRTY`.
    dirty = 1 << 6;
    /// `_PAGE_PAT`.
    pat = 1 << 7;
    /// `_PAGE_GLOBAL`; without `_PAGE_PRESENT` it is `_PAGE_PROTNONE`.
    global = 1 << 8;
    /// `_PAGE_SPECIAL` (software bit 1): no normal page behind it. Nothing to do with the special swap pte.
    special = 1 << 9;
    /// `_PAGE_UFFD_WP` (software bit 2).
    uffd_wp = 1 << 10;
    /// `_PAGE_SOFT_DIRTY` (software bit 3).
    soft_dirty = 1 << 11;
    /// `PTE_PFN_MASK`: the page frame number, inverted where the pte is not zero and not present to the hardware.
    pfn = 0x000f_ffff_ffff_f000;
    /// Lowest bit of the page frame number (a shift).
    pfn_shift = 12;
    /// `_PAGE_DEVMAP` (software bit 4).
    devmap = 1 << 58;
    /// `_PAGE_NX`.
    nx = 1 << 63;
    /// `_PAGE_SWP_SOFT_DIRTY`: soft-dirty in a pte that holds a swap entry.
    swp_soft_dirty = 1 << 1;
    /// `_PAGE_SWP_UFFD_WP`: uffd-wp in a pte that holds a swap entry.
    swp_uffd_wp = 1 << 2;
    /// `_PAGE_KNL_ERRATUM_MASK`: bits that hardware may set on a none pte.
    erratum = 0x60;
    /// Bits that `pte_modify()` keeps whatever the new protection says, uffd-wp apart (`_PAGE_CHG_MASK`).
    modify_keeps = 0x040f_ffff_ffff_fa78;
    /// Lowest bit of the swap type in a pte (a shift).
    swp_type_shift = 59;
    /// Lowest bit of the inverted swap offset in a pte (a shift).
    swp_offset_shift = 9;
    /// Bits of a swap offset that survive in a pte.
    swp_offset = (1 << 50) - 1;
    /// Lowest bit of the type in the generic `swp_entry_t` (a shift).
    entry_type_shift = 58;
    /// Bits of an offset in the generic `swp_entry_t`.
    entry_offset = (1 << 58) - 1;
    /// First swap type that is not a swap area (`MAX_SWAPFILES`, a number).
    max_swapfiles = 27;
    /// Type of hwpoison entries (a number).
    type_hwpoison = 27;
    /// Type of read migration entries (a number).
    type_migration_read = 28;
    /// Type of write migration entries (a number).
    type_migration_write = 29;
    /// Type of write device-private entries (a number).
    type_device_write = 30;
    /// Type of read device-private entries (a number).
    type_device_read = 31;
    /// Page frame number of the zero page in the recorded answers (a number).
    zero_pfn = 0x5a5a5;
}
