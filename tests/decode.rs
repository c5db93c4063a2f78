//! The fuzzing entry takes every byte string and allocates nothing while it decodes one.

use ptefuzz::program::{Ops, Rng};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, and how often this thread asked it.
struct Counting;

// SAFETY: every call goes to the system's allocator as it came; the counter is a plain cell of the thread, which allocates nothing itself.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is one that `alloc` gave for this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(of: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    of();
    ALLOCATIONS.get() - before
}

#[test]
fn any_bytes_up_to_64_kib_decode_without_an_allocation() {
    let mut rng = Rng::new(3);
    for n in [0_usize, 1, 3, 4, 11, 12, 4096, 65_535, 65_536] {
        let bytes: Vec<u8> = (0..n).map(|_| rng.next() as u8).collect();
        let mut decoded = 0;
        assert_eq!(allocations(|| decoded = Ops::total(&bytes).count()), 0, "{n} bytes");
        assert_eq!(decoded, n.saturating_sub(4) / 8, "nothing is rejected");
    }
}

#[test]
fn an_allocation_would_be_counted() {
    assert!(allocations(|| drop(std::hint::black_box(vec![0u8; 64]))) > 0);
}
