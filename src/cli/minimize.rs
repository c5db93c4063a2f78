//! `ptefuzz minimize`: the smallest program that still shows the same divergence.

use super::Verdict;
use super::environment::EnvironmentOptions;
use super::error::{Failure, print_out, write_aside};
use super::replay::{check_domains, read};
use super::subject::SubjectOptions;
use clap::Args;
use ptefuzz::engine::{Runner, minimize};
use std::io::Write;
use std::path::PathBuf;

/// Minimise a program that shows a divergence
///
/// Drops operations, shortens ranges and simplifies parameters as long as the first divergence keeps its signature. The result is text.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz minimize finds/fork_pte.pte -o small.pte
  ptefuzz minimize --special device crash-1234")]
pub struct Options {
    /// The program
    #[arg(value_name = "FILE")]
    input: PathBuf,

    /// Where the result goes [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,

    #[command(flatten)]
    subject: SubjectOptions,

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
/// A file that cannot be read or is no program, or an output that cannot be written.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let environment = options.subject.environment(options.environment)?;
    let program = read(&options.input)?;
    check_domains(&options.input, &program, environment)?;
    let mut subject = options.subject.build(environment)?;
    let mut runner = Runner::new(environment).reporting_collisions(options.allow_colliding_offsets);
    let Some((_, divergence)) = runner.first(&program, &mut *subject) else {
        let (file, subject) = (options.input.display(), options.subject.name());
        let _ = writeln!(std::io::stderr(), "{file}: clean with subject {subject}, {environment}: nothing to minimise");
        return Ok(Verdict::Clean);
    };
    let small = minimize(&mut runner, &mut *subject, &program, divergence.signature);
    let text = format!("{}# {}\n# {environment}\n", small.to_text(), divergence.signature);
    match &options.output {
        Some(out) => write_aside(out, text.as_bytes())?,
        None => print_out(&text)?,
    }
    Ok(Verdict::Divergence)
}
