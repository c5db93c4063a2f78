//! A program step by step on the model, in words: what replay prints and what the reports show.

use crate::lockstep::Subject;
use crate::lockstep::explain::pte_words;
use crate::model::Model;
use crate::program::{PAGES, Program, RawProgram, Record, WorldProgram};
use crate::pte::Environment;
use crate::site::{Answer, Call, SITES, describe_outcome};
use crate::world::World;

/// Pages whose change a step shows before the rest is only counted.
const SHOWN: usize = 6;

/// One step of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The operation or record as it is written.
    pub text: String,
    /// How it ended; empty where there is nothing to say.
    pub ending: String,
    /// The ptes that it was about: of a call the one pte, of an operation those that it changed.
    pub changes: Vec<Change>,
    /// Changed ptes beyond those.
    pub more: usize,
}

/// A pte before and after a step, in bits and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The page; none for a call of its own.
    pub page: Option<u16>,
    /// The pte before.
    pub before: String,
    /// The pte after; none where it was only looked at.
    pub after: Option<String>,
}

/// The steps of a program in an environment, as the model takes them.
pub fn steps(program: &Program, environment: Environment) -> Vec<Step> {
    match program {
        Program::Raw(raw) => {
            let model = Model::new(environment);
            raw.records.iter().map(|record| record_step(record, &model)).collect()
        }
        Program::World(world) => world_steps(world, environment),
    }
}

fn record_step(record: &Record, model: &Model) -> Step {
    match record {
        Record::Call(call) => call_step(call, model),
        Record::Classify(pte) => Step {
            text: "classify".to_string(),
            ending: String::new(),
            changes: vec![Change { page: None, before: pte_words(model, *pte), after: None }],
            more: 0,
        },
        Record::Range { site, entries, .. } => Step {
            text: format!("range {} over {} entries", SITES[*site as usize].name, entries.len()),
            ending: String::new(),
            changes: Vec::new(),
            more: 0,
        },
    }
}

fn call_step(call: &Call, model: &Model) -> Step {
    let mut answer = [Answer::default()];
    Subject::answer(&mut model.clone(), &[*call], &mut answer);
    let program = RawProgram { records: vec![Record::Call(*call)] }.to_text();
    Step {
        text: program.lines().nth(1).unwrap_or("").to_string(),
        ending: format!("{}, aux {:#x}", describe_outcome(call.row(), answer[0].outcome), answer[0].aux),
        changes: vec![Change {
            page: None,
            before: pte_words(model, call.pte),
            after: Some(pte_words(model, answer[0].pte)),
        }],
        more: 0,
    }
}

fn world_steps(program: &WorldProgram, environment: Environment) -> Vec<Step> {
    let mut world = World::new(environment);
    world.reset(program.tree);
    let mut steps = Vec::new();
    for op in &program.ops {
        let before: Vec<u64> = (0..PAGES).map(|page| world.pte(page)).collect();
        let ending = world.step(*op);
        let changed: Vec<u16> = (0..PAGES).filter(|page| world.pte(*page) != before[*page as usize]).collect();
        let change = |page: &u16| Change {
            page: Some(*page),
            before: pte_words(world.model(), before[*page as usize]),
            after: Some(pte_words(world.model(), world.pte(*page))),
        };
        steps.push(Step {
            text: op.to_string(),
            ending: ending.words().to_string(),
            changes: changed.iter().take(SHOWN).map(change).collect(),
            more: changed.len().saturating_sub(SHOWN),
        });
    }
    steps
}
