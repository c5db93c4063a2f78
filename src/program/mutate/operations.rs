//! Moves over operations: pages that meet, options and accidents of the table, and pieces of generated programs.

use super::Mutator;
use super::list::{delete, duplicate, insert, place, reorder};
use crate::program::generate::MAKERS;
use crate::program::{OPERATIONS, Op, OpCode, PAGES, Rng, Shape, TABLE, Tree, operation_shape};

/// Lengths of ranges that matter: vector widths, khugepaged's default budget, the table's end.
const LENGTHS: [u16; 12] = [1, 2, 3, 4, 8, 9, 16, 64, 65, 66, 128, 512];

impl Mutator {
    /// One move.
    pub(super) fn move_operations(&mut self, ops: &mut Vec<Op>, max: usize, rng: &mut Rng) {
        match rng.below(16) {
            0..5 => {
                let fresh = self.fresh_operation(ops, rng);
                let at = place(ops, rng);
                insert(ops, at, &[fresh], max);
            }
            5..7 => delete(ops, rng),
            7 => duplicate(ops, max, rng),
            8..10 => retarget(ops, rng),
            10..13 => {
                let hot = hot(ops, rng);
                let at = rng.below(ops.len() as u32) as usize;
                ops[at] = self.perturb(ops[at], hot, rng);
            }
            13 => reorder(ops, rng),
            14 => self.splice(ops, max, rng),
            _ => self.renew_after(ops, max, rng),
        }
    }

    /// A generated program in the place of this one.
    pub(super) fn renew(&mut self, ops: &mut Vec<Op>, max: usize, rng: &mut Rng) -> Tree {
        let menu = self.menu;
        let (tree, generated) = self.generator.program(rng);
        ops.clear();
        ops.extend(generated.iter().filter(|op| menu.has_code(op.code)).take(max));
        // What is left of it where the menu is small: then as many operations of the menu.
        for _ in ops.len()..4 + rng.below(12) as usize {
            let fresh = self.fresh_operation(ops, rng);
            insert(ops, usize::MAX, &[fresh], max);
        }
        tree
    }

    /// Keeps a beginning and goes on with operations of the menu on its pages.
    fn renew_after(&mut self, ops: &mut Vec<Op>, max: usize, rng: &mut Rng) {
        ops.truncate(1 + rng.below(ops.len() as u32) as usize);
        for _ in 0..1 + rng.below(12) {
            let fresh = self.fresh_operation(ops, rng);
            insert(ops, usize::MAX, &[fresh], max);
        }
    }

    /// A piece of a generated program, moved to pages that are used here.
    fn splice(&mut self, ops: &mut Vec<Op>, max: usize, rng: &mut Rng) {
        let menu = self.menu;
        let mut piece = std::mem::take(&mut self.other_ops);
        let (_, generated) = self.generator.program(rng);
        piece.clear();
        let from = rng.below(generated.len() as u32) as usize;
        piece.extend(generated[from..].iter().filter(|op| menu.has_code(op.code)).take(16));
        meet(ops, &mut piece, rng);
        let at = place(ops, rng);
        insert(ops, at, &piece, max);
        self.other_ops = piece;
    }

    /// An operation of the menu on a page that is used already: one that makes states, or any.
    fn fresh_operation(&self, ops: &[Op], rng: &mut Rng) -> Op {
        let maker = rng.pick(&MAKERS);
        let code = if rng.chance(80) && self.menu.has_code(maker) { maker } else { rng.pick(self.menu.codes) };
        // Without any mapping nothing has an effect.
        let code = if ops.is_empty() && self.menu.has_code(OpCode::Vma) { OpCode::Vma } else { code };
        let page = hot(ops, rng);
        let op = Op { code, accident: 0, page, len: 1, arg: rng.next() as u16 };
        match code {
            OpCode::Vma => vma(op, ops.is_empty(), rng),
            // A few pages do as well as all.
            OpCode::Unmap => Op { len: 1 + rng.below(3) as u16, ..op }.canonical(),
            _ => {
                let op = if rng.chance(80) { length(op, rng) } else { op };
                let op = if rng.chance(40) { accident(op, rng) } else { op };
                let op = if operation_shape(code) == Shape::Move { destination(op, hot(ops, rng), rng) } else { op };
                op.canonical()
            }
        }
    }

    /// One field of an operation anew.
    fn perturb(&self, op: Op, hot: u16, rng: &mut Rng) -> Op {
        let op = match rng.below(8) {
            0..3 if operation_shape(op.code) == Shape::Move => destination(op, hot, rng),
            0..2 => option(op, rng),
            2 => Op { arg: rng.next() as u16, ..op },
            3 => length(op, rng),
            4 => accident(op, rng),
            5 => Op { code: rng.pick(self.menu.codes), ..op },
            6 => Op { page: near(op.page, rng), ..op },
            _ => Op { page: hot, ..op },
        };
        op.canonical()
    }
}

