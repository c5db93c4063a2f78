//! World programs: a tree and a sequence of operations, as text and as bytes.
//!
//! Bytes: kind 1, version 1, tree (0 or 1), a reserved 0, then 8 bytes an operation: opcode, accident, page, length, argument (16 bits little
//! endian each). The fuzzing entry reads every byte string ([`Ops::total`]); canonical bytes and canonical text are a bijection.

use super::operation::{ACCIDENTS, OPERATIONS, Op, OpCode, Operation, PAGES, Shape, TABLE};
use super::raw::VERSION;
use super::token::{Line, TextError, Word, lines};
use std::fmt::Write;

/// The kind byte of a world program.
pub(super) const KIND_WORLD: u8 = 1;
pub(super) const HEADER: usize = 4;
pub(super) const OP: usize = 8;

/// Which tree's sites a program runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Tree {
    /// The tree of the patch: v5.10 with RFC 02, 06 and 07, the unhunked sites among them.
    #[default]
    Patch07,
    /// With the later patches' corrected sites, in which special ptes are born, live and end.
    Series,
}

impl Tree {
    /// The word of the text form.
    pub const fn name(self) -> &'static str {
        match self {
            Tree::Patch07 => "07",
            Tree::Series => "series",
        }
    }
}

/// A world program.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct WorldProgram {
    /// Its tree.
    pub tree: Tree,
    /// Its operations, canonical.
    pub ops: Vec<Op>,
}

/// The operations of a byte string, decoded one by one as they are asked for.
#[derive(Clone, Debug)]
pub struct Ops<'a> {
    tree: Tree,
    bytes: &'a [u8],
}

impl<'a> Ops<'a> {
    /// Reads any byte string; nothing is rejected and nothing allocated. Bytes that do not fill an operation are ignored.
    pub fn total(bytes: &'a [u8]) -> Ops<'a> {
        let tree = if bytes.get(2).is_some_and(|b| b & 1 != 0) { Tree::Series } else { Tree::Patch07 };
        Ops { tree, bytes: bytes.get(HEADER..).unwrap_or(&[]) }
    }

    /// The program's tree.
    pub fn tree(&self) -> Tree {
        self.tree
    }
}

impl Iterator for Ops<'_> {
    type Item = Op;

    #[inline]
    fn next(&mut self) -> Option<Op> {
        let (op, rest) = self.bytes.split_first_chunk::<OP>()?;
        self.bytes = rest;
        Some(Op::from_bytes(op))
    }
}

impl Operation {
    /// The row of an opcode.
    pub fn of(code: OpCode) -> &'static Operation {
        &OPERATIONS[code as usize]
    }

    /// The row with this name.
    pub fn by_name(name: &str) -> Option<&'static Operation> {
        OPERATIONS.iter().find(|o| o.name == name)
    }
}

/// What canonicalising an operation takes, ready for use: a few masks.
#[derive(Clone, Copy)]
struct Canon {
    shape: Shape,
    /// Bits of the argument that its options use.
    options: u16,
    /// Accidents that can happen to it.
    accidents: u32,
    /// Choices that have fewer words than values: shift, mask and number of words.
    choices: [(u8, u16, u16); 3],
}

static CANON: [Canon; OPERATIONS.len()] = {
    let mut rows = [Canon { shape: Shape::Page, options: 0, accidents: 1, choices: [(0, 0, 1); 3] }; OPERATIONS.len()];
    let mut i = 0;
    while i < OPERATIONS.len() {
        let row = &OPERATIONS[i];
        rows[i].shape = row.shape;
        let mut a = 0;
        while a < row.accidents.len() {
            rows[i].accidents |= 1 << row.accidents[a];
            a += 1;
        }
        let (mut o, mut c) = (0, 0);
        while o < row.options.len() {
            let option = &row.options[o];
            let mask = ((1u32 << option.bits) - 1) as u16;
            rows[i].options |= mask << option.shift;
            if option.words.len() as u16 != 0 && option.words.len() as u16 <= mask {
                rows[i].choices[c] = (option.shift, mask, option.words.len() as u16);
                c += 1;
            }
            o += 1;
        }
        i += 1;
    }
    rows
};

impl Op {
    /// The operation that 8 bytes stand for; every 8 bytes stand for one.
    #[inline]
    pub fn from_bytes(bytes: &[u8; 8]) -> Op {
        let word = |i: usize| u16::from_le_bytes([bytes[i], bytes[i + 1]]);
        let code = OpCode::ALL[bytes[0] as usize % OpCode::ALL.len()];
        Op { code, accident: bytes[1], page: word(2), len: word(4), arg: word(6) }.canonical()
    }

