//! Names for the event bits in the outcome of sites from `fork` on (`PTEFUZZ_EV_*`), and for the kernel's fault codes.

macro_rules! events {
    ($($bit:literal $name:ident)*) => {
        $(pub(super) const $name: u64 = 1 << $bit;)*
    };
}

events! {
    16 STORE  17 CLEAR  18 SRC_STORE  19 RMAP_DEL  20 RMAP_ADD  21 GET_PAGE  22 PUT_PAGE  23 PG_DIRTY
    24 PG_ACCESSED  25 SWAP_DUP  26 SWAP_FREE  27 SWAP_BAD  28 BAD_PTE  29 WARN  30 MIGWAIT  31 UFFD
    32 WILD  33 RSS_SWAP  34 RSS_PAGE  35 MMU_CACHE  36 MMU_TLB  37 TLB  38 FORCE_FLUSH  39 RETRY
    40 NOMEM  41 PG_COPY  42 SETSWAPBACKED  43 LAZYFREE  44 CLEAR_PG_DIRTY  45 MLOCK
}

/// `VM_FAULT_OOM`.
pub(super) const FAULT_OOM: u64 = 0x1;
/// `VM_FAULT_SIGBUS`.
pub(super) const FAULT_SIGBUS: u64 = 0x2;
/// `VM_FAULT_MAJOR`.
pub(super) const FAULT_MAJOR: u64 = 0x4;
/// `VM_FAULT_WRITE`.
pub(super) const FAULT_WRITE: u64 = 0x8;
/// `VM_FAULT_HWPOISON`.
pub(super) const FAULT_HWPOISON: u64 = 0x10;
/// `VM_FAULT_NOPAGE`.
pub(super) const FAULT_NOPAGE: u64 = 0x100;
/// `VM_FAULT_RETRY`.
pub(super) const FAULT_RETRY: u64 = 0x400;