/// A vma: the first one of a program as the generator makes it, later ones small.
fn vma(op: Op, first: bool, rng: &mut Rng) -> Op {
    let arg = op.arg & !(7 | 7 << 3 | 0x700) | rng.below(5) as u16 | rng.pick(&[0, 0, 0, 0, 1, 4]) << 3;
    let arg = if rng.chance(32) { arg | op.arg & 0x700 } else { arg };
    let (page, len) = if first {
        (op.page / TABLE * TABLE, if rng.chance(16) { 128 } else { 16 })
    } else {
        (near(op.page, rng), rng.pick(&[1, 2, 16]))
    };
    Op { page, len, arg, ..op }.canonical()
}

/// A page that the program uses; in an empty one, one of the first few.
fn hot(ops: &[Op], rng: &mut Rng) -> u16 {
    for _ in 0..4 {
        let Some(op) = (!ops.is_empty()).then(|| rng.pick(ops)) else { break };
        match operation_shape(op.code) {
            Shape::Whole => {}
            _ if op.code == OpCode::Vma => return op.page + rng.below(op.len.clamp(1, 16) as u32) as u16,
            Shape::Move if rng.chance(128) => return op.to(),
            _ => return op.page,
        }
    }
    rng.below(16) as u16
}

/// A page beside this one, the same page in the other table, or the table's first.
fn near(page: u16, rng: &mut Rng) -> u16 {
    match rng.below(6) {
        0 => page.wrapping_add(1) % PAGES,
        1 => page.wrapping_sub(1) % PAGES,
        2 => page ^ TABLE,
        3 => page / TABLE * TABLE,
        4 => page ^ 1 << rng.below(4),
        _ => page / TABLE * TABLE + rng.below(32) as u16,
    }
}

/// Another length. Long ones are rare: each costs as much as a program of short ones.
fn length(op: Op, rng: &mut Rng) -> Op {
    let len = match rng.below(16) {
        0..3 => op.len.wrapping_add(1),
        3..6 => op.len.wrapping_sub(1),
        6 => rng.pick(&LENGTHS),
        _ => 1 + rng.below(16) as u16,
    };
    // A long range begins where its table does, or there is no room for it.
    let page = if len > 16 { op.page / TABLE * TABLE } else { op.page };
    Op { len, page, ..op }
}

fn accident(op: Op, rng: &mut Rng) -> Op {
    let possible = OPERATIONS[op.code as usize].accidents;
    let accident = if possible.is_empty() || rng.chance(64) { 0 } else { rng.pick(possible) };
    Op { accident, ..op }
}

/// One option of the operation's own: a flag turned, or another word of a choice.
fn option(op: Op, rng: &mut Rng) -> Op {
    let options = OPERATIONS[op.code as usize].options;
    if options.is_empty() {
        return Op { arg: op.arg ^ 1 << rng.below(16), ..op };
    }
    let option = rng.pick(options);
    let mask = ((1u32 << option.bits) - 1) as u16;
    let value = if option.words.is_empty() {
        !op.arg >> option.shift & mask
    } else {
        rng.below(option.words.len() as u32) as u16
    };
    Op { arg: op.arg & !(mask << option.shift) | value << option.shift, ..op }
}

fn destination(op: Op, hot: u16, rng: &mut Rng) -> Op {
    match rng.below(4) {
        0 => Op { arg: op.arg ^ 0x8000, ..op },
        1 => Op { arg: op.arg & 0x8000 | rng.below(64) as u16, ..op },
        2 => Op { arg: op.arg & 0x8000 | near(hot, rng), ..op },
        _ => Op { arg: op.arg & 0x8000 | hot, ..op },
    }
}

/// Lets operations meet: one goes to a page of another, or every operation on one page goes to another page.
fn retarget(ops: &mut [Op], rng: &mut Rng) {
    let to = hot(ops, rng);
    let at = rng.below(ops.len() as u32) as usize;
    let from = ops[at].page;
    let all = rng.chance(48);
    for (i, op) in ops.iter_mut().enumerate() {
        if i == at || all && op.page == from && op.code != OpCode::Vma {
            *op = Op { page: to, ..*op }.canonical();
        }
    }
}

/// Moves operations of another program to the pages of this one, three times in four.
pub(super) fn meet(ops: &mut [Op], others: &mut [Op], rng: &mut Rng) {
    let first = others.iter().find(|op| operation_shape(op.code) != Shape::Whole && op.code != OpCode::Vma);
    if ops.is_empty() || !rng.chance(192) {
        return;
    }
    let Some(from) = first.map(|op| op.page) else { return };
    let by = hot(ops, rng).wrapping_sub(from);
    for op in others {
        if operation_shape(op.code) != Shape::Whole {
            *op = Op { page: op.page.wrapping_add(by) % PAGES, ..*op }.canonical();
        }
    }
}
