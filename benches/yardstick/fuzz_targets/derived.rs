//! The yardstick: operations as a derived enum, a `Vec` of them as input, libFuzzer's own mutator, no semantic coverage. It runs the same programs
//! through the same session as the target `sequence`, and crashes in the same words.
//!
//! This is what the documentation of cargo-fuzz leads to; its fields have the types that one would give them, and what is out of range is brought in.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use ptefuzz::program::{Op, OpCode, Operation, Program, Shape, TABLE, Tree, WorldProgram};
use ptefuzz::target::{CELLS, Cells, Harness};
use std::cell::RefCell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// A page, one of the first few of either table: who writes such a harness knows that operations must meet.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Page(u8);

impl Page {
    fn number(self) -> u16 {
        (self.0 & 0x1f) as u16 + (self.0 >> 7) as u16 * TABLE
    }
}

/// Some pages.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Pages {
    first: Page,
    len: u8,
}

macro_rules! steps {
    ($($code:ident $shape:ident),* $(,)?) => {
        /// One operation with its fields.
        #[derive(Arbitrary, Clone, Copy, Debug)]
        enum Step {
            $($code(steps!(@fields $shape)),)*
        }

        impl Step {
            fn op(self) -> Op {
                match self {
                    $(Step::$code(fields) => fields.op(OpCode::$code),)*
                }
            }
        }
    };
    (@fields Page) => { OnPage };
    (@fields Range) => { OnPages };
    (@fields Move) => { Moved };
    (@fields Whole) => { Whole };
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct OnPage {
    page: Page,
    options: u16,
    fails: Option<u8>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct OnPages {
    pages: Pages,
    options: u16,
    fails: Option<u8>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Moved {
    pages: Pages,
    to: Page,
    event: bool,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Whole {
    options: u16,
    fails: Option<u8>,
}

/// One of the accidents that can happen to the operation.
fn accident(code: OpCode, fails: Option<u8>) -> u8 {
    let possible = Operation::of(code).accidents;
    fails.filter(|_| !possible.is_empty()).map_or(0, |n| possible[n as usize % possible.len()])
}

impl OnPage {
    fn op(self, code: OpCode) -> Op {
        Op { code, accident: accident(code, self.fails), page: self.page.number(), len: 1, arg: self.options }
            .canonical()
    }
}

impl OnPages {
    fn op(self, code: OpCode) -> Op {
        let accident = accident(code, self.fails);
        Op { code, accident, page: self.pages.first.number(), len: self.pages.len as u16, arg: self.options }
            .canonical()
    }
}

impl Moved {
    fn op(self, code: OpCode) -> Op {
        let arg = self.to.number() | (self.event as u16) << 15;
        Op { code, accident: 0, page: self.pages.first.number(), len: self.pages.len as u16, arg }.canonical()
    }
}

impl Whole {
    fn op(self, code: OpCode) -> Op {
        Op { code, accident: accident(code, self.fails), page: 0, len: 1, arg: self.options }.canonical()
    }
}

steps! {
    Vma Range, Unmap Range, Read Page, Write Page, Hardware Page, Mprotect Range, NumaHint Range, UffdRegister Range, UffdUnregister Range,
    UffdWp Range, UffdUnwp Range, Mremap Move, ClearRefs Range, Pagemap Range, Smaps Range, SwapOut Page, SwapIn Page, Swapoff Whole, Zap Range,
    Evict Page, MigrateBegin Page, MigrateEnd Page, MigrateWait Page, ToDevice Range, FromDevice Range, HwPoison Page, KhugeScan Range,
    KhugeSwapin Range, MemcgMove Range, Rmap Page, WriteBack Page, Hmm Range, Gup Page, Mincore Range, MadvFree Range, Willneed Range, Fork Whole,
    ExitChild Whole, Pin Page, Unpin Page, Age Page, Ksm Page, Mlock Range,
}

#[derive(Arbitrary, Clone, Debug)]
struct Input {
    series: bool,
    steps: Vec<Step>,
}

thread_local! {
    static STATE: RefCell<Option<(Harness, Box<Cells>)>> = const { RefCell::new(None) };
}

static INPUTS: AtomicU64 = AtomicU64::new(0);
static OPERATIONS: AtomicU64 = AtomicU64::new(0);
static SITE_CALLS: AtomicU64 = AtomicU64::new(0);
static START: OnceLock<Instant> = OnceLock::new();

unsafe extern "C" {
    fn atexit(function: extern "C" fn()) -> i32;
}

fn start() {
    // The steps above are the library's operations, all of them and in their shapes.
    let shapes = OpCode::ALL.map(|code| Operation::of(code).shape);
    assert_eq!(shapes.iter().filter(|shape| **shape == Shape::Move).count(), 1);
    let harness = Harness::from_env("sequence").unwrap_or_else(|message| {
        eprintln!("ptefuzz: {message}");
        std::process::exit(2);
    });
    STATE.with_borrow_mut(|state| *state = Some((harness, Box::new([0; CELLS]))));
    let _ = START.set(Instant::now());
    // SAFETY: a function without arguments that does not unwind.
    unsafe { atexit(at_end) };
}

extern "C" fn at_end() {
    let seconds = START.get().map_or(0.0, |start| start.elapsed().as_secs_f64()).max(1e-9);
    let (inputs, operations, calls) = (INPUTS.load(Relaxed), OPERATIONS.load(Relaxed), SITE_CALLS.load(Relaxed));
    eprintln!(
        "ptefuzz: {inputs} inputs, {operations} operations, {calls} site calls checked ({:.0} a second)",
        calls as f64 / seconds
    );
}

fuzz_target!(init: start(), |input: Input| {
    let tree = if input.series { Tree::Series } else { Tree::Patch07 };
    let ops: Vec<Op> = input.steps.iter().map(|step| step.op()).collect();
    OPERATIONS.fetch_add(ops.len() as u64, Relaxed);
    let bytes = Program::World(WorldProgram { tree, ops }).to_bytes();
    STATE.with_borrow_mut(|state| {
        let Some((harness, cells)) = state else { return };
        if let Err(message) = harness.run(&bytes, cells, None) {
            panic!("{message}");
        }
        INPUTS.fetch_add(1, Relaxed);
        SITE_CALLS.store(harness.tally().site_calls(), Relaxed);
    });
});
