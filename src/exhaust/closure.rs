//! The closure of the world: from an empty address space, which cells can programs of operations reach?
//!
//! The states of a world are too many to be walked, so a few worlds stand for all that have the same sketch of a page ([`World::sketch`]). In each of
//! them every operation is tried on that page, with every choice of its options and accidents; worlds in which some page has a new outline
//! ([`World::outline`]) are explored in their turn as long as there are few of its sketch, or where a cell was reached first, until there is none. What
//! sketches leave out is met by keeping several worlds of each, and by programs from elsewhere ([`Closure::add`]), whose worlds are explored like all
//! others. It is a fixpoint of that exploration and no proof: `docs/EXHAUST.md` says which runs hold it to account.

use crate::engine::{CellSet, Coverage};
use crate::program::{ACCIDENTS, OPERATIONS, Op, OpCode, Operation, PAGES, Shape, TABLE, Tree, WorldProgram};
use crate::pte::Environment;
use crate::world::{Outline, World};
use std::collections::{HashMap, HashSet, VecDeque};

/// The page that exploration begins on, its neighbour, and where pages are moved.
const HOME: u16 = 3;
const AWAY: u16 = 7;
/// Option combinations of one operation beyond which single options and pairs stand for all.
const COMBINATIONS: usize = 64;

/// How a world came about.
#[derive(Clone, Debug)]
struct Node {
    /// The world before; a root has none.
    from: Option<u32>,
    /// The operations that led here from it.
    ops: Box<[Op]>,
    tree: Tree,
}

/// The exploration of one environment.
#[derive(Debug)]
pub struct Closure {
    world: World,
    nodes: Vec<Node>,
    /// Worlds to be explored, each with the pages whose outlines are new in it, and whether a sketch of one was never seen at all.
    open: VecDeque<(u32, Vec<u16>, bool)>,
    outlines: HashSet<Outline>,
    sketches: HashMap<Outline, u8>,
    worlds: u8,
    cells: CellSet,
    /// For each cell the world and the operations that reached it first.
    first: HashMap<u16, (u32, Box<[Op]>)>,
    steps: u64,
}

impl Closure {
    /// An exploration that has not begun, with so many worlds of each sketch.
    pub fn new(environment: Environment, worlds: u8) -> Closure {
        let mut closure = Closure {
            world: World::new(environment),
            nodes: Vec::new(),
            open: VecDeque::new(),
            outlines: HashSet::new(),
            sketches: HashMap::new(),
            worlds,
            cells: CellSet::default(),
            first: HashMap::new(),
            steps: 0,
        };
        for tree in [Tree::Patch07, Tree::Series] {
            closure.nodes.push(Node { from: None, ops: Box::default(), tree });
            closure.open.push_back((closure.nodes.len() as u32 - 1, vec![HOME], true));
        }
        closure
    }

    /// The cells reached.
    pub fn cells(&self) -> &CellSet {
        &self.cells
    }

    /// Worlds explored or to be explored.
    pub fn worlds(&self) -> usize {
        self.nodes.len()
    }

    /// Different sketches among their pages.
    pub fn sketches(&self) -> usize {
        self.sketches.len()
    }

    /// Operations tried.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Worlds still to be explored.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// The program that reached a cell first, which is one of the shortest that the exploration knows.
    pub fn program(&self, cell: u16) -> Option<WorldProgram> {
        let (node, ops) = self.first.get(&cell)?;
        let mut program = self.path(*node);
        program.ops.extend_from_slice(ops);
        Some(program)
    }

    fn path(&self, node: u32) -> WorldProgram {
        let tree = self.nodes[node as usize].tree;
        let mut at = Some(node);
        let mut parts = Vec::new();
        while let Some(node) = at.map(|at| &self.nodes[at as usize]) {
            parts.push(&node.ops);
            at = node.from;
        }
        WorldProgram { tree, ops: parts.into_iter().rev().flatten().copied().collect() }
    }

    /// Explores until nothing is new, or `watch` says that it is enough.
    pub fn explore(&mut self, watch: &mut dyn FnMut(&Closure) -> bool) {
        while let Some((node, pages, new)) = self.open.pop_front() {
            if !watch(self) {
                self.open.push_front((node, pages, new));
                return;
            }
            let program = self.path(node);
            self.world.run(program.tree, program.ops.iter().copied());
            let saved = self.world.save();
            for page in pages {
                for ops in menu(page, program.ops.is_empty(), new) {
                    self.world.restore(&saved);
                    self.run(node, &ops, false);
                }
            }
        }
    }

    /// Explores the worlds that a program passes through, however many there are of their sketches.
    pub fn add(&mut self, program: &WorldProgram) {
        self.world.reset(program.tree);
        self.run((program.tree == Tree::Series) as u32, &program.ops, true);
    }

