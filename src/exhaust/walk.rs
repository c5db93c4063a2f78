//! The walk itself: model against subject over the declared domain, in batches, on every core, with one result whatever the order of work.

use super::domain::{Domain, State, states};
use super::parameters::{Cover, Plan, is_called_on, or};
use super::report::{Report, Row};
use crate::engine::{kind_of, state_of};
use crate::lockstep::{Lockstep, Subject};
use crate::model::Model;
use crate::pte::{Class, Environment};
use crate::site::{Answer, Call, SITES, SiteId};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Makes a subject, once on each thread, or says why it cannot be had.
pub type MakeSubject<'a> = &'a (dyn Fn() -> Result<Box<dyn Subject>, String> + Sync);

/// Calls answered at a time: calls and both answers stay in the first-level cache.
const BATCH: usize = 128;
/// Calls of one unit of work, about.
const UNIT: u64 = 200_000;
/// Ptes that the predicates are asked about beside the states: every value of the low bits.
const LOW_VALUES: u64 = 1 << 16;

/// One thread's share at a time: one class's states, or a part of them, at one site.
struct Unit<'a> {
    row: usize,
    plan: Option<&'a Plan>,
    states: Range<usize>,
}

/// Walks these sites of a domain, after everything that the predicates say if `sites` has all.
///
/// Every divergence is counted and the first of each signature kept; with `stop_at_first` each site ends at its first. The result is the same
/// whatever the number of threads. Uses are held against the expected ones where the subject reports them; laws are not asked here. Sites that the
/// subject has not are left out.
///
/// # Errors
///
/// Why the subject cannot be had.
pub fn walk(
    environment: Environment,
    sites: &[SiteId],
    domain: Domain,
    make_subject: MakeSubject<'_>,
    stop_at_first: bool,
) -> Result<Report, String> {
    let model = Model::new(environment);
    let has = make_subject()?.sites();
    let predicates = sites.len() == SiteId::ALL.len();
    let sites: Vec<SiteId> = SiteId::ALL.into_iter().filter(|s| has.contains(*s) && sites.contains(s)).collect();
    let states = states(&model, domain);
    let classes = by_class(&states);
    let plans = plans(&model, &sites, &classes, &states, domain);
    let mut rows: Vec<Row> = sites.iter().map(|site| Row { site: Some(*site), ..Row::default() }).collect();
    if predicates {
        rows.push(Row::default());
    }
    for plan in &plans {
        rows[row_of(&sites, plan)].in_covers += plan.in_covers() as u64;
    }
    let mut units = units(&model, &sites, &plans, &classes, &states);
    if predicates {
        units.push(Unit { row: sites.len(), plan: None, states: 0..states.len() });
    }
    let walk = Walk { environment, states: &states, units: &units, stop_at_first };
    for (unit, part) in walk.run(make_subject, rows.len())? {
        rows[units[unit].row].join(part);
    }
    Ok(Report { rows })
}

fn row_of(sites: &[SiteId], plan: &Plan) -> usize {
    sites.iter().position(|site| *site == plan.site.id).unwrap_or(0)
}

/// The plans of every site for every class that it may be called on, made on every core.
fn plans(
    model: &Model,
    sites: &[SiteId],
    classes: &[(Class, Range<usize>)],
    states: &[State],
    domain: Domain,
) -> Vec<Plan> {
    let called = |site: SiteId, class: Class| SITES[site as usize].domain.contains(class);
    let pairs: Vec<_> = sites
        .iter()
        .flat_map(|site| classes.iter().map(move |(class, range)| (*site, *class, range.clone())))
        .filter(|(site, class, _)| called(*site, *class))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut made = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((site, class, range)) = pairs.get(index) else { return made };
            made.push((index, Plan::new(model, &SITES[*site as usize], *class, &states[range.clone()], domain)));
        }
    };
    let mut made = on_every_core(&work);
    made.sort_by_key(|(index, _)| *index);
    made.into_iter().map(|(_, plan)| plan).collect()
}

