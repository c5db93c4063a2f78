//! The recorded answers in tests/vectors, parsed once.

use crate::pte::{Class, Config, Environment};
use crate::site::{Call, SITE_COUNT, Site};
use std::sync::OnceLock;

/// One row of a transitions file: a call and the kernel's answer to it.
pub(super) struct Row {
    pub(super) line: usize,
    pub(super) call: Call,
    /// The pte afterwards, the outcome and the auxiliary word.
    pub(super) answer: [u64; 3],
}

/// One row of a classify file.
pub(super) struct ClassRow {
    pub(super) line: usize,
    pub(super) raw: u64,
    pub(super) class: Class,
    /// In the order of `Classification::COLUMNS`.
    pub(super) columns: [u64; 24],
}

/// One file, with its rows by site.
pub(super) struct File {
    pub(super) name: String,
    pub(super) environment: Environment,
    pub(super) rows: [Vec<Row>; SITE_COUNT],
    pub(super) classify: Vec<ClassRow>,
}

/// Every `classify*.tsv` and `transitions*.tsv`, in the order of their names.
pub(super) fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
        let mut names: Vec<String> = std::fs::read_dir(directory)
            .expect("tests/vectors")
            .map(|entry| entry.expect("an entry of tests/vectors").file_name().into_string().expect("a utf-8 name"))
            .filter(|name| name.starts_with("classify") || name.starts_with("transitions"))
            .collect();
        names.sort();
        names.into_iter().map(|name| parse(directory, name)).collect()
    })
}

fn parse(directory: &str, name: String) -> File {
    let text = std::fs::read_to_string(format!("{directory}/{name}")).expect("a vector file");
    let environment = environment(text.lines().next().expect("a first line"));
    let mut file = File { name, environment, rows: [const { Vec::new() }; SITE_COUNT], classify: Vec::new() };
    for (index, line) in text.lines().enumerate().skip(2) {
        let cells: Vec<&str> = line.split('\t').collect();
        if file.name.starts_with("classify") {
            file.classify.push(class_row(index + 1, &cells));
        } else {
            let row = row(index + 1, &cells);
            file.rows[row.call.site as usize].push(row);
        }
    }
    file
}

/// Reads `# config=uffd-wp special=0x4`.
fn environment(line: &str) -> Environment {
    let value = |key: &str| line.split(' ').find_map(|word| word.strip_prefix(key)).expect("config= and special=");
    Environment {
        config: Config::from_name(value("config=")).expect("a configuration"),
        special: value("special=").strip_prefix("0x").map(hex),
    }
}

fn hex(cell: &str) -> u64 {
    u64::from_str_radix(cell, 16).expect("a hexadecimal number")
}

fn row(line: usize, cells: &[&str]) -> Row {
    let numbers: Vec<u64> = cells[1..].iter().map(|cell| hex(cell)).collect();
    let &[pte, p0, p1, p2, result, outcome, aux] = &numbers[..] else { panic!("line {line}: not 8 columns") };
    let site = Site::by_name(cells[0]).expect("a site").id;
    Row { line, call: Call { site, pte, p: [p0, p1, p2] }, answer: [result, outcome, aux] }
}

fn class_row(line: usize, cells: &[&str]) -> ClassRow {
    let mut columns = [0; 24];
    assert_eq!(cells.len(), columns.len() + 2, "line {line}");
    for (column, cell) in columns.iter_mut().zip(&cells[2..]) {
        *column = hex(cell);
    }
    // The swap type is the one decimal column.
    columns[12] = cells[14].parse().expect("a decimal number");
    let class = Class::from_abi_name(cells[1]).expect("a class");
    ClassRow { line, raw: hex(cells[0]), class, columns }
}
