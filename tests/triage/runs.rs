//! Runs of `ptefuzz triage` on one directory: what is new, known and gone, listed, broken, and refused.

use crate::support::{code, directory, json, ptefuzz, stderr, stdout, text};
use serde_json::Value;
use std::path::Path;

const MREMAP: &str = "ptefuzz 1 raw\nmove_soft_dirty 0x4\n";
const PAGEMAP: &str = "ptefuzz 1 raw\npagemap 0x4 show_pfn\nmove_soft_dirty 0x8000000000000067\n";
const CLEAN: &str = "ptefuzz 1\nvma 0..4 anon rw\nwrite 1\n";
const SUBJECT: &str = "bug:mremap-marks-special+pagemap-decodes-special";

fn write(directory: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, content).expect("a file");
    }
}

fn triage(directory: &Path, more: &[&str]) -> (i32, Value) {
    let output = ptefuzz(&[&["triage", text(directory), "--subject", SUBJECT, "--json"], more].concat());
    (code(&output), json(&output))
}

fn signatures(found: &Value) -> Vec<&str> {
    found["buckets"].as_array().expect("a list").iter().filter_map(|bucket| bucket["signature"].as_str()).collect()
}

#[test]
fn the_fields_that_other_programs_rely_on_are_there() {
    let dir = directory("fields");
    write(&dir, &[("a.pte", MREMAP), ("b/c.pte", PAGEMAP), ("clean.pte", CLEAN), ("junk.txt", "nothing\n")]);
    let (ended, found) = triage(&dir, &[]);
    assert_eq!(ended, 1);
    assert_eq!((&found["files"], &found["clean"], &found["broken_count"]), (&4.into(), &1.into(), &1.into()));
    assert_eq!(found["broken"][0]["file"], "junk.txt");
    assert!(found["broken"][0]["reason"].as_str().is_some_and(|reason| reason.starts_with("1:1: found \"nothing\"")));
    let buckets = found["buckets"].as_array().expect("a list");
    assert_eq!(buckets.len(), 2);
    for bucket in buckets {
        for field in
            ["signature", "count", "smallest", "reproducer", "resembles", "pre_states", "rule", "source", "first"]
        {
            assert!(!bucket[field].is_null(), "no {field} in {bucket:#}");
        }
        assert_eq!(bucket["count"], 1);
        assert_eq!(bucket["pre_states"][0], "special");
        assert!(bucket["explanation"].as_array().is_some_and(|lines| lines.len() > 5));
    }
    assert!(signatures(&found).contains(&"move_soft_dirty/pte/special->swap"), "{found:#}");
    let mremap =
        buckets.iter().find(|bucket| bucket["signature"] == "move_soft_dirty/pte/special->swap").expect("mremap");
    assert_eq!(mremap["resembles"][0], "mremap-marks-special");
    assert_eq!(mremap["reproducer"], MREMAP);
    assert_eq!(mremap["smallest"], "a.pte");
}

#[test]
fn a_second_run_says_what_is_new_known_and_gone() {
    let dir = directory("again");
    write(&dir, &[("a.pte", MREMAP)]);
    let (_, first) = triage(&dir, &[]);
    assert!(first["buckets"][0]["status"].is_null(), "there was no run before");
    let (_, second) = triage(&dir, &[]);
    assert_eq!(second["buckets"][0]["status"], "known");
    write(&dir, &[("b.pte", PAGEMAP)]);
    std::fs::remove_file(dir.join("a.pte")).expect("removed");
    let (_, third) = triage(&dir, &[]);
    assert_eq!(third["buckets"].as_array().map(Vec::len), Some(1));
    assert_eq!(third["buckets"][0]["status"], "new");
    assert_eq!(third["gone"][0]["signatures"][0], "move_soft_dirty/pte/special->swap");
    let (_, fourth) = triage(&dir, &[]);
    assert_eq!((fourth["gone"].as_array().map(Vec::len), &fourth["buckets"][0]["status"]), (Some(0), &"known".into()));
    // Another subject's run is another story.
    let output = ptefuzz(&["triage", text(&dir), "--json"]);
    assert_eq!(code(&output), 0);
    assert_eq!(json(&output)["gone"].as_array().map(Vec::len), Some(0));
}

