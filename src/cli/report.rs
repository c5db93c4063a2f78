//! Explanations on a terminal, and what a find is in JSON.

use super::error::Failure;
use super::style::{BOLD, DIM, RIGHT, WRONG};
use ptefuzz::engine::Find;
use ptefuzz::lockstep::explain::{INDENT, Line, Tone, explain};
use ptefuzz::lockstep::{KnownSignatures, Signature};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// An explanation's lines, painted.
pub fn paint(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let (style, indent) = match line.tone {
            Tone::Title => (BOLD, 2),
            Tone::Plain => (anstyle::Style::new(), INDENT),
            Tone::Right => (RIGHT, INDENT),
            Tone::Wrong => (WRONG, INDENT),
            Tone::Background => (DIM, INDENT),
        };
        let label = format!("  {}", line.label);
        let _ = writeln!(text, "{label:indent$}{style}{}{style:#}", line.text);
    }
    text
}

/// The name of the file that a signature's program is written to.
pub fn artifact_name(signature: &Signature) -> String {
    format!("{}.pte", signature.file_stem())
}

/// The signatures of `--known FILE`; none without it.
///
/// # Errors
///
/// A file that cannot be read, and the first line that is no signature.
pub fn read_known(path: Option<&Path>) -> Result<KnownSignatures, Failure> {
    let Some(path) = path else { return Ok(KnownSignatures::default()) };
    KnownSignatures::read(path).map_err(|error| match error.line {
        0 => Failure::new(format!("{}: {}", path.display(), error.message)),
        line => Failure::at(path, line, error.message),
    })
}

/// A find for people: how often, on what, the explanation of the first, and the command that shows it again.
pub fn find_text(find: &Find, repeat: Option<&str>) -> String {
    let classes: Vec<_> = find.pre_states.iter().map(|class| class.name()).collect();
    let times = if find.count == 1 { "once".to_string() } else { format!("{} times", find.count) };
    let mut text = format!("{WRONG}DIVERGENCE{WRONG:#}  seen {times}, on {}\n", classes.join(", "));
    text.push_str(&paint(&explain(&find.first)));
    if let Some(command) = repeat {
        let _ = writeln!(text, "  {:10}{command}", "repeat");
    }
    text
}

/// A find as programs read it.
pub fn find_json(find: &Find, file: Option<&str>) -> Value {
    let signature = find.first.signature;
    json!({
        "signature": signature.to_string(),
        "count": find.count,
        "site": signature.place_name(),
        "pre_states": find.pre_states.iter().map(|class| class.name()).collect::<Vec<_>>(),
        "difference": signature.difference(),
        "program": find.program,
        "file": file,
    })
}
