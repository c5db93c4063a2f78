//! Reproducers in all three languages: they compile without a warning, fail for the bug, and pass for what is right.
//!
//! A test that needs a compiler or a kernel that is not there says so and passes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("repro-{}", std::process::id())).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory for the test");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn run(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

fn ptefuzz(arguments: &[&str]) -> Output {
    run(Path::new(env!("CARGO_BIN_EXE_ptefuzz")), arguments)
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The reproducer of a program, written to a file.
fn reproducer(dir: &Path, program: &str, lang: &str, subject: &str) -> PathBuf {
    let input = dir.join("program.pte");
    std::fs::write(&input, program).expect("a program");
    let out = dir.join(if lang == "rust" { "reproducer.rs" } else { "reproducer.c" });
    let output = ptefuzz(&["repro", text(&input), "--lang", lang, "--subject", subject, "-o", text(&out)]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let source = std::fs::read_to_string(&out).expect("a file");
    assert!(source.starts_with("// SPDX-License-Identifier: 0BSD\n"));
    out
}

/// Why a program makes no reproducer.
fn refusal(program: &str, lang: &str, more: &[&str]) -> String {
    let dir =
        directory(&format!("refusal-{lang}-{:x}", program.bytes().fold(7u32, |n, b| n.wrapping_mul(31) + b as u32)));
    let input = dir.join("program.pte");
    std::fs::write(&input, program).expect("a program");
    let output = ptefuzz(&[&["repro", text(&input), "--lang", lang], more].concat());
    assert_eq!(code(&output), 2, "{}", said(&output));
    assert!(output.stdout.is_empty());
    said(&output)
}

/// The C compiler, if there is one.
fn cc() -> Option<PathBuf> {
    let there = Command::new("cc").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: there is no C compiler (cc)");
    }
    there.then(|| PathBuf::from("cc"))
}

/// Compiles with every warning an error.
fn compile(cc: &Path, dir: &Path, arguments: &[&str], name: &str) -> PathBuf {
    let out = dir.join(name);
    let output = Command::new(cc)
        .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-I", text(dir)])
        .args(arguments)
        .args(["-o", text(&out)])
        .output()
        .expect("the compiler starts");
    assert!(output.status.success(), "{}", said(&output));
    out
}

const MREMAP: &str = "ptefuzz 1 raw\nmove_soft_dirty 0x4\n";
const MREMAP_WORLD: &str =
    "ptefuzz 1\nvma 0 shmem-shared rw uffd-wp\nwrite 0\nuffd-wp 0\nzap 0 keep-marker\nmremap 0 -> 1 event\n";
const WAIT: &str = "ptefuzz 1 raw\nmigration_wait 0x4 ref_ok\nmigration_wait 0xe7ffffffffdb9600 ref_ok\n";

#[test]
fn a_c_file_fails_for_the_bug_and_passes_for_the_right_implementation() {
    let Some(cc) = cc() else { return };
    let cases = [
        ("mremap", MREMAP, "bug:mremap-marks-special", "wrong 0x0000000000000006"),
        ("mremap-world", MREMAP_WORLD, "bug:mremap-marks-special", "mremap 0 -> 1 event"),
        // Both answers are the same there: only the use is wrong.
        ("wait", WAIT, "bug:migration-wait-decodes-special", "must not be: decoded"),
    ];
    for (name, program, subject, words) in cases {
        let dir = directory(&format!("c-{name}"));
        let source = reproducer(&dir, program, "c", subject);
        std::fs::write(dir.join("ptefuzz.h"), ptefuzz(&["header"]).stdout).expect("the header");
        let implementation = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/repro/implementation.c");
        let right = compile(&cc, &dir, &[text(&source), implementation], "right");
        let wrong = compile(&cc, &dir, &["-DBUG", text(&source), implementation], "wrong");
        let output = run(&right, &[]);
        assert_eq!(code(&output), 0, "{name}: {}", said(&output));
        let output = run(&wrong, &[]);
        assert_eq!(code(&output), 1, "{name}: {}", said(&output));
        assert!(said(&output).contains(words), "{name}: {}", said(&output));
    }
}

/// A protection that no vma has makes a pte that reads like a swap pte; what the site then does to its flags is right all the same. And a pte
/// that was found after a wait is judged as what it is.
const ODD: &str = "ptefuzz 1 raw\nchange_prot 0x8000000000001867 uffd_wp newprot=0x8000000000000024\n\
                   numa_page 0x120 prot=0x24\ngup_v3 0xe7ffffffffdb9600 foll_migration second=0x4\n\
                   hmm_v3 0x4\n";

#[test]
fn a_c_file_judges_the_uses_of_ptes_that_the_implementation_made_as_what_it_made() {
    let Some(cc) = cc() else { return };
    let dir = directory("c-uses");
    let source = reproducer(&dir, ODD, "c", "bug:hmm-decodes-special");
    std::fs::write(dir.join("ptefuzz.h"), ptefuzz(&["header"]).stdout).expect("the header");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/c");
    for file in ["pte.c", "ptefuzz_shim.h"] {
        std::fs::copy(example.join(file), dir.join(file)).expect("a copy");
    }
    let implementation = dir.join("pte.c");
    let right = run(&compile(&cc, &dir, &[text(&source), text(&implementation)], "right"), &[]);
    assert_eq!((code(&right), said(&right).contains("all 4 answers are right")), (0, true), "{}", said(&right));
    let wrong = run(&compile(&cc, &dir, &["-DMISTAKE_HMM", text(&source), text(&implementation)], "wrong"), &[]);
    assert_eq!((code(&wrong), said(&wrong).contains("1 of 4 answers are wrong")), (1, true), "{}", said(&wrong));
}

#[test]
fn what_single_calls_cannot_show_is_refused_in_c() {
    let colliding = "ptefuzz 1 raw\nswp_entry_to_pte 0x0 offset=0x3ffffffffffff\n";
    let why = refusal(colliding, "c", &["--allow-colliding-offsets"]);
    assert!(why.contains("swp_entry_to_pte/collision/none") && why.contains("no encoding"), "{why}");
    let range = "ptefuzz 1 raw\nrange khuge_scan max_swap=64 max_none=511 max_shared=256\n  0x4 uffd_armed\nend\n";
    let why = refusal(range, "c", &["--subject", "bug:khugepaged-counts-special"]);
    assert!(why.contains("khuge_scan[]") && why.contains("no ranges"), "{why}");
}

/// The newest build of this crate's library, and where its dependencies are.
fn library() -> Option<(PathBuf, PathBuf)> {
    let deps = Path::new(env!("CARGO_BIN_EXE_ptefuzz")).parent()?.join("deps");
    let libraries = std::fs::read_dir(&deps).ok()?.flatten().map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libptefuzz-") && name.ends_with(".rlib")
    });
    let newest = libraries.max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok())?;
    Some((newest, deps))
}

