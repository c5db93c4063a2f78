//! `ptefuzz fuzz`, `replay` and `vectors` as programs: what they print, what they write, and how they end.

mod common;

use common::{ptefuzz, stderr};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// The one JSON object on standard output.
fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stdout(output)))
}

/// A fresh directory of this test.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli_fuzz").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory for the test");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Bad input or usage: exit code 2, nothing on standard output, and every word of the place on standard error.
fn is_refused(output: &Output, words: &[&str]) {
    let error = stderr(output);
    assert_eq!(code(output), 2, "{error}");
    assert_eq!(stdout(output), "");
    for word in words {
        assert!(error.contains(word), "no \"{word}\" in: {error}");
    }
}

const FIELDS: [&str; 16] = [
    "target",
    "subject",
    "special",
    "seed",
    "jobs",
    "seconds",
    "programs",
    "operations",
    "site_calls",
    "site_calls_per_second",
    "noop_share",
    "classes",
    "covered",
    "total_reachable",
    "total_walk",
    "divergences",
];

fn the_same_seed_gives_the_same_json(target: &str) {
    let run = || {
        let output = ptefuzz(&["fuzz", "--target", target, "--seed", "7", "--jobs", "1", "--execs", "2000", "--json"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        json(&output)
    };
    let (mut first, mut second) = (run(), run());
    for field in FIELDS {
        assert!(first.get(field).is_some(), "no {field} in {first:#}");
    }
    assert_eq!(
        (&first["target"], &first["subject"], &first["special"]),
        (&target.into(), &"packed".into(), &"0x4".into())
    );
    assert_eq!((&first["seed"], &first["jobs"], &first["programs"]), (&7.into(), &1.into(), &2000.into()));
    assert_eq!(first["divergences"], Value::Array(Vec::new()));
    let cells = ["covered", "total_reachable", "total_walk"].map(|field| first[field].as_u64().unwrap_or(0));
    assert!(0 < cells[0] && cells[1] > 2_000 && cells[1] < cells[2], "{cells:?}");
    assert!(first["site_calls"].as_u64() > Some(1000) && first["covered"].as_u64() > Some(100), "{first:#}");
    let classes = first["classes"].as_object().expect("classes by name");
    let calls = |without: &str| -> u64 {
        classes.iter().filter(|(name, _)| *name != without).filter_map(|(_, calls)| calls.as_u64()).sum()
    };
    assert_eq!(Some(calls("none")), first["site_calls"].as_u64(), "a site call counts where the pte is not none");
    for object in [&mut first, &mut second] {
        let object = object.as_object_mut().expect("an object");
        object.remove("seconds");
        object.remove("site_calls_per_second");
    }
    assert_eq!(first, second);
}

#[test]
fn raw_runs_with_the_same_seed_print_the_same_json() {
    the_same_seed_gives_the_same_json("raw");
}

#[test]
fn sequence_runs_with_the_same_seed_print_the_same_json() {
    the_same_seed_gives_the_same_json("sequence");
}

#[test]
fn another_seed_is_another_run() {
    let run =
        |seed| json(&ptefuzz(&["fuzz", "--target", "raw", "--seed", seed, "--jobs", "1", "--execs", "50", "--json"]));
    assert_ne!(run("7")["classes"], run("8")["classes"]);
}

#[test]
fn colliding_offsets_end_in_finds_that_replay_shows_again() {
    let dir = directory("colliding");
    let output = ptefuzz(&[
        "fuzz",
        "--target",
        "raw",
        "--seed",
        "7",
        "--execs",
        "4000",
        "--allow-colliding-offsets",
        "--artifacts",
        text(&dir),
        "--json",
    ]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let found = json(&output);
    let divergences = found["divergences"].as_array().expect("a list");
    let mut signatures: Vec<_> = divergences.iter().filter_map(|find| find["signature"].as_str()).collect();
    signatures.sort_unstable();
    assert_eq!(signatures, ["swp_entry_to_pte/collision/none", "unmap/collision/none"]);
    for find in divergences {
        for field in ["signature", "count", "site", "pre_states", "difference", "file"] {
            assert!(!find[field].is_null(), "no {field} in {find:#}");
        }
        let file = find["file"].as_str().expect("a path");
        assert!(Path::new(file).starts_with(&dir), "{file}");
        let again = ptefuzz(&["replay", "--allow-colliding-offsets", "--json", file]);
        assert_eq!(code(&again), 1, "{}", stderr(&again));
        let again = json(&again);
        assert_eq!(again["files"][0]["signature"], find["signature"]);
        assert_eq!(again["files"][0]["verdict"], "divergence");
        assert_eq!(again["files"][0]["step"], 1);
        assert_eq!(code(&ptefuzz(&["replay", file])), 0, "nobody asked for collisions");
    }
    let files: Vec<_> = std::fs::read_dir(&dir).expect("the directory").collect();
    assert_eq!(files.len(), divergences.len(), "a program for each find, and nothing half written: {files:?}");
}

#[test]
fn the_command_that_a_find_comes_with_shows_it_again() {
    let dir = directory("repeat");
    let output = ptefuzz(&[
        "fuzz",
        "--target",
        "raw",
        "--seed",
        "7",
        "--execs",
        "4000",
        "--special",
        "device",
        "--allow-colliding-offsets",
        "--artifacts",
        text(&dir),
    ]);
    let said = stdout(&output);
    assert_eq!(code(&output), 1, "{said}");
    let commands: Vec<_> = said.lines().filter_map(|line| line.trim().strip_prefix("repeat")).collect();
    assert!(!commands.is_empty(), "{said}");
    for command in commands {
        let words: Vec<_> = command.split_whitespace().collect();
        assert_eq!(words[..2], ["ptefuzz", "replay"], "{command}");
        let again = ptefuzz(&words[1..]);
        assert_eq!(code(&again), 1, "{command}: {}", stdout(&again));
    }
}

#[test]
fn the_file_of_a_find_says_which_subject_it_needs_and_who_forgets_it_is_told() {
    let dir = directory("whose");
    let bug = "bug:mremap-marks-special";
    let flags = ["--target", "mremap", "--subject", bug, "--seed", "1", "--jobs", "1", "--execs", "3000"];
    let output = ptefuzz(&[&["fuzz", "--artifacts", text(&dir)], &flags[..]].concat());
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let file = dir.join("move_soft_dirty_pte_special-_swap.pte");
    let program = std::fs::read_to_string(&file).expect("the find");
    assert_eq!(program.lines().last(), Some(format!("# --subject {bug}").as_str()), "{program}");
    let forgotten = ptefuzz(&["minimize", text(&file)]);
    assert_eq!(code(&forgotten), 0);
    let expected = "clean with subject packed, config=uffd-wp special=0x4: nothing to minimise";
    assert!(stderr(&forgotten).contains(expected), "{}", stderr(&forgotten));
    assert_eq!(code(&ptefuzz(&["minimize", text(&file), "--subject", bug])), 1);
}

#[test]
fn what_is_known_is_counted_and_neither_reported_nor_written_nor_an_exit_code() {
    let dir = directory("known");
    let list = dir.join("known.txt");
    let run = |known: &str| {
        std::fs::write(&list, known).expect("a list");
        let flags =
            ["fuzz", "--target", "raw", "--seed", "7", "--execs", "4000", "--allow-colliding-offsets", "--json"];
        let finds = dir.join("finds");
        let output = ptefuzz(&[&flags[..], &["--known", text(&list), "--artifacts", text(&finds)]].concat());
        let files = std::fs::read_dir(&finds).expect("a directory").count();
        std::fs::remove_dir_all(&finds).expect("removed");
        (code(&output), json(&output), files)
    };
    let (ended, found, files) = run("# none yet\n");
    assert_eq!((ended, files), (1, 2));
    assert_eq!(found["known"].as_array().map(Vec::len), Some(0));
    let (ended, found, files) = run("unmap/collision/none\n");
    assert_eq!((ended, files), (1, 1), "the other one is still found");
    assert_eq!(found["divergences"][0]["signature"], "swp_entry_to_pte/collision/none");
    assert_eq!(found["known"][0]["signature"], "unmap/collision/none");
    assert!(found["known"][0]["count"].as_u64() > Some(0));
    let (ended, found, files) = run("unmap/collision/none\nswp_entry_to_pte/*\n");
    assert_eq!((ended, files), (0, 0));
    assert_eq!(found["known"].as_array().map(Vec::len), Some(2));
    std::fs::write(&list, "# a list\nunmap\n").expect("a list");
    is_refused(&ptefuzz(&["fuzz", "--known", text(&list)]), &[&format!("{}:2:", text(&list)), "found \"unmap\""]);
    is_refused(&ptefuzz(&["fuzz", "--known", text(&dir.join("absent"))]), &["absent", "cannot read"]);
}

#[test]
fn a_run_that_cannot_be_is_refused() {
    is_refused(&ptefuzz(&["fuzz", "--target", "nothing"]), &["--target", "sequence", "raw"]);
    is_refused(&ptefuzz(&["fuzz", "--time", "5x"]), &["--time", "500ms"]);
    is_refused(&ptefuzz(&["fuzz", "--subject", "nobody"]), &["--subject", "packed"]);
    is_refused(&ptefuzz(&["fuzz", "--special", "device", "--config", "no-userfaultfd"]), &["--special device"]);
    is_refused(&ptefuzz(&["fuzz", "--execs", "1", "--time", "1s"]), &["--execs", "--time"]);
    let file = directory("occupied").join("file");
    std::fs::write(&file, "").expect("a file");
    is_refused(&ptefuzz(&["fuzz", "--execs", "1", "--artifacts", text(&file)]), &[text(&file)]);
}

/// Every recorded file, sorted.
fn recorded() -> Vec<String> {
    let entries = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")).expect("the vectors");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tsv"))
        .map(|path| text(&path).to_string())
        .collect();
    names.sort();
    assert!(names.len() >= 15, "{names:?}");
    names
}

#[test]
fn every_recorded_answer_is_answered_by_packed_and_by_the_model() {
    let files = recorded();
    for subject in ["packed", "model"] {
        let mut arguments = vec!["vectors", "--json", "--subject", subject];
        arguments.extend(files.iter().map(String::as_str));
        let output = ptefuzz(&arguments);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let checked = json(&output);
        assert_eq!((&checked["mismatches"], &checked["subject"]), (&0.into(), &subject.into()));
        let rows: u64 = checked["files"].as_array().expect("a list").iter().filter_map(|f| f["rows"].as_u64()).sum();
        assert_eq!(checked["rows"].as_u64(), Some(rows));
        assert!(rows > 50_000, "{rows}");
        assert!(checked["files"][0]["first"].is_null());
    }
}

/// The first two lines of a recorded file: configuration and columns.
fn head(name: &str) -> String {
    let path = recorded().into_iter().find(|path| path.ends_with(name)).expect("a recorded file");
    let content = std::fs::read_to_string(path).expect("a readable file");
    content.lines().take(2).map(|line| format!("{line}\n")).collect()
}

#[test]
fn one_changed_digit_is_a_mismatch_whose_row_is_named() {
    let dir = directory("digit");
    let path = recorded().into_iter().find(|path| path.ends_with("/transitions.tsv")).expect("the transitions");
    let content = std::fs::read_to_string(path).expect("a readable file");
    let mut lines: Vec<String> = content.lines().map(str::to_string).collect();
    let number = lines.iter().position(|line| line.starts_with("move_soft_dirty\t4\t")).expect("mremap of 0x4");
    let mut cells: Vec<&str> = lines[number].split('\t').collect();
    cells[5] = "6";
    let wrong = cells.join("\t");
    lines[number] = wrong.clone();
    let copy = dir.join("transitions.tsv");
    std::fs::write(&copy, lines.join("\n") + "\n").expect("a copy");
    let output = ptefuzz(&["vectors", text(&copy)]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains(&format!("line {}: {}", number + 1, wrong.replace('\t', " "))), "{said}");
    assert!(said.contains("res: found 4, expected 6"), "{said}");
    let output = ptefuzz(&["vectors", "--json", "--subject", "model", text(&copy)]);
    assert_eq!(code(&output), 1);
    let checked = json(&output);
    assert_eq!((&checked["mismatches"], &checked["files"][0]["mismatches"]), (&1.into(), &1.into()));
    assert_eq!(checked["files"][0]["first"]["line"], number as u64 + 1);
    assert_eq!(checked["files"][0]["first"]["difference"], "res: found 4, expected 6");
}

#[test]
fn a_vector_file_that_is_not_as_it_must_be_is_refused_with_file_and_line() {
    let dir = directory("vectors");
    let good = "move_soft_dirty\t4\t0\t0\t0\t4\t0\t0\n";
    let rows = [
        ("missing-column", "move_soft_dirty\t4\t0\t0\t0\t4\t0\n", "the column \"aux\" is missing"),
        ("unknown-site", "mremap\t4\t0\t0\t0\t4\t0\t0\n", "op: found \"mremap\""),
        ("both-uffd-flags", "change_prot\t4\tc\t25\t0\t4\t0\t0\n", "uffd_wp and uffd_resolve together"),
        ("present", "do_swap_page\t25\t0\t25\t0\t25\t0\t0\n", "pte: found 0x25 (present)"),
        ("undefined-bit", "pagemap\t4\t10\t0\t0\t4\t0\t0\n", "p0: found 0x10"),
        ("no-number", "move_soft_dirty\t0x4\t0\t0\t0\t4\t0\t0\n", "pte: found \"0x4\""),
    ];
    for (name, row, message) in rows {
        let file = dir.join(name);
        std::fs::write(&file, format!("{}{good}{row}", head("/transitions.tsv"))).expect("a file");
        is_refused(&ptefuzz(&["vectors", text(&file)]), &[&format!("{}:4: ", text(&file)), message]);
    }
    let files = [
        ("no-vectors", "ptefuzz 1 raw\n".to_string(), 1, "expected \"# config=NAME special=VALUE\""),
        ("empty", String::new(), 1, "found an empty file"),
        ("other-columns", "# config=uffd-wp special=0x4\npte\tclass\n".to_string(), 2, "found the columns"),
        ("head-only", "# config=uffd-wp special=0x4\n".to_string(), 2, "found the columns"),
    ];
    for (name, content, line, message) in files {
        let file = dir.join(name);
        std::fs::write(&file, content).expect("a file");
        is_refused(&ptefuzz(&["vectors", text(&file)]), &[&format!("{}:{line}: ", text(&file)), message]);
    }
    let absent = dir.join("absent");
    is_refused(&ptefuzz(&["vectors", text(&absent)]), &[text(&absent), "cannot read"]);
    is_refused(&ptefuzz(&["vectors"]), &["FILE"]);
}

#[test]
fn a_program_outside_its_domain_is_refused_by_replay_with_its_step() {
    let file = directory("replay").join("present.pte");
    std::fs::write(&file, "ptefuzz 1 raw\nmove_soft_dirty 0x4\ndo_swap_page 0x25\n").expect("a file");
    is_refused(&ptefuzz(&["replay", text(&file)]), &[text(&file), "step 2", "0x25"]);
}