/// Runs the same work on every core, and gives everything that was made.
fn on_every_core<T: Send>(work: &(dyn Fn() -> Vec<T> + Sync)) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut made = work();
        for other in others {
            match other.join() {
                Ok(part) => made.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        made
    })
}

/// The ranges of the states of each class.
fn by_class(states: &[State]) -> Vec<(Class, Range<usize>)> {
    let mut classes: Vec<(Class, Range<usize>)> = Vec::new();
    for (index, state) in states.iter().enumerate() {
        match classes.last_mut() {
            Some((class, range)) if *class == state.class => range.end = index + 1,
            _ => classes.push((state.class, index..index + 1)),
        }
    }
    classes
}

fn units<'a>(
    model: &Model,
    sites: &[SiteId],
    plans: &'a [Plan],
    classes: &[(Class, Range<usize>)],
    states: &[State],
) -> Vec<Unit<'a>> {
    let mut units = Vec::new();
    for plan in plans {
        let Some((_, range)) = classes.iter().find(|(class, _)| *class == plan.class) else { continue };
        let row = row_of(sites, plan);
        let mut start = range.start;
        while start < range.end {
            let mut end = start;
            let mut calls = 0;
            while end < range.end && calls < UNIT {
                calls += plan.calls(model, &states[end]);
                end += 1;
            }
            units.push(Unit { row, plan: Some(plan), states: start..end });
            start = end;
        }
    }
    units
}

struct Walk<'a> {
    environment: Environment,
    states: &'a [State],
    units: &'a [Unit<'a>],
    stop_at_first: bool,
}

impl Walk<'_> {
    /// Runs all units on every core and gives their results in order, those after a row's first divergence left out if that is where it ends.
    fn run(&self, make_subject: MakeSubject<'_>, rows: usize) -> Result<Vec<(usize, Row)>, String> {
        let next = AtomicUsize::new(0);
        let ends: Vec<AtomicUsize> = (0..rows).map(|_| AtomicUsize::new(usize::MAX)).collect();
        let work = || {
            let subject = match make_subject() {
                Ok(subject) => subject,
                Err(error) => return vec![Err(error)],
            };
            let mut worker = Worker::new(self.environment, subject);
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(unit) = self.units.get(index) else { return done };
                let end = &ends[unit.row];
                if index > end.load(Ordering::Relaxed) {
                    continue;
                }
                let row = worker.unit(unit, self.states, self.stop_at_first);
                if self.stop_at_first && row.divergences != 0 {
                    end.fetch_min(index, Ordering::Relaxed);
                }
                done.push(Ok((index, row)));
            }
        };
        let mut done = on_every_core(&work).into_iter().collect::<Result<Vec<_>, _>>()?;
        done.retain(|(index, _)| *index <= ends[self.units[*index].row].load(Ordering::Relaxed));
        done.sort_by_key(|(index, _)| *index);
        Ok(done)
    }
}

/// Answers that differ from the first of their row, in which only ignored parameters do.
fn depending(right: &[Answer], patterns: usize) -> u64 {
    if patterns < 2 {
        return 0;
    }
    let rows = right.chunks_exact(patterns);
    rows.map(|row| row[1..].iter().filter(|answer| **answer != row[0]).count() as u64).sum()
}

/// Where the four kinds of answer of a state stand among the cells of its class.
fn cell_shift(state: &State) -> usize {
    state_of(state.pte, state.class) % 16 * 4
}

/// The kind of answer that an entry of khugepaged's scan gets: the scan has one outcome for all its entries.
fn in_a_scan(site: SiteId, pte: u64) -> u64 {
    if site == SiteId::KhugeScan { 1 << kind_of(pte, &Answer { pte, ..Answer::default() }) } else { 0 }
}

/// One thread: its subject, its comparison, its buffers.
struct Worker {
    model: Model,
    lockstep: Lockstep,
    subject: Box<dyn Subject>,
    calls: Vec<Call>,
    right: Vec<Answer>,
    wrong: Vec<Answer>,
}

