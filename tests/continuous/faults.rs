//! What goes wrong on real machines, each done for real: kills, full disks, read-only directories, two runs at once, strange files, little memory.

use crate::support::*;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const BUG: [&str; 2] = ["--subject", "bug:mremap-marks-special"];

/// Every file of a corpus is whole: it reads strictly as a program, and its name is that of its content.
fn every_file_is_whole(dir: &Path) -> usize {
    let names = names(dir);
    for name in &names {
        let content = std::fs::read(dir.join(name)).expect("a file");
        let program = ptefuzz::program::Program::read(&content).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(program.to_bytes(), content, "{name}");
    }
    names.len()
}

#[test]
fn killed_at_any_moment_it_leaves_whole_files_and_every_find_that_it_told_of() {
    let dir = directory("killed");
    let (corpus, finds) = (dir.join("corpus"), dir.join("finds"));
    // `fuzz/faults kill` does this 200 times.
    for round in 0..12u64 {
        let seed = round.to_string();
        let arguments = [
            "fuzz",
            "--corpus",
            text(&corpus),
            "--artifacts",
            text(&finds),
            "--seed",
            &seed,
            "--jobs",
            "2",
            "--time",
            "60s",
        ];
        let mut child = command(&[&arguments[..], &BUG].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(Duration::from_millis(40 + round * 37 % 400));
        child.kill().expect("killed");
        child.wait().expect("gone");
        if corpus.is_dir() {
            every_file_is_whole(&corpus);
        }
    }
    let held = every_file_is_whole(&corpus);
    for name in names(&finds) {
        let again = run(&[&["replay", text(&finds.join(&name))], &BUG[..]].concat());
        assert_eq!(code(&again), Some(1), "{name}: {}", err(&again));
    }
    let next = run(&[&["fuzz", "--corpus", text(&corpus), "--execs", "100", "--seed", "1"], &BUG[..]].concat());
    assert!(err(&next).contains(&format!("{held} programs")), "{}", err(&next));
    assert_eq!(leftovers(&corpus) + leftovers(&corpus.join(".ptefuzz")), 0, "the next run cleans up");
}

/// Limits the size of files, as a full disk does: writes fail in the middle.
fn with_file_limit(arguments: &[&str], bytes: u64) -> std::process::Output {
    let mut command = command(arguments);
    // SAFETY: between fork and exec only two calls that are safe there.
    unsafe {
        command.pre_exec(move || {
            let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            match libc::setrlimit(libc::RLIMIT_FSIZE, &limit) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
    command.output().expect("the program starts")
}

#[test]
fn a_write_that_fails_in_the_middle_is_one_message_and_no_half_file() {
    let dir = directory("full");
    let corpus = dir.join("corpus");
    let flags = ["fuzz", "--corpus", text(&corpus), "--seed", "1", "--jobs", "1", "--execs", "20000"];
    let output = with_file_limit(&flags, 200);
    assert_eq!(code(&output), Some(2), "{}", err(&output));
    let said = err(&output);
    assert_eq!(said.lines().filter(|line| line.contains("cannot write")).count(), 1, "{said}");
    assert!(said.contains("File too large"), "{said}");
    assert_eq!(leftovers(&corpus), 0);
    every_file_is_whole(&corpus);
}

#[test]
fn a_find_whose_file_cannot_be_written_stands_in_the_message() {
    let dir = directory("full-find");
    let output = with_file_limit(
        &[&["fuzz", "--artifacts", text(&dir), "--seed", "1", "--jobs", "1", "--execs", "4000"], &BUG[..]].concat(),
        10,
    );
    assert_eq!(code(&output), Some(2), "{}", err(&output));
    let said = err(&output);
    let program = said.split("the program that should have gone there:\n").nth(1).unwrap_or_else(|| panic!("{said}"));
    let file = dir.join("rescued.pte");
    std::fs::write(&file, program).expect("a file");
    let again = run(&[&["replay", text(&file)], &BUG[..]].concat());
    assert_eq!(code(&again), Some(1), "{program}\n{}", err(&again));
    assert_eq!(names(&dir), ["rescued.pte"]);
}

#[test]
fn two_runs_on_one_corpus_lose_nothing_to_each_other() {
    let dir = directory("shared");
    let flags = |seed| ["fuzz", "--corpus", text(&dir), "--jobs", "1", "--execs", "6000", "--json", "--seed", seed];
    let first = start(&flags("1"));
    until("the first one writes", || dir.join(".ptefuzz/lock").is_file() && names(&dir).len() > 5);
    let second = run(&flags("2"));
    let first = first.wait_with_output().expect("it ends");
    assert_eq!((code(&first), code(&second)), (Some(0), Some(0)), "{}{}", err(&first), err(&second));
    every_file_is_whole(&dir);
    let count = names(&dir).len().to_string();
    let both = json(&run(&["fuzz", "--corpus", text(&dir), "--jobs", "1", "--execs", &count, "--json", "--seed", "3"]));
    for one in [&first, &second] {
        assert!(both["covered"].as_u64() >= json(one)["covered"].as_u64(), "{both:#}");
    }
}

#[test]
fn strange_files_are_passed_over_counted_and_left_alone() {
    let dir = directory("strange");
    std::fs::write(dir.join("good"), "ptefuzz 1\nvma 0..16 anon rw\nwrite 3\n").expect("a file");
    std::fs::write(dir.join("broken"), b"\x01\xff\xff\xff\x00junk\xfe").expect("a file");
    std::fs::write(dir.join("empty"), "").expect("a file");
    std::fs::write(dir.join(std::ffi::OsStr::from_bytes(b"n\xffme")), "ptefuzz 1\nvma 0..16 anon rw\nread 3\n")
        .expect("a file");
    let huge = std::fs::File::create(dir.join("huge")).expect("a file");
    huge.set_len(8 << 30).expect("a hole of 8 GiB");
    symlink(dir.join("good"), dir.join("link")).expect("a link");
    symlink(dir.join("absent"), dir.join("dangling")).expect("a link");
    symlink(&dir, dir.join("loop")).expect("a link");
    symlink("/dev/zero", dir.join("endless")).expect("a link");
    let pipe = dir.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()));
    let before = std::fs::read_dir(&dir).expect("it").count();
    let output = run(&["fuzz", "--corpus", text(&dir), "--jobs", "1", "--execs", "5", "--seed", "1"]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    let said = err(&output);
    assert!(said.contains("passed over: 1 empty, 1 above 1 MiB, 1 that cannot be read, 2 no regular file"), "{said}");
    let still = std::fs::read_dir(&dir).expect("it").flatten();
    let still = still.filter(|entry| !entry.file_name().as_bytes().starts_with(b".")).filter(|entry| {
        let name = entry.file_name();
        name.len() != 40 || name.as_bytes().iter().any(|byte| !byte.is_ascii_hexdigit())
    });
    assert_eq!(still.count(), before, "nobody's file is removed");
    assert!(std::fs::symlink_metadata(&pipe).expect("it").file_type().is_fifo());
}

#[test]
fn without_a_terminal_and_with_every_stream_closed_it_runs_to_its_end() {
    let dir = directory("closed");
    let mut command = command(&["fuzz", "--execs", "200", "--seed", "1", "--corpus", text(&dir)]);
    // SAFETY: between fork and exec only calls that are safe there.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            for stream in 0..3 {
                libc::close(stream);
            }
            Ok(())
        });
    }
    let status = command.status().expect("the program starts");
    assert!(matches!(status.code(), Some(0 | 2)), "{status}");
    assert!(!names(&dir).is_empty());
}

#[test]
fn a_limit_of_256_mib_is_enough() {
    let dir = directory("memory");
    let corpus = format!("{}/corpus/sequence", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(corpus).expect("seeds").flatten() {
        std::fs::copy(entry.path(), dir.join(entry.file_name())).expect("a copy");
    }
    let mut command = command(&["fuzz", "--jobs", "2", "--execs", "20000", "--seed", "1", "--corpus", text(&dir)]);
    // SAFETY: between fork and exec one call that is safe there.
    unsafe {
        command.pre_exec(|| {
            let limit = libc::rlimit { rlim_cur: 256 << 20, rlim_max: 256 << 20 };
            match libc::setrlimit(libc::RLIMIT_AS, &limit) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        });
    }
    let output = command.output().expect("the program starts");
    assert_eq!(code(&output), Some(0), "{}", err(&output));
}
