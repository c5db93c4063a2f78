//! What a target says when it crashes: the signature first, so that every bucketing by message is one by meaning.

use super::Settings;
use crate::lockstep::Divergence;
use crate::lockstep::explain::{INDENT, Tone, explain};
use crate::program::Program;
use std::fmt::Write;

/// The panic message of a divergence: signature, explanation, the program as text, and the command that shows it step by step. `file` is where the
/// program stands.
pub fn crash_message(
    divergence: &Divergence,
    step: usize,
    program: &Program,
    settings: &Settings,
    file: &str,
) -> String {
    let mut text = format!("{}\n\nin step {step}:\n", divergence.signature);
    for line in explain(divergence).iter().filter(|line| line.tone != Tone::Title) {
        let label = format!("  {}", line.label);
        let _ = writeln!(text, "{label:INDENT$}{}", line.text);
    }
    let _ = write!(text, "\nprogram:\n{}", program.to_text());
    let _ = write!(text, "\nptefuzz replay{} {file}\n", settings.arguments());
    text
}
