//! A run over world programs: the generator makes them, the world runs them, the subject answers their traces.

use super::{Coverage, Finds, Limits, Next, Progress};
use crate::lockstep::{Divergence, Lockstep, Subject};
use crate::program::{Generator, OpCode, Rng, WorldProgram, mix};
use crate::pte::Class;
use crate::world::World;
use std::time::{Duration, Instant};

/// Programs between two looks at the clock.
const CLOCK_EVERY: u64 = 32;

/// One job's run over world programs.
#[derive(Debug)]
pub struct WorldRun {
    lockstep: Lockstep,
    world: World,
    generator: Generator,
    seed: u64,
    coverage: Coverage,
    finds: Finds,
    programs: u64,
    operations: u64,
    last_new: Duration,
    /// Operations that did nothing in the last whole window of programs.
    idle: Vec<OpCode>,
}

/// Programs after which operations without effect are counted anew.
const IDLE_WINDOW: u64 = 1_000_000;

impl WorldRun {
    /// A run with this seed.
    pub fn new(lockstep: Lockstep, world: World, seed: u64) -> WorldRun {
        WorldRun {
            lockstep,
            world,
            generator: Generator::new(),
            seed,
            coverage: Coverage::default(),
            finds: Finds::default(),
            programs: 0,
            operations: 0,
            last_new: Duration::ZERO,
            idle: Vec::new(),
        }
    }

    /// What was found.
    pub fn finds(&self) -> &Finds {
        &self.finds
    }

    /// What was checked.
    pub fn lockstep(&self) -> &Lockstep {
        &self.lockstep
    }

    /// Operations that had no effect in the last million programs, or so far.
    pub fn idle(&self) -> Vec<OpCode> {
        if self.programs < IDLE_WINDOW { self.idle_now() } else { self.idle.clone() }
    }

    fn idle_now(&self) -> Vec<OpCode> {
        OpCode::ALL.into_iter().filter(|code| self.world.worked()[*code as usize] == 0).collect()
    }

    /// Program number `number` of this run.
    pub fn program(&mut self, number: u64) -> WorldProgram {
        let (tree, ops) = self.generator.program(&mut Rng::new(self.seed ^ mix(number)));
        WorldProgram { tree, ops: ops.to_vec() }
    }

    /// Runs until a limit is reached or `watch` says so; `watch` is asked every few dozen programs.
    pub fn run<S: Subject + ?Sized>(
        &mut self,
        subject: &mut S,
        limits: Limits,
        watch: &mut dyn FnMut(&Progress) -> Next,
    ) -> Progress {
        let start = Instant::now();
        let mut last_covered = 0;
        loop {
            if self.programs.is_multiple_of(CLOCK_EVERY) {
                let elapsed = start.elapsed();
                if self.coverage.covered() != last_covered {
                    last_covered = self.coverage.covered();
                    self.last_new = elapsed;
                }
                let out_of_time = limits.time.is_some_and(|time| elapsed >= time);
                if out_of_time || watch(&self.progress(elapsed)) == Next::Stop {
                    break;
                }
            }
            if limits.programs.is_some_and(|programs| self.programs >= programs) {
                break;
            }
            self.next_program(subject);
        }
        self.progress(start.elapsed())
    }

    fn next_program<S: Subject + ?Sized>(&mut self, subject: &mut S) {
        let number = self.programs;
        self.programs += 1;
        if self.programs.is_multiple_of(IDLE_WINDOW) {
            self.idle = self.idle_now();
            self.world.forget_work();
        }
        let WorldRun { lockstep, world, generator, coverage, finds, .. } = self;
        let (tree, ops) = generator.program(&mut Rng::new(self.seed ^ mix(number)));
        self.operations += ops.len() as u64;
        world.run_canonical(tree, ops);
        let mut seen = |call: &_, class: Class, answer: &_| {
            coverage.add(call, class, answer);
        };
        lockstep.trace(subject, world.trace(), &mut seen, &mut |_, divergence| {
            finds.add(number, divergence);
        });
        if let Err(lost) = world.conserved() {
            finds.add(number, Divergence::lost(world.model().environment(), lost));
        }
    }

    fn progress(&self, elapsed: Duration) -> Progress {
        let tally = self.lockstep.tally();
        Progress {
            elapsed,
            programs: self.programs,
            operations: self.operations,
            site_calls: tally.site_calls(),
            noop_share: tally.noop_share(),
            covered: self.coverage.covered(),
            last_new: self.last_new,
            divergences: self.finds.total(),
            signatures: self.finds.len(),
        }
    }
}
