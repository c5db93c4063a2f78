//! What tests of the program itself share.

use std::process::{Command, Output};

/// Runs the program in the project's directory.
pub fn ptefuzz(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ptefuzz"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts")
}

/// What it said to people.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
