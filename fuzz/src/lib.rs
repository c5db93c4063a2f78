//! The glue between libFuzzer and `ptefuzz::target`: one [`target!`] line is a fuzz target.
//!
//! In come libFuzzer's inputs, and the variables PTEFUZZ_SUBJECT, PTEFUZZ_SPECIAL, PTEFUZZ_CONFIG and PTEFUZZ_KNOWN, read once. Out go semantic coverage
//! through the extra counters, and a panic whose message begins with the signature. At the end the process says how much was checked.

pub use libfuzzer_sys;

use ptefuzz::program::Rng;
use ptefuzz::target::{CELLS, Cells, Harness, Parser};
use std::cell::RefCell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// Semantic coverage, where libFuzzer looks for counters beside those of the instrumentation. It clears them before each input.
#[cfg_attr(target_os = "linux", unsafe(link_section = "__libfuzzer_extra_counters"))]
static mut COUNTERS: Cells = [0; CELLS];

/// One call of the mutator in so many goes to libFuzzer's own, which knows the dictionary and what comparisons were made.
const ENGINE_EVERY: u32 = 8;

thread_local! {
    static HARNESS: RefCell<Option<Harness>> = const { RefCell::new(None) };
}

/// What was checked, and since when: for the line at the end.
static INPUTS: AtomicU64 = AtomicU64::new(0);
static SITE_CALLS: AtomicU64 = AtomicU64::new(0);
static NOOPS: AtomicU64 = AtomicU64::new(0);
static START: OnceLock<Instant> = OnceLock::new();

/// Sets the target up. A variable that says something else than it can: one message, exit code 2.
pub fn start(target: &str) {
    let harness = Harness::from_env(target).unwrap_or_else(|message| {
        eprintln!("ptefuzz: {message}");
        std::process::exit(2);
    });
    HARNESS.with_borrow_mut(|held| *held = Some(harness));
    let _ = START.set(Instant::now());
    // SAFETY: `at_end` is a function without arguments that does not unwind, as atexit() wants it.
    unsafe { atexit(at_end) };
}

/// Runs an input.
pub fn run(data: &[u8]) {
    with(|harness| {
        // SAFETY: libFuzzer runs one input at a time on one thread, and reads the counters between two of them.
        let cells = unsafe { &mut *(&raw mut COUNTERS) };
        if let Err(message) = harness.run(data, cells, None) {
            panic!("{message}");
        }
        let tally = harness.tally();
        INPUTS.fetch_add(1, Relaxed);
        SITE_CALLS.store(tally.site_calls(), Relaxed);
        NOOPS.store((tally.noop_share() * 1e6) as u64, Relaxed);
    });
}

/// Changes an input: a move of ours, or one of libFuzzer's own brought back into the form of a program.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut new = 0;
    with(|harness| {
        let mut rng = Rng::new(seed as u64);
        new = if rng.below(ENGINE_EVERY) == 0 {
            let size = libfuzzer_sys::fuzzer_mutate(data, size, max_size);
            harness.mutator().settle(data, size, max_size)
        } else {
            harness.mutator().mutate(data, size, max_size, rng.next())
        };
    });
    new
}

/// Makes a third input of two.
pub fn crossover(a: &[u8], b: &[u8], out: &mut [u8], seed: u32) -> usize {
    let mut size = 0;
    with(|harness| size = harness.mutator().crossover(a, b, out, seed as u64));
    size
}

fn with(act: impl FnOnce(&mut Harness)) {
    HARNESS.with_borrow_mut(|held| held.as_mut().map(act));
}

unsafe extern "C" {
    fn atexit(function: extern "C" fn()) -> i32;
}

/// How much was checked, and how fast.
extern "C" fn at_end() {
    let seconds = START.get().map_or(0.0, |start| start.elapsed().as_secs_f64()).max(1e-9);
    let (inputs, calls) = (INPUTS.load(Relaxed), SITE_CALLS.load(Relaxed));
    eprintln!(
        "ptefuzz: {inputs} inputs, {calls} site calls checked ({:.0} a second), {:.1} % no-ops",
        calls as f64 / seconds,
        NOOPS.load(Relaxed) as f64 / 1e4
    );
}

/// A whole fuzz target, by its name in `ptefuzz::target::TARGETS`.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        use $crate::libfuzzer_sys::{self, fuzz_crossover, fuzz_mutator, fuzz_target};

        fuzz_target!(init: $crate::start($name), |data: &[u8]| $crate::run(data));

        fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate(data, size, max_size, seed)
        });

        fuzz_crossover!(|data1: &[u8], data2: &[u8], out: &mut [u8], seed: u32| {
            $crate::crossover(data1, data2, out, seed)
        });
    };
}

/// Reads an input with one of `ptefuzz::target::PARSERS`; a promise that it breaks is a panic whose message begins with its name.
pub fn read(parser: &'static Parser, data: &[u8]) {
    INPUTS.fetch_add(1, Relaxed);
    if let Err(message) = (parser.check)(data) {
        panic!("{message}");
    }
}

/// The reader with this name; one that there is not: one message, exit code 2.
pub fn parser(name: &str) -> &'static Parser {
    Parser::by_name(name).unwrap_or_else(|| {
        eprintln!("ptefuzz: {name}: found no such reader");
        std::process::exit(2);
    })
}

/// The fuzz target of a reader, by its name in `ptefuzz::target::PARSERS`. The engine's own mutator serves it.
#[macro_export]
macro_rules! parser {
    ($name:literal) => {
        use $crate::libfuzzer_sys::{self, fuzz_target};

        static PARSER: std::sync::OnceLock<&ptefuzz::target::Parser> = std::sync::OnceLock::new();

        fuzz_target!(|data: &[u8]| $crate::read(PARSER.get_or_init(|| $crate::parser($name)), data));
    };
}
