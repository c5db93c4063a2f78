//! The small mm that turns operations into site calls, driven by the model.
//!
//! In comes a program's operations; the world keeps vmas, page frames, swap slots and a page cache, passes what a kernel function would look
//! up there as parameters, applies the model's answer, and writes every call down in a [`Trace`] for lockstep. What surrounds the sites is
//! v5.10, cited in the table of operations. At the end of a program [`World::conserved`] asks whether everything that was counted is still there.

mod access;
mod conserve;
mod facts;
mod migrate;
mod observe;
mod outline;
mod protect;
mod reclaim;
mod state;
mod teardown;
#[cfg(test)]
mod tests;
mod trace;
mod vmas;

pub use conserve::{CONSERVATION, Conservation, Lost};
pub use outline::{Outline, Saved};
pub use trace::{RangeRecord, Trace};

use crate::model::Model;
use crate::program::{OPERATION_COUNT, Op, OpCode, TABLE, Tree};
use crate::pte::{Class, Environment, X86_64};
use crate::site::params::Parameters;
use crate::site::{Answer, Budgets, Call, SiteId};
use state::State;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How an operation ended, in the words of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the words say it")]
pub enum Ending {
    Done,
    /// There was nothing to do it to.
    NoEffect,
    NoVma,
    Denied,
    /// `handle_userfault()`: the access waits for the monitor.
    Trapped,
    /// A fault that changes nothing and would be taken again for ever.
    Stuck,
    Waits,
    Sigbus,
    OutOfMemory,
}

impl Ending {
    /// The words of a replay.
    pub const fn words(self) -> &'static str {
        match self {
            Ending::Done => "done",
            Ending::NoEffect => "nothing to do",
            Ending::NoVma => "no vma there",
            Ending::Denied => "the vma does not allow it",
            Ending::Trapped => "trapped by userfaultfd",
            Ending::Stuck => "stuck: the fault changes nothing and would repeat",
            Ending::Waits => "waits for a migration",
            Ending::Sigbus => "SIGBUS",
            Ending::OutOfMemory => "out of memory",
        }
    }
}

/// A mistake in the world's own bookkeeping, planted to see whether a conservation law notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Plant {
    /// None.
    #[default]
    Nothing,
    /// `swap_duplicate()` of fork is not counted.
    LosesSwapCount,
    /// `MM_SWAPENTS` is not lowered when a swap entry is zapped.
    LosesRssCount,
    /// mremap forgets to clear the marks when the vma leaves userfaultfd (CVE-2025-21696, series' tree).
    MremapKeepsMarks,
}

/// The event of a site that got no memory, which ends a fork.
const NO_MEMORY: u64 = 1 << 40;

/// A function that answers calls.
type Answering = dyn FnMut(&Call) -> Answer + Send;

/// What answers one site in the model's place.
#[derive(Clone)]
struct Instead {
    site: SiteId,
    answer: Arc<Mutex<Answering>>,
}

impl Instead {
    fn answer(&self, call: &Call) -> Answer {
        // A thread that panicked in there leaves nothing half done: answers are pure.
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)(call)
    }
}

impl fmt::Debug for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instead({:?})", self.site)
    }
}

/// The world of one program at a time.
#[derive(Clone, Debug)]
pub struct World {
    model: Model,
    state: Box<State>,
    trace: Trace,
    tree: Tree,
    plant: Plant,
    /// What answers one site in the model's place.
    instead: Option<Instead>,
    /// Index of the operation that runs.
    op: u16,
    /// How often each operation called a site or did something.
    worked: [u64; OPERATION_COUNT],
}

impl World {
    /// An empty world in this environment.
    pub fn new(environment: Environment) -> World {
        World {
            model: Model::new(environment),
            state: Box::new(State::new()),
            trace: Trace::default(),
            tree: Tree::Patch07,
            plant: Plant::Nothing,
            instead: None,
            op: 0,
            worked: [0; OPERATION_COUNT],
        }
    }

    /// With a mistake in its bookkeeping.
    #[must_use]
    pub fn with_plant(mut self, plant: Plant) -> World {
        self.plant = plant;
        self
    }

    /// Driven by this function at one site and by the model at all others, to see which conservation laws notice a mistake that the model shares.
    /// Ranges of that site become single calls.
    #[must_use]
    pub fn answered_by(mut self, site: SiteId, answer: impl FnMut(&Call) -> Answer + Send + 'static) -> World {
        self.instead = Some(Instead { site, answer: Arc::new(Mutex::new(answer)) });
        self
    }

