//! docs/FORMATS.md names exactly the fields that the commands print.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn output(arguments: &[&str]) -> Vec<u8> {
    let run = Command::new(env!("CARGO_BIN_EXE_ptefuzz")).args(arguments).current_dir(root()).output();
    run.expect("the program starts").stdout
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_slice(&output(arguments)).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

fn fields(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().cloned().collect()
}

/// The fields that the page says an output has.
fn documented(page: &str, of: &str) -> BTreeSet<String> {
    let start = format!("| `{of}` | ");
    let row = page.lines().find_map(|line| line.strip_prefix(start.as_str())).unwrap_or_else(|| panic!("no row {of}"));
    let names = row.trim_end_matches(" |").split(", ");
    names.map(|name| name.trim_matches('`').to_string()).collect()
}

#[test]
fn every_field_that_a_command_prints_is_documented_and_no_other_is() {
    let page = std::fs::read_to_string(root().join("docs/FORMATS.md")).expect("the page");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formats");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(dir.join("empty")).expect("a directory");
    let stats = dir.join("stats.jsonl");
    let bug = ["fuzz", "--subject", "bug:mremap-marks-special", "--seed", "1", "--jobs", "1"];
    let fuzz = json(&[&bug[..], &["--execs", "3000", "--json"]].concat());
    let replay = json(&["replay", "--json", "docs/special.pte"]);
    let vectors = json(&["vectors", "--json", "tests/vectors/uses.tsv"]);
    let museum = json(&["museum", "--list", "--json"]);
    let exhaust = json(&["exhaust", "--json", "--domain", "small", "--site", "move_soft_dirty"]);
    let small = dir.join("small");
    let triage = json(&["triage", "--json", dir.join("empty").to_str().expect("a path")]);
    let stats_flag = ["--time", "2500ms", "--json=stream", "--stats", stats.to_str().expect("a path")];
    let stream = output(&[&bug[..], &stats_flag].concat());
    let lines: Vec<Value> = String::from_utf8_lossy(&stream)
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .collect();
    let event =
        |name: &str| lines.iter().find(|line| line["event"] == name).unwrap_or_else(|| panic!("no event {name}"));
    let sample = std::fs::read_to_string(&stats).expect("statistics");
    let sample: Value = serde_json::from_str(sample.lines().next().expect("a line")).expect("an object");
    for (of, value) in [
        ("fuzz", &fuzz),
        ("fuzz divergences", &fuzz["divergences"][0]),
        ("fuzz stream progress", event("progress")),
        ("fuzz stream find", event("find")),
        ("fuzz statistics", &sample),
        ("replay", &replay),
        ("replay files", &replay["files"][0]),
        ("vectors", &vectors),
        ("vectors files", &vectors["files"][0]),
        ("decode", &json(&["decode", "--json", "0x4"])),
        ("sites", &json(&["sites", "--json"])),
        ("museum --list", &museum),
        ("museum --list bugs", &museum["bugs"][0]),
        ("triage", &triage),
        ("exhaust", &exhaust),
        ("exhaust sites", &exhaust["sites"][0]),
        ("coverage", &json(&["coverage", "--json", "corpus/mremap"])),
        ("cmin", &json(&["cmin", "--json", "corpus/mremap", "-o", small.to_str().expect("a path")])),
    ] {
        assert_eq!(documented(&page, of), fields(value), "{of}");
    }
    let mut end = fields(event("end"));
    assert!(end.remove("event"));
    assert_eq!(end, fields(&fuzz));
}

#[test]
fn the_bytes_of_a_program_are_as_the_page_says() {
    use ptefuzz::program::Program;
    let op = Program::from_text("ptefuzz 1\ntree series\nwrite 259\n").expect("a program").to_bytes();
    assert_eq!((op[0], op[1], op[2], op[3], op.len()), (1, 1, 1, 0, 12));
    assert_eq!(u16::from_le_bytes([op[6], op[7]]), 259);
    let raw = Program::from_text("ptefuzz 1 raw\nmove_soft_dirty 0x4\n").expect("a program").to_bytes();
    assert_eq!((raw[0], raw[1], raw.len()), (0, 1, 42));
    assert_eq!(raw[10..18], 4u64.to_le_bytes());
}
