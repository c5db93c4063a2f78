//! The hunt for one bug with the built-in engine: programs, until lockstep reports it at its site or the time is up.
//!
//! World programs come first. Raw programs stand in where no world program can show the bug, and join where world programs have not for long. Each
//! arm (a kind of program under one special value) gets its share of programs in turn, and twice as many in each round, so that no arm starves
//! another; what is run depends on the seed alone, never on the clock.

use super::{Bug, watched::Watched};
use crate::engine::{Find, Job, Limits, Next, RawRun, WorldRun};
use crate::lockstep::{Divergence, Fault, Lockstep, Signature, Subject};
use crate::model::Model;
use crate::packed::Packed;
use crate::program::{CallSource, Program};
use crate::pte::{Environment, Special};
use crate::site::SiteId;
use crate::world::World;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Programs of each arm in the first round.
const FIRST_ROUND: u64 = 64;
/// Under the shifted special values so many times fewer: the real one shows nearly everything, by the uses of ptes if by nothing else.
const SHIFTED_SHARE: u64 = 8;
/// The round in which raw programs join those of the world: after half a million.
const RAW_JOINS: u32 = 13;
/// Programs between two looks at the clock, at most.
const MOST_AT_ONCE: u64 = 1024;

/// What showed a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// A pte, an outcome or an auxiliary word.
    Value,
    /// A use of a pte outside the expected set, all values right.
    Use,
    /// An aggregate of a range, all entries right.
    Aggregate,
    /// A law.
    Law,
    /// A conservation law of the world.
    Conservation,
}

impl By {
    /// All of them.
    pub const ALL: [By; 5] = [By::Value, By::Use, By::Aggregate, By::Law, By::Conservation];

    /// What a signature is evidence of.
    pub const fn of(signature: &Signature) -> By {
        match signature.fault {
            Fault::Pte | Fault::Outcome | Fault::Aux | Fault::Predicate(_) | Fault::Collision | Fault::Failed(_) => {
                By::Value
            }
            Fault::Use => By::Use,
            Fault::Total(_) => By::Aggregate,
            Fault::Law(_) => By::Law,
            Fault::Conservation(_) => By::Conservation,
        }
    }

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            By::Value => "value",
            By::Use => "use",
            By::Aggregate => "aggregate",
            By::Law => "law",
            By::Conservation => "conservation",
        }
    }
}

/// The divergence that ended a hunt.
#[derive(Clone, Debug)]
pub struct Detection {
    /// What lockstep reported, at the bug's site.
    pub first: Divergence,
    /// The special value that it was seen under.
    pub special: Special,
    /// The program that showed it.
    pub program: Program,
}

impl Detection {
    /// What showed it.
    pub fn by(&self) -> By {
        By::of(&self.first.signature)
    }

    /// Whether a world program showed it.
    pub fn in_world(&self) -> bool {
        matches!(self.program, Program::World(_))
    }
}

/// How a hunt went.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// Calls and range entries of the bug's site that were made.
    pub reached: u64,
    /// Those in which the wrong answer or its uses differed from the right ones.
    pub triggered: u64,
    /// What lockstep reported first at the bug's site; nothing if the time was up before.
    pub detected: Option<Detection>,
    /// Signatures at other places: a bug that is only seen there is missed.
    pub elsewhere: Vec<Signature>,
    /// Programs run.
    pub programs: u64,
    /// Site calls checked.
    pub site_calls: u64,
    /// How long it took.
    pub elapsed: Duration,
}

/// One kind of program under one special value, and its subject.
struct Arm<S> {
    special: Special,
    job: Job,
    subject: S,
    programs: u64,
}

impl<S: Subject> Arm<S> {
    /// The arms of world programs or of raw ones, one for each special value.
    fn all(world: bool, seed: u64, subject: impl Fn(Environment) -> S) -> impl Iterator<Item = Arm<S>> {
        Special::ALL.into_iter().map(move |special| {
            let environment = Environment::new(special);
            let lockstep = Lockstep::new(Model::new(environment));
            let job = if world {
                Job::World(Box::new(WorldRun::new(lockstep, World::new(environment), seed)))
            } else {
                let source = CallSource::new(environment, SiteId::ALL.to_vec(), false);
                Job::Raw(Box::new(RawRun::new(lockstep, source, seed)))
            };
            Arm { special, job, subject: subject(environment), programs: 0 }
        })
    }

