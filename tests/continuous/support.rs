//! Running the program, its directories, and what is in them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The program with these arguments, in the project's directory.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ptefuzz"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

pub fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program starts")
}

/// The program started, its output kept for later.
pub fn start(arguments: &[&str]) -> Child {
    command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

pub fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", out(output), err(output)))
}

/// A fresh directory of a test.
pub fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("continuous").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory for the test");
    path
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// The names in a directory that are not hidden, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

/// Hidden files that a killed write left.
pub fn leftovers(dir: &Path) -> usize {
    let entries = std::fs::read_dir(dir).expect("a directory");
    entries
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().ends_with(".tmp")))
        .count()
}

/// Waits until something holds; fails after a time that only a hang needs.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(120), "did not happen: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asks a child to end, as a terminal's Ctrl-C does, and gives what it said.
pub fn interrupt(child: Child) -> Output {
    let pid = i32::try_from(child.id()).expect("a process number");
    // SAFETY: kill() of a child that was not waited for yet, so that its number is still its own.
    unsafe { libc::kill(pid, libc::SIGINT) };
    child.wait_with_output().expect("it ends")
}
