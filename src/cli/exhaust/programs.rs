//! `ptefuzz exhaust --programs K`: every short program, and the fewest operations that show each known bug.

use super::{Options, grouped};
use crate::cli::Verdict;
use crate::cli::environment::special_name;
use crate::cli::error::{Failure, print_json, print_out};
use crate::cli::report::paint;
use crate::cli::style::{BOLD, DIM, RIGHT, WRONG};
use indicatif::{ProgressBar, ProgressDrawTarget};
use ptefuzz::exhaust::{Asked, Level, Short};
use ptefuzz::lockstep::explain::explain;
use ptefuzz::museum::{Buggy, MUSEUM};
use ptefuzz::program::{Program, WorldProgram};
use ptefuzz::pte::{Environment, Special};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write;
use std::time::{Duration, Instant};

/// Holds a subject against the model on every short program.
///
/// # Errors
///
/// A subject that cannot be had.
pub(super) fn run(options: &Options, length: usize) -> Result<Verdict, Failure> {
    let environment = options.subject.environment(options.environment)?;
    let start = Instant::now();
    let mut asked = [Asked::new(options.subject.build(environment)?)];
    let short = walk(environment, length, &mut asked, &mut || true);
    let [asked] = asked;
    let seconds = start.elapsed().as_secs_f64();
    let mut text = levels_text(&short);
    if let Some((divergence, program)) = &asked.first {
        let _ = writeln!(text, "\n{WRONG}DIVERGENCE{WRONG:#} after {} operations", program.ops.len());
        text.push_str(&paint(&explain(divergence)));
        text.push_str(&Program::World(program.clone()).to_text());
    }
    let verdict = match asked.divergences {
        0 => format!("{RIGHT}no divergence{RIGHT:#}"),
        n => format!("{WRONG}{} calls diverge{WRONG:#}", grouped(n)),
    };
    let _ = writeln!(text, "{seconds:.1} s, {environment}; {verdict}");
    show(options, &text)?;
    if options.json {
        print_json(&json!({
            "subject": options.subject.subject.to_string(),
            "config": environment.config.name(),
            "special": special_name(environment),
            "choice": short.choice(),
            "programs": short.levels().iter().map(level_json).collect::<Vec<_>>(),
            "divergences": asked.divergences,
            "first": asked.first.as_ref().map(|(divergence, program)| found_json(&divergence.signature.to_string(), program)),
            "seconds": seconds,
        }))?;
    }
    Ok(if asked.divergences == 0 { Verdict::Clean } else { Verdict::Divergence })
}

/// How few operations show a bug.
struct Shown {
    special: Special,
    signature: String,
    program: WorldProgram,
}

