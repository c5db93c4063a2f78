//! Running the program, its directories, and what is in them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
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

/// Where a child that was started with `--metrics 127.0.0.1:0` says that it serves them; what else it says goes nowhere.
pub fn metrics_address(child: &mut Child) -> String {
    let mut stderr = BufReader::new(child.stderr.take().expect("its standard error"));
    let mut line = String::new();
    while !line.starts_with("metrics at http://") {
        line.clear();
        assert!(stderr.read_line(&mut line).expect("text") > 0, "it never said where");
    }
    std::thread::spawn(move || stderr.read_to_string(&mut String::new()));
    line.trim().trim_start_matches("metrics at http://").trim_end_matches("/metrics").to_string()
}

/// One request, and the whole answer.
pub fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(request.as_bytes()).expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// The value of a metric; no number, which equals nothing, where it is not served yet.
pub fn metric(address: &str, name: &str) -> f64 {
    let answer = ask(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    let line = body.lines().find(|line| line.starts_with(&format!("{name}{{")));
    line.map_or(f64::NAN, |line| line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number"))
}

/// Asks a child to end, as a terminal's Ctrl-C does, and gives what it said.
pub fn interrupt(child: Child) -> Output {
    let pid = i32::try_from(child.id()).expect("a process number");
    // SAFETY: kill() of a child that was not waited for yet, so that its number is still its own.
    unsafe { libc::kill(pid, libc::SIGINT) };
    child.wait_with_output().expect("it ends")
}
