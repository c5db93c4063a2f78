//! Packed against the recorded answers of the kernel's own functions (`tests/vectors`), its uses against the recorded
//! uses, its constants against being wrong, and its ranges against its sites.

mod constants;
mod never;
mod ranges;
mod uses;
mod vectors;

use super::Packed;
use super::masks::flip;
use crate::pte::{Class, Classification, Config, Environment};
use crate::site::{Answer, Call, Site, Uses};
use std::path::PathBuf;

/// One recorded answer of a site.
struct Row {
    call: Call,
    answer: Answer,
}

/// One recorded classification.
struct ClassRow {
    pte: u64,
    class: Class,
    values: [u64; 24],
}

/// A file of recorded answers: one of the two kinds of rows is empty.
struct Vectors {
    name: String,
    environment: Environment,
    rows: Vec<Row>,
    classes: Vec<ClassRow>,
}

impl Vectors {
    /// The first row that packed, made anew for this file, does not answer as recorded, in words.
    fn first_failure(&self) -> Option<String> {
        let mut packed = Packed::new(self.environment);
        let wrong = |row: &&Row| packed.answer(&row.call) != row.answer;
        if let Some(row) = self.rows.iter().find(wrong) {
            let found = packed.answer(&row.call);
            return Some(format!(
                "{}: {:x?}\n  recorded {:x?}\n  answered {found:x?}",
                self.name, row.call, row.answer
            ));
        }
        let packed = Packed::new(self.environment);
        let row = self.classes.iter().find(|row| differing_column(&packed.classify(row.pte), row).is_some())?;
        let column = differing_column(&packed.classify(row.pte), row)?;
        Some(format!("{}: {:#x}: {column} is wrong", self.name, row.pte))
    }
}

/// The first column in which a classification is not as recorded.
fn differing_column(found: &Classification, row: &ClassRow) -> Option<&'static str> {
    if found.class != row.class {
        return Some("class");
    }
    let columns = found.values().into_iter().zip(row.values).zip(Classification::COLUMNS);
    columns.into_iter().find(|((found, recorded), _)| found != recorded).map(|(_, name)| name)
}

/// Where the vectors are.
fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// Every file of recorded answers, by name.
fn all_vectors() -> Vec<Vectors> {
    let mut names: Vec<String> = std::fs::read_dir(directory())
        .expect("the vectors are in tests/vectors")
        .map(|entry| entry.expect("a readable directory").file_name().into_string().expect("an ASCII name"))
        .filter(|name| name.starts_with("classify") || name.starts_with("transitions"))
        .collect();
    names.sort();
    assert_eq!(names.len(), 14, "as many files as the vectors' README names");
    names.into_iter().map(load).collect()
}

fn load(name: String) -> Vectors {
    let text = std::fs::read_to_string(directory().join(&name)).expect("a readable file");
    let mut lines = text.lines();
    let environment = parse_environment(lines.next().expect("a first line"));
    let body = lines.skip(1);
    let (mut rows, mut classes) = (Vec::new(), Vec::new());
    if name.starts_with("classify") {
        classes.extend(body.map(parse_class_row));
    } else {
        rows.extend(body.map(parse_row));
    }
    Vectors { name, environment, rows, classes }
}

/// Reads `# config=uffd-wp special=0x4`.
fn parse_environment(line: &str) -> Environment {
    let words = line.strip_prefix("# config=").expect("a comment with the configuration");
    let (config, special) = words.split_once(" special=").expect("a special value");
    let special = special.strip_prefix("0x").map(hex);
    Environment { config: Config::from_name(config).expect("a configuration"), special }
}

fn parse_row(line: &str) -> Row {
    let columns: Vec<&str> = line.split('\t').collect();
    let n: Vec<u64> = columns[1..].iter().map(|word| hex(word)).collect();
    let site = Site::by_name(columns[0]).expect("a site").id;
    let call = Call { site, pte: n[0], p: [n[1], n[2], n[3]] };
    Row { call, answer: Answer { pte: n[4], outcome: n[5], aux: n[6], uses: Uses::NONE } }
}

fn parse_class_row(line: &str) -> ClassRow {
    let columns: Vec<&str> = line.split('\t').collect();
    let class = Class::from_abi_name(columns[1]).expect("a class");
    let swp_type = 2 + Classification::COLUMNS.iter().position(|name| *name == "swp_type").expect("a column");
    let value = |i: usize| if i == swp_type { columns[i].parse().expect("decimal") } else { hex(columns[i]) };
    ClassRow { pte: hex(columns[0]), class, values: std::array::from_fn(|i| value(i + 2)) }
}

fn hex(word: &str) -> u64 {
    u64::from_str_radix(word, 16).expect("a hexadecimal number")
}

/// A small generator of well-mixed words (splitmix64).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A word of one of many shapes: few bits, many bits, an end of the range, a pte of each class.
    fn word(&mut self) -> u64 {
        let r = self.next();
        match r % 11 {
            0 => r >> 8 & 0x7ff,
            1 => 1 << (r >> 8 & 63),
            2 => [0, u64::MAX, 1, 0x4, 0x6, 0x24, 1 << 63, u64::MAX >> 1][(r >> 8 & 7) as usize],
            3 => self.next() | 1,
            4 => (self.next() | 0x100) & !1,
            5 => (27 + (r >> 8) % 5) << 59 | (self.next() & 0x07ff_ffff_ffff_fe06),
            6 => self.next() & 0x07ff_ffff_ffff_fe06,
            7 => self.next() & self.next() & self.next(),
            8 => 0xe7ff_ffff_ffdb_9604,
            9 => 0xffff_ffff_ffdb_9604,
            _ => self.next(),
        }
    }
}
