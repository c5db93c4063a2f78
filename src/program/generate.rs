//! The biased generator of world programs: few operations at a time, few pages, the same page again.

use super::operation::{OPERATION_COUNT, OPERATIONS, Op, OpCode, PAGES, Shape, TABLE};
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
pub(super) const MAKERS: [OpCode; 11] = [
    OpCode::Write,
    OpCode::Read,
    OpCode::UffdWp,
    OpCode::SwapOut,
    OpCode::MigrateBegin,
    OpCode::ToDevice,
    OpCode::Zap,
    OpCode::ClearRefs,
    OpCode::NumaHint,
    OpCode::MigrateEnd,
    OpCode::Mprotect,
];

/// The operations of one program, ready to be picked from.
struct Codes {
    all: [OpCode; OPERATION_COUNT],
    count: u32,
    makers: [OpCode; MAKERS.len()],
    maker_count: u32,
}

impl Codes {
    fn new(swarm: u64) -> Codes {
        let mut codes = Codes {
            all: [OpCode::Write; OPERATION_COUNT],
            count: 0,
            makers: [OpCode::Write; MAKERS.len()],
            maker_count: 0,
        };
        let has = |code: &OpCode| swarm >> *code as u64 & 1 != 0;
        for code in OpCode::ALL.into_iter().filter(has) {
            codes.all[codes.count as usize] = code;
            codes.count += 1;
        }
        for code in MAKERS.into_iter().filter(has) {
            codes.makers[codes.maker_count as usize] = code;
            codes.maker_count += 1;
        }
        codes
    }

    /// One of them, of the makers more often.
    #[inline]
    fn pick(&self, rng: &mut Rng) -> OpCode {
        if rng.chance(80) {
            self.makers[rng.below(self.maker_count) as usize]
        } else {
            self.all[rng.below(self.count) as usize]
        }
    }
}

impl Generator {
    /// A generator.
    pub fn new() -> Generator {
        Generator::default()
    }

    /// The program of this random stream: its tree, and its operations, all canonical.
    pub fn program(&mut self, rng: &mut Rng) -> (Tree, &[Op]) {
        self.ops.clear();
        let tree = if rng.chance(128) { Tree::Patch07 } else { Tree::Series };
        let codes = Codes::new(swarm(rng));
        let table = if rng.chance(224) { 0 } else { TABLE };
        // Now and then a program of long ranges, for budgets and vector widths.
        let long = rng.chance(16);
        let size = if long { 128 } else { rng.pick(&[4, 16, 16, 16, 32, 64]) };
        let hot = std::array::from_fn(|_| table + rng.below(size.min(16) as u32) as u16);
        let mut pages = Pages { table, size, hot, last: hot[0] };
        self.ops.push(first_vma(rng, table, size));
        if rng.chance(96) {
            self.ops.push(first_vma(rng, table + size, 16));
        }
        if long {
            self.populate(rng, table);
        } else if rng.chance(208) {
            // Most programs start from pages that are there; a fault on each first would be most of what they do.
            let len = if rng.chance(192) { size } else { 1 + rng.below(size as u32) as u16 };
            let arg = rng.chance(160) as u16;
            self.ops.push(Op { code: OpCode::Populate, accident: 0, page: table, len, arg });
        }
        let n = 4 + rng.below(LENGTH - 4);
        for _ in 0..n {
            let code = codes.pick(rng);
            let op = op(rng, code, &mut pages);
            self.ops.push(op);
        }
        (tree, &self.ops)
    }

    /// As [`Generator::program`] without any bias: one mapping, and then operations of any bytes. It is what the biases are measured against.
    pub fn uniform(&mut self, rng: &mut Rng) -> (Tree, &[Op]) {
        self.ops.clear();
        let tree = if rng.chance(128) { Tree::Patch07 } else { Tree::Series };
        self.ops.push(Op::from_bytes(&(rng.next() & !0xff).to_le_bytes()));
        for _ in 0..4 + rng.below(LENGTH - 4) {
            self.ops.push(Op::from_bytes(&rng.next().to_le_bytes()));
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

fn first_vma(rng: &mut Rng, page: u16, len: u16) -> Op {
    let kind = rng.pick(&[0, 0, 0, 1, 1, 1, 2, 2, 3, 4]);
    let protection = rng.pick(&[0, 0, 0, 0, 1, 4]) << 3;
    let uffd = rng.pick(&[0, 1 << 6, 1 << 6, 1 << 7]);
    let rest = if rng.chance(32) { rng.next() as u16 & 0x700 } else { 0 };
    Op { code: OpCode::Vma, accident: 0, page, len, arg: kind | protection | uffd | rest }.canonical()
}

/// The pages that a program deals with.
struct Pages {
    table: u16,
    /// Pages of the first vma.
    size: u16,
    hot: [u16; 3],
    /// The page of the operation before: what was just done to a page is what the next operation should meet.
    last: u16,
}

impl Pages {
    fn pick(&mut self, rng: &mut Rng) -> u16 {
        let page = match rng.below(16) {
            0 => rng.below(PAGES as u32) as u16,
            1 => self.table + rng.below(2 * self.size as u32) as u16 % TABLE,
            // The same page in the child.
            2 => self.hot[0] ^ TABLE,
            3..9 => self.last,
            _ => rng.pick(&self.hot),
        };
        self.last = page;
        page
    }

    fn len(&self, rng: &mut Rng) -> u16 {
        match rng.below(16) {
            0..7 => 1,
            7..9 => 2,
            9..12 => 1 + rng.below(16) as u16,
            12..15 => self.size,
            _ => 1 + rng.below(2 * self.size as u32) as u16,
        }
    }
}

/// An operation with this code on the hot pages mostly.
fn op(rng: &mut Rng, code: OpCode, pages: &mut Pages) -> Op {
    let row = &OPERATIONS[code as usize];
    let page = pages.pick(rng);
    let len = pages.len(rng);
    let accident = if row.accidents.is_empty() || !rng.chance(64) { 0 } else { rng.pick(row.accidents) };
    let arg = if row.shape == Shape::Move {
        let to = rng.pick(&[pages.hot[1], pages.hot[2], 40 + pages.hot[0], 520]) % PAGES;
        to | if rng.chance(64) { 0x8000 } else { 0 }
    } else if code == OpCode::Vma {
        first_vma(rng, 0, 1).arg
    } else {
        rng.next() as u16
    };
    // Unmapping and mapping take whole vmas from a program; a few pages do as well. So do short moves.
    let len = if matches!(code, OpCode::Vma | OpCode::Unmap | OpCode::Mremap) { len.min(4) } else { len };
    // What goes over the whole vma starts where it does.
    let page = if len > 16 { page / TABLE * TABLE } else { page };
    Op { code, accident, page, len, arg }.canonical()
}
