//! The structure-aware mutator and crossover, one for every engine: libFuzzer, AFL++ and the built-in one.
//!
//! In comes any byte string or text with a seed; out goes a program on a [`Menu`], in canonical bytes, never longer than the limit. The moves are those
//! of the generator's habits: insert, delete, duplicate, retarget, perturb, splice with a generated program, change the order. The same input, limit
//! and seed give the same output. Buffers are kept, so that only text allocates.

mod list;
mod operations;
mod records;
#[cfg(test)]
mod tests;

use super::calls::{CallSource, RangeBuffer};
use super::generate::Generator;
use super::menu::{Form, Menu};
use super::operation::Op;
use super::raw::{HEADER as RAW_HEADER, KIND_RAW, RECORD, VERSION};
use super::rng::{Rng, mix};
use super::world_program::{HEADER as WORLD_HEADER, KIND_WORLD, OP, Tree};
use crate::pte::Environment;
use records::Slot;

/// Makes programs of one menu out of others.
#[derive(Debug)]
pub struct Mutator {
    menu: Menu,
    generator: Generator,
    source: CallSource,
    range: Box<RangeBuffer>,
    ops: Vec<Op>,
    other_ops: Vec<Op>,
    slots: Vec<Slot>,
    other_slots: Vec<Slot>,
}

/// Most moves of one mutation.
const MOVES: u32 = 4;
/// Of 256 mutations of a world program for an engine, so many give a generated program instead: libFuzzer found a planted bug of mremap after 2,284 inputs with
/// a quarter, 12,108 without, 2,716 with half and 7,697 with three quarters (medians of five seeds, from an empty corpus).
const ANEW: u32 = 64;

impl Mutator {
    /// A mutator for programs of this menu; the environment says which value is special.
    pub fn new(menu: Menu, environment: Environment) -> Mutator {
        let sites = if menu.sites.is_empty() { crate::site::SiteId::ALL.to_vec() } else { menu.sites.to_vec() };
        Mutator {
            menu,
            generator: Generator::new(),
            source: CallSource::new(environment, sites, false),
            range: Box::default(),
            ops: Vec::new(),
            other_ops: Vec::new(),
            slots: Vec::new(),
            other_slots: Vec::new(),
        }
    }

    /// Changes the input in `data[..size]` in place and gives its new size, at most `max_size` and `data.len()`. Where the limit has no room for one
    /// operation or record, the input is only cut to it.
    pub fn mutate(&mut self, data: &mut [u8], size: usize, max_size: usize, seed: u64) -> usize {
        let max = max_size.min(data.len());
        let size = size.min(data.len());
        let mut rng = Rng::new(mix(seed) ^ size as u64);
        if self.menu.form == Form::World {
            if max < WORLD_HEADER + OP {
                return size.min(max);
            }
            let mut ops = std::mem::take(&mut self.ops);
            let tree = read_ops(&self.menu, &data[..size], &mut ops);
            let room = (max - WORLD_HEADER) / OP;
            let tree = if rng.chance(ANEW) {
                self.renew(&mut ops, room, &mut rng)
            } else {
                self.mutate_operations(tree, &mut ops, room, &mut rng)
            };
            let size = write_ops(tree, &ops, &mut data[..max]);
            self.ops = ops;
            return size;
        }
        if max < RAW_HEADER + RECORD {
            return size.min(max);
        }
        let mut slots = std::mem::take(&mut self.slots);
        read_slots(&self.menu, &data[..size], &mut slots);
        let room = (max - RAW_HEADER) / RECORD;
        self.mutate_slots(&mut slots, room, &mut rng);
        records::settle(&self.menu, &mut slots, room);
        let size = write_slots(&slots, &mut data[..max]);
        self.slots = slots;
        size
    }

    /// Brings an input that something else has changed, such as an engine's own mutator, into the bytes of the program that the target makes of it, and
    /// gives their size: so that every command reads in a crash file what the target ran.
    pub fn settle(&mut self, data: &mut [u8], size: usize, max_size: usize) -> usize {
        let max = max_size.min(data.len());
        let size = size.min(data.len());
        if self.menu.form == Form::World {
            if max < WORLD_HEADER {
                return size.min(max);
            }
            let tree = read_ops(&self.menu, &data[..size], &mut self.ops);
            self.ops.truncate((max - WORLD_HEADER) / OP);
            return write_ops(tree, &self.ops, &mut data[..max]);
        }
        if max < RAW_HEADER {
            return size.min(max);
        }
        read_slots(&self.menu, &data[..size], &mut self.slots);
        records::settle(&self.menu, &mut self.slots, (max - RAW_HEADER) / RECORD);
        write_slots(&self.slots, &mut data[..max])
    }

