//! The fuzz targets of the readers: texts, bytes, recorded answers and settings, as they come from files that others wrote.
//!
//! In comes any byte string. A reader must end, must not panic, and what it took must be what it says: written out and read again it is the same. Each
//! function gives the broken promise in words, and `fuzz/` panics with it.

use super::{Settings, Target};
use crate::lockstep::KnownSignatures;
use crate::model::Model;
use crate::packed::Packed;
use crate::program::{OPERATIONS, Program};
use crate::pte::{Config, Special};
use crate::site::SITES;
use crate::subjects::SubjectName;
use crate::vectors;
use std::fmt::Write;

/// A reader as a fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Parser {
    /// Its name: that of the fuzz target, of its corpus and of its dictionary.
    pub name: &'static str,
    /// What it holds, in one sentence.
    pub contract: &'static str,
    /// The length of inputs that suits it, in bytes.
    pub max_len: usize,
    /// Reads an input; the promise that was broken, if one was.
    pub check: fn(&[u8]) -> Result<(), String>,
    /// The words of its language.
    words: fn() -> Vec<String>,
}

/// Every reader that meets files of others.
pub static PARSERS: [Parser; 4] = [
    Parser {
        name: "parse_text",
        contract: "A program's text is refused with its line, or read; what was read is written as a text that reads the same.",
        max_len: 2048,
        check: text,
        words: text_words,
    },
    Parser {
        name: "parse_bytes",
        contract: "A program's bytes are refused, or read; what was read is written as bytes that read the same, strictly and by the fuzzing entry.",
        // A record can stand for a whole page table: what is written again is up to 512 times as long.
        max_len: 442,
        check: bytes,
        words: Vec::new,
    },
    Parser {
        name: "parse_vectors",
        contract: "A file of recorded answers is refused with its line, or read; each of its rows can be held against model and packed implementation.",
        max_len: 4096,
        check: recorded,
        words: vector_words,
    },
    Parser {
        name: "parse_options",
        contract: "Settings and lists of known signatures are refused with what was expected, or taken and written as options that say the same.",
        max_len: 1024,
        check: settings,
        words: option_words,
    },
];

impl Parser {
    /// The reader with this name.
    pub fn by_name(name: &str) -> Option<&'static Parser> {
        PARSERS.iter().find(|parser| parser.name == name)
    }

    /// The words of its language, as a dictionary for libFuzzer and AFL++.
    pub fn dictionary(&self) -> String {
        let mut text = format!(
            "# Dictionary of the target {0}, for libFuzzer (-dict=FILE) and AFL++ (-x FILE).\n\
             # Made from the code's own tables by `ptefuzz dictionary {0}`; a test holds it current.\n\n",
            self.name
        );
        let mut words = (self.words)();
        words.sort();
        words.dedup();
        if words.is_empty() {
            for kind in 0u8..2 {
                let _ = writeln!(text, "kind_{kind}=\"\\x{kind:02x}\\x01\"");
            }
        }
        for (number, word) in words.iter().filter(|word| !word.is_empty()).enumerate() {
            let _ = writeln!(text, "word_{number}=\"{}\"", word.replace('\t', "\\x09").replace('\n', "\\x0a"));
        }
        text
    }

    /// Its options file, as ClusterFuzz and OSS-Fuzz read it: one allocation above 64 MiB is a find.
    pub fn options(&self) -> String {
        format!("[libfuzzer]\nmax_len = {}\ndict = {}.dict\nmalloc_limit_mb = 64\n", self.max_len, self.name)
    }
}

/// What must hold, or the words for that it does not.
fn holds(condition: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(what()) }
}

