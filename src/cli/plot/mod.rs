//! `ptefuzz plot`: statistics of runs over time as a picture.

mod svg;

use super::Verdict;
use super::error::{Failure, print_out, write_aside};
use super::fuzz::stats::{Sample, VERSION, rotated};
use clap::Args;
use std::path::{Path, PathBuf};

/// Draw the statistics of `fuzz` over time: coverage, speed and memory, as SVG
///
/// STATS is what `fuzz --stats FILE` wrote, or `fuzz --corpus DIR` into DIR/.ptefuzz/stats.jsonl; the older FILE.1 beside it is read first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz fuzz --time 1h --stats run.jsonl && ptefuzz plot run.jsonl -o run.svg
  ptefuzz plot kept/.ptefuzz/stats.jsonl > kept.svg")]
pub struct Options {
    /// Statistics, a JSON object a line
    #[arg(value_name = "STATS")]
    stats: PathBuf,

    /// Write the picture into this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
///
/// A file that cannot be read or has a line that is no sample, or a picture that cannot be written.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let older = rotated(&options.stats);
    let mut samples = if older.is_file() { read(&older)? } else { Vec::new() };
    samples.extend(read(&options.stats)?);
    if samples.is_empty() {
        return Err(Failure::new(format!("{}: found no sample, expected at least one", options.stats.display())));
    }
    let picture = svg::draw(&samples);
    match &options.output {
        Some(path) => write_aside(path, picture.as_bytes())?,
        None => print_out(&picture)?,
    }
    Ok(Verdict::Clean)
}

/// The samples of a file. A last line without its end is what a killed run left, and is left out.
fn read(path: &Path) -> Result<Vec<Sample>, Failure> {
    let content = std::fs::read(path).map_err(|error| Failure::io("read", path, &error))?;
    let text = String::from_utf8_lossy(&content);
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut samples = Vec::new();
    for (number, line) in whole.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let sample: Sample = serde_json::from_str(line).map_err(|error| {
            Failure::at(path, number + 1, format!("expected a sample of `ptefuzz fuzz --stats`: {error}"))
        })?;
        if sample.v != VERSION {
            let message = format!("found version {}, expected {VERSION}", sample.v);
            return Err(Failure::at(path, number + 1, message));
        }
        samples.push(sample);
    }
    Ok(samples)
}
