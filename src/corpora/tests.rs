//! Corpora: what is replayed reaches what lockstep counts; what is left out was needless.

use super::*;
use crate::engine::{CellSet, Habits, Limits, Next, WorldRun};
use crate::lockstep::Lockstep;
use crate::model::Model;
use crate::packed::Packed;
use crate::program::{Program, RawProgram};
use crate::pte::Environment;
use crate::target::Target;
use crate::world::World;
use std::path::PathBuf;

fn entry(name: &str, cells: &[u16]) -> Entry {
    let program = Program::Raw(RawProgram { records: Vec::new() });
    Entry { path: PathBuf::from(name), shown: name.to_string(), program, cells: cells.into() }
}

fn union(entries: &[Entry], chosen: &[usize]) -> CellSet {
    chosen.iter().flat_map(|at| entries[*at].cells.iter().copied()).collect()
}

#[test]
fn a_reduced_corpus_keeps_every_cell_and_no_program_without_one_of_its_own() {
    let environment = Environment::default();
    let lockstep = Lockstep::new(Model::new(environment));
    let mut run = WorldRun::with(lockstep, World::new(environment), 5, Target::sequence(), Habits::default());
    let limits = Limits { time: None, programs: Some(3_000) };
    run.run(&mut Packed::new(environment), limits, &mut |_| Next::Continue);
    let mut replayer = Replayer::new(environment);
    let entries: Vec<Entry> = run
        .kept()
        .iter()
        .map(|kept| {
            let program = Program::World(kept.program());
            let cells: Box<[u16]> = replayer.cells(&program).iter().collect();
            assert!(kept.cells.iter().all(|cell| cells.contains(cell)), "a replay reaches what the run counted");
            Entry { program, ..entry("kept", &cells) }
        })
        .collect();
    let all: Vec<usize> = (0..entries.len()).collect();
    let chosen = reduce(&entries);
    let cells = union(&entries, &chosen);
    assert_eq!(cells, union(&entries, &all));
    assert_eq!(cells, run.coverage().set());
    assert!(chosen.len() * 3 < entries.len() * 2, "{} of {}", chosen.len(), entries.len());
    for left_out in &chosen {
        let rest: Vec<usize> = chosen.iter().copied().filter(|at| at != left_out).collect();
        assert_ne!(union(&entries, &rest), cells, "program {left_out} is needless");
    }
}

#[test]
fn of_two_programs_with_the_same_cells_the_smaller_one_stays() {
    let mut entries = vec![entry("a", &[1, 2]), entry("b", &[1, 2]), entry("c", &[3])];
    entries[0].program = Program::read(b"ptefuzz 1\nread 3\nread 4\n").expect("text");
    entries[1].program = Program::read(b"ptefuzz 1\nread 3\n").expect("text");
    assert_eq!(reduce(&entries), [1, 2]);
    let reached = Reached { entries, ..Reached::default() };
    assert_eq!(reached.smallest().get(&2), Some(&1));
    assert_eq!(reached.cells().len(), 3);
}

#[test]
fn what_greed_chose_first_goes_where_the_others_cover_it() {
    // Greed takes the first; the two others are needed for 7 and 8, and have all of it between them.
    let entries = [entry("a", &[1, 2, 3, 4]), entry("b", &[1, 2, 7]), entry("c", &[3, 4, 8])];
    assert_eq!(reduce(&entries), [1, 2]);
}

#[test]
fn a_raw_program_reaches_its_calls_and_the_entries_of_its_ranges() {
    let text = "ptefuzz 1 raw\nmove_soft_dirty 0x4\nclassify 0x24\nrange move_soft_dirty\n  0x4\n  0x2\nend\n";
    let program = Program::read(text.as_bytes()).expect("text");
    let cells = Replayer::new(Environment::default()).cells(&program);
    let words: Vec<String> = replay::cells_of(&cells).map(|(_, cell)| cell.to_string()).collect();
    assert_eq!(words, ["move_soft_dirty swap soft-dirty: nothing", "move_soft_dirty special -: nothing"]);
}
