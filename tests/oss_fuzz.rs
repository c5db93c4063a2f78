//! The build for OSS-Fuzz: what is handed in only calls the script, what the script refuses, and that the checker of its output catches what a runner would
//! trip over. The build itself takes minutes: `fuzz/check-oss-fuzz` makes it and checks it, and `.ci/run` calls that.

use ptefuzz::target::{PARSERS, TARGETS};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oss_fuzz").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory for the test");
    path
}

#[test]
fn what_is_handed_in_only_calls_the_script_of_the_project() {
    for dir in ["oss-fuzz", ".clusterfuzzlite"] {
        let script = read(&format!("{dir}/build.sh"));
        let lines: Vec<_> = script.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        assert_eq!(lines, ["\"$SRC/ptefuzz/fuzz/oss-fuzz-build.sh\""], "{dir}");
        let docker = read(&format!("{dir}/Dockerfile"));
        assert!(docker.contains("FROM gcr.io/oss-fuzz-base/base-builder-rust"), "{dir}");
        assert!(docker.contains("build.sh $SRC/") && docker.contains("WORKDIR $SRC/ptefuzz"), "{dir}");
        let minimum =
            read("Cargo.toml").lines().find_map(|line| line.strip_prefix("rust-version = ").map(str::to_string));
        let minimum = minimum.expect("a minimum version").replace('"', "");
        assert!(docker.contains(&format!("minimum Rust is {minimum}")), "{dir}/Dockerfile does not say {minimum}");
        let project = read(&format!("{dir}/project.yaml"));
        assert!(project.contains("language: rust") && project.contains("- address") && project.contains("- libfuzzer"));
    }
}

#[test]
fn the_four_workflows_are_there_and_each_builds_what_it_runs() {
    for (name, mode, sanitizer) in [
        ("pr", "code-change", "address"),
        ("batch", "batch", "address"),
        ("cron", "prune", "address"),
        ("cron", "coverage", "coverage"),
    ] {
        let text = read(&format!(".github/workflows/cflite_{name}.yml"));
        let at = text.find(&format!("mode: {mode}\n")).unwrap_or_else(|| panic!("{name} has no mode {mode}"));
        assert!(text[at..].starts_with(&format!("mode: {mode}\n          sanitizer: {sanitizer}\n")), "{name}");
        let before = text[..at].rfind("build_fuzzers@").expect("a build before the run");
        assert!(text[before..at].contains(&format!("sanitizer: {sanitizer}\n")), "{name}: another build than its run");
    }
    assert!(read(".github/workflows/cflite_build.yml").contains("upload-build: true"));
}

#[test]
fn the_script_refuses_what_it_cannot_build_before_it_builds_anything() {
    let out = directory("refused");
    let run = |variables: &[(&str, &str)]| {
        let mut command = Command::new(root().join("fuzz/oss-fuzz-build.sh"));
        command.env("OUT", &out).current_dir("/");
        for (name, value) in variables {
            command.env(name, value);
        }
        let output = command.output().expect("the script starts");
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        said(&output)
    };
    assert!(run(&[("OUT", "")]).contains("OUT: found nothing"));
    assert!(run(&[("SANITIZER", "memory")]).contains("SANITIZER: found memory, expected address, coverage or none"));
    assert!(run(&[("FUZZING_ENGINE", "afl")]).contains("FUZZING_ENGINE: found afl, expected libfuzzer"));
    assert!(run(&[("ARCHITECTURE", "i386")]).contains("ARCHITECTURE: found i386"));
    assert_eq!(std::fs::read_dir(&out).expect("a directory").count(), 0);
}

#[test]
fn every_target_of_either_table_is_built_by_the_script() {
    for name in TARGETS.iter().map(|target| target.name).chain(PARSERS.iter().map(|parser| parser.name)) {
        assert!(root().join(format!("fuzz/fuzz_targets/{name}.rs")).is_file(), "{name}");
    }
    let planted = read("fuzz/check-oss-fuzz");
    for target in &TARGETS {
        assert!(planted.contains(&format!("\"{} bug:", target.name)), "no planted bug for {}", target.name);
    }
}

/// A directory as the script makes it, of one target that is no fuzz target, with everything else wrong that can be.
#[test]
fn the_checker_complains_of_a_target_that_a_runner_could_not_use() {
    for tool in ["zip", "unzip", "nm"] {
        if Command::new(tool).arg("--help").output().is_err() {
            eprintln!("left out: this machine has no {tool}");
            return;
        }
    }
    let out = directory("wrong");
    let target = out.join("wrong");
    std::fs::write(&target, "#!/bin/sh\ntouch \"$(dirname \"$0\")/litter\" && echo > /tmp/ptefuzz-litter\n")
        .expect("a script");
    std::fs::set_permissions(&target, PermissionsExt::from_mode(0o755)).expect("a mode");
    std::fs::write(out.join("wrong.dict"), "# fine\nname=\"fine\"\nname=no quotes\n").expect("a dictionary");
    std::fs::write(out.join("wrong.options"), "[libfuzzer]\nmax_len = 3\ndict = absent.dict\nwhat is this\n")
        .expect("options");
    std::fs::create_dir(out.join("dir")).expect("a directory");
    std::fs::write(out.join("dir/empty"), "").expect("a seed");
    let zipped =
        Command::new("zip").args(["-q", "-r", "wrong_seed_corpus.zip", "dir/empty"]).current_dir(&out).status();
    assert!(zipped.is_ok_and(|status| status.success()));
    std::fs::remove_dir_all(out.join("dir")).expect("removed");
    let checked =
        Command::new(root().join("fuzz/check-oss-fuzz")).arg("check").arg(&out).output().expect("the checker starts");
    let said = said(&checked);
    assert_eq!(checked.status.code(), Some(1), "{said}");
    for complaint in [
        "the seed corpus is not flat",
        "empty seeds",
        "the dictionary has a line that is none: 3:name=no quotes",
        "the options have a line that is none: 3:what is this",
        "the options name absent.dict, which is not there",
        "no AddressSanitizer in it",
        "not instrumented",
        "no libFuzzer in it",
    ] {
        assert!(said.contains(&format!("complaint: wrong: {complaint}")), "no \"{complaint}\" in\n{said}");
    }
    // Where the machine lets it, the target could not write; where it does not, what it wrote is seen.
    assert!(
        said.contains("complaint: wrong: does not run") || said.contains("changed while targets ran"),
        "writing went unnoticed:\n{said}"
    );
}
