//! Short programs: every program of up to k operations on one page, over a reduced choice of options.
//!
//! Programs grow by one operation at a time; of those that lead to the same world one goes on, which loses nothing, since what an operation does
//! depends on the world alone. Every call that no shorter program made is put to the subjects. So a subject that disagrees does so after the fewest
//! operations that can show it, with this choice of options.

use crate::lockstep::{Divergence, Lockstep, SiteSet, Subject};
use crate::model::Model;
use crate::program::{OPERATIONS, Op, OpCode, Shape, TABLE, Tree, WorldProgram, accident};
use crate::pte::Environment;
use crate::site::{Call, RangeCall};
use crate::world::World;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The page, and where it is moved.
const PAGE: u16 = 3;
const AWAY: u16 = 7;

/// One subject, and what it is asked.
pub struct Asked {
    /// The implementation.
    pub subject: Box<dyn Subject>,
    /// The sites that are compared.
    pub sites: SiteSet,
    /// The first divergence, with the program that shows it.
    pub first: Option<(Divergence, WorldProgram)>,
    /// All divergences.
    pub divergences: u64,
}

impl Asked {
    /// A subject that is asked everything it has.
    pub fn new(subject: Box<dyn Subject>) -> Asked {
        Asked { sites: subject.sites(), subject, first: None, divergences: 0 }
    }
}

/// What the programs of one length were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Level {
    /// Operations.
    pub length: usize,
    /// Programs run: every world that shorter ones lead to, with every operation of the choice.
    pub programs: u64,
    /// Worlds that no shorter program leads to; not counted in the last level, whose worlds nothing is done to.
    pub worlds: u64,
    /// Calls and ranges that no shorter program made.
    pub calls: u64,
}

/// The walk over short programs.
pub struct Short {
    world: World,
    lockstep: Lockstep,
    /// Worlds seen and calls made, as numbers of 64 bits.
    worlds: HashSet<u64>,
    calls: HashSet<u64>,
    /// How each world of the last level came about: the one before it, and the operation.
    paths: Vec<(u32, Op)>,
    open: std::ops::Range<u32>,
    menu: Vec<Op>,
    levels: Vec<Level>,
}

/// The number of no world: the one before a root.
const ROOT: u32 = u32::MAX;

impl Short {
    /// A walk that has not begun.
    pub fn new(environment: Environment) -> Short {
        // The roots are the two trees' empty address spaces; the operation in their place means nothing.
        let nothing = op(OpCode::Pagemap, 0, 0);
        Short {
            world: World::new(environment),
            lockstep: Lockstep::new(Model::new(environment)),
            worlds: HashSet::new(),
            calls: HashSet::new(),
            paths: vec![(ROOT, nothing), (ROOT, nothing)],
            open: 0..2,
            menu: menu(),
            levels: Vec::new(),
        }
    }

    /// How many operations there are to choose from.
    pub fn choice(&self) -> usize {
        self.menu.len()
    }

    /// The lengths walked so far.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// Walks the programs that are longer by one operation. `last`: nothing longer will follow.
    pub fn longer(&mut self, asked: &mut [Asked], last: bool, go_on: &mut dyn FnMut() -> bool) -> bool {
        let mut level = Level { length: self.levels.len() + 1, ..Level::default() };
        let first = self.paths.len() as u32;
        for number in self.open.clone() {
            if !go_on() {
                return false;
            }
            let program = self.program(number);
            self.world.run(program.tree, program.ops.iter().copied());
            let saved = self.world.save();
            for op in self.menu.clone() {
                self.world.restore(&saved);
                self.world.step(op);
                level.programs += 1;
                level.calls += self.ask(&program, op, asked);
                if !last && self.worlds.insert(self.world.digest()) {
                    self.paths.push((number, op));
                }
            }
        }
        self.open = first..self.paths.len() as u32;
        level.worlds = self.open.len() as u64;
        self.levels.push(level);
        true
    }

    /// Puts to the subjects what the last operation asked and no program before it did; how much that was.
    fn ask(&mut self, program: &WorldProgram, op: Op, asked: &mut [Asked]) -> u64 {
        let Short { world, lockstep, calls, .. } = self;
        let trace = world.trace();
        let mut new = 0;
        let tell = |one: &mut Asked, divergence: Divergence| {
            if divergence.signature.site().is_some_and(|site| one.sites.contains(site)) {
                one.divergences += 1;
                one.first.get_or_insert_with(|| {
                    let mut program = program.clone();
                    program.ops.push(op);
                    (divergence, program)
                });
            }
        };
        for call in &trace.calls {
            if !calls.insert(number(&(call.site as u8, call.pte, call.p))) {
                continue;
            }
            new += 1;
            for one in asked.iter_mut().filter(|one| one.sites.contains(call.site)) {
                let mut found = None;
                lockstep.calls(&mut *one.subject, std::slice::from_ref::<Call>(call), |_, _, _| {}, &mut |d| {
                    found.get_or_insert(d);
                });
                found.into_iter().for_each(|divergence| tell(one, divergence));
            }
        }
        for record in &trace.ranges {
            let RangeCall { site, ptes, params, budgets } = trace.range(record);
            let budgets_words = (budgets.swap, budgets.none, budgets.shared);
            if !calls.insert(number(&(site as u8, ptes, params, budgets_words))) {
                continue;
            }
            new += 1;
            for one in asked.iter_mut().filter(|one| one.sites.contains(site)) {
                let mut found = None;
                lockstep.range(&mut *one.subject, &trace.range(record), &mut |d| {
                    found.get_or_insert(d);
                });
                found.into_iter().for_each(|divergence| tell(one, divergence));
            }
        }
        new
    }

