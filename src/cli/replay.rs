//! `ptefuzz replay`: a program, step by step, with both answers.

use super::Verdict;
use super::environment::EnvironmentOptions;
use super::error::{Failure, print_json};
use super::report::paint;
use super::style::{BOLD, DIM, RIGHT, WRONG};
use super::subject::{SubjectOptions, remark_text};
use clap::Args;
use ptefuzz::engine::Runner;
use ptefuzz::lockstep::explain::{explain, pte_words};
use ptefuzz::lockstep::{Divergence, Subject};
use ptefuzz::model::Model;
use ptefuzz::program::{PAGES, Program, RawProgram, Record, WorldProgram};
use ptefuzz::pte::Environment;
use ptefuzz::site::{Answer, Call, RangeCall, SITES, check_call, check_range, describe_outcome};
use ptefuzz::world::World;
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
        let steps = match &program {
            Program::Raw(raw) => {
                check_domains(path, raw, environment)?;
                raw_steps(raw, &Model::new(environment))
            }
            Program::World(world) => world_steps(world, environment),
        };
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

/// The steps of a raw program in words, one text a record.
fn raw_steps(program: &RawProgram, model: &Model) -> Vec<String> {
    let records = program.records.iter().enumerate();
    records
        .map(|(index, record)| match record {
            Record::Call(call) => step_text(index + 1, model, call),
            Record::Classify(pte) => format!("{:>4}  classify {}\n", index + 1, pte_words(model, *pte)),
            Record::Range { site, entries, .. } => {
                let name = SITES[*site as usize].name;
                format!("{:>4}  range {name} over {} entries\n", index + 1, entries.len())
            }
        })
        .collect()
}

/// Pages whose change a step shows before the rest is only counted.
const SHOWN: usize = 6;

/// The steps of a world program in words: how each ended, and every pte that it changed, before and after.
fn world_steps(program: &WorldProgram, environment: Environment) -> Vec<String> {
    let mut world = World::new(environment);
    world.reset(program.tree);
    let mut steps = Vec::new();
    for (index, op) in program.ops.iter().enumerate() {
        let before: Vec<u64> = (0..PAGES).map(|page| world.pte(page)).collect();
        let ending = world.step(*op);
        let mut text = format!("{:>4}  {BOLD}{op}{BOLD:#}  {DIM}{}{DIM:#}\n", index + 1, ending.words());
        let changed: Vec<u16> = (0..PAGES).filter(|page| world.pte(*page) != before[*page as usize]).collect();
        for page in changed.iter().take(SHOWN) {
            let (was, is) = (before[*page as usize], world.pte(*page));
            text.push_str(&format!("  {page:>4}  {DIM}{}{DIM:#}\n", pte_words(world.model(), was)));
            text.push_str(&format!("     -> {}\n", pte_words(world.model(), is)));
        }
        if changed.len() > SHOWN {
            text.push_str(&format!("            and {} pages more\n", changed.len() - SHOWN));
        }
        steps.push(text);
    }
    steps
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
