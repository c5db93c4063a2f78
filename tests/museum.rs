//! The museum from outside: its reproducers, its page, its command.

use ptefuzz::engine::Runner;
use ptefuzz::museum::{Buggy, Crash, MUSEUM, page};
use ptefuzz::packed::Packed;
use ptefuzz::program::Program;
use ptefuzz::pte::Environment;
use ptefuzz::vectors::{VectorFile, parse};
use serde_json::Value;
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn museum(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ptefuzz"));
    command.arg("museum").args(arguments).env("NO_COLOR", "1").output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn each_reproducer_shows_its_bug_by_the_recorded_signature_and_is_clean_on_packed() {
    for bug in &MUSEUM {
        let path = format!("{ROOT}/corpus/crashes/{}.pte", bug.slug);
        let file = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let crash = Crash::from_text(&file).unwrap_or_else(|error| panic!("{path}:{error}"));
        let environment = Environment::new(crash.special);
        let mut runner = Runner::new(environment);
        let (_, first) = runner.first(&crash.program, &mut Buggy::new(environment).with(bug)).expect(bug.slug);
        assert_eq!(first.signature.to_string(), crash.signature, "{path}");
        assert_eq!(first.signature.site(), Some(bug.site), "{path}");
        assert_eq!(runner.first(&crash.program, &mut Packed::observed(environment)), None, "{path} on packed");
        assert_eq!(crash.to_text(bug), file, "{path} is as it would be written");
    }
}

#[test]
fn reproducers_are_world_programs_but_where_the_bug_says_why_not() {
    for bug in &MUSEUM {
        let file = std::fs::read_to_string(format!("{ROOT}/corpus/crashes/{}.pte", bug.slug)).expect(bug.slug);
        let crash = Crash::from_text(&file).expect(bug.slug);
        let raw = matches!(crash.program, Program::Raw(_));
        assert_eq!(raw, bug.raw_only.is_some(), "{}", bug.slug);
        assert_eq!(raw, file.contains("# A raw program, since no world program shows it:"), "{}", bug.slug);
    }
}

#[test]
fn there_is_no_reproducer_of_a_bug_that_is_not_in_the_museum() {
    let mut names: Vec<String> = std::fs::read_dir(format!("{ROOT}/corpus/crashes"))
        .expect("the directory")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let mut expected: Vec<String> = MUSEUM.iter().map(|bug| format!("{}.pte", bug.slug)).collect();
    expected.sort();
    assert_eq!(names, expected);
}

fn vector_files() -> Vec<VectorFile> {
    let entries = std::fs::read_dir(format!("{ROOT}/tests/vectors")).into_iter().flatten().flatten();
    let mut paths: Vec<_> =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "tsv")).collect();
    paths.sort();
    paths.iter().map(|path| parse(&std::fs::read_to_string(path).expect("a file")).expect("vectors")).collect()
}

#[test]
fn the_page_of_the_museum_is_current() {
    let written = std::fs::read_to_string(format!("{ROOT}/docs/MUSEUM.md")).unwrap_or_default();
    let made = page(&vector_files());
    assert!(written == made, "run: cargo run --release --example museum_page > docs/MUSEUM.md");
}

#[test]
fn the_command_finds_an_easy_bug_and_says_so_to_programs() {
    let output = museum(&["--bug", "M41A", "--bug", "unmap-present-bits-of-device", "--seeds", "2", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(report["detected"], 2);
    assert_eq!(report["total"], 2);
    assert_eq!(report["clean_control"], true);
    assert_eq!(report["canary"], true);
    let bug = &report["bugs"][0];
    assert_eq!(bug["id"], "M41A");
    assert_eq!(bug["slug"], "unmap-loses-soft-dirty");
    assert_eq!(bug["by"], "value");
    assert_eq!(bug["special"], "0x4");
    assert_eq!(bug["detected"], true);
    assert_eq!(bug["runs"].as_array().map(Vec::len), Some(2));
    for number in ["reached", "triggered", "programs", "site_calls"] {
        assert!(bug[number].as_u64().is_some_and(|n| n > 0), "{number}: {bug}");
    }
    assert!(bug["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0));
}

#[test]
fn a_bug_that_is_not_found_in_time_is_missed_and_the_exit_code_says_so() {
    let output = museum(&["--bug", "restore-ignores-mprotect", "--time", "1ms"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    let table = text(&output.stdout);
    assert!(table.contains("MISSED") && table.contains("0 of 1 detected"), "{table}");
}

#[test]
fn the_table_is_80_columns_wide_and_the_hardest_bug_stands_last() {
    let output = museum(&["--bug", "M06", "--bug", "M41A", "--bug", "check-pte-device-decodes-special"]);
    let table = text(&output.stdout);
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let programs: Vec<u64> = table
        .lines()
        .skip(1)
        .take(3)
        .map(|line| line.split_whitespace().nth(5).and_then(|n| n.parse().ok()).expect("programs"))
        .collect();
    assert!(programs.is_sorted(), "{table}");
    assert!(table.contains("control: clean") && table.contains("canary: found"), "{table}");
}

#[test]
fn the_list_names_every_bug_and_its_json_says_what_it_was() {
    let list = text(&museum(&["--list"]).stdout);
    assert_eq!(list.lines().count(), MUSEUM.len());
    let output = museum(&["--list", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(report["total"], MUSEUM.len());
    assert_eq!(report["bugs"][0]["site"], "smaps");
}

#[test]
fn bad_usage_exits_with_2_and_names_what_is_near() {
    let output = museum(&["--bug", "mremap-marks-specials"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("mremap-marks-special"), "{}", text(&output.stderr));
    assert_eq!(museum(&["--vectors", "/nowhere.tsv"]).status.code(), Some(2));
    assert_eq!(museum(&["--time", "soon"]).status.code(), Some(2));
}
