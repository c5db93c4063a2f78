//! A triage written down: JSON for programs, one HTML page for people, SARIF for code scanning.

mod html;
mod json;
mod sarif;

pub use html::html;
pub use json::json;
pub use sarif::{sarif, sarif_log};

use super::state::News;
use super::{Bucket, Settings, Triage};
use crate::lockstep::{Fault, laws};
use crate::pte::{Environment, Special};
use crate::world::CONSERVATION;

/// A triage with everything that a report says around it.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The directory as it was named.
    pub directory: &'a str,
    /// What it was held against.
    pub settings: &'a Settings<'a>,
    /// What was found.
    pub triage: &'a Triage,
    /// What is new since the last time.
    pub news: &'a News,
}

impl Report<'_> {
    /// What a bucket is beside the last run: `new` or `known`, or nothing where there was none.
    pub fn status(&self, index: usize) -> Option<&'static str> {
        let new = self.news.new.get(index).copied().unwrap_or(true);
        self.news.compared.then_some(if new { "new" } else { "known" })
    }

    /// The command that shows a file again: the same subject and environment.
    pub fn replay_command(&self, file: &str) -> String {
        let mut words = vec!["ptefuzz replay".to_string()];
        words.extend(subject_arguments(self.settings));
        words.push(quoted(file));
        words.join(" ")
    }
}

/// `--subject`, `--special` or `--config`, and what else differs from the default.
fn subject_arguments(settings: &Settings<'_>) -> Vec<String> {
    let mut words = Vec::new();
    if *settings.subject != crate::subjects::SubjectName::default() {
        words.push(format!("--subject {}", settings.subject));
    }
    words.extend(environment_arguments(settings.environment));
    if settings.collisions {
        words.push("--allow-colliding-offsets".to_string());
    }
    words
}

fn environment_arguments(environment: Environment) -> Option<String> {
    if environment == Environment::default() {
        return None;
    }
    Some(match Special::ALL.into_iter().find(|special| Environment::new(*special) == environment) {
        Some(special) => format!("--special {}", special.name()),
        None => format!("--config {}", environment.config.name()),
    })
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,=@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The rule that a bucket's divergence breaks, and where it comes from.
pub fn rule(bucket: &Bucket) -> (&'static str, &'static str) {
    match bucket.signature.fault {
        Fault::Law(index) => laws::LAWS.get(index as usize).map_or(("", ""), |law| (law.text, law.source)),
        Fault::Conservation(index) => {
            CONSERVATION.get(index as usize).map_or(("", ""), |law| (law.text, "what was counted must be there"))
        }
        _ => match bucket.signature.site() {
            Some(site) => {
                let row = crate::site::Site::of(site);
                (row.rule, row.source)
            }
            None => (
                "the predicates and decoded fields of a pte",
                "include/linux/swapops.h and arch/x86/include/asm/pgtable.h, v5.10",
            ),
        },
    }
}

/// A count with its noun: `1 file`, `3 files`.
pub fn counted(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
