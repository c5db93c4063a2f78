//! `ptefuzz repro`: a program as a test that somebody else can paste.

use super::Verdict;
use super::environment::EnvironmentOptions;
use super::error::{Failure, print_out, write_aside};
use super::replay::{check_domains, read};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use ptefuzz::subjects::SubjectName;
use ptefuzz::triage::repro::{Case, Language};
use std::path::PathBuf;

/// Write a program as a test: in Rust, in C against ptefuzz.h, or for a live kernel
///
/// rust: a #[test] against this crate. c: a file that is linked to an implementation of ptefuzz.h and fails where it is wrong. kselftest: a C
/// program that performs the operations on the running kernel and checks /proc/PID/pagemap after each, in TAP. What is written is free to use
/// in any project (0BSD).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz repro small.pte --lang rust -o tests/mremap.rs
  ptefuzz repro small.pte --lang c -o repro.c
    ptefuzz header > ptefuzz.h; cc -I. repro.c mine.c -o repro; ./repro
  ptefuzz repro small.pte --lang kselftest -o live.c
    cc -Wall -Wextra -pthread live.c -o live; ./live")]
pub struct Options {
    /// The program
    #[arg(value_name = "FILE")]
    input: PathBuf,

    /// What it is written in
    #[arg(long, value_name = "LANGUAGE", value_parser = language_parser())]
    lang: Language,

    /// Where the result goes [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,

    /// The implementation that the program goes wrong on
    #[arg(long, default_value = "packed")]
    subject: SubjectName,

    #[command(flatten)]
    environment: EnvironmentOptions,

    /// Report swap entries that collide with none or special in their encoding
    #[arg(long)]
    allow_colliding_offsets: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A file that cannot be read or is no program, what the language cannot say, or an output that cannot be written.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let environment = options.environment.environment()?;
    let program = read(&options.input)?;
    let place = options.input.display().to_string();
    check_domains(&options.input, &program, environment)?;
    let origin = options.input.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let case = Case::new(&program, &origin, environment, &options.subject, options.allow_colliding_offsets)
        .map_err(Failure::new)?;
    let text = case.write(options.lang).map_err(|refusal| Failure::new(format!("{place}: {refusal}")))?;
    match &options.output {
        Some(out) => write_aside(out, text.as_bytes())?,
        None => print_out(&text)?,
    }
    Ok(Verdict::Clean)
}

fn language_parser() -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(Language::ALL.map(Language::name))
        .map(|name| Language::ALL.into_iter().find(|language| language.name() == name).unwrap_or(Language::Rust))
}
