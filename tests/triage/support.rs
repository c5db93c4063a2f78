//! What the tests of triage share: directories, subjects, and the program itself.

use ptefuzz::museum::Bug;
use ptefuzz::subjects::SubjectName;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A fresh directory of this test in this process, so that two runs at a time do not see each other's files.
pub fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("triage-{}", std::process::id())).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory for the test");
    path
}

/// The subject that has all of these bugs.
pub fn subject(bugs: &[&Bug]) -> SubjectName {
    let slugs: Vec<_> = bugs.iter().map(|bug| bug.slug).collect();
    format!("bug:{}", slugs.join("+")).parse().expect("bugs of the museum")
}

/// Runs the program.
pub fn ptefuzz(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ptefuzz")).args(arguments).output().expect("the program starts")
}

pub fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// The one JSON object on standard output.
pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(output)))
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