    /// The model that drives it.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The calls since the last [`World::reset`].
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// An empty address space and an empty trace, on this tree.
    pub fn reset(&mut self, tree: Tree) {
        self.state.clear();
        self.trace.clear();
        self.tree = tree;
        self.op = 0;
    }

    /// An empty trace, and the same state.
    pub fn forget_trace(&mut self) {
        self.trace.clear();
        self.op = 0;
    }

    /// Runs a whole program from an empty address space and leaves its trace.
    pub fn run(&mut self, tree: Tree, ops: impl IntoIterator<Item = Op>) {
        self.reset(tree);
        for op in ops {
            self.step(op);
        }
    }

    /// Runs a whole program whose operations are canonical, as decoding and generating make them.
    pub fn run_canonical(&mut self, tree: Tree, ops: &[Op]) {
        self.reset(tree);
        for op in ops {
            debug_assert_eq!(*op, op.canonical());
            self.step_canonical(*op);
        }
    }

    /// Runs one operation.
    pub fn step(&mut self, op: Op) -> Ending {
        self.step_canonical(op.canonical())
    }

    /// Runs one operation that is canonical.
    fn step_canonical(&mut self, op: Op) -> Ending {
        let made = self.trace.calls.len() + self.trace.ranges.len();
        let ending = self.operate(op);
        let worked = ending == Ending::Done || self.trace.calls.len() + self.trace.ranges.len() > made;
        self.worked[op.code as usize] += worked as u64;
        self.op = self.op.saturating_add(1);
        ending
    }

    /// How often each operation called a site or did something since [`World::forget_work`], by opcode.
    pub fn worked(&self) -> &[u64; OPERATION_COUNT] {
        &self.worked
    }

    /// Starts counting [`World::worked`] anew.
    pub fn forget_work(&mut self) {
        self.worked = [0; OPERATION_COUNT];
    }

    /// The pte of a page, for a replay.
    pub fn pte(&self, page: u16) -> u64 {
        self.state.pte(page)
    }

    fn operate(&mut self, op: Op) -> Ending {
        match op.code {
            OpCode::Vma => self.map(op),
            OpCode::Unmap => self.unmap_range(op.page, op.end()),
            OpCode::Read => self.access(op, false),
            OpCode::Write => self.access(op, true),
            OpCode::Hardware => self.hardware(op),
            OpCode::Mprotect => self.mprotect(op),
            OpCode::NumaHint => self.numa_hint(op),
            OpCode::UffdRegister => self.uffd_register(op),
            OpCode::UffdUnregister => self.uffd_unregister(op),
            OpCode::UffdWp => self.uffd_protect(op, true),
            OpCode::UffdUnwp => self.uffd_protect(op, false),
            OpCode::Mremap => self.mremap(op),
            OpCode::ClearRefs => self.clear_refs(op),
            OpCode::Pagemap => self.pagemap(op),
            OpCode::Smaps => self.smaps(op),
            OpCode::SwapOut => self.swap_out(op),
            OpCode::SwapIn => self.swap_in(op),
            OpCode::Swapoff => self.swapoff(op),
            OpCode::Zap => self.zap(op),
            OpCode::Evict => self.evict(op),
            OpCode::MigrateBegin => self.migrate_begin(op),
            OpCode::MigrateEnd => self.migrate_end(op),
            OpCode::MigrateWait => self.migrate_wait(op),
            OpCode::ToDevice => self.device_migrate(op, true),
            OpCode::FromDevice => self.device_migrate(op, false),
            OpCode::HwPoison => self.hwpoison(op),
            OpCode::KhugeScan => self.khuge_scan(op),
            OpCode::KhugeSwapin => self.khuge_swapin(op),
            OpCode::MemcgMove => self.memcg_move(op),
            OpCode::Rmap => self.rmap(op),
            OpCode::WriteBack => self.write_back(op),
            OpCode::Hmm => self.hmm(op),
            OpCode::Gup => self.gup(op),
            OpCode::Mincore => self.mincore(op),
            OpCode::MadvFree => self.madv_free(op),
            OpCode::Willneed => self.willneed(op),
            OpCode::Fork => self.fork(op),
            OpCode::ExitChild => self.exit_child(),
            OpCode::Pin => self.pin(op, true),
            OpCode::Unpin => self.pin(op, false),
            OpCode::Age => self.age(op),
            OpCode::Ksm => self.ksm(op),
            OpCode::Mlock => self.mlock(op),
            OpCode::Populate => self.populate(op),
        }
    }

