//! The biased generator of world programs: few operations at a time, few pages, the same page again.

use super::operation::{OPERATIONS, Op, OpCode, PAGES, Shape, TABLE};
use super::rng::Rng;
use super::world_program::Tree;

/// Makes world programs from a seed. Three habits find more than uniform choice does: a swarm mask turns most operations off, most pages are
/// one of a hot few, and every program maps something first.
#[derive(Clone, Debug, Default)]
pub struct Generator {
    ops: Vec<Op>,
}

/// Most operations of a generated program.
const LENGTH: u32 = 48;

/// Operations that make states, of which a program always has most.
pub(super) const MAKERS: [OpCode; 8] = [
    OpCode::Write,
    OpCode::Read,
    OpCode::UffdWp,
    OpCode::SwapOut,
    OpCode::MigrateBegin,
    OpCode::ToDevice,
    OpCode::Zap,
    OpCode::ClearRefs,
];

impl Generator {
    /// A generator.
    pub fn new() -> Generator {
        Generator::default()
    }

    /// The program of this random stream: its tree, and its operations, all canonical.
    pub fn program(&mut self, rng: &mut Rng) -> (Tree, &[Op]) {
        self.ops.clear();
        let tree = if rng.chance(128) { Tree::Patch07 } else { Tree::Series };
        let swarm = swarm(rng);
        let table = if rng.chance(224) { 0 } else { TABLE };
        let hot: [u16; 3] = std::array::from_fn(|_| table + rng.below(16) as u16);
        // Now and then a program of long ranges, for budgets and vector widths.
        let long = rng.chance(16);
        self.ops.push(first_vma(rng, table, long));
        if rng.chance(96) {
            self.ops.push(Op { page: table + 16, len: 16, ..first_vma(rng, table, false) });
        }
        if long {
            self.populate(rng, table);
        }
        let n = 4 + rng.below(LENGTH - 4);
        for _ in 0..n {
            let code = loop {
                let code = if rng.chance(80) { rng.pick(&MAKERS) } else { rng.pick(&OpCode::ALL) };
                if swarm >> code as u64 & 1 != 0 {
                    break code;
                }
            };
            let op = op(rng, code, &hot, long);
            self.ops.push(op);
        }
        (tree, &self.ops)
    }

    /// A long run of pages in one state, so that a scan has something to count.
    fn populate(&mut self, rng: &mut Rng, table: u16) {
        let swapped = rng.chance(160);
        let n = rng.pick(&[8, 64, 66, 70]);
        let code = if rng.chance(208) { OpCode::Write } else { OpCode::Read };
        for page in table..table + n {
            self.ops.push(Op { code, accident: 0, page, len: 1, arg: 0 });
            if swapped {
                // Three areas, since one has fewer slots than a table has pages.
                let arg = if page - table < 50 { 0 } else { 1 };
                self.ops.push(Op { code: OpCode::SwapOut, accident: 0, page, len: 1, arg });
            }
        }
    }
}

/// A set of operations: the makers, and each other one by chance. Mapping and unmapping away from the hot pages is rare.
fn swarm(rng: &mut Rng) -> u64 {
    let mut set = match rng.below(4) {
        0 => rng.next() & rng.next(),
        1..3 => rng.next(),
        _ => !0,
    };
    for code in MAKERS {
        if rng.chance(208) {
            set |= 1 << code as u64;
        }
    }
    for code in [OpCode::Vma, OpCode::Unmap, OpCode::HwPoison, OpCode::Swapoff, OpCode::Fork, OpCode::ExitChild] {
        if rng.chance(128) {
            set &= !(1 << code as u64);
        }
    }
    set | 1 << OpCode::Write as u64
}

fn first_vma(rng: &mut Rng, table: u16, long: bool) -> Op {
    let kind = rng.pick(&[0, 0, 0, 1, 1, 1, 2, 2, 3, 4]);
    let protection = rng.pick(&[0, 0, 0, 0, 1, 4]) << 3;
    let uffd = rng.pick(&[0, 1 << 6, 1 << 6, 1 << 7]);
    let rest = if rng.chance(32) { rng.next() as u16 & 0x700 } else { 0 };
    let len = if long { 128 } else { 16 };
    Op { code: OpCode::Vma, accident: 0, page: table, len, arg: kind | protection | uffd | rest }.canonical()
}

/// An operation with this code on the hot pages mostly.
fn op(rng: &mut Rng, code: OpCode, hot: &[u16; 3], long: bool) -> Op {
    let row = &OPERATIONS[code as usize];
    let page = match rng.below(16) {
        0 => rng.below(PAGES as u32) as u16,
        1 => (hot[0] / TABLE * TABLE) + rng.below(32) as u16,
        // The same page in the child.
        2 => hot[0] ^ TABLE,
        _ => rng.pick(hot),
    };
    let len = match rng.below(16) {
        0..9 => 1,
        9..11 => 2,
        11..14 => 1 + rng.below(16) as u16,
        14 if long => 128,
        _ => 1 + rng.below(64) as u16,
    };
    let page = if len > 16 { page / TABLE * TABLE } else { page };
    let accident = if row.accidents.is_empty() || !rng.chance(40) { 0 } else { rng.pick(row.accidents) };
    let arg = if row.shape == Shape::Move {
        let to = rng.pick(&[hot[1], hot[2], 40 + hot[0], 520]) % PAGES;
        to | if rng.chance(64) { 0x8000 } else { 0 }
    } else if code == OpCode::Vma {
        first_vma(rng, 0, false).arg
    } else {
        rng.next() as u16
    };
    // Unmapping and mapping take whole vmas from a program; a few pages do as well.
    let len = if matches!(code, OpCode::Vma | OpCode::Unmap) { len.min(4) } else { len };
    Op { code, accident, page, len, arg }.canonical()
}
