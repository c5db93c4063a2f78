//! `ptefuzz cmin`: the smallest set of programs with the same cells.

use super::Verdict;
use super::coverage::{reached, target_parser};
use super::environment::EnvironmentOptions;
use super::error::{Failure, print_json, print_out, write_aside};
use super::style::BOLD;
use clap::Args;
use ptefuzz::corpora::{Replayer, reduce};
use ptefuzz::engine::CellSet;
use ptefuzz::target::Target;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// Reduce a corpus to the fewest programs that reach the same cells
///
/// Programs are chosen greedily, needless ones dropped again, and written as text under their own names; then what was written is replayed and
/// must reach every cell that DIR reaches. Cells are those of `ptefuzz coverage`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz cmin corpus.sequence -o small.sequence
  ptefuzz cmin --target sequence out/default/queue -o queue.min")]
pub struct Options {
    /// The directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// Where the chosen programs go: a new or an empty directory
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,

    #[command(flatten)]
    environment: EnvironmentOptions,

    /// The fuzz target that libFuzzer's and AFL++'s files are for [default: the first byte says what they are]
    #[arg(long, value_name = "NAME", value_parser = target_parser())]
    target: Option<&'static Target>,

    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A directory that cannot be read or has no program, one to write to that is not empty, and what cannot be written.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let environment = options.environment.environment()?;
    let out = &options.output;
    std::fs::create_dir_all(out).map_err(|error| Failure::io("create", out, &error))?;
    let mut there = std::fs::read_dir(out).map_err(|error| Failure::io("read", out, &error))?;
    if let Some(Ok(entry)) = there.next() {
        let found = entry.file_name();
        return Err(Failure::new(format!(
            "{}: found {}, expected an empty directory",
            out.display(),
            found.to_string_lossy()
        )));
    }
    let reached = reached(&options.directory, environment, options.target)?;
    let chosen = reduce(&reached.entries);
    let mut replayer = Replayer::new(environment);
    let mut kept = CellSet::default();
    for (number, at) in chosen.iter().enumerate() {
        let entry = &reached.entries[*at];
        let path = out.join(file_name(number, &entry.shown));
        let text = entry.program.to_text();
        write_aside(&path, text.as_bytes())?;
        let again = ptefuzz::program::Program::read(text.as_bytes())
            .map_err(|error| Failure::new(format!("{}:{error}", path.display())))?;
        kept.add(&replayer.cells(&again));
    }
    let cells = reached.cells();
    let lost = cells.without(&kept).len();
    if lost > 0 {
        return Err(Failure::new(format!(
            "{}: found {} cells after writing, expected the {} of {}",
            out.display(),
            kept.len(),
            cells.len(),
            options.directory.display()
        )));
    }
    let (before, after) = (reached.entries.len(), chosen.len());
    let text = format!("{BOLD}{after}{BOLD:#} of {before} programs reach the same {} cells\n", cells.len());
    if options.json {
        let _ = write!(anstream::stderr().lock(), "{text}");
        print_json(&json!({ "programs": before, "kept": after, "broken": reached.broken, "covered": cells.len() }))?;
    } else {
        print_out(&text)?;
    }
    Ok(Verdict::Clean)
}

/// The name of a chosen program's file: its place in the order, so that no two are alike, and the name that it had.
fn file_name(number: usize, shown: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+') { c } else { '_' };
    let stem = shown.strip_suffix(".pte").unwrap_or(shown);
    let name: String = stem.chars().map(plain).take(80).collect();
    format!("{number:04}-{name}.pte")
}