    /// Asks the model a call of a site with typed parameters.
    #[inline]
    fn ask<P: Parameters>(&mut self, pte: u64, parameters: P) -> Answer {
        self.ask_site(P::SITE, pte, parameters.words())
    }

    // Always: as a call of its own it hands the answer over by memory, in wider loads than the stores that wrote it, which wait for each other; 2 % of a run.
    #[inline(always)]
    fn ask_site(&mut self, site: SiteId, pte: u64, p: [u64; 3]) -> Answer {
        let call = Call { site, pte, p };
        match &self.instead {
            Some(instead) if instead.site == site => self.trace.note(self.op, call, instead.answer(&call)),
            _ => self.trace.ask(&self.model, self.op, call),
        }
    }

    /// Asks pages in a row one by one, up to the one whose answer says that there is no memory.
    fn ask_each_page(
        &mut self,
        site: SiteId,
        pages: std::ops::Range<u16>,
        mut parameters: impl FnMut(&mut World, u16, u64) -> [u64; 3],
        mut apply: impl FnMut(&mut World, u16, u64, &Answer),
    ) {
        for page in pages {
            let pte = self.state.pte(page);
            let p = parameters(self, page, pte);
            let answer = self.ask_site(site, pte, p);
            apply(self, page, pte, &answer);
            if answer.outcome & NO_MEMORY != 0 {
                break;
            }
        }
    }

    /// Asks the model for pages in a row: a single call for one page, a range call for more. `parameters` makes an entry's words, `apply` gets each
    /// page with its pte before and its answer.
    fn ask_pages(
        &mut self,
        site: SiteId,
        start: u16,
        end: u16,
        mut parameters: impl FnMut(&mut World, u16, u64) -> [u64; 3],
        mut apply: impl FnMut(&mut World, u16, u64, &Answer),
    ) {
        debug_assert!(start / TABLE == (end - 1) / TABLE, "a range stays in its table");
        if end - start == 1 || self.instead.as_ref().is_some_and(|instead| instead.site == site) {
            return self.ask_each_page(site, start..end, parameters, apply);
        }
        let from = self.trace.ptes.len();
        for page in start..end {
            let pte = self.state.pte(page);
            let p = parameters(self, page, pte);
            self.trace.ptes.push(pte);
            self.trace.params.push(p);
        }
        let seen = self.trace.ask_range(&self.model, self.op, site, from, Budgets::default());
        for (i, page) in (start..end).enumerate().take(seen) {
            let answer = self.trace.right_entry(from + i);
            apply(self, page, self.trace.ptes[from + i], &answer);
        }
    }

    /// Does something to each vma's part of these pages, by the vma's index; false where there is none.
    fn each_part(&mut self, start: u16, end: u16, mut act: impl FnMut(&mut World, usize, u16, u16)) -> bool {
        let mut at = start;
        while let Some((i, from, to)) = self.state.vmas.next_part(at, end) {
            act(self, i, from, to);
            at = to;
        }
        at != start
    }

    /// Does something to each page whose pte points to this frame, in order, as long as it says so; false where it ended early.
    fn each_page_of(&mut self, frame: usize, mut act: impl FnMut(&mut World, u16) -> bool) -> bool {
        let mut from = 0;
        while let Some(page) =
            self.state.next_page(from, |pte| may_point_to(pte, frame) && self.page_of(pte) == Some(frame))
        {
            if !act(self, page as u16) {
                return false;
            }
            from = page + 1;
        }
        true
    }

    #[inline]
    fn class(&self, pte: u64) -> Class {
        self.model.class(pte)
    }
}

/// Whether a pte could point to a frame at all, as a mapping or as an entry: a test without branches before the real one.
#[inline]
fn may_point_to(pte: u64, frame: usize) -> bool {
    let l = &X86_64;
    let upright = pte ^ (pte & l.present).wrapping_sub(1);
    let mapped = (upright & l.pfn) >> l.pfn_shift == frame as u64;
    let held = !pte >> l.swp_offset_shift & l.swp_offset == frame as u64;
    mapped | held
}
