//! A subject that is asked many calls at a time is asked the same, and blamed for the same, as one that is asked each program's at once.

use super::*;
use crate::lockstep::{Lockstep, SiteSet, Subject};
use crate::model::Model;
use crate::museum::{Buggy, MUSEUM};
use crate::program::{CallSource, Form};
use crate::pte::{Classification, Environment};
use crate::site::{Answer, Call, SiteId};
use crate::target::Target;
use crate::world::World;

/// Every bug that one subject can have, no ranges, wrong predicates, and a liking for batches of this size.
struct Liking {
    buggy: Buggy,
    batch: usize,
    /// Sizes of the batches that it was asked.
    asked: Vec<usize>,
    prepared: Vec<u64>,
}

impl Liking {
    fn new(batch: usize) -> Liking {
        let buggy = Buggy::with_all(Environment::default(), MUSEUM.iter()).predicates(|packed, pte| {
            let mut said = packed.classify(pte);
            said.young ^= pte & 0xf000 == 0x1000;
            said
        });
        Liking { buggy, batch, asked: Vec::new(), prepared: Vec::new() }
    }
}

impl Subject for Liking {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        self.asked.push(calls.len());
        self.buggy.answer(calls, answers);
    }

    fn environment(&self) -> Environment {
        self.buggy.environment()
    }

    fn sites(&self) -> SiteSet {
        SiteSet::ALL.without(SiteId::Mctgt)
    }

    fn classify(&mut self, pte: u64) -> Option<Classification> {
        if self.batch > crate::lockstep::BATCH {
            assert_eq!(self.prepared.first(), Some(&pte), "what is asked for was announced, in order");
            self.prepared.remove(0);
        }
        self.buggy.classify(pte)
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn prepare(&mut self, ptes: &mut dyn Iterator<Item = u64>) {
        assert!(self.prepared.is_empty(), "nothing was announced in vain");
        self.prepared = ptes.collect();
    }
}

/// What a run of so many programs found and checked, and the sizes of its batches.
fn found(mut run: Run<impl Programs>, batch: usize, programs: u64) -> (Vec<String>, Vec<usize>) {
    let mut subject = Liking::new(batch);
    let limits = Limits { time: None, programs: Some(programs) };
    let progress = run.run(&mut subject, limits, &mut |_| Next::Continue);
    let finds = run.finds();
    let mut lines: Vec<String> = finds.sorted().iter().map(|find| format!("{find:?}")).collect();
    assert!(lines.len() > 15, "{} finds", lines.len());
    lines.push(format!("{} {} {:?}", progress.covered, finds.total(), run.lockstep().tally()));
    (lines, subject.asked)
}

#[test]
fn programs_of_operations_whose_calls_are_asked_later_find_the_same() {
    let run = || {
        let environment = Environment::default();
        let lockstep = Lockstep::new(Model::new(environment));
        WorldRun::with(lockstep, World::new(environment), 3, Target::sequence(), Habits::default())
    };
    let (now, each) = found(run(), 64, 700);
    for batch in [65, 1000, 1_000_000] {
        let (later, batches) = found(run(), batch, 700);
        assert_eq!(later, now, "{batch}");
        assert!(batches.iter().rev().skip(1).all(|asked| *asked >= batch), "{batch}: {batches:?}");
        assert!(batches.len() < each.len(), "{batch}: {} and {}", batches.len(), each.len());
    }
}

#[test]
fn a_subject_without_ranges_meets_no_cell_that_programs_cannot_reach() {
    let environment = Environment::default();
    let all = Denominators::of(environment).expect("the real special value");
    for batch in [64, 1000] {
        let lockstep = Lockstep::new(Model::new(environment));
        let mut run = WorldRun::with(lockstep, World::new(environment), 3, Target::sequence(), Habits::default());
        let limits = Limits { time: None, programs: Some(20_000) };
        run.run(&mut Liking::new(batch), limits, &mut |_| Next::Continue);
        let outside = run.coverage().set().without(&all.reachable);
        let outside: Vec<String> = outside.iter().filter_map(Cell::from_number).map(|cell| cell.to_string()).collect();
        assert_eq!(outside, [""; 0], "{batch}");
    }
}

#[test]
fn raw_programs_whose_calls_are_asked_later_find_the_same() {
    let run = || {
        let environment = Environment::default();
        let sites = SiteId::ALL.into_iter().filter(|site| *site != SiteId::Mctgt).collect();
        let source = CallSource::new(environment, sites, true);
        let lockstep = Lockstep::new(Model::new(environment)).reporting_collisions(true);
        RawRun::with(lockstep, source, 3, Form::Raw)
    };
    let (now, _) = found(run(), 64, 700);
    for batch in [65, 1000] {
        assert_eq!(found(run(), batch, 700).0, now, "{batch}");
    }
}
