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

/// The file name of a find: its target, then its signature with nothing in it that a shell or a file system minds.
pub fn artifact_name(target: &str, divergence: &Divergence) -> String {
    let signature = divergence.signature.to_string();
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+') { c } else { '_' };
    let signature: String = signature.chars().map(plain).take(120).collect();
    format!("{target}-{signature}.pte")
}