impl Worker {
    fn new(environment: Environment, subject: Box<dyn Subject>) -> Worker {
        let model = Model::new(environment);
        Worker {
            lockstep: Lockstep::new(model.clone()),
            model,
            subject,
            calls: vec![Call { site: SiteId::ChangeProt, pte: 0, p: [0; 3] }; BATCH],
            right: vec![Answer::default(); BATCH],
            wrong: vec![Answer::default(); BATCH],
        }
    }

    fn unit(&mut self, unit: &Unit<'_>, states: &[State], stop_at_first: bool) -> Row {
        let mut row = Row::default();
        let Some(plan) = unit.plan else {
            self.predicates(states, stop_at_first, &mut row);
            return row;
        };
        for state in states[unit.states.clone()].iter().filter(|state| is_called_on(plan.site.id, state)) {
            let covers: Vec<_> = plan.covers(&self.model, state).collect();
            row.states += 1;
            row.cells[state.class as usize] |= in_a_scan(plan.site.id, state.pte) << cell_shift(state);
            let parameters = covers.iter().map(|(cover, bases)| (cover.sets.len() * bases.len()) as u64).sum();
            row.parameters = row.parameters.max(parameters);
            for (cover, bases) in &covers {
                for base in bases {
                    if self.sets(plan.site.id, cover, state, base, stop_at_first, &mut row) {
                        return row;
                    }
                }
            }
        }
        row
    }

    /// All flag combinations on one state and one choice of values; true where the walk of the site ends.
    fn sets(
        &mut self,
        site: SiteId,
        cover: &Cover,
        state: &State,
        base: &[u64; 3],
        stop_at_first: bool,
        row: &mut Row,
    ) -> bool {
        let patterns = cover.patterns;
        // Whole rows of patterns in a batch.
        let step = (BATCH / patterns).max(1) * patterns;
        if step > self.calls.len() {
            let blank = self.calls[0];
            self.calls.resize(step, blank);
            self.right.resize(step, Answer::default());
            self.wrong.resize(step, Answer::default());
        }
        for sets in cover.sets.chunks(step) {
            let calls = &mut self.calls[..sets.len()];
            for (call, set) in calls.iter_mut().zip(sets) {
                *call = Call { site, pte: state.pte, p: or(base, set) };
            }
            let (right, wrong) = (&mut self.right[..sets.len()], &mut self.wrong[..sets.len()]);
            let mut kinds = 0;
            for (call, answer) in calls.iter().zip(right.iter_mut()) {
                *answer = self.model.answer(call);
                kinds |= 1 << kind_of(state.pte, answer);
            }
            row.cells[state.class as usize] |= kinds << cell_shift(state);
            self.subject.answer(calls, wrong);
            row.unsound += depending(right, patterns);
            if self.lockstep.all_agree(site, state.class, right, wrong) {
                row.checks += sets.len() as u64;
                continue;
            }
            for (at, ((call, right), wrong)) in calls.iter().zip(right.iter()).zip(wrong.iter()).enumerate() {
                let Some(divergence) = self.lockstep.disagreement(call, state.class, right, wrong) else { continue };
                row.add(divergence);
                if stop_at_first {
                    row.checks += at as u64 + 1;
                    return true;
                }
            }
            row.checks += sets.len() as u64;
        }
        false
    }

    /// Everything that the predicates say, of every state and every value of the low bits.
    fn predicates(&mut self, states: &[State], stop_at_first: bool, row: &mut Row) {
        for pte in states.iter().map(|state| state.pte).chain(0..LOW_VALUES) {
            let mut found = None;
            self.lockstep.classify(&mut *self.subject, pte, &mut |divergence| found = Some(divergence));
            row.states += 1;
            row.parameters = 1;
            row.checks += 1;
            if let Some(divergence) = found {
                row.add(divergence);
                if stop_at_first {
                    return;
                }
            }
        }
    }
}