    /// Its 8 bytes.
    pub fn to_bytes(self) -> [u8; 8] {
        let ([p0, p1], [l0, l1], [a0, a1]) = (self.page.to_le_bytes(), self.len.to_le_bytes(), self.arg.to_le_bytes());
        [self.code as u8, self.accident, p0, p1, l0, l1, a0, a1]
    }

    /// The operation with every field in its range and what it does not use at 0. Done twice it changes nothing more.
    #[inline]
    pub fn canonical(self) -> Op {
        let row = &CANON[self.code as usize];
        let accident = if self.accident < 32 && row.accidents >> self.accident & 1 != 0 { self.accident } else { 0 };
        let page = self.page % PAGES;
        // A range stays in its table.
        let room = TABLE - page % TABLE;
        let len = self.len.clamp(1, room);
        let mut arg = self.arg & row.options;
        for (shift, mask, words) in row.choices {
            // A choice that has no word is the first one.
            if arg >> shift & mask >= words {
                arg &= !(mask << shift);
            }
        }
        match row.shape {
            Shape::Page => Op { accident, page, len: 1, arg, ..self },
            Shape::Range => Op { accident, page, len, arg, ..self },
            Shape::Move => {
                // The destination in ten bits, the options above.
                let to = self.arg % PAGES;
                let len = len.min(TABLE - to % TABLE);
                Op { accident, page, len, arg: to | self.arg & 0x8000, ..self }
            }
            Shape::Whole => Op { accident, page: 0, len: 1, arg, ..self },
        }
    }

    /// The end of its pages.
    pub fn end(&self) -> u16 {
        self.page + self.len
    }

    /// A move's destination.
    pub fn to(&self) -> u16 {
        self.arg % PAGES
    }

    /// Whether a flag of this name is set.
    pub fn has(&self, name: &str) -> bool {
        let row = Operation::of(self.code);
        if row.shape == Shape::Move {
            return self.arg & 0x8000 != 0 && row.options.first().is_some_and(|o| o.name == name);
        }
        row.options.iter().any(|o| o.name == name && self.arg >> o.shift & 1 != 0)
    }
}

impl WorldProgram {
    /// The program that a fuzzing entry makes of any byte string.
    pub fn from_bytes_total(bytes: &[u8]) -> WorldProgram {
        let ops = Ops::total(bytes);
        WorldProgram { tree: ops.tree(), ops: ops.collect() }
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![KIND_WORLD, VERSION, self.tree as u8, 0];
        bytes.extend(self.ops.iter().flat_map(|op| op.to_bytes()));
        bytes
    }

    /// The canonical text.
    pub fn to_text(&self) -> String {
        let mut text = String::from("ptefuzz 1\n");
        if self.tree != Tree::Patch07 {
            let _ = writeln!(text, "tree {}", self.tree.name());
        }
        for op in &self.ops {
            let _ = writeln!(text, "{op}");
        }
        text
    }

    /// Reads the text form strictly.
    ///
    /// # Errors
    ///
    /// The first place where something else was expected.
    pub fn from_text(text: &str) -> Result<WorldProgram, TextError> {
        let mut lines = lines(text);
        let Some(mut first) = lines.next() else {
            return Err(TextError { line: 1, column: 1, found: "nothing".into(), expected: "\"ptefuzz 1\"".into() });
        };
        for expected in ["ptefuzz", "1"] {
            let word = first.need(&format!("\"{expected}\""))?;
            if word.text != expected {
                return Err(word.error(format!("\"{expected}\"")));
            }
        }
        first.finish()?;
        let mut program = WorldProgram::default();
        for mut line in lines {
            let word = line.need("an operation")?;
            if word.text == "tree" && program.ops.is_empty() {
                let tree = line.need("07 or series")?;
                program.tree = match tree.text {
                    "07" => Tree::Patch07,
                    "series" => Tree::Series,
                    _ => return Err(tree.error("07 or series")),
                };
            } else {
                program.ops.push(parse_op(word, &mut line)?);
            }
            line.finish()?;
        }
        Ok(program)
    }
}

