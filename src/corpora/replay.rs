//! The replay of a directory: which cells each program reaches.

use crate::engine::{Cell, CellSet, Coverage};
use crate::model::Model;
use crate::program::{Program, Record};
use crate::pte::Environment;
use crate::site::{Answer, Call, RangeAnswer, RangeCall, SiteId, TOTALS, Uses};
use crate::target::Target;
use crate::triage::{BROKEN_NAMED, Broken, Files};
use crate::world::World;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A program of a corpus.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its file.
    pub path: PathBuf,
    /// The file's path below the directory.
    pub shown: String,
    /// The program.
    pub program: Program,
    /// The cells that it reaches, sorted.
    pub cells: Box<[u16]>,
}

impl Entry {
    /// What makes a program smaller than another: fewer operations, then shorter text, then its place in the order of paths.
    pub(super) fn size(&self) -> (usize, usize) {
        let steps = match &self.program {
            Program::World(program) => program.ops.len(),
            Program::Raw(program) => program.records.len(),
        };
        (steps, self.program.to_text().len())
    }
}

/// What a directory reaches.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// Its programs, in the order of their paths.
    pub entries: Vec<Entry>,
    /// Files that hold no program.
    pub broken: u64,
    /// The first of them.
    pub broken_named: Vec<Broken>,
}

impl Reached {
    /// The cells that any program reaches.
    pub fn cells(&self) -> CellSet {
        self.entries.iter().flat_map(|entry| entry.cells.iter().copied()).collect()
    }

    /// For each cell the smallest program that reaches it, by index.
    pub fn smallest(&self) -> HashMap<u16, usize> {
        let sizes: Vec<_> = self.entries.iter().map(Entry::size).collect();
        let mut smallest: HashMap<u16, usize> = HashMap::new();
        for (at, entry) in self.entries.iter().enumerate() {
            for cell in &entry.cells {
                let best = smallest.entry(*cell).or_insert(at);
                if sizes[at] < sizes[*best] {
                    *best = at;
                }
            }
        }
        smallest
    }
}

/// Replays programs on the model, one after the other.
#[derive(Debug)]
pub struct Replayer {
    world: World,
}

impl Replayer {
    /// A replayer in this environment.
    pub fn new(environment: Environment) -> Replayer {
        Replayer { world: World::new(environment) }
    }

    /// The cells that a program reaches. A raw program must be in its sites' domains.
    pub fn cells(&mut self, program: &Program) -> CellSet {
        let mut cells = CellSet::default();
        match program {
            Program::World(program) => {
                self.world.run(program.tree, program.ops.iter().copied());
                let model = self.world.model();
                self.world.trace().each(|call, answer| note(&mut cells, model, call, answer));
            }
            Program::Raw(program) => {
                let model = self.world.model();
                program.records.iter().for_each(|record| record_cells(&mut cells, model, record));
            }
        }
        cells
    }
}

fn note(cells: &mut CellSet, model: &Model, call: &Call, answer: &Answer) {
    cells.insert(Coverage::cell(call, model.class(call.pte), answer) as u16);
}

fn record_cells(cells: &mut CellSet, model: &Model, record: &Record) {
    match record {
        Record::Call(call) => note(cells, model, call, &model.answer(call)),
        Record::Classify(_) => {}
        Record::Range { site, budgets, entries } => {
            let (ptes, params): (Vec<_>, Vec<_>) = entries.iter().copied().unzip();
            let call = RangeCall { site: *site, ptes: &ptes, params: &params, budgets: *budgets };
            let (mut right, mut aux, mut totals) = (ptes.clone(), vec![0; ptes.len()], [0; TOTALS]);
            let mut outcomes = Vec::with_capacity(ptes.len());
            let mut answer = RangeAnswer { ptes: &mut right, aux: &mut aux, totals: &mut totals };
            model.range_seen(&call, &mut answer, |_, one| outcomes.push(one.outcome));
            // A scan has one outcome for all its entries; nothing is asked of those behind the one that ended a fork.
            if *site == SiteId::KhugeScan {
                outcomes.resize(entries.len(), 0);
            }
            for (at, (pte, p)) in entries.iter().enumerate().take(outcomes.len()) {
                let answer = Answer { pte: right[at], outcome: outcomes[at], aux: aux[at], uses: Uses::NONE };
                note(cells, model, &Call { site: *site, pte: *pte, p: *p }, &answer);
            }
        }
    }
}

/// Replays every program below a directory, on every core. Files that hold no program are counted.
///
/// Files with an engine's name are read as `target` reads them.
///
/// # Errors
///
/// A directory that cannot be read.
pub fn replay(
    directory: &Path,
    environment: Environment,
    target: Option<&'static Target>,
) -> Result<Reached, std::io::Error> {
    let queue = Mutex::new(Files::new(directory)?);
    let model = Model::new(environment);
    let next = || queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next();
    let work = || {
        let mut replayer = Replayer::new(environment);
        let mut part: Vec<(u64, Result<Entry, Broken>)> = Vec::new();
        while let Some(file) = next() {
            let read = file.read(&model, target).map(|program| {
                let cells: Box<[u16]> = replayer.cells(&program).iter().collect();
                Entry { path: file.path.clone(), shown: file.shown.clone(), program, cells }
            });
            part.push((
                file.index,
                read.map_err(|reason| Broken { index: file.index, file: file.shown.clone(), reason }),
            ));
        }
        part
    };
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let mut all: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Vec<_>>| match thread.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().flat_map(join).collect()
    });
    all.sort_by_key(|(index, _)| *index);
    let mut reached = Reached::default();
    for (_, one) in all {
        match one {
            Ok(entry) => reached.entries.push(entry),
            Err(broken) => {
                reached.broken += 1;
                if reached.broken_named.len() < BROKEN_NAMED {
                    reached.broken_named.push(broken);
                }
            }
        }
    }
    Ok(reached)
}

/// Sorts cells for people: by site, class, flags, answer, which is the order of their numbers.
pub(super) fn cells_of(set: &CellSet) -> impl Iterator<Item = (u16, Cell)> + '_ {
    set.iter().filter_map(|number| Some((number, Cell::from_number(number)?)))
}
