//! The minimiser: drops operations and records, shortens ranges, simplifies parameters, and keeps kind and signature.
//!
//! Deterministic, and idempotent: it repeats its passes until none of them changes anything.

use super::Runner;
use crate::lockstep::{Signature, Subject};
use crate::program::{Op, OpCode, Program, RawProgram, Record, Shape, TABLE, Tree, WorldProgram, operation_shape};
use crate::site::{Budgets, Call, SITES};

/// The smallest program that the passes find that still shows this signature; the program itself if it does not show it.
pub fn minimize<S: Subject + ?Sized>(
    runner: &mut Runner,
    subject: &mut S,
    program: &Program,
    signature: Signature,
) -> Program {
    if !runner.shows(program, subject, signature) {
        return program.clone();
    }
    let mut start = program.clone();
    cut_after(runner, subject, &mut start, signature);
    match start {
        Program::World(world) => {
            let mut keeps =
                |candidate: &WorldProgram| runner.shows(&Program::World(candidate.clone()), subject, signature);
            Program::World(minimize_world(world, &mut keeps))
        }
        Program::Raw(raw) => {
            // What is outside a site's domain is no program, whatever it shows.
            let mut keeps = |candidate: &RawProgram| {
                candidate.check(|pte| runner.class(pte)).is_ok()
                    && runner.shows(&Program::Raw(candidate.clone()), subject, signature)
            };
            Program::Raw(minimize_raw(raw, &mut keeps))
        }
    }
}

/// Cuts off what comes after the first step that shows the signature; of a raw program, whose records stand alone, what comes before it, too.
fn cut_after<S: Subject + ?Sized>(runner: &mut Runner, subject: &mut S, program: &mut Program, signature: Signature) {
    let all = runner.all(program, subject);
    let Some((step, _)) = all.into_iter().find(|(_, divergence)| divergence.signature == signature) else { return };
    let mut candidate = program.clone();
    match &mut candidate {
        Program::World(world) => world.ops.truncate(step),
        Program::Raw(raw) => raw.records = raw.records.drain(step - 1..step).collect(),
    }
    if runner.shows(&candidate, subject, signature) {
        *program = candidate;
    }
}

type Keeps<'a, P> = &'a mut dyn FnMut(&P) -> bool;

/// The smallest program of operations that the passes find of which something still holds; the program itself where it does not hold.
pub fn shrink(program: &WorldProgram, holds: &mut dyn FnMut(&WorldProgram) -> bool) -> WorldProgram {
    if holds(program) { minimize_world(program.clone(), holds) } else { program.clone() }
}

fn minimize_world(mut program: WorldProgram, keeps: Keeps<'_, WorldProgram>) -> WorldProgram {
    loop {
        let before = program.clone();
        drop_runs(&mut program, keeps, |program| &mut program.ops);
        drop_pairs(&mut program, keeps);
        register_in_vma(&mut program, keeps);
        simplify_tree(&mut program, keeps);
        for index in 0..program.ops.len() {
            simplify_op(&mut program, index, keeps);
        }
        rename_pages(&mut program, keeps);
        if program == before {
            return program;
        }
    }
}

/// Programs up to this length are searched for pairs.
const PAIRS: usize = 24;

/// Drops two operations at once that each alone could not go, such as a fork and the child's end.
fn drop_pairs(program: &mut WorldProgram, keeps: Keeps<'_, WorldProgram>) {
    if program.ops.len() > PAIRS {
        return;
    }
    let mut second = program.ops.len();
    while second > 1 {
        second -= 1;
        for first in (0..second).rev() {
            let mut candidate = program.clone();
            candidate.ops.remove(second);
            candidate.ops.remove(first);
            if try_world(program, candidate, keeps) {
                second = second.min(program.ops.len());
                break;
            }
        }
    }
}

