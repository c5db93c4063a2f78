//! Reproducers: a program as a test that somebody else can paste, in Rust, in C against `ptefuzz.h`, or for a live kernel.
//!
//! In comes a program, the environment, and what a subject showed on it; out comes source text that is free to use in any project (0BSD). What
//! a language cannot say is refused with the reason.

mod c;
mod kselftest;
mod rust;

use crate::engine::Runner;
use crate::lockstep::Divergence;
use crate::program::Program;
use crate::pte::{Environment, Special};
use crate::subjects::SubjectName;
use std::fmt;

/// What a reproducer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// A `#[test]` against this crate.
    Rust,
    /// A C program against `ptefuzz.h` and an implementation that it is linked to.
    C,
    /// A C program that performs the operations on the running kernel.
    Kselftest,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 3] = [Language::Rust, Language::C, Language::Kselftest];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::C => "c",
            Language::Kselftest => "kselftest",
        }
    }
}

/// Why there is no reproducer in a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// A program with what is known about it.
#[derive(Debug)]
pub struct Case<'a> {
    /// The program.
    pub program: &'a Program,
    /// Where it came from, for the comment at the head.
    pub origin: &'a str,
    /// The environment that it runs in.
    pub environment: Environment,
    /// What it was held against.
    pub subject: &'a SubjectName,
    /// Whether entries that collide in their encoding were reported.
    pub collisions: bool,
    /// The step that went wrong and what was wrong there; none if that subject is clean.
    pub found: Option<(usize, Divergence)>,
}

impl<'a> Case<'a> {
    /// Runs a program on a subject and keeps its first divergence.
    ///
    /// # Errors
    ///
    /// A subject that cannot be had.
    pub fn new(
        program: &'a Program,
        origin: &'a str,
        environment: Environment,
        subject: &'a SubjectName,
        collisions: bool,
    ) -> Result<Case<'a>, String> {
        let mut implementation = subject.build(environment)?;
        let found = Runner::new(environment).reporting_collisions(collisions).first(program, &mut *implementation);
        Ok(Case { program, origin, environment, subject, collisions, found })
    }

    /// The reproducer.
    ///
    /// # Errors
    ///
    /// What the language cannot say, and why.
    pub fn write(&self, language: Language) -> Result<String, Refusal> {
        match language {
            Language::Rust => Ok(rust::write(self)),
            Language::C => c::write(self),
            Language::Kselftest => kselftest::write(self),
        }
    }

    /// The signature, or what stands in for one.
    fn title(&self) -> String {
        match &self.found {
            Some((_, divergence)) => divergence.signature.to_string(),
            None => format!("program of {}", self.origin),
        }
    }

    /// The lines of the head: what this is and where it comes from. They hold nothing that could end a comment.
    fn head(&self) -> Vec<String> {
        let mut lines = vec![self.title()];
        if let Some((step, _)) = &self.found {
            lines.push(format!(
                "Step {step} of {}, with the subject {}, {}.",
                self.origin, self.subject, self.environment
            ));
        } else {
            lines.push(format!("{}; the subject {} is clean on it, {}.", self.origin, self.subject, self.environment));
        }
        lines.push(format!("Written by ptefuzz {}.", env!("CARGO_PKG_VERSION")));
        lines.into_iter().map(|line| line.replace("*/", "* /").replace(char::is_control, " ")).collect()
    }
}

/// An environment as Rust writes it.
fn environment_expression(environment: Environment) -> String {
    match Special::ALL.into_iter().find(|special| Environment::new(*special) == environment) {
        Some(special) => format!("Environment::new(Special::{special:?})"),
        None => format!("Environment::of(Config::{:?})", environment.config),
    }
}

/// A title as a name: letters, digits and underscores.
fn identifier(title: &str) -> String {
    let mut name = String::new();
    for c in title.chars() {
        match c {
            'a'..='z' | '0'..='9' => name.push(c),
            'A'..='Z' => name.push(c.to_ascii_lowercase()),
            '+' => name.push_str("_gains_"),
            '~' => name.push_str("_other_"),
            '-' if name.ends_with('/') => name.push_str("_loses_"),
            _ if !name.ends_with('_') => name.push('_'),
            _ => {}
        }
    }
    let name = name.trim_matches('_').to_string();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("program_{name}") }
}
