//! `ptefuzz replay`: a program, step by step, with both answers.

use super::Verdict;
use super::environment::EnvironmentOptions;
use super::error::{Failure, print_json};
use super::report::paint;
use super::style::{BOLD, DIM, RIGHT, WRONG};
use super::subject::{SubjectOptions, remark_text};
use clap::Args;
use ptefuzz::engine::Runner;
use ptefuzz::lockstep::Divergence;
use ptefuzz::lockstep::explain::explain;
use ptefuzz::model::Model;
use ptefuzz::program::Program;
use ptefuzz::pte::Environment;
use ptefuzz::triage::{Change, Step, steps};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Replay programs step by step, with both answers, the first difference marked
///
/// Reads programs as text or bytes. A program in which the subject and the model agree is clean; else the first difference is explained.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz replay finds/*.pte
  ptefuzz replay --special device finds/hmm_use.pte
  ptefuzz replay --quiet --json finds/*.pte")]
pub struct Options {
    /// Programs to replay
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    subject: SubjectOptions,

    #[command(flatten)]
    environment: EnvironmentOptions,

    /// Report swap entries that collide with none or special in their encoding
    #[arg(long)]
    allow_colliding_offsets: bool,

    /// Show verdicts only, not every step
    #[arg(long, short)]
    quiet: bool,

    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A file that cannot be read, is no program, or makes a call outside a site's domain.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let environment = options.subject.environment(options.environment)?;
    let mut files = Vec::new();
    let mut all_clean = true;
    for path in &options.files {
        let program = read(path)?;
        check_domains(path, &program, environment)?;
        let steps = step_texts(&program, environment);
        let mut subject = options.subject.build(environment)?;
        let mut runner = Runner::new(environment).reporting_collisions(options.allow_colliding_offsets);
        let first = runner.first(&program, &mut *subject);
        all_clean &= first.is_none();
        show(options, path, &steps, first.as_ref());
        eprint!("{}", remark_text(&*subject));
        files.push(file_json(path, first.as_ref()));
    }
    if options.json {
        print_json(&json!({ "subject": options.subject.subject.to_string(), "files": files }))?;
    }
    Ok(if all_clean { Verdict::Clean } else { Verdict::Divergence })
}

fn show(options: &Options, path: &Path, steps: &[String], first: Option<&(usize, Divergence)>) {
    let mut text = format!("{BOLD}{}{BOLD:#}\n", path.display());
    if !options.quiet {
        // What comes after the wrong step is beside the point.
        let end = first.map_or(steps.len(), |(step, _)| (*step).min(steps.len()));
        steps[..end].iter().for_each(|step| text.push_str(step));
    }
    match first {
        None => text.push_str(&format!("  {RIGHT}clean{RIGHT:#}: both agree in every step\n")),
        Some((step, divergence)) => {
            text.push_str(&format!("{WRONG}DIVERGENCE{WRONG:#} in step {step}\n"));
            text.push_str(&paint(&explain(divergence)));
        }
    }
    // People's text: standard error when standard output carries JSON. A closed pipe is the reader's choice.
    let _ = if options.json {
        write!(anstream::stderr().lock(), "{text}")
    } else {
        write!(anstream::stdout().lock(), "{text}")
    };
}

fn file_json(path: &Path, first: Option<&(usize, Divergence)>) -> Value {
    json!({
        "file": path.display().to_string(),
        "verdict": if first.is_some() { "divergence" } else { "clean" },
        "signature": first.map(|(_, divergence)| divergence.signature.to_string()),
        "step": first.map(|(step, _)| step),
    })
}

/// Reads a program of either kind, text or bytes.
///
/// # Errors
///
/// A file that cannot be read or is no program.
pub fn read(path: &Path) -> Result<Program, Failure> {
    let content = std::fs::read(path).map_err(|error| Failure::io("read", path, &error))?;
    Program::read(&content).map_err(|error| Failure::new(format!("{}:{error}", path.display())))
}

/// Refuses a raw program with a call outside its site's domain.
///
/// # Errors
///
/// The file, the step, and what is outside.
pub fn check_domains(path: &Path, program: &Program, environment: Environment) -> Result<(), Failure> {
    let Program::Raw(raw) = program else { return Ok(()) };
    let model = Model::new(environment);
    raw.check(|pte| model.class(pte))
        .map_err(|(step, error)| Failure::new(format!("{}: step {step}: {error}", path.display())))
}

/// The steps of a program as they are printed.
fn step_texts(program: &Program, environment: Environment) -> Vec<String> {
    let world = matches!(program, Program::World(_));
    let number = |(index, step): (usize, Step)| {
        if world { world_step(index + 1, &step) } else { record_step(index + 1, &step) }
    };
    steps(program, environment).into_iter().enumerate().map(number).collect()
}

/// An operation: how it ended, and every pte that it changed, before and after.
fn world_step(number: usize, step: &Step) -> String {
    let mut text = format!("{number:>4}  {BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}\n", step.text, step.ending);
    for change in &step.changes {
        text.push_str(&format!("  {:>4}  {DIM}{}{DIM:#}\n", change.page.unwrap_or(0), change.before));
        text.push_str(&format!("     -> {}\n", change.after.as_deref().unwrap_or("")));
    }
    if step.more > 0 {
        text.push_str(&format!("            and {} pages more\n", step.more));
    }
    text
}

/// A record: a call with its pte before and after, or what was looked at.
fn record_step(number: usize, step: &Step) -> String {
    match step.changes.first() {
        Some(Change { before, after: Some(after), .. }) => format!(
            "{number:>4}  {}\n      {DIM}{before}{DIM:#}\n      {after}\n      {DIM}{}{DIM:#}\n",
            step.text, step.ending
        ),
        Some(change) => format!("{number:>4}  {} {}\n", step.text, change.before),
        None => format!("{number:>4}  {}\n", step.text),
    }
}
