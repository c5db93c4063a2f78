//! The glue between AFL++ and `ptefuzz::target`: persistent mode, semantic coverage through IJON, a panic whose message begins with the signature.
//!
//! In come AFL++'s inputs, and the variables PTEFUZZ_SUBJECT, PTEFUZZ_SPECIAL, PTEFUZZ_CONFIG and PTEFUZZ_KNOWN, read once.

use ptefuzz::target::{CELLS, Cells, Harness};
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;

/// Tells the runtime of AFL++ that this program sets cells of IJON's map. Its own value is weak and 0; the compiler plugin that sets it needs nightly.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name that afl-compiler-rt looks for")]
pub static mut __afl_ijon_enabled: u32 = 1;

/// Runs the target in AFL++'s persistent loop; on its own, over standard input. A variable that says something else than it can: one message, exit code 2.
pub fn run(target: &str) {
    let harness = Harness::from_env(target).unwrap_or_else(|message| {
        eprintln!("ptefuzz: {message}");
        std::process::exit(2);
    });
    let state = AssertUnwindSafe(RefCell::new((harness, Box::new([0; CELLS]))));
    afl::fuzz(true, |data: &[u8]| {
        // The whole wrapper is captured, and not the cell in it.
        let state = &state;
        one(state, data);
    });
}

fn one(state: &RefCell<(Harness, Box<Cells>)>, data: &[u8]) {
    let (harness, cells) = &mut *state.borrow_mut();
    cells.fill(0);
    if let Err(message) = harness.run(data, cells, None) {
        panic!("{message}");
    }
    for (first, group) in cells.chunks_exact(8).enumerate() {
        if group == [0; 8] {
            continue;
        }
        for (cell, count) in group.iter().enumerate() {
            if *count > 0 {
                // SAFETY: a call of the runtime that AFL++ links in; it takes any two numbers. The map has 65,536 cells, more than there are of ours.
                unsafe { afl::ijon_set(0, (first * 8 + cell) as u32) };
            }
        }
    }
}
