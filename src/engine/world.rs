//! World programs: the generator makes them or changes one of the corpus, the world runs them, the subject answers their traces.

use super::kept::{Corpus, Kept};
use super::run::{Check, Found, Programs, Run};
use crate::lockstep::{Ahead, BATCH, Divergence, Lockstep, SiteSet, Subject};
use crate::program::{Generator, Menu, Mutator, Op, OpCode, Program, Rng, Tree, WorldProgram};
use crate::target::Target;
use crate::world::World;
use std::sync::Arc;

/// One job over world programs.
pub type WorldRun = Run<WorldPrograms>;

/// Which of the engine's habits are on; all of them, but where it is measured what each is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// What reaches a new cell is kept and changed.
    pub coverage: bool,
    /// Programs are generated with the generator's biases; else every operation and every argument is as likely as any other.
    pub bias: bool,
}

impl Default for Habits {
    fn default() -> Habits {
        Habits { coverage: true, bias: true }
    }
}

/// Where world programs come from.
#[derive(Debug)]
pub struct WorldPrograms {
    world: World,
    generator: Generator,
    mutator: Mutator,
    menu: Menu,
    /// The operations of the menu, a bit each.
    codes: u64,
    /// The sites whose answers the target is about.
    checks: SiteSet,
    habits: Habits,
    corpus: Corpus,
    /// The program that runs.
    tree: Tree,
    ops: Vec<Op>,
    /// Operations that did nothing in the last whole window of programs.
    idle: Vec<OpCode>,
    /// What a subject that likes large batches is asked later, and the programs that it is of, with their numbers.
    ahead: Ahead,
    waiting: Vec<(u64, WorldProgram)>,
}

/// Most operations that a changed program may have.
const LONGEST: usize = 192;

/// How often a program of the corpus is changed instead of a new one made, of 256.
const MUTATE: u32 = 32;

impl WorldRun {
    /// A job with this seed over every operation.
    pub fn new(lockstep: Lockstep, world: World, seed: u64) -> WorldRun {
        WorldRun::with(lockstep, world, seed, Target::sequence(), Habits::default())
    }

    /// A job over the programs of one target, which must be one of world programs, with these habits.
    pub fn with(lockstep: Lockstep, world: World, seed: u64, target: &Target, habits: Habits) -> WorldRun {
        let environment = world.model().environment();
        let programs = WorldPrograms {
            world,
            generator: Generator::new(),
            mutator: Mutator::new(target.menu, environment),
            menu: target.menu,
            codes: target.menu.codes.iter().fold(0, |codes, code| codes | 1 << *code as u64),
            checks: target.checks.iter().copied().collect(),
            habits,
            corpus: Corpus::default(),
            tree: Tree::Patch07,
            ops: Vec::new(),
            idle: Vec::new(),
            ahead: Ahead::default(),
            waiting: Vec::new(),
        };
        Run::of(lockstep, programs, seed)
    }
}

impl WorldPrograms {
    /// Makes the next program in `tree` and `ops`.
    fn make(&mut self, rng: &mut Rng, check: &Check<'_>) {
        let mutate = self.habits.coverage && !self.corpus.is_empty() && rng.chance(MUTATE);
        self.ops.clear();
        let picked = if mutate { self.corpus.pick(check.coverage, rng) } else { None };
        if let Some(kept) = picked {
            self.ops.extend_from_slice(&kept.ops);
            self.tree = self.mutator.mutate_operations(kept.tree, &mut self.ops, LONGEST, rng);
            return;
        }
        let (tree, ops) = if self.habits.bias { self.generator.program(rng) } else { self.generator.uniform(rng) };
        self.tree = tree;
        let (menu, codes) = (self.menu, self.codes);
        self.ops.extend(ops.iter().map(|op| if codes >> op.code as u64 & 1 != 0 { *op } else { menu.op(*op) }));
    }

    fn run<S: Subject + ?Sized>(&mut self, check: &mut Check<'_>, subject: &mut S) -> u64 {
        let WorldPrograms { world, ops, tree, checks, .. } = self;
        world.run_canonical(*tree, ops);
        let number = check.number;
        let (lockstep, mut seen, found) = check.ends();
        if subject.batch() > BATCH {
            self.ahead.begin();
            self.waiting.push((number, WorldProgram { tree: *tree, ops: ops.clone() }));
            lockstep.trace_ahead(world.trace(), subject.sites(), &mut self.ahead, &mut seen);
        } else {
            lockstep.trace(subject, world.trace(), &mut seen, &mut |_, divergence| {
                if divergence.signature.site().is_none_or(|site| checks.contains(site)) {
                    found.push(divergence);
                }
            });
        }
        if let Err(lost) = world.conserved() {
            found.push(Divergence::lost(world.model().environment(), lost));
        }
        ops.len() as u64
    }

    fn idle_now(&self) -> Vec<OpCode> {
        OpCode::ALL
            .into_iter()
            .filter(|code| self.menu.has_code(*code) && self.world.worked()[*code as usize] == 0)
            .collect()
    }
}

impl Programs for WorldPrograms {
    const CLOCK_EVERY: u64 = 32;

    fn next<S: Subject + ?Sized>(&mut self, rng: &mut Rng, check: &mut Check<'_>, subject: &mut S) -> u64 {
        self.make(rng, check);
        self.run(check, subject)
    }

    fn given<S: Subject + ?Sized>(&mut self, kept: &Kept, check: &mut Check<'_>, subject: &mut S) -> u64 {
        self.tree = kept.tree;
        self.ops.clear();
        self.ops.extend(kept.ops.iter().map(|op| self.menu.op(op.canonical())));
        self.run(check, subject)
    }

    fn settle<S: Subject + ?Sized>(&mut self, all: bool, lockstep: &mut Lockstep, subject: &mut S, found: Found<'_>) {
        let WorldPrograms { ahead, waiting, checks, .. } = self;
        if waiting.is_empty() || !all && ahead.len() < subject.batch() {
            return;
        }
        lockstep.settle(subject, ahead, &mut |index, divergence| {
            if divergence.signature.site().is_none_or(|site| checks.contains(site)) {
                let (number, program) = &waiting[index];
                found(*number, divergence, &|_| Program::World(program.clone()));
            }
        });
        waiting.clear();
    }

    fn last(&self, _: &Divergence) -> Program {
        Program::World(WorldProgram { tree: self.tree, ops: self.ops.clone() })
    }

    fn keep(&mut self, cells: &[u16]) -> Option<Arc<Kept>> {
        let kept = Arc::new(Kept { tree: self.tree, ops: self.ops.as_slice().into(), cells: cells.into() });
        self.corpus.push(Arc::clone(&kept));
        Some(kept)
    }

    fn take(&mut self, kept: Arc<Kept>) {
        self.corpus.push(kept);
    }

    fn kept(&self) -> &[Arc<Kept>] {
        self.corpus.entries()
    }

    fn turn(&mut self, _: u64) {
        self.idle = self.idle_now();
        self.world.forget_work();
    }

    fn idle(&self, programs: u64) -> Vec<OpCode> {
        if programs < super::run::TURN { self.idle_now() } else { self.idle.clone() }
    }
}
