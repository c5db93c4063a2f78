//! The ways that run in this process: the built-in engine, the same operations at random, and a state machine test.

use super::{Result, Settings};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use ptefuzz::engine::{Habits, Limits, Next, WorldRun};
use ptefuzz::lockstep::{Divergence, Lockstep};
use ptefuzz::model::Model;
use ptefuzz::museum::{Bug, Buggy};
use ptefuzz::program::{Op, OpCode, Operation, Shape, TABLE, Tree};
use ptefuzz::pte::Environment;
use ptefuzz::site::SiteId;
use ptefuzz::target::Target;
use ptefuzz::world::World;
use std::cell::RefCell;
use std::time::Instant;

/// The built-in engine with all its habits, or without any.
pub fn world(bug: &Bug, seed: u64, settings: &Settings, habits: bool) -> Result {
    let environment = Environment::default();
    let habits = Habits { coverage: habits, bias: habits };
    let lockstep = Lockstep::new(Model::new(environment));
    let mut run = WorldRun::with(lockstep, World::new(environment), seed, Target::sequence(), habits);
    let mut subject = Buggy::new(environment).with(bug);
    let start = Instant::now();
    let mut result = Result::default();
    while result.programs < settings.programs && start.elapsed() < settings.time && !result.detected {
        // Steps that grow with what was run; the number of the program is exact all the same.
        let programs = settings.programs.min(result.programs + (result.programs / 16).clamp(1, 1024));
        let progress = run.run(&mut subject, Limits { time: None, programs: Some(programs) }, &mut |_| Next::Continue);
        result = Result { programs: progress.programs, site_calls: progress.site_calls, ..result };
        if let Some(find) = run.finds().sorted().iter().find(|find| find.first.signature.site() == Some(bug.site)) {
            (result.detected, result.programs) = (true, find.program + 1);
        }
    }
    result.seconds = start.elapsed().as_secs_f64();
    result
}

/// The state of the reference is the list of operations; what they do is the library's business.
#[derive(Clone, Debug)]
struct Reference(Tree);

impl ReferenceStateMachine for Reference {
    type State = Reference;
    type Transition = Op;

    fn init_state() -> BoxedStrategy<Reference> {
        any::<bool>().prop_map(|series| Reference(if series { Tree::Series } else { Tree::Patch07 })).boxed()
    }

    /// Any operation with fields of the types that one would give them: the same as the yardstick's.
    fn transitions(_: &Reference) -> BoxedStrategy<Op> {
        let page = || any::<u8>().prop_map(|page| (page & 0x1f) as u16 + (page >> 7) as u16 * TABLE);
        let fails = proptest::option::of(any::<u8>());
        (0..OpCode::ALL.len(), page(), any::<u8>(), page(), any::<u16>(), fails)
            .prop_map(|(code, page, len, to, options, fails)| {
                let code = OpCode::ALL[code];
                let Operation { shape, accidents, .. } = Operation::of(code);
                let accident = fails.filter(|_| !accidents.is_empty());
                let accident = accident.map_or(0, |n| accidents[n as usize % accidents.len()]);
                let arg = if *shape == Shape::Move { to | options & 1 << 15 } else { options };
                Op { code, accident, page, len: len as u16, arg }.canonical()
            })
            .boxed()
    }

    fn apply(state: Reference, _: &Op) -> Reference {
        state
    }
}

/// What a test holds: the small mm that the model drives, and the two sides.
struct Sides {
    world: World,
    lockstep: Lockstep,
    subject: Buggy,
    site: SiteId,
    cases: u64,
    found: bool,
}

thread_local! {
    static SIDES: RefCell<Option<Sides>> = const { RefCell::new(None) };
}

/// The system under test.
struct Test;

impl StateMachineTest for Test {
    type SystemUnderTest = ();
    type Reference = Reference;

    fn init_test(reference: &Reference) {
        SIDES.with_borrow_mut(|sides| sides.as_mut().map(|sides| sides.world.reset(reference.0)));
    }

    fn apply((): (), _: &Reference, op: Op) {
        SIDES.with_borrow_mut(|sides| sides.as_mut().map(|sides| sides.world.step(op)));
    }

    fn teardown((): (), _: Reference) {
        let found = SIDES.with_borrow_mut(|sides| {
            let Some(Sides { world, lockstep, subject, site, cases, found }) = sides else { return false };
            *cases += 1;
            let mut report = |_: u16, divergence: Divergence| *found |= divergence.signature.site() == Some(*site);
            lockstep.trace(subject, world.trace(), |_, _, _| (), &mut report);
            *found
        });
        assert!(!found, "the two sides differ");
    }
}

/// A state machine test of so many cases, and of no more than the settings allow.
pub fn proptest(bug: &Bug, seed: u64, settings: &Settings, cases: u32) -> Result {
    let environment = Environment::default();
    let sides = Sides {
        world: World::new(environment),
        lockstep: Lockstep::new(Model::new(environment)),
        subject: Buggy::new(environment).with(bug),
        site: bug.site,
        cases: 0,
        found: false,
    };
    SIDES.set(Some(sides));
    let cases = settings.programs.min(cases as u64) as u32;
    // What it does after a failure is no part of what is measured.
    let config = Config { cases, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config.clone(), rng);
    let start = Instant::now();
    quietly(|| {
        let _ = runner.run(&Reference::sequential_strategy(1..20), |(reference, transitions, seen)| {
            Test::test_sequential(config.clone(), reference, transitions, seen);
            Ok(())
        });
    });
    let seconds = start.elapsed().as_secs_f64();
    SIDES.take().map_or_else(Result::default, |sides| Result {
        detected: sides.found,
        programs: sides.cases,
        site_calls: sides.lockstep.tally().site_calls(),
        seconds,
    })
}

/// Runs something whose panics are expected and need no words: the test's own, and that of proptest-state-machine 0.9 when a test has failed and is not
/// to be shrunk.
fn quietly(run: impl FnOnce()) {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let old = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if SIDES.with(|sides| sides.try_borrow().is_ok_and(|sides| sides.is_none())) {
                old(info);
            }
        }));
    });
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
}
