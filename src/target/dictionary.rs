//! Dictionaries in the syntax of libFuzzer and AFL++, made of the code's own constants.
//!
//! An engine's own mutator gets one call in eight, and text corpora are mutated by it too: the dictionary gives it whole operations, ptes and words.

use super::Target;
use crate::program::{ACCIDENTS, Form, OPERATIONS, Operation, Opt, Program, RawProgram, Record, Shape, WorldProgram};
use crate::pte::{Special, X86_64};
use crate::site::{Domain, PROTECTIONS, SITES, Site};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The dictionary of a target: operations or ptes as bytes, and the words of the text form.
pub fn dictionary(target: &Target) -> String {
    let mut text = format!(
        "# Dictionary of the target {}, for libFuzzer (-dict=FILE) and AFL++ (-x FILE).\n\
         # Made from the code's own tables by `ptefuzz dictionary {0}`; a test holds it current.\n",
        target.name
    );
    let mut seen = BTreeSet::new();
    let mut put = |text: &mut String, name: &str, bytes: &[u8]| {
        if !bytes.is_empty() && seen.insert(bytes.to_vec()) {
            let _ = writeln!(text, "{}=\"{}\"", name.replace(|c: char| !c.is_ascii_alphanumeric(), "_"), escape(bytes));
        }
    };
    text.push_str("\n# heads\n");
    put(&mut text, "text", b"ptefuzz 1");
    if target.menu.form == Form::World {
        put(&mut text, "head_07", &Program::World(WorldProgram::default()).to_bytes());
        put(&mut text, "head_series", &[1, 1, 1, 0]);
        world_words(target, &mut text, &mut put);
    } else {
        put(&mut text, "head_raw", &Program::Raw(RawProgram::default()).to_bytes());
        raw_words(target, &mut text, &mut put);
    }
    text
}

type Put<'a> = &'a mut dyn FnMut(&mut String, &str, &[u8]);

fn world_words(target: &Target, text: &mut String, put: Put<'_>) {
    text.push_str("\n# operations on page 3, as bytes\n");
    for code in target.menu.codes {
        let op = crate::program::Op { code: *code, accident: 0, page: 3, len: 1, arg: 0 }.canonical();
        put(text, Operation::of(*code).name, &op.to_bytes());
    }
    text.push_str("\n# operations, options and accidents, as text\n");
    for code in target.menu.codes {
        let row = &OPERATIONS[*code as usize];
        put(text, &format!("text_{}", row.name), line(row).as_bytes());
        for word in row.options.iter().flat_map(words) {
            put(text, &format!("option_{word}"), format!(" {word}").as_bytes());
        }
        for accident in row.accidents {
            let name = ACCIDENTS[*accident as usize];
            put(text, &format!("fail_{name}"), format!(" fail={name}").as_bytes());
        }
    }
    put(text, "tree_series", b"tree series\n");
}

fn words(option: &Opt) -> Vec<&'static str> {
    if option.words.is_empty() { vec![option.name] } else { option.words.to_vec() }
}

/// An operation's line with small pages.
fn line(row: &Operation) -> String {
    match row.shape {
        Shape::Page => format!("{} 3\n", row.name),
        Shape::Range => format!("{} 0..16\n", row.name),
        Shape::Move => format!("{} 3 -> 40\n", row.name),
        Shape::Whole => format!("{}\n", row.name),
    }
}

fn raw_words(target: &Target, text: &mut String, put: Put<'_>) {
    text.push_str("\n# ptes, as bytes\n");
    for (name, pte) in ptes() {
        put(text, &name, &pte.to_le_bytes());
    }
    for (value, name) in PROTECTIONS {
        put(text, &format!("prot_{name}"), &value.to_le_bytes());
    }
    text.push_str("\n# records of the special pte, as bytes\n");
    let records = |record: Record| Program::Raw(RawProgram { records: vec![record] }).to_bytes()[2..].to_vec();
    put(text, "classify", &records(Record::Classify(0x4)));
    for site in target.menu.sites {
        let call = crate::site::Call { site: *site, pte: 0x4, p: [0; 3] };
        put(text, &format!("call_{}", Site::of(*site).name), &records(Record::Call(call)));
    }
    text.push_str("\n# sites and parameters, as text\n");
    for site in target.menu.sites {
        let row = &SITES[*site as usize];
        put(text, &format!("text_{}", row.name), format!("{} 0x4\n", row.name).as_bytes());
        for field in row.fields {
            let word =
                if field.domain == Domain::Flag { format!(" {}", field.name) } else { format!(" {}=", field.name) };
            put(text, &format!("field_{}", field.name), word.as_bytes());
        }
    }
}

/// Ptes worth meeting: none with the erratum's bits, the special values and their neighbours, an entry of each type, bits of the layout.
fn ptes() -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> = Special::ALL.map(|s| (format!("special_{}", s.name()), s.value())).to_vec();
    for near in [0x2u64, 0x5, 0x20, 0x24, 0x40, 0x44, 0x60, 0x64, 0x84, 0x104] {
        all.push((format!("near_{near:x}"), near));
    }
    for kind in [0u64, 1, 26, 27, 28, 29, 30, 31] {
        for offset in [0, 7, 0x1234] {
            let pte = kind << X86_64.swp_type_shift | (!offset & X86_64.swp_offset) << X86_64.swp_offset_shift;
            all.push((format!("entry_{kind}_{offset:x}"), pte));
        }
    }
    all.push(("present".into(), 0x8000_0000_0123_4067));
    all.push(("protnone".into(), 0x8000_0000_0123_4120 ^ X86_64.pfn));
    all
}

fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', *byte as char]),
            0x20..0x7f => text.push(*byte as char),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text
}

/// The options file of a target, as ClusterFuzz and OSS-Fuzz read it.
pub fn options(target: &Target) -> String {
    format!("[libfuzzer]\nmax_len = {}\ndict = {}.dict\n", target.max_len, target.name)
}
