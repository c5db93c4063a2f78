//! The yardstick: operations as a derived enum, a `Vec` of them as input, the engine's own mutator, no semantic coverage. It runs the same programs
//! through the same session as the target `sequence`, and crashes in the same words.
//!
//! This is what the documentation of cargo-fuzz and of cargo-afl leads to; its fields have the types that one would give them, and what is out of range
//! is brought in.

use arbitrary::Arbitrary;
use ptefuzz::program::{Op, OpCode, Operation, Program, Shape, TABLE, Tree, WorldProgram};
use ptefuzz::target::{CELLS, Cells, Harness};
use std::cell::RefCell;
use std::io::Write;
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

        /// How many operations there are.
        const STEPS: usize = [$(OpCode::$code),*].len();

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
    ExitChild Whole, Pin Page, Unpin Page, Age Page, Ksm Page, Mlock Range, Populate Range,
}

/// One input: a tree and its operations.
#[derive(Arbitrary, Clone, Debug)]
pub struct Input {
    series: bool,
    steps: Vec<Step>,
}

impl Input {
    /// The program, in bytes.
    fn bytes(&self) -> Vec<u8> {
        let tree = if self.series { Tree::Series } else { Tree::Patch07 };
        let ops: Vec<Op> = self.steps.iter().map(|step| step.op()).collect();
        Program::World(WorldProgram { tree, ops }).to_bytes()
    }
}

thread_local! {
    static STATE: RefCell<Option<(Harness, Box<Cells>)>> = const { RefCell::new(None) };
}

static INPUTS: AtomicU64 = AtomicU64::new(0);
static SITE_CALLS: AtomicU64 = AtomicU64::new(0);
static START: OnceLock<Instant> = OnceLock::new();

unsafe extern "C" {
    fn atexit(function: extern "C" fn()) -> i32;
}

/// Sets the harness up from the variables that the targets read.
pub fn start() {
    // The steps above are the library's operations, all of them and in their shapes.
    let moves = OpCode::ALL.into_iter().filter(|code| Operation::of(*code).shape == Shape::Move).count();
    assert_eq!((moves, OpCode::ALL.len()), (1, STEPS), "operations were added: the enum of steps lacks them");
    let harness = Harness::from_env("sequence").unwrap_or_else(|message| {
        eprintln!("ptefuzz: {message}");
        std::process::exit(2);
    });
    STATE.with_borrow_mut(|state| *state = Some((harness, Box::new([0; CELLS]))));
    let _ = START.set(Instant::now());
    // SAFETY: a function without arguments that does not unwind.
    unsafe { atexit(at_end) };
}

/// Runs an input; panics at the first divergence.
pub fn run(input: &Input) {
    let bytes = input.bytes();
    STATE.with_borrow_mut(|state| {
        let Some((harness, cells)) = state else { return };
        let verdict = harness.run(&bytes, cells, None);
        INPUTS.fetch_add(1, Relaxed);
        SITE_CALLS.store(harness.tally().site_calls(), Relaxed);
        if let Err(message) = verdict {
            tell(message.lines().next().unwrap_or_default());
            panic!("{message}");
        }
    });
}

extern "C" fn at_end() {
    tell("-");
}

/// What this process ran, and the signature that ended it: a line for people, and one at the end of the file that PTEFUZZ_COUNTS names.
fn tell(signature: &str) {
    let seconds = START.get().map_or(0.0, |start| start.elapsed().as_secs_f64()).max(1e-9);
    let (inputs, calls) = (INPUTS.load(Relaxed), SITE_CALLS.load(Relaxed));
    eprintln!("ptefuzz: {inputs} inputs, {calls} site calls checked ({:.0} a second)", calls as f64 / seconds);
    if let Some(path) = std::env::var_os("PTEFUZZ_COUNTS")
        && let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(path)
    {
        let _ = file.write_all(format!("{inputs}\t{calls}\t{signature}\n").as_bytes());
    }
}