fn text(input: &[u8]) -> Result<(), String> {
    // The entry of an engine takes a text as far as it parses; that must end, too.
    Target::sequence().program(input);
    let text = String::from_utf8_lossy(input);
    match Program::from_text(&text) {
        Ok(program) => {
            let written = program.to_text();
            let again = Program::from_text(&written);
            holds(again.as_ref() == Ok(&program), || format!("parse_text/again: found {again:?} for\n{written}"))
        }
        Err(error) => {
            let lines = text.lines().count() + 1;
            holds((1..=lines).contains(&error.line), || {
                format!("parse_text/line: found line {} of {lines}: {error}", error.line)
            })
        }
    }
}

fn bytes(input: &[u8]) -> Result<(), String> {
    let total = Program::from_bytes_total(input);
    let written = total.to_bytes();
    holds(Program::from_bytes_total(&written) == total, || format!("parse_bytes/total: found another of {written:?}"))?;
    match Program::read(input) {
        Ok(program) => {
            let written = program.to_bytes();
            let again = Program::read(&written);
            holds(again.as_ref() == Ok(&program), || format!("parse_bytes/again: found {again:?} of {written:?}"))
        }
        Err(_) => Ok(()),
    }
}

fn recorded(input: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(input);
    match vectors::parse(&text) {
        Ok(file) => {
            let packed = vectors::check(&file, &mut Packed::observed(file.environment));
            let model = vectors::check(&file, &mut Model::new(file.environment));
            holds(packed.rows == file.rows.len() && model.rows == file.rows.len(), || {
                format!("parse_vectors/rows: found {} and {} of {}", packed.rows, model.rows, file.rows.len())
            })?;
            holds(packed.mismatches == model.mismatches, || {
                format!("parse_vectors/answers: packed {:?}, model {:?}", packed.first, model.first)
            })
        }
        Err(error) => {
            let lines = text.lines().count().max(2);
            holds((1..=lines).contains(&error.line), || {
                format!("parse_vectors/line: found line {} of {lines}: {error}", error.line)
            })
        }
    }
}

/// Lines `NAME=VALUE` are variables, as a target reads them; everything is a list of known signatures, too.
fn settings(input: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(input);
    if let Ok(known) = KnownSignatures::from_text(&text) {
        for line in text.lines().map(|line| line.split('#').next().unwrap_or("").trim()) {
            let listed = line.is_empty() || known.contains_text(line.strip_suffix('*').unwrap_or(line));
            holds(listed, || format!("parse_options/known: found {line:?} listed and not known"))?;
        }
    }
    let value = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        // These two name files of the machine.
        let names_file = name == "PTEFUZZ_KNOWN" || value.starts_with("foreign:");
        (!names_file).then(|| value.to_string())
    };
    let Ok(taken) = Settings::from_variables(value) else { return Ok(()) };
    let said = taken.subject.to_string();
    holds(said.parse::<SubjectName>().as_ref() == Ok(&taken.subject), || {
        format!("parse_options/subject: found another of {said:?}")
    })?;
    let arguments = taken.arguments();
    let after = |option: &str| {
        let mut words = arguments.split_whitespace();
        words.find(|word| *word == option).and_then(|_| words.next()).map(str::to_string)
    };
    let again = Settings::from_variables(|name| match name {
        "PTEFUZZ_SUBJECT" => after("--subject"),
        "PTEFUZZ_CONFIG" => after("--config"),
        "PTEFUZZ_SPECIAL" => after("--special"),
        _ => None,
    });
    let same =
        again.as_ref().is_ok_and(|again| again.environment == taken.environment && again.subject == taken.subject);
    holds(same, || format!("parse_options/again: found {again:?} of {arguments:?}"))
}

fn text_words() -> Vec<String> {
    let mut words: Vec<String> =
        ["ptefuzz 1\\x0a", "ptefuzz 1 raw\\x0a", "tree series", " -> 40", "0..16", "0x4", "end\\x0a", "range "]
            .map(str::to_string)
            .to_vec();
    for row in &OPERATIONS {
        words.push(format!("{} ", row.name));
        for option in row.options {
            words.push(format!(" {}", option.name));
            words.extend(option.words.iter().map(|word| format!(" {word}")));
        }
    }
    words.extend(SITES.iter().map(|site| format!("{} 0x", site.name)));
    words
}

