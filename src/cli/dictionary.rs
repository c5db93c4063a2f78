//! `ptefuzz dictionary`: the dictionaries and options of the fuzz targets, from the code's own tables.

use super::Verdict;
use super::error::{Failure, print_out, write_aside};
use clap::Args;
use ptefuzz::target::{PARSERS, Parser, TARGETS, Target, dictionary, options};
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
    let mut files = Vec::new();
    for name in &wanted.targets {
        let file = match (Target::by_name(name), Parser::by_name(name)) {
            (Some(target), _) => of_target(target, wanted.options),
            (_, Some(parser)) => of_parser(parser, wanted.options),
            _ => {
                let readers = PARSERS.map(|parser| parser.name).join(", ");
                let expected = format!("{}, {readers}", Target::names());
                return Err(Failure::new(format!("{name}: found no such target, expected {expected}")));
            }
        };
        files.push(file);
    }
    if files.is_empty() {
        files.extend(TARGETS.iter().map(|target| of_target(target, wanted.options)));
        files.extend(PARSERS.iter().map(|parser| of_parser(parser, wanted.options)));
    }
    if let Some(dir) = &wanted.output {
        std::fs::create_dir_all(dir).map_err(|error| Failure::io("create", dir, &error))?;
    }
    for (name, text) in files {
        match &wanted.output {
            Some(dir) => {
                let extension = if wanted.options { "options" } else { "dict" };
                write_aside(&dir.join(format!("{name}.{extension}")), text.as_bytes())?;
            }
            None => print_out(&text)?,
        }
    }
    Ok(Verdict::Clean)
}

fn of_target(target: &Target, wants_options: bool) -> (&'static str, String) {
    (target.name, if wants_options { options(target) } else { dictionary(target) })
}

fn of_parser(parser: &Parser, wants_options: bool) -> (&'static str, String) {
    (parser.name, if wants_options { parser.options() } else { parser.dictionary() })
}
