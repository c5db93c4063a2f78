//! `ptefuzz foreign-child`: the process that a foreign library runs in. Started by ptefuzz itself, never typed.

use super::Verdict;
use super::error::Failure;
use clap::Args;
use std::path::PathBuf;

/// Run a foreign library for the ptefuzz that started this
#[derive(Debug, Args)]
pub struct Options {
    /// The library
    library: PathBuf,
}

/// Runs the command.
///
/// # Errors
///
/// Not started by ptefuzz.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    match ptefuzz::foreign::serve(&options.library) {
        error if error.is_empty() => Ok(Verdict::Clean),
        error => Err(Failure::new(error)),
    }
}