#[test]
fn a_rust_test_fails_for_the_bug_and_passes_for_the_right_implementation() {
    let Some((library, deps)) = library() else {
        eprintln!("skipped: no build of the library beside the program");
        return;
    };
    for (name, subject, expected) in [("right", "packed", 0), ("wrong", "bug:mremap-marks-special", 101)] {
        let dir = directory(&format!("rust-{name}"));
        let source = reproducer(&dir, MREMAP_WORLD, "rust", subject);
        let out = dir.join("test");
        let compiled = Command::new("rustc")
            .args(["--edition", "2024", "--test", "-D", "warnings", "-C", "debuginfo=0", "--crate-name", "reproducer"])
            .args(["-L", &format!("dependency={}", deps.display())])
            .args(["--extern", &format!("ptefuzz={}", library.display())])
            .args([text(&source), "-o", text(&out)])
            .output();
        let Ok(compiled) = compiled else {
            eprintln!("skipped: there is no rustc");
            return;
        };
        assert!(compiled.status.success(), "{}", said(&compiled));
        let output = run(&out, &[]);
        assert_eq!(code(&output), expected, "{}", said(&output));
        assert_eq!(
            said(&output).contains("move_soft_dirty/pte/special->swap in step 5"),
            expected != 0,
            "{}",
            said(&output)
        );
    }
}

const PROTECT: &str = "ptefuzz 1\ntree series\nvma 0..4 anon rw uffd-wp\nwrite 0\nwrite 1\nuffd-wp 0..2\nwrite 0\nmprotect 0 r\n\
                       mprotect 0 rw\nuffd-unwp 0\nwrite 0\nfork\nread 0\nwrite 513\nmremap 1 -> 9\nwrite 9\nzap 9\nread 9\nunmap 2\nexit-child\n";
const EVICT: &str = "ptefuzz 1\ntree series\nvma 0..4 shmem-shared rw uffd-wp\nwrite 0\nuffd-wp 0\nevict 0\nread 0\nwrite 0\nuffd-unwp 0\nwrite 0\n";
const LOOKS: &str = "ptefuzz 1\ntree series\nvma 0..4 shmem-shared rw\nwrite 0\nwillneed 0\nunmap 1\npagemap 1\nmincore 1\nsmaps 1\nread 1\nread 0\n";
const CLEAR: &str = "ptefuzz 1\nvma 0..4 anon rw\nwrite 0\nclear-refs 0..4\nread 0\nwrite 1\n";

/// Runs a selftest: its exit code and what it printed, which must be TAP.
fn selftest(test: &Path) -> (i32, String) {
    let output = run(test, &[]);
    let tap = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(tap.starts_with("TAP version 13\n"), "{tap}");
    assert!(tap.lines().any(|line| line.starts_with("1..")), "no plan: {tap}");
    for line in tap.lines().skip(1) {
        let known = ["1..", "ok ", "not ok ", "#"].iter().any(|start| line.starts_with(start));
        assert!(known, "no TAP: {line}");
    }
    if code(&output) == 4 {
        eprintln!("skipped by the kernel: {tap}");
    }
    (code(&output), tap)
}

