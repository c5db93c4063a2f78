//! Two instances over one shared directory: what one keeps and finds reaches the other, in AFL++'s layout and in libFuzzer's.

use crate::support::*;
use std::path::Path;

const LOSES_SPECIAL: &str = "ptefuzz 1\nvma 0..16 shmem-shared rw uffd-wp\nwrite 3\nuffd-wp 3\nzap 3 dontneed keep-marker\nmremap 3 -> 40 event\n";

fn member<'a>(dir: &'a Path, name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["fuzz", "--sync", text(dir), "--name", name, "--jobs", "1", "--json", "--time", "110s"];
    arguments.extend(more);
    arguments
}

fn queue(dir: &Path, name: &str) -> Vec<String> {
    let dir = dir.join(name).join("queue");
    if dir.is_dir() { names(&dir) } else { Vec::new() }
}

/// How many programs an instance says that it took from others.
fn taken(output: &std::process::Output) -> u64 {
    let said = err(output);
    let line = said.lines().find(|line| line.starts_with("fleet: ")).unwrap_or_else(|| panic!("{said}"));
    line.split_whitespace().nth(4).and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn what_one_instance_keeps_reaches_the_other_and_comes_back_to_neither() {
    let dir = directory("two-instances");
    let one = start(&member(&dir, "one", &["--seed", "1"]));
    until("the first one keeps programs", || queue(&dir, "one").len() > 20);
    let one = interrupt(one);
    assert_eq!(code(&one), Some(0), "{}", err(&one));
    let kept = queue(&dir, "one");
    for (number, name) in kept.iter().enumerate() {
        assert!(name.starts_with(&format!("id:{number:06},")), "AFL++ counts its files: {name}");
    }
    // The other has no time to find anything itself: as many programs as there are to take.
    let mut arguments = member(&dir, "two", &["--seed", "2"]);
    arguments.retain(|word| !["--time", "110s"].contains(word));
    let all = (kept.len() + 40).to_string();
    arguments.extend(["--execs", &all]);
    let alone = json(&run(&["fuzz", "--jobs", "1", "--seed", "2", "--execs", "40", "--json"]));
    let two = run(&arguments);
    assert_eq!(taken(&two), kept.len() as u64, "{}", err(&two));
    let (with, without) = (json(&two)["covered"].as_u64(), alone["covered"].as_u64());
    assert!(with >= json(&one)["covered"].as_u64() && with > without, "{with:?} cells, {without:?} alone");
    let again = run(&arguments);
    assert_eq!(taken(&again), kept.len() as u64, "it reads its own and the other's");
    assert!(queue(&dir, "two").len() <= 80 && queue(&dir, "one") == kept, "nothing is handed back");
}

#[test]
fn a_find_of_one_instance_is_found_by_another_that_would_not_find_it() {
    let dir = directory("find");
    // Found in one program out of thousands.
    let bug = ["--subject", "bug:smaps-special-not-looked-up"];
    let finder = dir.join("finder/crashes");
    let child = start(&[&member(&dir, "finder", &bug)[..], &["--seed", "3"]].concat());
    until("it finds the bug", || finder.is_dir() && !names(&finder).is_empty());
    let found = interrupt(child);
    assert_eq!(code(&found), Some(1), "{}", err(&found));
    let all = (queue(&dir, "finder").len() + names(&finder).len() + 20).to_string();
    let short = |more: &[&str]| run(&[&["fuzz", "--jobs", "1", "--seed", "4", "--json"], &bug[..], more].concat());
    let alone = short(&["--execs", "20"]);
    assert_eq!(code(&alone), Some(0), "20 programs of its own do not show it: {}", out(&alone));
    let taker = short(&["--execs", &all, "--sync", text(&dir), "--name", "taker"]);
    assert_eq!(code(&taker), Some(1), "{}", err(&taker));
    let signatures = |output| -> Vec<String> {
        let list = json(output)["divergences"].as_array().cloned().unwrap_or_default();
        list.iter().filter_map(|find| find["signature"].as_str().map(str::to_string)).collect()
    };
    let first = signatures(&found).remove(0);
    assert!(signatures(&taker).contains(&first), "{first} is not among {:?}", signatures(&taker));
}

#[test]
fn a_crash_that_another_engine_leaves_while_it_runs_is_taken_and_its_note_is_not() {
    let dir = directory("crash");
    let crashes = dir.join("afl/crashes");
    std::fs::create_dir_all(dir.join("afl/queue")).expect("a queue");
    std::fs::create_dir_all(&crashes).expect("crashes");
    let child = start(&member(&dir, "taker", &["--target", "mremap", "--subject", "bug:mremap-marks-special"]));
    until("it runs", || !queue(&dir, "taker").is_empty());
    std::fs::write(crashes.join("README.txt"), "ptefuzz 1\nvma 0..16 anon rw\nread 9\n").expect("AFL++'s note");
    std::fs::write(crashes.join("id:000000,sig:06,src:000001"), LOSES_SPECIAL).expect("a crash");
    std::thread::sleep(std::time::Duration::from_millis(4500));
    let output = interrupt(child);
    assert_eq!((code(&output), taken(&output)), (Some(1), 1), "{}", err(&output));
    assert!(out(&output).contains("move_soft_dirty/pte/special->swap"));
    assert!(!names(&dir.join("taker/crashes")).is_empty());
}

#[test]
fn plain_directories_of_libfuzzer_are_read_too_and_files_that_grow_are_read_again() {
    let dir = directory("libfuzzer");
    std::fs::create_dir_all(dir.join("flat")).expect("a directory");
    std::fs::write(dir.join("flat/0123abcd"), "ptefuzz 1\nvma 0..16 anon rw\nwrite 3\n").expect("a file");
    std::fs::write(dir.join("top"), "ptefuzz 1\nvma 0..16 anon r\nread 3\n").expect("a file");
    std::fs::create_dir_all(dir.join("main/queue/.state")).expect("AFL++'s own");
    std::fs::write(dir.join("main/queue/id:000000,orig:a"), "ptefuzz 1\nvma 0..16 anon rw\nwri").expect("half a file");
    let child = start(&member(&dir, "taker", &["--subject", "bug:mremap-marks-special", "--target", "mprotect"]));
    until("it runs", || dir.join("taker/.lock").is_file());
    std::thread::sleep(std::time::Duration::from_millis(700));
    std::fs::write(dir.join("main/queue/id:000000,orig:a"), "ptefuzz 1\nvma 0..16 anon rw\nwrite 7\nread 8\n")
        .expect("the whole");
    std::thread::sleep(std::time::Duration::from_millis(4500));
    let output = interrupt(child);
    assert_eq!(taken(&output), 4, "{}", err(&output));
}

#[test]
fn a_name_belongs_to_one_run_at_a_time_and_must_be_plain() {
    let dir = directory("names");
    let child = start(&member(&dir, "same", &[]));
    until("it runs", || dir.join("same/queue").is_dir() && !queue(&dir, "same").is_empty());
    let second = run(&member(&dir, "same", &[]));
    assert_eq!(code(&second), Some(2));
    assert!(err(&second).contains("--name same: found it in use"), "{}", err(&second));
    assert_eq!(code(&interrupt(child)), Some(0));
    for name in ["a/b", ".hidden", ""] {
        assert_eq!(code(&run(&member(&dir, name, &[]))), Some(2), "{name:?}");
    }
    let raw = run(&["fuzz", "--target", "raw", "--sync", text(&dir), "--execs", "1"]);
    assert!(err(&raw).contains("--sync: found with --target raw"), "{}", err(&raw));
}