/// Lets the vmas be registered with userfaultfd from the start, in the place of an operation that does it.
fn register_in_vma(program: &mut WorldProgram, keeps: Keeps<'_, WorldProgram>) {
    for index in (0..program.ops.len()).rev() {
        let op = program.ops[index];
        if op.code != OpCode::UffdRegister {
            continue;
        }
        let mut candidate = program.clone();
        candidate.ops.remove(index);
        for vma in candidate.ops[..index].iter_mut().filter(|vma| vma.code == OpCode::Vma) {
            vma.arg |= (op.arg & 3) << 6;
        }
        try_world(program, candidate, keeps);
    }
}

/// Drops runs of items, long ones first, from the end.
fn drop_runs<P: Clone, T: Clone>(program: &mut P, keeps: Keeps<'_, P>, items: impl Fn(&mut P) -> &mut Vec<T>) {
    let mut run = items(program).len().next_power_of_two();
    while run > 0 {
        let mut end = items(program).len();
        while end > 0 {
            let start = end.saturating_sub(run);
            let mut candidate = program.clone();
            items(&mut candidate).drain(start..end);
            if keeps(&candidate) {
                *program = candidate;
            }
            end = start;
        }
        run /= 2;
    }
}

fn try_world(program: &mut WorldProgram, candidate: WorldProgram, keeps: Keeps<'_, WorldProgram>) -> bool {
    let better = candidate != *program && keeps(&candidate);
    if better {
        *program = candidate;
    }
    better
}

fn simplify_tree(program: &mut WorldProgram, keeps: Keeps<'_, WorldProgram>) {
    let candidate = WorldProgram { tree: Tree::Patch07, ..program.clone() };
    try_world(program, candidate, keeps);
}

/// Shortens one operation's range and clears its accident and its options one by one.
fn simplify_op(program: &mut WorldProgram, index: usize, keeps: Keeps<'_, WorldProgram>) {
    let mut put = |program: &mut WorldProgram, op: Op| {
        let mut candidate = program.clone();
        candidate.ops[index] = op.canonical();
        try_world(program, candidate, keeps)
    };
    let op = program.ops[index];
    put(program, Op { accident: 0, ..op });
    // The shortest range that still shows it, from either side.
    for len in [1, 2, 4, 8, 16, 32, 64, 128, 256] {
        let op = program.ops[index];
        if len >= op.len || put(program, Op { len, ..op }) {
            break;
        }
        let shift = op.len - len;
        if operation_shape(op.code) == Shape::Range && put(program, Op { page: op.page + shift, len, ..op }) {
            break;
        }
    }
    loop {
        let op = program.ops[index];
        let shorter = Op { len: op.len - 1, ..op };
        let later = Op { page: op.page + 1, len: op.len - 1, ..op };
        let shrinks =
            op.len > 1 && (put(program, shorter) || operation_shape(op.code) == Shape::Range && put(program, later));
        if !shrinks {
            break;
        }
    }
    if operation_shape(op.code) == Shape::Move {
        let to = program.ops[index].to();
        for lower in to / TABLE * TABLE..to {
            let op = program.ops[index];
            if put(program, Op { arg: op.arg & 0x8000 | lower, ..op }) {
                break;
            }
        }
    }
    let options = if operation_shape(op.code) == Shape::Move { 15..16 } else { 0..16 };
    for bit in options {
        let op = program.ops[index];
        if op.arg >> bit & 1 != 0 {
            put(program, Op { arg: op.arg & !(1 << bit), ..op });
        }
    }
}

