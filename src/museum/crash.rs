//! The reproducers of `corpus/crashes/`: one small program for each bug, with what it shows written above it.

use super::{Bug, Buggy, By, Hunt, hunt};
use crate::engine::{Runner, minimize};
use crate::program::{Program, ReadError};
use crate::pte::{Environment, Special};
use crate::site::Site;
use std::fmt::Write;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Seeds that are hunted with; the smallest program is kept.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=4;
/// Columns of a comment.
const WIDTH: usize = 96;

/// A reproducer of one bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// The program.
    pub program: Program,
    /// The special value that it needs.
    pub special: Special,
    /// The signature of its first divergence, as text.
    pub signature: String,
}

impl Crash {
    /// Hunts the bug a few times, for at most this time each, and minimises what shows it; nothing if nothing does.
    pub fn make(bug: &Bug, time: Duration) -> Option<Crash> {
        let never = AtomicBool::new(false);
        let found = SEEDS.filter_map(|seed| small(bug, hunt(bug, seed, time, &never)));
        found
            .min_by_key(|(by, crash)| {
                let text = crash.program.to_text();
                (crash.special != Special::X86, *by != By::Value, text.lines().count(), text.len(), text)
            })
            .map(|(_, crash)| crash)
    }

    /// The file: what is wrong with the bug, what the program shows of it and how it is run, then the program.
    pub fn to_text(&self, bug: &Bug) -> String {
        let mut text = String::new();
        comment(&mut text, &format!("{} {}: {}.", bug.id, bug.slug, bug.mistake));
        comment(&mut text, &format!("Site: {}, {}.", Site::of(bug.site).name, Site::of(bug.site).function));
        if let (Program::Raw(_), Some(reason)) = (&self.program, bug.raw_only) {
            comment(&mut text, &format!("A raw program, since no world program shows it: {reason}."));
        }
        let _ = writeln!(text, "{SIGNATURE}{}", self.signature);
        let _ = writeln!(text, "{SPECIAL}{}", self.special.name());
        text + &self.program.to_text()
    }

    /// Reads such a file.
    ///
    /// # Errors
    ///
    /// What is wrong with its program, or which of the two comments it lacks.
    pub fn from_text(text: &str) -> Result<Crash, ReadError> {
        let said = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
            line.ok_or_else(|| ReadError::Bytes(format!("found no line {key:?}, expected one above the program")))
        };
        let special = Special::from_name(said(SPECIAL)?)
            .ok_or_else(|| ReadError::Bytes("found no special value, expected its name".to_string()))?;
        let signature = said(SIGNATURE)?.to_string();
        Ok(Crash { program: Program::read(text.as_bytes())?, special, signature })
    }
}

const SIGNATURE: &str = "# signature: ";
const SPECIAL: &str = "# special: ";

/// The minimised program of a hunt, and what shows the bug in it.
fn small(bug: &Bug, hunt: Hunt) -> Option<(By, Crash)> {
    let found = hunt.detected?;
    let environment = Environment::new(found.special);
    let mut subject = Buggy::new(environment).with(bug);
    let mut runner = Runner::new(environment);
    let program = minimize(&mut runner, &mut subject, &found.program, found.first.signature);
    let (_, first) = runner.first(&program, &mut subject)?;
    Some((By::of(&first.signature), Crash { program, special: found.special, signature: first.signature.to_string() }))
}

/// Writes text as comment lines.
fn comment(text: &mut String, words: &str) {
    for line in textwrap::wrap(words, WIDTH - 2) {
        let _ = writeln!(text, "# {line}");
    }
}