    /// Runs so many programs more, in steps, until `done` says so after one of them.
    fn run(&mut self, programs: u64, done: &mut dyn FnMut(&Job) -> bool) -> bool {
        let end = self.programs + programs;
        while self.programs < end {
            // A step is a small part of what was run before, so that the count of calls is hardly more than those to the find.
            let step = (self.programs / 16).clamp(1, MOST_AT_ONCE);
            self.programs = end.min(self.programs + step);
            let limits = Limits { time: None, programs: Some(self.programs) };
            self.job.run(&mut self.subject, limits, &mut |_| Next::Continue);
            if done(&self.job) {
                return true;
            }
        }
        false
    }
}

/// How many programs an arm runs in this round.
fn share(round: u32, special: Special) -> u64 {
    let whole = FIRST_ROUND << round.min(24);
    if special == Special::X86 { whole } else { whole / SHIFTED_SHARE }
}

/// Hunts a bug with this seed for at most this time, or until `stop` is set.
pub fn hunt(bug: &Bug, seed: u64, time: Duration, stop: &AtomicBool) -> Hunt {
    hunt_at(bug.site, bug.raw_only.is_none(), seed, time, stop, |environment| Watched::new(bug, environment))
}

/// Hunts whatever is wrong with a subject at this site.
pub(super) fn hunt_at(
    site: SiteId,
    in_world: bool,
    seed: u64,
    time: Duration,
    stop: &AtomicBool,
    watched: impl Fn(Environment) -> Watched + Copy,
) -> Hunt {
    let start = Instant::now();
    let mut arms: Vec<Arm<Watched>> = Arm::all(in_world, seed, watched).collect();
    let mut detected = None;
    'rounds: for round in 0.. {
        if round == RAW_JOINS && in_world {
            arms.extend(Arm::all(false, seed, watched));
        }
        for arm in &mut arms {
            let mut found = None;
            let ended = arm.run(share(round, arm.special), &mut |job| {
                found = first_at(site, job);
                found.is_some() || start.elapsed() >= time || stop.load(Ordering::Relaxed)
            });
            if let Some(Find { program: number, first, source, .. }) = found {
                arm.programs = number + 1;
                detected = Some(Detection { first, special: arm.special, program: source });
            }
            if ended {
                break 'rounds;
            }
        }
    }
    let elsewhere = |arm: &Arm<Watched>| -> Vec<Signature> {
        let signatures = arm.job.finds().sorted().into_iter().map(|find| find.first.signature);
        signatures.filter(|signature| signature.site() != Some(site)).collect()
    };
    Hunt {
        reached: arms.iter().map(|arm| arm.subject.reached).sum(),
        triggered: arms.iter().map(|arm| arm.subject.triggered).sum(),
        detected,
        elsewhere: arms.iter().flat_map(elsewhere).collect(),
        programs: arms.iter().map(|arm| arm.programs).sum(),
        site_calls: arms.iter().map(|arm| arm.job.lockstep().tally().site_calls()).sum(),
        elapsed: start.elapsed(),
    }
}

/// The first find of a job at this site.
fn first_at(site: SiteId, job: &Job) -> Option<Find> {
    let finds = job.finds();
    if finds.is_empty() {
        return None;
    }
    let at_site = |signature: &Signature| signature.site() == Some(site);
    finds.sorted().into_iter().find(|find| at_site(&find.first.signature)).cloned()
}

/// How a run of a right subject went.
#[derive(Clone, Debug)]
pub struct Control {
    /// What was reported, which should be nothing.
    pub signatures: Vec<Signature>,
    /// Programs run.
    pub programs: u64,
    /// Site calls checked.
    pub site_calls: u64,
    /// How long it took.
    pub elapsed: Duration,
}

/// Runs packed as it is through the same arms for this time, or until `stop` is set: nothing may be reported.
pub fn control(seed: u64, time: Duration, stop: &AtomicBool) -> Control {
    let start = Instant::now();
    let mut arms: Vec<Arm<_>> =
        Arm::all(true, seed, Packed::observed).chain(Arm::all(false, seed, Packed::observed)).collect();
    'rounds: for round in 0.. {
        for arm in &mut arms {
            if arm.run(share(round, arm.special), &mut |_| start.elapsed() >= time || stop.load(Ordering::Relaxed)) {
                break 'rounds;
            }
        }
    }
    let finds = arms.iter().flat_map(|arm| arm.job.finds().sorted());
    Control {
        signatures: finds.map(|find| find.first.signature).collect(),
        programs: arms.iter().map(|arm| arm.programs).sum(),
        site_calls: arms.iter().map(|arm| arm.job.lockstep().tally().site_calls()).sum(),
        elapsed: start.elapsed(),
    }
}
