//! `ptefuzz asm` and `ptefuzz disasm`: the text form of programs to bytes and back.

use super::Verdict;
use super::error::{Failure, print_out, write_aside};
use super::replay::read;
use clap::Args;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Assemble: programs as text to the bytes that fuzzing engines read
///
/// A file goes to the file OUT (default: standard output), a directory's *.pte files to the directory OUT.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz asm program.pte -o program.bin
  ptefuzz asm seeds/ -o corpus/")]
pub struct AsmOptions {
    /// A program, or a directory of programs
    #[arg(value_name = "FILE|DIR")]
    input: PathBuf,

    /// Where the bytes go
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

/// Disassemble: a program's bytes to its canonical text
///
/// Reads either form, so that it also brings text into its canonical form.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz disasm crash-1234
  ptefuzz disasm program.bin > program.pte")]
pub struct DisasmOptions {
    /// A program
    #[arg(value_name = "FILE")]
    input: PathBuf,
}

/// Runs `asm`.
///
/// # Errors
///
/// A file that cannot be read or is no program, or a place that cannot be written to.
pub fn asm(options: &AsmOptions) -> Result<Verdict, Failure> {
    if options.input.is_dir() {
        let Some(out) = &options.output else {
            return Err(Failure::new(format!(
                "{}: found a directory, expected -o DIR with it",
                options.input.display()
            )));
        };
        std::fs::create_dir_all(out).map_err(|error| Failure::io("create", out, &error))?;
        for path in programs(&options.input)? {
            let name = path.file_stem().unwrap_or_default();
            write_aside(&out.join(name), &read(&path)?.to_bytes())?;
        }
        return Ok(Verdict::Clean);
    }
    let bytes = read(&options.input)?.to_bytes();
    match &options.output {
        Some(out) => write_aside(out, &bytes)?,
        None if std::io::stdout().is_terminal() => {
            return Err(Failure::new("standard output: found a terminal, expected -o OUT or a pipe for the bytes"));
        }
        None => {
            std::io::stdout()
                .write_all(&bytes)
                .map_err(|error| Failure::io("write", Path::new("standard output"), &error))?;
        }
    }
    Ok(Verdict::Clean)
}

/// Runs `disasm`.
///
/// # Errors
///
/// A file that cannot be read or is no program.
pub fn disasm(options: &DisasmOptions) -> Result<Verdict, Failure> {
    print_out(&read(&options.input)?.to_text())?;
    Ok(Verdict::Clean)
}

/// The `*.pte` files of a directory, sorted.
fn programs(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(dir).map_err(|error| Failure::io("read", dir, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| Failure::io("read", dir, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "pte") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