impl std::fmt::Display for Op {
    /// The operation's canonical line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let row = Operation::of(self.code);
        f.write_str(row.name)?;
        match row.shape {
            Shape::Whole => {}
            Shape::Page => write!(f, " {}", self.page)?,
            Shape::Range | Shape::Move if self.len == 1 => write!(f, " {}", self.page)?,
            Shape::Range | Shape::Move => write!(f, " {}..{}", self.page, self.end())?,
        }
        if row.shape == Shape::Move {
            write!(f, " -> {}", self.to())?;
        }
        for option in row.options {
            if option.words.is_empty() {
                if self.has(option.name) {
                    write!(f, " {}", option.name)?;
                }
            } else {
                let value = self.arg >> option.shift & ((1 << option.bits) - 1);
                write!(f, " {}", option.words.get(value as usize).unwrap_or(&option.words[0]))?;
            }
        }
        if self.accident != 0 {
            write!(f, " fail={}", ACCIDENTS[self.accident as usize % ACCIDENTS.len()])?;
        }
        Ok(())
    }
}

fn parse_op(word: Word<'_>, line: &mut Line<'_>) -> Result<Op, TextError> {
    let Some(row) = Operation::by_name(word.text) else {
        return Err(word.error(near_operations(word.text)));
    };
    let mut op = Op { code: row.code, accident: 0, page: 0, len: 1, arg: 0 };
    match row.shape {
        Shape::Whole => {}
        Shape::Page => op.page = page(line.need("a page number from 0 to 1023")?)?,
        Shape::Range => (op.page, op.len) = range(line.need("pages such as 3 or 0..16")?)?,
        Shape::Move => {
            (op.page, op.len) = range(line.need("pages such as 3 or 0..16")?)?;
            let arrow = line.need("\"->\"")?;
            if arrow.text != "->" {
                return Err(arrow.error("\"->\""));
            }
            let to = line.need("a page number from 0 to 1023")?;
            op.arg = page(to)?;
            if op.arg % TABLE + op.len > TABLE {
                return Err(to.error(format!("a destination with {} pages left in its table of {TABLE}", op.len)));
            }
        }
    }
    while let Some(word) = line.next() {
        parse_option(row, &mut op, word)?;
    }
    Ok(op)
}

fn parse_option(row: &Operation, op: &mut Op, word: Word<'_>) -> Result<(), TextError> {
    if let Some((name, value)) = word.split_at("=") {
        let accident = row.accidents.iter().find(|a| ACCIDENTS[**a as usize] == value.text);
        return match accident {
            Some(accident) if name.text == "fail" => {
                op.accident = *accident;
                Ok(())
            }
            _ => Err(word.error(expected_options(row))),
        };
    }
    for option in row.options {
        let value = match option.words.iter().position(|w| *w == word.text) {
            Some(value) => value as u16,
            None if option.words.is_empty() && option.name == word.text => 1,
            None => continue,
        };
        if row.shape == Shape::Move {
            op.arg |= 0x8000;
        } else {
            let mask = ((1u32 << option.bits) - 1) as u16;
            op.arg = op.arg & !(mask << option.shift) | value << option.shift;
        }
        return Ok(());
    }
    Err(word.error(expected_options(row)))
}

fn expected_options(row: &Operation) -> String {
    let mut words: Vec<String> = Vec::new();
    for option in row.options {
        if option.words.is_empty() {
            words.push(option.name.to_string());
        } else {
            words.extend(option.words.iter().map(|w| w.to_string()));
        }
    }
    words.extend(row.accidents.iter().map(|a| format!("fail={}", ACCIDENTS[*a as usize])));
    if words.is_empty() { "the end of the line".to_string() } else { format!("one of {}", words.join(", ")) }
}

/// What could stand where no operation stands: those that begin alike, or all.
fn near_operations(text: &str) -> String {
    let first = text.chars().next();
    let near: Vec<_> = OPERATIONS.iter().map(|o| o.name).filter(|n| n.chars().next() == first).collect();
    let all: Vec<_> = OPERATIONS.iter().map(|o| o.name).collect();
    format!("an operation: {}", if near.is_empty() { all.join(", ") } else { near.join(", ") })
}

fn page(word: Word<'_>) -> Result<u16, TextError> {
    let number = word.number().ok().and_then(|n| u16::try_from(n).ok()).filter(|n| *n < PAGES);
    number.ok_or_else(|| word.error(format!("a page number from 0 to {}", PAGES - 1)))
}

fn range(word: Word<'_>) -> Result<(u16, u16), TextError> {
    let Some((from, to)) = word.split_at("..") else { return Ok((page(word)?, 1)) };
    let first = page(from)?;
    let limit = (first / TABLE + 1) * TABLE;
    let end = to.number().ok().and_then(|n| u16::try_from(n).ok()).filter(|n| *n > first && *n <= limit);
    match end {
        Some(end) => Ok((first, end - first)),
        None => Err(to.error(format!("an end from {} to {limit}, in the same page table", first + 1))),
    }
}