fn vector_words() -> Vec<String> {
    let mut words: Vec<String> = SITES.iter().map(|site| format!("{}\t", site.name)).collect();
    words.extend(Config::ALL.map(|config| format!("# config={} special=", config.name())));
    words.extend(
        ["op\tpte\tp0\tp1\tp2\tres\toutcome\taux\n", "0x4", "none", "\t", "PRESENT", "SPECIAL"].map(str::to_string),
    );
    words
}

fn option_words() -> Vec<String> {
    let mut words: Vec<String> = ["SUBJECT", "SPECIAL", "CONFIG"].map(|name| format!("PTEFUZZ_{name}=")).to_vec();
    words.extend(Config::ALL.map(|config| config.name().to_string()));
    words.extend(Special::ALL.map(|special| special.name().to_string()));
    words.extend(["packed", "model", "bug:", "/pte/", "/use/", "/outcome/", "[]", "->", "*", "#"].map(str::to_string));
    words.extend(SITES.iter().map(|site| format!("{}/", site.name)));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Rng;

    /// Inputs from the words of a reader, whole ones, cut ones and mixed with bytes of any value.
    fn inputs(parser: &Parser, n: u64) -> impl Iterator<Item = Vec<u8>> {
        let words: Vec<String> = (parser.words)().into_iter().map(|word| word.replace("\\x0a", "\n")).collect();
        let max = parser.max_len;
        (0..n).map(move |seed| {
            let mut rng = Rng::new(seed);
            let mut input = Vec::new();
            for _ in 0..rng.below(24) {
                match rng.below(5) {
                    0 => input.push(rng.next() as u8),
                    1 => input.push(b"\n\t =/"[rng.below(5) as usize]),
                    2 => input.extend(format!("{:#x}", rng.next() >> rng.below(64)).bytes()),
                    _ if !words.is_empty() => input.extend(words[rng.below(words.len() as u32) as usize].bytes()),
                    _ => input.extend(rng.next().to_le_bytes()),
                }
            }
            input.truncate(max);
            input
        })
    }

    #[test]
    fn no_reader_breaks_its_promise_on_words_in_any_order() {
        for parser in &PARSERS {
            for input in inputs(parser, 3000) {
                assert_eq!((parser.check)(&input), Ok(()), "{}: {:?}", parser.name, String::from_utf8_lossy(&input));
            }
        }
    }

    #[test]
    fn every_prefix_and_every_single_changed_byte_of_a_valid_input_is_survived() {
        let vectors = "# config=uffd-wp special=0x4\nop\tpte\tp0\tp1\tp2\tres\toutcome\taux\nmove_soft_dirty\t4\t0\t0\t0\t4\t0\t0\n";
        let valid: [&[u8]; 4] = [
            b"ptefuzz 1\nvma 0..16 shmem-shared rw uffd-wp\nwrite 3\nmremap 3 -> 40 event\n",
            &[1, 1, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0],
            vectors.as_bytes(),
            b"PTEFUZZ_SUBJECT=bug:mremap-marks-special\nPTEFUZZ_SPECIAL=device\n",
        ];
        for (parser, valid) in PARSERS.iter().zip(valid) {
            for cut in 0..=valid.len() {
                assert_eq!((parser.check)(&valid[..cut]), Ok(()), "{} cut at {cut}", parser.name);
            }
            for at in 0..valid.len() {
                for byte in [0, b'\n', b'9', b'-', 0x80, 0xff] {
                    let mut input = valid.to_vec();
                    input[at] = byte;
                    assert_eq!((parser.check)(&input), Ok(()), "{} byte {at} = {byte:#x}", parser.name);
                }
            }
        }
    }

    #[test]
    fn a_promise_that_is_broken_is_said() {
        assert_eq!(holds(false, || "x/y: found z".to_string()), Err("x/y: found z".to_string()));
        assert_eq!(holds(true, String::new), Ok(()));
    }
}