/// Gives the pages that are named the smallest numbers, in all operations at once.
fn rename_pages(program: &mut WorldProgram, keeps: Keeps<'_, WorldProgram>) {
    let lowest = program.ops.iter().filter(|op| operation_shape(op.code) != Shape::Whole).map(|op| op.page).min();
    for shift in [lowest.unwrap_or(0), TABLE] {
        let mut candidate = program.clone();
        for op in &mut candidate.ops {
            if operation_shape(op.code) != Shape::Whole {
                op.page = op.page.saturating_sub(shift);
            }
            if operation_shape(op.code) == Shape::Move {
                op.arg = op.arg & 0x8000 | op.to().saturating_sub(shift);
            }
            *op = op.canonical();
        }
        try_world(program, candidate, keeps);
    }
    // One page after the other to the lowest that no operation names yet.
    let mut pages: Vec<u16> = program.ops.iter().filter(|op| op.code != OpCode::Vma).map(|op| op.page).collect();
    pages.sort_unstable();
    pages.dedup();
    for page in pages {
        for to in [page / TABLE * TABLE, page / TABLE * TABLE + 1] {
            if to >= page {
                continue;
            }
            let mut candidate = program.clone();
            for op in &mut candidate.ops {
                if op.page == page && operation_shape(op.code) != Shape::Whole {
                    op.page = to;
                }
                *op = op.canonical();
            }
            try_world(program, candidate, keeps);
        }
    }
}

fn minimize_raw(mut program: RawProgram, keeps: Keeps<'_, RawProgram>) -> RawProgram {
    loop {
        let before = program.clone();
        drop_runs(&mut program, keeps, |program| &mut program.records);
        for index in 0..program.records.len() {
            simplify_record(&mut program, index, keeps);
        }
        if program == before {
            return program;
        }
    }
}

fn try_record(program: &mut RawProgram, index: usize, record: Record, keeps: Keeps<'_, RawProgram>) -> bool {
    let mut candidate = program.clone();
    candidate.records[index] = record;
    let better = candidate != *program && keeps(&candidate);
    if better {
        *program = candidate;
    }
    better
}

fn simplify_record(program: &mut RawProgram, index: usize, keeps: Keeps<'_, RawProgram>) {
    match program.records[index].clone() {
        Record::Call(call) => {
            simplify_call(call, &mut |call| try_record(program, index, Record::Call(call), keeps));
        }
        Record::Classify(pte) => {
            clear_bits(pte, &mut |pte| try_record(program, index, Record::Classify(pte), keeps));
        }
        Record::Range { site, budgets, entries } => {
            let mut entries = entries;
            let mut run = entries.len().next_power_of_two();
            while run > 0 {
                let mut end = entries.len();
                while end > 0 {
                    let start = end.saturating_sub(run);
                    let mut fewer = entries.clone();
                    fewer.drain(start..end);
                    if try_record(program, index, Record::Range { site, budgets, entries: fewer.clone() }, keeps) {
                        entries = fewer;
                    }
                    end = start;
                }
                run /= 2;
            }
            try_record(
                program,
                index,
                Record::Range { site, budgets: Budgets::default(), entries: entries.clone() },
                keeps,
            );
            let Record::Range { budgets, .. } = program.records[index].clone() else { return };
            for at in 0..entries.len() {
                let (pte, p) = entries[at];
                let mut put = |call: Call| {
                    let mut simpler = entries.clone();
                    simpler[at] = (call.pte, call.p);
                    let better =
                        try_record(program, index, Record::Range { site, budgets, entries: simpler.clone() }, keeps);
                    if better {
                        entries = simpler;
                    }
                    better
                };
                simplify_call(Call { site, pte, p }, &mut put);
            }
        }
    }
}

/// Clears what a call can do without: parameters as a whole, fields, bits of the pte.
fn simplify_call(call: Call, put: &mut dyn FnMut(Call) -> bool) {
    let mut call = call;
    for field in SITES[call.site as usize].fields {
        let mut simpler = call;
        field.set(&mut simpler.p, 0);
        if simpler != call && put(simpler) {
            call = simpler;
        }
    }
    clear_bits(call.pte, &mut |pte| put(Call { pte, ..call }));
}

/// Clears bits of a pte, and sets payload bits where that is what a smaller number inverted needs.
fn clear_bits(pte: u64, put: &mut dyn FnMut(u64) -> bool) {
    let mut pte = pte;
    for bit in (0..64).rev() {
        let simpler = pte & !(1 << bit);
        if simpler != pte && put(simpler) {
            pte = simpler;
        }
    }
}