    /// Makes of two inputs a third one in `out`, and gives its size.
    pub fn crossover(&mut self, a: &[u8], b: &[u8], out: &mut [u8], seed: u64) -> usize {
        let mut rng = Rng::new(mix(seed) ^ mix(a.len() as u64) ^ b.len() as u64);
        if self.menu.form == Form::World {
            if out.len() < WORLD_HEADER + OP {
                return 0;
            }
            let (mut ops, mut other) = (std::mem::take(&mut self.ops), std::mem::take(&mut self.other_ops));
            let tree = read_ops(&self.menu, a, &mut ops);
            read_ops(&self.menu, b, &mut other);
            operations::meet(&mut ops, &mut other, &mut rng);
            list::cross(&mut ops, &other, (out.len() - WORLD_HEADER) / OP, &mut rng);
            let size = write_ops(tree, &ops, out);
            (self.ops, self.other_ops) = (ops, other);
            return size;
        }
        if out.len() < RAW_HEADER + RECORD {
            return 0;
        }
        let (mut slots, mut other) = (std::mem::take(&mut self.slots), std::mem::take(&mut self.other_slots));
        read_slots(&self.menu, a, &mut slots);
        read_slots(&self.menu, b, &mut other);
        let room = (out.len() - RAW_HEADER) / RECORD;
        list::cross(&mut slots, &other, room, &mut rng);
        records::settle(&self.menu, &mut slots, room);
        let size = write_slots(&slots, out);
        (self.slots, self.other_slots) = (slots, other);
        size
    }

    /// Changes a world program of at most `max` operations, and gives its tree: what the built-in engine calls.
    pub fn mutate_operations(&mut self, tree: Tree, ops: &mut Vec<Op>, max: usize, rng: &mut Rng) -> Tree {
        let mut tree = tree;
        for _ in 0..1 + rng.below(MOVES) {
            if ops.is_empty() || rng.chance(6) {
                tree = self.renew(ops, max, rng);
            } else {
                self.move_operations(ops, max, rng);
            }
        }
        if rng.chance(4) {
            tree = if tree == Tree::Patch07 { Tree::Series } else { Tree::Patch07 };
        }
        ops.truncate(max);
        tree
    }

    fn mutate_slots(&mut self, slots: &mut Vec<Slot>, max: usize, rng: &mut Rng) {
        for _ in 0..1 + rng.below(MOVES) {
            if slots.is_empty() {
                self.fresh_slots(slots, max, rng);
            } else {
                self.move_slots(slots, max, rng);
            }
        }
        slots.truncate(max);
    }
}

fn read_ops(menu: &Menu, input: &[u8], ops: &mut Vec<Op>) -> Tree {
    let bytes = menu.bytes(input);
    let (tree, decoded) = menu.ops(&bytes);
    ops.clear();
    ops.extend(decoded);
    tree
}

fn write_ops(tree: Tree, ops: &[Op], out: &mut [u8]) -> usize {
    out[..WORLD_HEADER].copy_from_slice(&[KIND_WORLD, VERSION, tree as u8, 0]);
    for (op, bytes) in ops.iter().zip(out[WORLD_HEADER..].chunks_exact_mut(OP)) {
        bytes.copy_from_slice(&op.canonical().to_bytes());
    }
    WORLD_HEADER + ops.len() * OP
}

fn read_slots(menu: &Menu, input: &[u8], slots: &mut Vec<Slot>) {
    let bytes = menu.bytes(input);
    slots.clear();
    slots.extend(bytes.get(RAW_HEADER..).unwrap_or(&[]).chunks_exact(RECORD).map(Slot::from_bytes));
}

fn write_slots(slots: &[Slot], out: &mut [u8]) -> usize {
    out[..RAW_HEADER].copy_from_slice(&[KIND_RAW, VERSION]);
    for (slot, bytes) in slots.iter().zip(out[RAW_HEADER..].chunks_exact_mut(RECORD)) {
        bytes.copy_from_slice(&slot.to_bytes());
    }
    RAW_HEADER + slots.len() * RECORD
}
