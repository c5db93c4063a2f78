//! `ptefuzz dictionary`: the dictionaries and options of the fuzz targets, from the code's own tables.

use super::Verdict;
use super::error::{Failure, print_out, write_aside};
use clap::Args;
use ptefuzz::target::{TARGETS, Target, dictionary, options};
use std::path::PathBuf;

/// Print or write the dictionaries of the fuzz targets, for libFuzzer and AFL++
///
/// They are made from the tables of operations, sites and special values. With -o every target's goes to DIR/TARGET.dict.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz dictionary sequence
  ptefuzz dictionary -o dictionaries/
  ptefuzz dictionary --options -o fuzz/options/")]
pub struct Options {
    /// Targets [default: all]
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,

    /// Write TARGET.dict (or TARGET.options) into this directory
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// The engine's options of each target instead: length of inputs and dictionary
    #[arg(long)]
    options: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A target that there is not, or a directory that cannot be written to.
pub fn run(wanted: &Options) -> Result<Verdict, Failure> {
    let mut targets: Vec<&Target> = Vec::new();
    for name in &wanted.targets {
        let expected = || Failure::new(format!("{name}: found no such target, expected {}", Target::names()));
        targets.push(Target::by_name(name).ok_or_else(expected)?);
    }
    if targets.is_empty() {
        targets.extend(&TARGETS);
    }
    if let Some(dir) = &wanted.output {
        std::fs::create_dir_all(dir).map_err(|error| Failure::io("create", dir, &error))?;
    }
    let (make, extension): (fn(&Target) -> String, _) =
        if wanted.options { (options, "options") } else { (dictionary, "dict") };
    for target in targets {
        match &wanted.output {
            Some(dir) => write_aside(&dir.join(format!("{}.{extension}", target.name)), make(target).as_bytes())?,
            None => print_out(&make(target))?,
        }
    }
    Ok(Verdict::Clean)
}
