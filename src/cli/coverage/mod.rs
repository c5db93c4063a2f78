//! `ptefuzz coverage`: which states met which sites in a corpus, and what is still missing.

mod text;

use super::Verdict;
use super::environment::{EnvironmentOptions, special_name};
use super::error::{Failure, print_json, print_out, write_aside};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use ptefuzz::corpora::picture::{Of, Picture, html, svg};
use ptefuzz::corpora::{Reached, replay};
use ptefuzz::engine::Denominators;
use ptefuzz::pte::Environment;
use ptefuzz::target::{TARGETS, Target};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Show what a corpus reaches: which states met which sites, and what is missing
///
/// Replays every program below DIR: ptefuzz's own text and bytes, libFuzzer's files, AFL++'s queue. A cell is a site, the pte that it meets
/// (class, soft-dirty, uffd-wp, write, dirty) and what the right answer does (changes the pte, reports something). Measured by what programs
/// of operations can reach from an empty address space, or by what the exhaustive walk reaches; docs/EXHAUST.md says how both were found.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz coverage corpus/
  ptefuzz coverage --html coverage.html --target sequence out/default/queue
  ptefuzz coverage --of walk --json corpus/raw")]
pub struct Options {
    /// The directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    #[command(flatten)]
    environment: EnvironmentOptions,

    /// The fuzz target that libFuzzer's and AFL++'s files are for [default: the first byte says what they are]
    #[arg(long, value_name = "NAME", value_parser = target_parser())]
    target: Option<&'static Target>,

    /// What it is measured by
    #[arg(long, value_name = "WHAT", default_value = "reachable", value_parser = of_parser())]
    of: Of,

    /// Write one self-contained page: the matrix, what is missing, and for each cell the smallest program
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write the matrix as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// A parser of target names.
pub(super) fn target_parser() -> impl TypedValueParser<Value = &'static Target> {
    PossibleValuesParser::new(TARGETS.map(|target| target.name))
        .map(|name| Target::by_name(&name).unwrap_or_else(Target::sequence))
}

fn of_parser() -> impl TypedValueParser<Value = Of> {
    PossibleValuesParser::new(Of::ALL.map(Of::name))
        .map(|name| Of::ALL.into_iter().find(|of| of.name() == name).unwrap_or(Of::Reachable))
}

/// Replays a directory.
///
/// # Errors
///
/// A directory that cannot be read, and one without a program.
pub(super) fn reached(
    directory: &Path,
    environment: Environment,
    target: Option<&'static Target>,
) -> Result<Reached, Failure> {
    let reached = replay(directory, environment, target).map_err(|error| Failure::io("read", directory, &error))?;
    for broken in reached.broken_named.iter().take(BROKEN_SHOWN) {
        let _ = writeln!(std::io::stderr().lock(), "left out: {}: {}", broken.file, broken.reason);
    }
    if reached.broken > BROKEN_SHOWN as u64 {
        let _ = writeln!(std::io::stderr().lock(), "left out: {} files more", reached.broken - BROKEN_SHOWN as u64);
    }
    if reached.entries.is_empty() {
        let place = directory.display();
        return Err(Failure::new(format!("{place}: found no program, expected at least one (text, or bytes)")));
    }
    Ok(reached)
}

/// Files without a program that are named.
const BROKEN_SHOWN: usize = 10;

/// Runs the command.
///
/// # Errors
///
/// A directory that cannot be read or has no program, and a file that cannot be written.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let environment = options.environment.environment()?;
    let all = Denominators::of(environment)
        .ok_or_else(|| Failure::new(format!("{environment}: found no table of cells, expected one of the six")))?;
    let reached = reached(&options.directory, environment, options.target)?;
    let name = options.directory.display().to_string();
    let picture = Picture::new(&name, environment, &reached, options.of, all);
    if let Some(path) = &options.html {
        write_aside(path, html(&picture).as_bytes())?;
    }
    if let Some(path) = &options.svg {
        write_aside(path, svg(&picture).as_bytes())?;
    }
    let text = text::text(&picture, all);
    if options.json {
        let _ = write!(anstream::stderr().lock(), "{text}");
        print_json(&coverage_json(&picture, all))?;
    } else {
        print_out(&text)?;
    }
    Ok(Verdict::Clean)
}

fn coverage_json(picture: &Picture<'_>, all: &Denominators) -> Value {
    let file = |cell: &u16| picture.smallest.get(cell).map(|at| picture.reached.entries[*at].shown.as_str());
    let cells: Vec<Value> = picture
        .all_cells()
        .iter()
        .map(|(number, cell)| {
            json!({
                "site": ptefuzz::site::SITES[cell.site as usize].name,
                "class": cell.class.name(),
                "flags": cell.flag_words(),
                "answer": cell.answer_words(),
                "counted": picture.goal.contains(*number),
                "smallest": file(number),
            })
        })
        .collect();
    json!({
        "directory": picture.name,
        "config": picture.environment.config.name(),
        "special": special_name(picture.environment),
        "programs": picture.reached.entries.len(),
        "broken": picture.reached.broken,
        "of": picture.of.name(),
        "covered": picture.cells.len(),
        "covered_reachable": picture.cells.common(&all.reachable).len(),
        "covered_walk": picture.cells.common(&all.walk).len(),
        "total_reachable": all.reachable.len(),
        "total_walk": all.walk.len(),
        "cells": cells,
    })
}
