//! What is easily read wrong, each by hand: SPEC section 7, with the numbers written out.

mod faults;
mod mprotect;
mod proc;
mod scans;
mod values;

const NONE_PROT: u64 = 0x120;
const READONLY: u64 = 0x8000_0000_0000_0025;
const SHARED: u64 = 0x8000_0000_0000_0027;
const SPECIAL: u64 = 0x4;
/// Type 1, offset 0x1234.
const SWAPPED: u64 = 0x0fff_ffff_ffdb_9600;
const MIGRATION_WRITE: u64 = 0xefff_ffff_ffdb_9600;
const MIGRATION_READ: u64 = 0xe7ff_ffff_ffdb_9600;
const DEVICE_WRITE: u64 = 0xf7ff_ffff_ffdb_9600;
const DEVICE_READ: u64 = 0xffff_ffff_ffdb_9600;
const HWPOISON: u64 = 0xdfff_ffff_ffdb_9600;