    /// Runs operations in the world of a node, which is the world as it is now. Worlds are kept to be explored where the sketch of a page is rare
    /// (or `all`) and its outline new, or where a cell was reached first.
    fn run(&mut self, node: u32, ops: &[Op], all: bool) {
        for (i, op) in ops.iter().enumerate() {
            self.world.forget_trace();
            self.world.step(*op);
            self.steps += 1;
            let done = &ops[..=i];
            let Closure { world, cells, first, .. } = self;
            let model = world.model();
            let before = first.len();
            world.trace().each(|call, answer| {
                let cell = Coverage::cell(call, model.class(call.pte), answer) as u16;
                if cells.insert(cell) {
                    first.insert(cell, (node, done.into()));
                }
            });
            let all = all || first.len() > before;
            let (mut new, mut never) = (Vec::new(), false);
            for page in world.pages() {
                let count = self.sketches.entry(world.sketch(page)).or_insert(0);
                if (all || *count < self.worlds) && self.outlines.insert(world.outline(page)) {
                    never |= *count == 0 || all;
                    *count = count.saturating_add(1);
                    new.push(page);
                }
            }
            if !new.is_empty() {
                let tree = self.nodes[node as usize].tree;
                self.nodes.push(Node { from: Some(node), ops: done.into(), tree });
                self.open.push_back((self.nodes.len() as u32 - 1, new, never));
            }
        }
    }
}

/// What is tried on a page: sequences of operations, most of them of one. In an empty world they are mappings. `all`: with what only looks.
fn menu(page: u16, empty: bool, all: bool) -> Vec<Vec<Op>> {
    let mut menu = Vec::new();
    if empty {
        for arg in arguments(Operation::of(OpCode::Vma), usize::MAX) {
            // What may be executed, reads in sequence or has another file differs in nothing that a cell tells.
            if arg & 0x600 == 0 && arg >> 3 & 7 < 3 {
                menu.push(vec![op(OpCode::Vma, 0, page, 2, arg)]);
            }
        }
        return menu;
    }
    for operation in &OPERATIONS {
        if operation.code == OpCode::Vma || !all && only_looks(operation.code) {
            continue;
        }
        let accidents = std::iter::once(0).chain(operation.accidents.iter().copied());
        for accident in accidents.filter(|accident| (*accident as usize) < ACCIDENTS.len()) {
            for arg in arguments(operation, COMBINATIONS) {
                let lens: &[u16] = match operation.shape {
                    Shape::Range | Shape::Move if page % TABLE + 1 < TABLE => &[1, 2],
                    _ => &[1],
                };
                for len in lens {
                    let arg = if operation.shape == Shape::Move { arg | other_place(page) } else { arg };
                    menu.push(vec![op(operation.code, accident, page, *len, arg)]);
                }
            }
        }
    }
    let other = other_place(page);
    for kind in 0..5 {
        // What stands there is replaced; and the same file or other memory is mapped once more elsewhere.
        menu.push(vec![op(OpCode::Vma, 0, page, 1, kind)]);
        for code in [OpCode::Read, OpCode::Write] {
            menu.push(vec![op(OpCode::Vma, 0, other, 2, kind), op(code, 0, other, 1, 0)]);
        }
    }
    for event in [0, 1] {
        for code in [OpCode::Read, OpCode::Write] {
            menu.push(vec![op(OpCode::Fork, 0, 0, 1, event), op(code, 0, page ^ TABLE, 1, 0)]);
        }
    }
    menu
}

/// Where a page is moved: the same place for all, in its own table.
fn other_place(page: u16) -> u16 {
    if page % TABLE == AWAY { page - AWAY + HOME } else { page / TABLE * TABLE + AWAY }
}

fn op(code: OpCode, accident: u8, page: u16, len: u16, arg: u16) -> Op {
    Op { code, accident, page: page % PAGES, len, arg }.canonical()
}

/// The arguments of an operation: all combinations of its options, or single ones and pairs where there are more than so many.
fn arguments(operation: &Operation, most: usize) -> Vec<u16> {
    let values: Vec<Vec<u16>> = operation
        .options
        .iter()
        .map(|option| {
            let count = if option.words.is_empty() { 1 << option.bits } else { option.words.len() };
            // The flag of a move stands in the highest bit, above the destination.
            let shift = if operation.shape == Shape::Move { 15 } else { option.shift };
            (0..count as u16).map(|value| value << shift).collect()
        })
        .collect();
    if values.iter().map(Vec::len).product::<usize>() <= most {
        return values.iter().fold(vec![0], |all, values| {
            all.iter().flat_map(|arg| values.iter().map(move |value| arg | value)).collect()
        });
    }
    let mut some = vec![0];
    for (i, first) in values.iter().enumerate() {
        for one in &first[1..] {
            some.push(*one);
            some.extend(values[i + 1..].iter().flat_map(|second| second[1..].iter().map(move |two| one | two)));
        }
    }
    some
}

/// Operations that change nothing in the world.
fn only_looks(code: OpCode) -> bool {
    matches!(
        code,
        OpCode::Pagemap
            | OpCode::Smaps
            | OpCode::MigrateWait
            | OpCode::KhugeScan
            | OpCode::MemcgMove
            | OpCode::Rmap
            | OpCode::Hmm
            | OpCode::Mincore
    )
}
