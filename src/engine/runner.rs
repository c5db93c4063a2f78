//! One program at a time: what replay, minimise and tests need.

use crate::lockstep::{Divergence, Lockstep, Signature, Subject};
use crate::model::Model;
use crate::program::{Program, RawProgram, Record, WorldProgram};
use crate::pte::{Class, Environment};
use crate::site::RangeCall;
use crate::world::{Plant, World};

/// Runs single programs in one environment.
#[derive(Debug)]
pub struct Runner {
    lockstep: Lockstep,
    world: World,
}

impl Runner {
    /// A runner for this environment.
    pub fn new(environment: Environment) -> Runner {
        Runner { lockstep: Lockstep::new(Model::new(environment)), world: World::new(environment) }
    }

    /// With encoding collisions reported.
    #[must_use]
    pub fn reporting_collisions(self, yes: bool) -> Runner {
        Runner { lockstep: self.lockstep.reporting_collisions(yes), ..self }
    }

    /// With a mistake in the world's bookkeeping.
    #[must_use]
    pub fn with_plant(self, plant: Plant) -> Runner {
        Runner { world: self.world.with_plant(plant), ..self }
    }

    /// The world after the last world program.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The class of a pte in the runner's environment.
    pub fn class(&self, pte: u64) -> Class {
        self.lockstep.model().class(pte)
    }

    /// Every divergence of a program, each with its step from 1, in the order of the steps.
    pub fn all<S: Subject + ?Sized>(&mut self, program: &Program, subject: &mut S) -> Vec<(usize, Divergence)> {
        let mut found = Vec::new();
        match program {
            Program::Raw(program) => self.raw(program, subject, &mut found),
            Program::World(program) => self.operations(program, subject, &mut found),
        }
        found.sort_by_key(|(step, _)| *step);
        found
    }

    /// The first divergence of a program, with its step from 1.
    pub fn first<S: Subject + ?Sized>(&mut self, program: &Program, subject: &mut S) -> Option<(usize, Divergence)> {
        self.all(program, subject).into_iter().next()
    }

    /// Whether a program shows a divergence of this signature.
    pub fn shows<S: Subject + ?Sized>(&mut self, program: &Program, subject: &mut S, signature: Signature) -> bool {
        self.all(program, subject).iter().any(|(_, divergence)| divergence.signature == signature)
    }

    fn raw<S: Subject + ?Sized>(
        &mut self,
        program: &RawProgram,
        subject: &mut S,
        found: &mut Vec<(usize, Divergence)>,
    ) {
        for (index, record) in program.records.iter().enumerate() {
            let mut report = |divergence| found.push((index + 1, divergence));
            match record {
                Record::Call(call) if subject.sites().contains(call.site) => {
                    self.lockstep.calls(subject, &[*call], |_, _, _| {}, &mut report);
                }
                Record::Call(_) => {}
                Record::Classify(pte) => self.lockstep.classify(subject, *pte, &mut report),
                Record::Range { site, budgets, entries } => {
                    let (ptes, params): (Vec<_>, Vec<_>) = entries.iter().copied().unzip();
                    let range = RangeCall { site: *site, ptes: &ptes, params: &params, budgets: *budgets };
                    self.lockstep.range(subject, &range, &mut report);
                }
            }
        }
    }

    fn operations<S: Subject + ?Sized>(
        &mut self,
        program: &WorldProgram,
        subject: &mut S,
        found: &mut Vec<(usize, Divergence)>,
    ) {
        self.world.run(program.tree, program.ops.iter().copied());
        self.lockstep.trace(subject, self.world.trace(), |_, _, _| {}, &mut |op, divergence| {
            found.push((op as usize + 1, divergence));
        });
        if let Err(lost) = self.world.conserved() {
            found.push((program.ops.len(), Divergence::lost(self.world.model().environment(), lost)));
        }
    }
}