    /// The program that leads to a world.
    fn program(&self, number: u32) -> WorldProgram {
        let (mut at, mut ops) = (number, Vec::new());
        loop {
            let (before, op) = self.paths[at as usize];
            if before == ROOT {
                break;
            }
            ops.push(op);
            at = before;
        }
        ops.reverse();
        WorldProgram { tree: if at == 0 { Tree::Patch07 } else { Tree::Series }, ops }
    }
}

/// A number of 64 bits that stands for a value.
fn number(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The reduced choice: mappings of every kind, read-only and writable, with and without write protection by userfaultfd; every other operation on the
/// page with each of its options and accidents alone, faults and the like on the child's page too, and moves there and back.
fn menu() -> Vec<Op> {
    let mut menu = Vec::new();
    for kind in 0..5 {
        for rest in [0, 1 << 3, 1 << 6] {
            menu.push(op(OpCode::Vma, 0, kind | rest));
        }
    }
    for operation in OPERATIONS.iter().filter(|operation| operation.code != OpCode::Vma) {
        let code = operation.code;
        let mut arguments = vec![0];
        for option in operation.options {
            let count = if option.words.is_empty() { 1 << option.bits } else { option.words.len() as u16 };
            let shift = if operation.shape == Shape::Move { 15 } else { option.shift };
            arguments.extend((1..count).map(|value| value << shift));
        }
        // Combinations without which an operation says little: all that memcg may move, touch what is written, fault to write, any mark.
        match code {
            OpCode::MemcgMove => arguments.push(0xf),
            OpCode::Gup => arguments.extend([0x3, 0x7, 0x12]),
            OpCode::Hmm => arguments.push(0x3),
            OpCode::Hardware => arguments.push(0x3),
            OpCode::Zap => arguments.push(0x6),
            _ => {}
        }
        for argument in arguments {
            if operation.shape == Shape::Move {
                menu.push(op(code, 0, argument | AWAY));
                menu.push(Op { page: AWAY, ..op(code, 0, argument | PAGE) });
            } else {
                menu.push(op(code, 0, argument));
            }
        }
        menu.extend(operation.accidents.iter().map(|accident| op(code, *accident, 0)));
    }
    let child = [OpCode::Read, OpCode::Write, OpCode::UffdWp, OpCode::Zap, OpCode::SwapIn, OpCode::Pagemap];
    menu.extend(child.map(|code| Op { page: PAGE + TABLE, ..op(code, 0, 0) }));
    menu.push(op(OpCode::Fork, accident::OOM, 1));
    menu
}

fn op(code: OpCode, accident: u8, arg: u16) -> Op {
    Op { code, accident, page: PAGE, len: 1, arg }.canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::museum::{Buggy, find};
    use crate::packed::Packed;
    use crate::program::Program;

    fn walked(subject: Box<dyn Subject>, length: usize) -> (Vec<Level>, Asked) {
        let mut short = Short::new(Environment::default());
        let mut asked = [Asked::new(subject)];
        for n in 1..=length {
            assert!(short.longer(&mut asked, n == length, &mut || true));
        }
        let [asked] = asked;
        (short.levels().to_vec(), asked)
    }

    #[test]
    fn packed_is_clean_on_programs_of_three_operations_and_every_length_has_new_calls() {
        let (levels, asked) = walked(Box::new(Packed::observed(Environment::default())), 3);
        assert!(asked.first.is_none(), "{:?}", asked.first);
        assert!(levels.iter().all(|level| level.calls > 0), "{levels:?}");
        assert!(levels[2].programs == levels[1].worlds * menu().len() as u64, "{levels:?}");
    }

    #[test]
    fn a_bug_is_shown_by_the_fewest_operations_and_again_by_the_program_that_is_named() {
        // To mark a special pte it takes a mapping, a page, a mark, the zap that leaves it, and the move.
        let bug = find("mremap-marks-special").expect("in the museum");
        let buggy = || Buggy::new(Environment::default()).with(bug);
        assert!(walked(Box::new(buggy()), 3).1.first.is_none());
        let (_, asked) = walked(Box::new(buggy()), 4);
        let found = asked.first.or_else(|| walked(Box::new(buggy()), 5).1.first);
        let (divergence, program) = found.expect("five operations");
        let mut runner = crate::engine::Runner::new(Environment::default());
        assert!(runner.shows(&Program::World(program), &mut buggy(), divergence.signature));
    }

    #[test]
    fn a_walk_that_is_stopped_says_so() {
        let mut short = Short::new(Environment::default());
        assert!(!short.longer(&mut [], true, &mut || false));
        assert!(short.levels().is_empty());
    }
}
