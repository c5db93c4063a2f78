//! The command line: one file per command. A command gets its parsed options, prints, and says how it ended.
//!
//! `--json` prints one JSON object on standard output at the end; what is for people goes to standard error then. Exit codes: 0 no divergence,
//! 1 a divergence, 2 bad usage or input.

mod asm;
mod cmin;
mod coverage;
mod decode;
mod dictionary;
mod environment;
mod error;
mod exhaust;
mod foreign_child;
mod fuzz;
mod header;
mod minimize;
mod museum;
mod page;
mod plot;
mod replay;
mod report;
mod repro;
mod shell;
mod sites;
mod style;
mod subject;
mod triage;
mod vectors;

use clap::{Parser, Subcommand};
use error::Failure;
use ptefuzz::packed::passes::Backend;
use std::process::ExitCode;

/// How a command ended when nothing went wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No divergence: exit code 0.
    Clean,
    /// At least one divergence or mismatch: exit code 1.
    Divergence,
}

/// Fuzz the Linux page-table-entry state machine: a reference model against an implementation of pte code.
#[derive(Debug, Parser)]
#[command(name = "ptefuzz", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  ptefuzz fuzz                     a minute of fuzzing, with progress
  ptefuzz fuzz --subject foreign:./libmine.so
                                   the same for your own C code, see `ptefuzz header`
  ptefuzz decode 0x4               what this pte is, and what it must not be passed to
  ptefuzz vectors tests/vectors/*.tsv
                                   check recorded answers of the kernel's own functions
  ptefuzz sites                    every call site, its rule and where its truth comes from

Exit code: 0 no divergence, 1 a divergence, 2 bad usage or input.";

#[derive(Debug, Subcommand)]
enum Command {
    Fuzz(fuzz::Options),
    Exhaust(exhaust::Options),
    Replay(replay::Options),
    Minimize(minimize::Options),
    Coverage(coverage::Options),
    Cmin(cmin::Options),
    Museum(museum::Options),
    Triage(triage::Options),
    Repro(repro::Options),
    Asm(asm::AsmOptions),
    Disasm(asm::DisasmOptions),
    Decode(decode::Options),
    Dictionary(dictionary::Options),
    Plot(plot::Options),
    Vectors(vectors::Options),
    Sites(sites::Options),
    Header(header::Options),
    Completions(shell::CompletionsOptions),
    Man(shell::ManOptions),
    #[command(hide = true)]
    ForeignChild(foreign_child::Options),
}

/// Parses the command line, runs the command and gives its exit code.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = Backend::from_variable() {
        Failure::new(error).print();
        return ExitCode::from(2);
    }
    let result = match cli.command {
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Exhaust(options) => exhaust::run(&options),
        Command::Replay(options) => replay::run(&options),
        Command::Minimize(options) => minimize::run(&options),
        Command::Coverage(options) => coverage::run(&options),
        Command::Cmin(options) => cmin::run(&options),
        Command::Museum(options) => museum::run(&options),
        Command::Triage(options) => triage::run(&options),
        Command::Repro(options) => repro::run(&options),
        Command::Asm(options) => asm::asm(&options),
        Command::Disasm(options) => asm::disasm(&options),
        Command::Decode(options) => decode::run(&options),
        Command::Dictionary(options) => dictionary::run(&options),
        Command::Plot(options) => plot::run(&options),
        Command::Vectors(options) => vectors::run(&options),
        Command::Sites(options) => sites::run(&options),
        Command::Header(options) => header::run(&options),
        Command::Completions(options) => shell::completions(&options),
        Command::Man(options) => shell::man(&options),
        Command::ForeignChild(options) => foreign_child::run(&options),
    };
    match result {
        Ok(Verdict::Clean) => ExitCode::SUCCESS,
        Ok(Verdict::Divergence) => ExitCode::from(1),
        Err(failure) => {
            failure.print();
            ExitCode::from(2)
        }
    }
}