#[test]
fn a_selftest_passes_on_a_right_kernel_or_says_what_that_cannot_do() {
    let Some(cc) = cc() else { return };
    for (name, program) in [("protect", PROTECT), ("evict", EVICT), ("looks", LOOKS), ("clear", CLEAR)] {
        let dir = directory(&format!("live-{name}"));
        let source = reproducer(&dir, program, "kselftest", "packed");
        let test = compile(&cc, &dir, &["-pthread", text(&source)], "test");
        let (ended, tap) = selftest(&test);
        match ended {
            0 => assert!(tap.contains(" fail:0 ") && !tap.contains("not ok"), "{tap}"),
            4 => assert!(tap.contains("# SKIP "), "{tap}"),
            _ => panic!("{name}: {tap}"),
        }
    }
}

#[test]
fn a_selftest_fails_where_pagemap_is_not_what_the_model_says() {
    let Some(cc) = cc() else { return };
    let dir = directory("live-wrong");
    let source = reproducer(&dir, PROTECT, "kselftest", "packed");
    // A kernel that is wrong cannot be had here: the expectation is made wrong instead, as one that lost the present bit would be right.
    let right = std::fs::read_to_string(&source).expect("a file");
    let wrong = right.replacen("{ 0, 1, 0x8", "{ 0, 1, 0x0", 1);
    assert_ne!(right, wrong);
    std::fs::write(&source, wrong).expect("a file");
    let test = compile(&cc, &dir, &["-pthread", text(&source)], "test");
    let (ended, tap) = selftest(&test);
    if ended == 4 {
        return;
    }
    assert_eq!(ended, 1, "{tap}");
    assert!(tap.contains("\nnot ok 2 write 0") && tap.contains("# page 0: pagemap has 0x8"), "{tap}");
}

#[test]
fn a_step_that_never_ends_is_killed_and_fails_and_the_rest_is_skipped() {
    let Some(cc) = cc() else { return };
    let dir = directory("live-hangs");
    let source = reproducer(&dir, "ptefuzz 1\nvma 0 anon rw\npagemap 0\nwrite 0\n", "kselftest", "packed");
    let hangs = std::fs::read_to_string(&source)
        .expect("a file")
        .replace("case PAGEMAP:", "case PAGEMAP: for (;;) pause();")
        .replace("#define SECONDS 5", "#define SECONDS 1");
    std::fs::write(&source, hangs).expect("a file");
    let test = compile(&cc, &dir, &["-pthread", text(&source)], "test");
    let (ended, tap) = selftest(&test);
    if ended == 4 {
        return;
    }
    assert_eq!(ended, 1, "{tap}");
    assert!(tap.contains("not ok 2 pagemap 0") && tap.contains("ok 3 write 0 # SKIP"), "{tap}");
}

#[test]
fn what_user_space_cannot_drive_is_refused_with_step_operation_and_reason() {
    let cases = [
        ("hardware 0 accessed", "processor"),
        ("numa-hint 0", "NUMA balancing"),
        ("swapoff area0", "whole machine"),
        ("migrate-begin 0", "two halves"),
        ("to-device 0", "driver"),
        ("hwpoison 0", "memory error"),
        ("khuge-scan 0", "khugepaged"),
        ("memcg-move 0 anon", "cgroup"),
        ("rmap 0", "own walk"),
        ("write-back 0", "own walk"),
        ("hmm 0", "device driver"),
        ("gup 0 get", "drivers and I/O"),
        ("ksm 0", "KSM"),
        ("age 0", "own walk"),
        ("pin 0", "drivers and I/O"),
        ("write 0 fail=oom", "fail=oom"),
        ("zap 0 keep-marker", "special pte"),
        ("zap 0 truncate", "everybody"),
        ("uffd-unregister 0 close", "descriptor"),
        ("clear-refs 0", "page 1 is not among"),
        ("vma 8 device rw", "device memory"),
        ("vma 8 hugetlb rw", "hugetlb"),
        ("mprotect 0..8 r", "not mapped"),
        ("swap-in 0", "no swap entry"),
        ("swap-out 0", "nothing that reclaim"),
    ];
    for (op, reason) in cases {
        let why = refusal(&format!("ptefuzz 1\nvma 0..2 anon rw\n{op}\n"), "kselftest", &[]);
        let name = op.split(' ').next().unwrap_or("");
        for word in ["step 2", name, reason] {
            assert!(why.contains(word), "no \"{word}\" in {why}");
        }
    }
    assert!(refusal(MREMAP, "kselftest", &[]).contains("no operations"));
    let why = refusal("ptefuzz 1\nvma 0 anon rw\n", "kselftest", &["--special", "device"]);
    assert!(why.contains("no kernel runs with another special value"), "{why}");
}
