//! `ptefuzz replay`: a program, step by step, with both answers.

use super::Verdict;
use super::error::{Failure, print_json};
use super::report::paint;
use super::style::{BOLD, DIM, RIGHT, WRONG};
use super::subject::{EnvironmentOptions, SubjectName, parse_subject};
use clap::Args;
use ptefuzz::lockstep::explain::{explain, pte_words};
use ptefuzz::lockstep::{Divergence, Lockstep, Subject};
use ptefuzz::model::Model;
use ptefuzz::program::{RawProgram, Record};
use ptefuzz::pte::Environment;
use ptefuzz::site::{Answer, Call, RangeCall, SITES, check_call, check_range, describe_outcome};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Replay programs step by step, with both answers, the first difference marked
///
/// Reads programs as text. A program in which the subject and the model agree is clean; else the first difference is explained.
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

    /// What to hold against the model: packed or model
    #[arg(long, default_value = "packed", value_parser = parse_subject)]
    subject: SubjectName,

    #[command(flatten)]
    environment: EnvironmentOptions,

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
    let environment = options.environment.environment()?;
    let mut files = Vec::new();
    let mut all_clean = true;
    for path in &options.files {
        let program = read(path)?;
        check_domains(path, &program, environment)?;
        let mut subject = options.subject.build(environment);
        let mut steps = String::new();
        let first = replay(&program, &mut *subject, environment, &mut steps);
        all_clean &= first.is_none();
        show(options, path, &steps, first.as_ref());
        files.push(file_json(path, first.as_ref()));
    }
    if options.json {
        print_json(&json!({ "subject": options.subject.name(), "files": files }))?;
    }
    Ok(if all_clean { Verdict::Clean } else { Verdict::Divergence })
}

fn show(options: &Options, path: &Path, steps: &str, first: Option<&(usize, Divergence)>) {
    let mut text = format!("{BOLD}{}{BOLD:#}\n", path.display());
    if !options.quiet {
        text.push_str(steps);
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

fn read(path: &Path) -> Result<RawProgram, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
    RawProgram::from_text(&text).map_err(|error| Failure::new(format!("{}:{error}", path.display())))
}

fn check_domains(path: &Path, program: &RawProgram, environment: Environment) -> Result<(), Failure> {
    let model = Model::new(environment);
    for (step, record) in program.records.iter().enumerate() {
        let result = match record {
            Record::Call(call) => check_call(call, model.class(call.pte)),
            Record::Classify(_) => Ok(()),
            Record::Range { site, budgets, entries } => {
                let (ptes, params): (Vec<_>, Vec<_>) = entries.iter().copied().unzip();
                let range = RangeCall { site: *site, ptes: &ptes, params: &params, budgets: *budgets };
                check_range(&range, |pte| model.class(pte))
            }
        };
        result.map_err(|error| Failure::new(format!("{}: step {}: {error}", path.display(), step + 1)))?;
    }
    Ok(())
}

/// Runs the program, writes its steps, and gives the first divergence with its step from 1.
fn replay(
    program: &RawProgram,
    subject: &mut dyn Subject,
    environment: Environment,
    steps: &mut String,
) -> Option<(usize, Divergence)> {
    let model = Model::new(environment);
    let mut lockstep = Lockstep::new(model.clone());
    for (index, record) in program.records.iter().enumerate() {
        let mut found = None;
        let mut report = |divergence: Divergence| {
            found.get_or_insert(divergence);
        };
        match record {
            Record::Call(call) => {
                steps.push_str(&step_text(index + 1, &model, call));
                if subject.sites().contains(call.site) {
                    lockstep.calls(subject, &[*call], |_, _, _| {}, &mut report);
                }
            }
            Record::Classify(pte) => {
                steps.push_str(&format!("{:>4}  classify {}\n", index + 1, pte_words(&model, *pte)));
                lockstep.classify(subject, *pte, &mut report);
            }
            Record::Range { site, budgets, entries } => {
                let name = SITES[*site as usize].name;
                steps.push_str(&format!("{:>4}  range {name} over {} entries\n", index + 1, entries.len()));
                let (ptes, params): (Vec<_>, Vec<_>) = entries.iter().copied().unzip();
                let range = RangeCall { site: *site, ptes: &ptes, params: &params, budgets: *budgets };
                lockstep.range(subject, &range, &mut report);
            }
        }
        if let Some(divergence) = found {
            return Some((index + 1, divergence));
        }
    }
    None
}

fn step_text(number: usize, model: &Model, call: &Call) -> String {
    let mut answer = [Answer::default()];
    Subject::answer(&mut model.clone(), &[*call], &mut answer);
    let program = RawProgram { records: vec![Record::Call(*call)] }.to_text();
    let line = program.lines().nth(1).unwrap_or("");
    format!(
        "{number:>4}  {line}\n      {DIM}{}{DIM:#}\n      {}\n      {DIM}{}, aux {:#x}{DIM:#}\n",
        pte_words(model, call.pte),
        pte_words(model, answer[0].pte),
        describe_outcome(call.row(), answer[0].outcome),
        answer[0].aux
    )
}
