//! What a shell, `man` and a newcomer ask of the program: completions, pages, and an example in every command's help.

use std::process::{Command, Output};

fn ptefuzz(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ptefuzz")).args(arguments).output().expect("the program starts")
}

fn stdout(arguments: &[&str]) -> String {
    let output = ptefuzz(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The commands that `ptefuzz --help` lists.
fn commands() -> Vec<String> {
    let help = stdout(&["--help"]);
    let list = help.split("Commands:").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    // A command's name stands two columns in; what goes on from the line before stands further in.
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_string).collect()
}

#[test]
fn every_command_has_an_example_in_its_help() {
    let commands = commands();
    assert!(commands.len() >= 10, "{commands:?}");
    for command in &commands {
        let help = stdout(&[command, "--help"]);
        assert!(help.contains("Examples:"), "{command} has no example");
        assert!(help.contains(&format!("ptefuzz {command}")), "{command}'s examples do not call it");
    }
}

#[test]
fn completions_name_every_command_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{shell}: no {command}");
        }
    }
    assert_eq!(ptefuzz(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn bash_takes_its_completions() {
    let script = stdout(&["completions", "bash"]);
    match Command::new("bash").args(["-n", "-c", &script]).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => println!("test skipped: no bash here"),
    }
}

#[test]
fn there_is_a_manual_page_for_the_program_and_for_each_command() {
    let page = stdout(&["man"]);
    assert!(page.contains(".SH NAME") && page.contains("ptefuzz"), "{page}");
    for command in commands() {
        let page = stdout(&["man", &command]);
        assert!(page.contains(".SH NAME") && page.contains(&command), "{command}: {page}");
    }
    let output = ptefuzz(&["man", "nonsense"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("expected one of"));
}

#[test]
fn the_shim_that_is_printed_is_the_one_that_the_examples_use() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/c/ptefuzz_shim.h");
    assert_eq!(Some(stdout(&["header", "--shim"])), std::fs::read_to_string(file).ok());
}
