//! What a run says at its end: to people, and as JSON.

use super::Setup;
use super::reports;
use super::show::count;
use super::store::Store;
use crate::cli::Verdict;
use crate::cli::environment::special_name;
use crate::cli::error::{Failure, print_json, print_out};
use crate::cli::report::{find_json, find_text};
use crate::cli::style::{BOLD, DIM, RIGHT, WRONG};
use ptefuzz::engine::{Denominators, Find, Finds, Progress};
use ptefuzz::lockstep::{KnownSignatures, Tally};
use ptefuzz::program::{OpCode, Operation};
use ptefuzz::pte::Class;
use serde_json::{Map, Value, json};
use std::io::Write;

/// What all jobs did.
pub struct Outcome {
    pub finds: Finds,
    pub tally: Tally,
    /// Operations that had no effect in any of them.
    pub idle: Vec<OpCode>,
    pub progress: Progress,
}

impl Outcome {
    fn idle_names(&self) -> Vec<&'static str> {
        self.idle.iter().map(|code| Operation::of(*code).name).collect()
    }
}

/// Prints the finds and the summary, and gives the verdict.
///
/// # Errors
///
/// Standard output that cannot be written to.
pub fn finish(
    setup: &Setup<'_>,
    outcome: &Outcome,
    known: &KnownSignatures,
    store: &Store,
) -> Result<Verdict, Failure> {
    let mut text = String::new();
    let mut divergences = Vec::new();
    let finds = outcome.finds.sorted().into_iter();
    let (old, finds): (Vec<&Find>, Vec<&Find>) = finds.partition(|find| known.contains(&find.first.signature));
    for find in &finds {
        let file = store.artifact(&find.first.signature);
        let repeat = file.map(|file| replay_command(setup, file));
        text.push_str(&find_text(find, repeat.as_deref()));
        text.push('\n');
        divergences.push(find_json(find, file));
    }
    for find in &old {
        text.push_str(&format!("{DIM}known{DIM:#}  {} times  {}\n", count(find.count), find.first.signature));
    }
    reports::write(setup, outcome, &finds, &old, store)?;
    text.push_str(&summary(setup, &outcome.progress, &finds));
    let idle = outcome.idle_names();
    if !idle.is_empty() {
        text.push_str(&format!("operations without effect: {}\n", idle.join(", ")));
    }
    if let Some(when) = &setup.options.json {
        let _ = write!(anstream::stderr().lock(), "{text}");
        let known = old.iter().map(|find| known_json(find)).collect();
        let value = fuzz_json(setup, outcome, divergences, known);
        if when == "stream" { print_line(&event("end", value))? } else { print_json(&value)? }
    } else {
        let mut painted = anstream::AutoStream::auto(std::io::stdout());
        if painted.write_all(text.as_bytes()).and_then(|()| painted.flush()).is_err() {
            print_out("")?;
        }
    }
    Ok(if finds.is_empty() { Verdict::Clean } else { Verdict::Divergence })
}

fn summary(setup: &Setup<'_>, progress: &Progress, finds: &[&Find]) -> String {
    let divergences: u64 = finds.iter().map(|find| find.count).sum();
    let verdict = match finds.len() {
        0 if progress.signatures > 0 => format!("{RIGHT}no divergence that is not known{RIGHT:#}"),
        0 => format!("{RIGHT}no divergence{RIGHT:#}"),
        1 => format!("{WRONG}1 signature{WRONG:#}, {divergences} divergences"),
        n => format!("{WRONG}{n} signatures{WRONG:#}, {divergences} divergences"),
    };
    // Raw programs are not kept.
    let by = match progress.corpus {
        0 => String::new(),
        programs => format!(" by {} programs", count(programs as u64)),
    };
    format!(
        "{BOLD}{}{BOLD:#} site calls in {} programs, {:.1} s ({} a second), {:.0} % no-ops\n\
         {} covered{}; {verdict}; seed {}, {}\n",
        count(progress.site_calls),
        count(progress.programs),
        progress.elapsed.as_secs_f64(),
        count(progress.rate() as u64),
        progress.noop_share() * 100.0,
        cells_words(setup, progress.covered),
        by,
        setup.seed,
        jobs_words(setup.jobs),
    )
}

/// Cells reached, of those that there are: for programs of operations what these can reach, for raw ones what the walk reaches.
pub fn cells_words(setup: &Setup<'_>, covered: usize) -> String {
    match setup.goal {
        Some(goal) => format!("{covered} of {goal} cells"),
        None => format!("{covered} cells"),
    }
}

/// `1 job`, `2 jobs`.
pub fn jobs_words(jobs: u32) -> String {
    if jobs == 1 { "1 job".to_string() } else { format!("{jobs} jobs") }
}

fn known_json(find: &Find) -> Value {
    json!({ "signature": find.first.signature.to_string(), "count": find.count })
}

/// An object of a stream of events: what happened, with its fields.
pub fn event(name: &str, mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.insert("event".to_string(), json!(name));
    }
    value
}

/// Prints an event on a line of its own.
///
/// # Errors
///
/// Standard output that cannot be written to.
pub fn print_line(value: &Value) -> Result<(), Failure> {
    print_out(&format!("{value}\n"))
}

fn fuzz_json(setup: &Setup<'_>, outcome: &Outcome, divergences: Vec<Value>, known: Vec<Value>) -> Value {
    let (options, progress) = (setup.options, &outcome.progress);
    let all = Denominators::of(setup.environment);
    let classes: Map<String, Value> = Class::ALL
        .iter()
        .map(|class| (class.name().to_string(), json!(outcome.tally.classes[*class as usize])))
        .collect();
    json!({
        "target": options.target,
        "subject": options.subject.subject.to_string(),
        "config": setup.environment.config.name(),
        "special": special_name(setup.environment),
        "seed": setup.seed,
        "jobs": setup.jobs,
        "seconds": progress.elapsed.as_secs_f64(),
        "programs": progress.programs,
        "operations": progress.operations,
        "site_calls": progress.site_calls,
        "site_calls_per_second": progress.rate(),
        "noop_share": progress.noop_share(),
        "classes": classes,
        "covered": progress.covered,
        "corpus": progress.corpus,
        "idle_operations": outcome.idle_names(),
        "total_reachable": all.map(|all| all.reachable.len()),
        "total_walk": all.map(|all| all.walk.len()),
        "divergences": divergences,
        "known": known,
    })
}

/// The command that shows a find again: the same subject and environment, and collisions if they were asked for.
fn replay_command(setup: &Setup<'_>, file: &str) -> String {
    let options = setup.options;
    let mut command = "ptefuzz replay".to_string();
    command.push_str(&options.subject.arguments());
    command.push_str(&options.environment.arguments());
    if options.allow_colliding_offsets {
        command.push_str(" --allow-colliding-offsets");
    }
    format!("{command} {file}")
}
