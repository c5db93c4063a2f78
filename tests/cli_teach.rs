//! The teaching commands as a person or a program meets them: `decode`, `sites` and `header`, run as processes.

#[path = "cli_teach/decode.rs"]
mod decode;
#[path = "cli_teach/header.rs"]
mod header;
#[path = "cli_teach/sites.rs"]
mod sites;

use std::process::{Command, Output};

/// Runs the program.
fn ptefuzz(args: &[&str]) -> Output {
    command(args).output().expect("ptefuzz runs")
}

/// The program with these arguments, and nothing in its environment that decides about colour.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ptefuzz"));
    command.args(args).env_remove("CLICOLOR_FORCE").env_remove("CLICOLOR").env_remove("NO_COLOR");
    command
}

/// Runs the program, which must succeed, and gives its standard output.
fn stdout(args: &[&str]) -> String {
    let output = ptefuzz(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Runs the program, which must print one JSON value.
fn json(args: &[&str]) -> serde_json::Value {
    serde_json::from_str(&stdout(args)).expect("JSON")
}

/// Runs the program, which must refuse with exit code 2 and print nothing on standard output, and gives the message.
fn refusal(args: &[&str]) -> String {
    let output = ptefuzz(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// Checks that a text fits into a terminal and carries no colour.
fn assert_fits(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        assert!(!line.contains('\u{1b}'), "{line:?}");
        assert_eq!(line, line.trim_end(), "spaces at the end");
    }
}

/// A text without its escape sequences, of which there are only colours.
fn without_colour(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_string();
    pieces.fold(first, |plain, piece| plain + piece.split_once('m').map_or(piece, |(_, rest)| rest))
}

#[test]
fn colour_comes_only_when_it_is_wanted_and_changes_no_letter() {
    for args in [&["decode", "0x4", "0x60", "0x8000000000001025"][..], &["sites"], &["sites", "gup", "smaps"]] {
        let plain = stdout(args);
        assert_fits(&plain);
        let forced = command(args).env("CLICOLOR_FORCE", "1").output().expect("ptefuzz runs");
        let coloured = String::from_utf8(forced.stdout).expect("UTF-8");
        assert_ne!(coloured, plain);
        assert_eq!(without_colour(&coloured), plain);
        let refused = command(args).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output().expect("ptefuzz runs");
        assert_eq!(String::from_utf8(refused.stdout).expect("UTF-8"), plain);
    }
}