/// Finds for each known bug the fewest operations that show it, under the real special value first.
///
/// # Errors
///
/// Standard output that cannot be written to.
pub(super) fn museum(options: &Options, length: usize) -> Result<Verdict, Failure> {
    let start = Instant::now();
    let mut shown: Vec<Option<Shown>> = MUSEUM.iter().map(|_| None).collect();
    let mut text = String::new();
    for special in Special::ALL {
        let open: Vec<usize> =
            (0..MUSEUM.len()).filter(|at| shown[*at].is_none() && MUSEUM[*at].raw_only.is_none()).collect();
        if open.is_empty() {
            break;
        }
        let environment = Environment::new(special);
        let mut asked: Vec<Asked> = open
            .iter()
            .map(|at| {
                let bug = &MUSEUM[*at];
                let subject = Box::new(Buggy::new(environment).with(bug));
                Asked { sites: [bug.site].into_iter().collect(), ..Asked::new(subject) }
            })
            .collect();
        let short = walk(environment, length, &mut asked, &mut || true);
        if special == Special::X86 {
            text.push_str(&levels_text(&short));
            text.push('\n');
        }
        for (at, asked) in open.into_iter().zip(asked) {
            shown[at] = asked.first.map(|(divergence, program)| Shown {
                special,
                signature: divergence.signature.to_string(),
                program,
            });
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    text.push_str(&museum_text(&shown, length));
    let _ = writeln!(text, "{seconds:.1} s");
    show(options, &text)?;
    if options.json {
        let bugs: Vec<Value> = MUSEUM
            .iter()
            .zip(&shown)
            .map(|(bug, shown)| {
                json!({
                    "id": bug.id,
                    "slug": bug.slug,
                    "operations": shown.as_ref().map(|shown| shown.program.ops.len()),
                    "special": shown.as_ref().map(|shown| shown.special.name()),
                    "shown": shown.as_ref().map(|shown| found_json(&shown.signature, &shown.program)),
                    "raw_only": bug.raw_only,
                    "loop_only": bug.loop_only,
                })
            })
            .collect();
        print_json(&json!({ "longest": length, "bugs": bugs, "seconds": seconds }))?;
    }
    Ok(Verdict::Clean)
}

fn walk(environment: Environment, length: usize, asked: &mut [Asked], watch: &mut dyn FnMut() -> bool) -> Short {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut short = Short::new(environment);
    for n in 1..=length {
        bar.set_message(format!("programs of {n} operations, {environment}"));
        if !short.longer(asked, n == length, watch) {
            break;
        }
    }
    bar.finish_and_clear();
    short
}

fn show(options: &Options, text: &str) -> Result<(), Failure> {
    if options.json {
        let _ = write!(anstream::stderr().lock(), "{text}");
        Ok(())
    } else {
        print_out(text)
    }
}

fn levels_text(short: &Short) -> String {
    let mut text =
        format!("{BOLD}{:>10} {:>15} {:>13} {:>13}{BOLD:#}\n", "operations", "programs", "new worlds", "new calls");
    let levels = short.levels();
    for (at, level) in levels.iter().enumerate() {
        let worlds = if at + 1 < levels.len() { grouped(level.worlds) } else { "-".to_string() };
        let _ = writeln!(
            text,
            "{:>10} {:>15} {worlds:>13} {:>13}",
            level.length,
            grouped(level.programs),
            grouped(level.calls)
        );
    }
    let _ = writeln!(text, "{DIM}choice of {} operations, two trees{DIM:#}", short.choice());
    text
}

fn level_json(level: &Level) -> Value {
    json!({ "operations": level.length, "programs": level.programs, "worlds": level.worlds, "calls": level.calls })
}

fn found_json(signature: &str, program: &WorldProgram) -> Value {
    json!({ "signature": signature, "operations": program.ops.len(), "program": Program::World(program.clone()).to_text() })
}

/// The bugs by the fewest operations that show them.
fn museum_text(shown: &[Option<Shown>], length: usize) -> String {
    let mut rows: Vec<_> = MUSEUM.iter().zip(shown).collect();
    rows.sort_by_key(|(bug, shown)| (shown.as_ref().map_or(usize::MAX, |shown| shown.program.ops.len()), bug.id));
    let mut text = format!("{BOLD}{:6}{:36}{:>3}  {:10}{}{BOLD:#}\n", "bug", "", "ops", "special", "last operation");
    for (bug, shown) in rows {
        let name = format!("{:6}{:36}", bug.id, bug.slug);
        let line = match shown {
            Some(shown) => {
                let last = Program::World(shown.program.clone()).to_text();
                let last = last.lines().last().unwrap_or_default().to_string();
                format!("{name}{:>3}  {:10}{last}", shown.program.ops.len(), shown.special.name())
            }
            None if bug.raw_only.is_some() => format!("{name}  -  {DIM}raw programs only{DIM:#}"),
            None => format!("{name}  -  {DIM}not within {length}{DIM:#}"),
        };
        let _ = writeln!(text, "{line}");
    }
    let found = shown.iter().flatten().count();
    let _ = writeln!(text, "{BOLD}{found}{BOLD:#} of {} shown by at most {length} operations", shown.len());
    text
}