#[test]
fn what_is_listed_as_known_is_counted_and_makes_no_bucket_and_is_not_gone() {
    let dir = directory("listed");
    write(&dir, &[("a.pte", MREMAP), ("b.pte", PAGEMAP), ("c.pte", MREMAP)]);
    triage(&dir, &[]);
    let list = directory("list").join("known.txt");
    std::fs::write(&list, "move_soft_dirty/*  # reported\n").expect("a list");
    let (ended, found) = triage(&dir, &["--known", text(&list)]);
    assert_eq!((ended, signatures(&found).len()), (1, 1));
    assert_eq!(found["known"][0]["signature"], "move_soft_dirty/pte/special->swap");
    assert_eq!((&found["known"][0]["count"], found["gone"].as_array().map(Vec::len)), (&2.into(), Some(0)));
    std::fs::write(&list, "move_soft_dirty/*\npagemap/*\n").expect("a list");
    assert_eq!(triage(&dir, &["--known", text(&list)]).0, 0, "nothing is left that is not known");
    let (_, after) = triage(&dir, &[]);
    assert!(after["buckets"].as_array().expect("a list").iter().all(|bucket| bucket["status"] == "known"), "{after:#}");
}

#[test]
fn state_is_kept_where_it_is_asked_for_and_nothing_else_is_written() {
    let dir = directory("state");
    write(&dir, &[("a.pte", MREMAP)]);
    let state = directory("elsewhere").join("state.json");
    triage(&dir, &["--state", text(&state)]);
    assert!(state.exists());
    let names: Vec<_> =
        std::fs::read_dir(&dir).expect("the directory").filter_map(Result::ok).map(|e| e.file_name()).collect();
    assert_eq!(names, ["a.pte"]);
    triage(&dir, &[]);
    let mut names: Vec<_> =
        std::fs::read_dir(&dir).expect("the directory").filter_map(Result::ok).map(|e| e.file_name()).collect();
    names.sort();
    assert_eq!(names, [".ptefuzz-triage.json", "a.pte"]);
}

#[test]
fn reproducers_are_written_and_show_their_bucket_again() {
    let dir = directory("output");
    write(&dir, &[("a.pte", MREMAP), ("b.pte", PAGEMAP)]);
    let small = directory("small");
    let (_, found) = triage(&dir, &["-o", text(&small)]);
    let files: Vec<_> =
        std::fs::read_dir(&small).expect("a directory").filter_map(Result::ok).map(|e| e.path()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        let output = ptefuzz(&["replay", "--subject", SUBJECT, "--json", text(&file)]);
        assert_eq!(code(&output), 1);
        let signature = json(&output)["files"][0]["signature"].clone();
        assert!(signatures(&found).contains(&signature.as_str().expect("a signature")));
        assert_eq!(code(&ptefuzz(&["replay", text(&file)])), 0, "the right implementation is clean on it");
    }
}

#[test]
fn the_page_for_a_terminal_fits_80_columns_and_ends_with_the_count() {
    let dir = directory("page");
    write(&dir, &[("a.pte", MREMAP), ("crash-0123456789abcdef0123456789abcdef01234567", PAGEMAP), ("junk", "what?\n")]);
    let output = ptefuzz(&["triage", text(&dir), "--subject", SUBJECT]);
    let said = stdout(&output);
    for line in said.lines().filter(|line| !line.contains(text(&dir))) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(said.contains("2 buckets in 3 files: 0 clean, 1 broken"), "{said}");
    assert!(said.contains("wrong     0x0000000000000006  swap"), "{said}");
}

#[test]
fn what_cannot_be_looked_through_is_refused() {
    let dir = directory("refused");
    let absent = dir.join("absent");
    let refused = |arguments: &[&str], words: &[&str]| {
        let output = ptefuzz(arguments);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        for word in words {
            assert!(stderr(&output).contains(word), "no \"{word}\" in {}", stderr(&output));
        }
    };
    refused(&["triage", text(&absent)], &[text(&absent), "cannot read"]);
    refused(&["triage", text(&dir), "--target", "nothing"], &["--target", "sequence"]);
    std::fs::write(dir.join(".ptefuzz-triage.json"), "{}").expect("a file");
    refused(&["triage", text(&dir)], &[".ptefuzz-triage.json", "expected a state file"]);
    std::fs::write(dir.join(".ptefuzz-triage.json"), "{\"ptefuzz-triage\": 9, \"runs\": {}}").expect("a file");
    refused(&["triage", text(&dir)], &["found version 9"]);
    std::fs::remove_file(dir.join(".ptefuzz-triage.json")).expect("removed");
    let nowhere = dir.join("no/such/place.html");
    refused(&["triage", text(&dir), "--html", text(&nowhere)], &["place.html", "cannot write"]);
    let output = ptefuzz(&["triage", text(&dir), "--json"]);
    assert_eq!((code(&output), &json(&output)["files"]), (0, &0.into()), "an empty directory is no mistake");
}
