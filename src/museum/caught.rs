//! How a bug can be caught at all, computed: by which oracle, under which special value, and by how many rows of the recorded answers.
//!
//! Each oracle is asked alone, over generated calls of the bug's site. For laws, model and subject are wrong alike, since that is what laws are for.

use super::{Bug, Buggy};
use crate::lockstep::laws::LAWS;
use crate::lockstep::{Divergence, Fault, Lockstep, Place};
use crate::model::Model;
use crate::program::{CallSource, Generator, RangeBuffer, Rng, mix};
use crate::pte::{Environment, Special};
use crate::site::{Call, RANGE_SITES, RangeCall};
use crate::vectors::{VectorFile, check};
use crate::world::{CONSERVATION, World};
use std::collections::BTreeSet;

/// Calls that each oracle is asked.
const CALLS: usize = 12_000;
/// Ranges that each is asked.
const RANGES: usize = 1_500;
/// World programs that conservation laws are asked about.
const PROGRAMS: u64 = 3_000;
/// The seed of all of it.
const SEED: u64 = 1;

/// What catches a bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// By value under each special value, in the order of [`Special::ALL`]: a pte, an outcome or an auxiliary word of a call or of a range's entry.
    pub value: [bool; Special::ALL.len()],
    /// By a use under the real special value, when every value is right.
    pub by_use: bool,
    /// By an aggregate of a range under the real special value, when every entry is right.
    pub aggregate: bool,
    /// By these laws, when model and subject have the bug alike.
    pub laws: Vec<&'static str>,
    /// By these conservation laws, when the world is driven by the bug under the real special value.
    pub conservation: Vec<&'static str>,
}

impl Caught {
    /// Asks every oracle about a bug.
    pub fn of(bug: &Bug) -> Caught {
        let mut laws = BTreeSet::new();
        let value = Special::ALL.map(|special| {
            let environment = Environment::new(special);
            laws.extend(broken_laws(bug, environment));
            by_value(bug, environment)
        });
        let environment = Environment::default();
        Caught {
            value,
            by_use: by_use(bug, environment),
            aggregate: by_aggregate(bug, environment),
            laws: laws.into_iter().collect(),
            conservation: broken_conservation(bug, environment).into_iter().collect(),
        }
    }

    /// Whether anything but a law catches it.
    pub fn at_all(&self) -> bool {
        self.value.contains(&true) || self.by_use || self.aggregate
    }
}

/// Generated calls of a bug's site.
fn calls(bug: &Bug, environment: Environment) -> Vec<Call> {
    let source = CallSource::new(environment, vec![bug.site], false);
    let mut rng = Rng::new(SEED);
    (0..CALLS).map(|_| source.call(&mut rng)).collect()
}

/// What lockstep says of generated ranges of a bug's site, until `enough`.
fn ranges(bug: &Bug, environment: Environment, mut enough: impl FnMut(&Divergence) -> bool) -> bool {
    if !RANGE_SITES.contains(&bug.site) {
        return false;
    }
    let source = CallSource::new(environment, vec![bug.site], false);
    let mut lockstep = Lockstep::new(Model::new(environment));
    let mut subject = Buggy::new(environment).with(bug);
    let (mut rng, mut buffer) = (Rng::new(SEED), RangeBuffer::default());
    let mut found = false;
    for _ in 0..RANGES {
        source.range(&mut rng, &mut buffer);
        let (ptes, params) = (&buffer.ptes[..buffer.len], &buffer.params[..buffer.len]);
        let call = RangeCall { site: bug.site, ptes, params, budgets: buffer.budgets };
        lockstep.range(&mut subject, &call, &mut |divergence| found |= enough(&divergence));
        if found {
            return true;
        }
    }
    false
}

fn by_value(bug: &Bug, environment: Environment) -> bool {
    let mut lockstep = Lockstep::new(Model::new(environment));
    let mut subject = Buggy::new(environment).with(bug).by_value();
    let mut found = false;
    lockstep.calls(&mut subject, &calls(bug, environment), |_, _, _| {}, &mut |_| found = true);
    found || ranges(bug, environment, |divergence| matches!(divergence.signature.fault, Fault::Pte | Fault::Aux))
}

fn by_use(bug: &Bug, environment: Environment) -> bool {
    let mut lockstep = Lockstep::new(Model::new(environment));
    let mut subject = Buggy::new(environment).with(bug).by_use();
    let mut found = false;
    lockstep.calls(&mut subject, &calls(bug, environment), |_, _, _| {}, &mut |_| found = true);
    found
}

fn by_aggregate(bug: &Bug, environment: Environment) -> bool {
    ranges(bug, environment, |divergence| matches!(divergence.signature.fault, Fault::Total(_)))
}

fn broken_laws(bug: &Bug, environment: Environment) -> BTreeSet<&'static str> {
    let wrong = Buggy::new(environment).with(bug).by_value();
    let mut lockstep = Lockstep::with_reference(Model::new(environment), wrong.clone());
    let mut laws = BTreeSet::new();
    lockstep.calls(&mut { wrong }, &calls(bug, environment), |_, _, _| {}, &mut |divergence| {
        if let (Place::Site(_), Fault::Law(index)) = (divergence.signature.place, divergence.signature.fault) {
            laws.extend(LAWS.get(index as usize).map(|law| law.name));
        }
    });
    laws
}

/// What is lost in generated programs whose world believes the bug.
fn broken_conservation(bug: &Bug, environment: Environment) -> BTreeSet<&'static str> {
    let mut wrong = Buggy::new(environment).with(bug).by_value();
    let mut world = World::new(environment).answered_by(bug.site, move |call| wrong.one(call));
    let mut generator = Generator::new();
    let mut laws = BTreeSet::new();
    for number in 0..PROGRAMS {
        let (tree, ops) = generator.program(&mut Rng::new(SEED ^ mix(number)));
        world.run_canonical(tree, ops);
        if let Err(lost) = world.conserved() {
            laws.extend(CONSERVATION.get(lost.law as usize).map(|law| law.name));
        }
    }
    laws
}

/// How many rows of recorded answers a bug answers otherwise. The kernel's uses were recorded too, but a row says nothing of a subject's.
pub fn vector_rows(bug: &Bug, files: &[VectorFile]) -> usize {
    files.iter().map(|file| check(file, &mut Buggy::new(file.environment).with(bug)).mismatches).sum()
}
