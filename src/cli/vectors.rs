//! `ptefuzz vectors`: recorded answers of the kernel's own functions against a subject.

use super::Verdict;
use super::error::{Failure, print_json, print_out};
use super::subject::{SubjectOptions, remark_text};
use clap::Args;
use ptefuzz::vectors::{check, parse};
use serde_json::json;
use std::path::PathBuf;

/// Check recorded answers of the kernel's own functions
///
/// Each file says its configuration and special value in its first line; the subject is built for them. Exit code 1 names the first row
/// that is answered differently, exit code 2 a line that is not as it must be.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz vectors tests/vectors/*.tsv
  ptefuzz vectors --subject model --json tests/vectors/transitions.tsv")]
pub struct Options {
    /// Vector files: classify*.tsv, transitions*.tsv, uses.tsv
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    subject: SubjectOptions,

    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A file that cannot be read or is not a vector file.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let (mut rows, mut mismatches, mut files) = (0, 0, Vec::new());
    let mut text = String::new();
    let mut remarks = String::new();
    let own = options.subject.name().environment().map_err(Failure::new)?;
    let mut other = Vec::new();
    for path in &options.files {
        let content = std::fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
        let file = parse(&content).map_err(|error| Failure::at(path, error.line, error.message))?;
        if let Some(own) = own.filter(|own| *own != file.environment) {
            other.push(json!({ "file": path.display().to_string(), "environment": file.environment.to_string() }));
            text.push_str(&format!("       not for {own}: skipped  {}\n", path.display()));
            continue;
        }
        let mut subject = options.subject.build(file.environment)?;
        let verdict = check(&file, &mut *subject);
        remarks = remark_text(&*subject);
        rows += verdict.rows;
        mismatches += verdict.mismatches;
        let skipped = if verdict.skipped > 0 { format!(", {} skipped", verdict.skipped) } else { String::new() };
        text.push_str(&format!(
            "{:>6} rows, {} mismatches{skipped}  {}\n",
            verdict.rows,
            verdict.mismatches,
            path.display()
        ));
        if let Some((line, difference)) = &verdict.first {
            let row = content.lines().nth(line - 1).unwrap_or("").replace('\t', " ");
            text.push_str(&format!("       first: line {line}: {row}\n              {difference}\n"));
        }
        let first = verdict.first.map(|(line, difference)| json!({"line": line, "difference": difference}));
        files.push(json!({
            "file": path.display().to_string(),
            "environment": file.environment.to_string(),
            "rows": verdict.rows,
            "skipped": verdict.skipped,
            "mismatches": verdict.mismatches,
            "first": first,
        }));
    }
    if let (Some(own), true) = (own, files.is_empty()) {
        return Err(Failure::new(format!(
            "{}: found a library for {own}, expected a vector file of that environment",
            options.subject.subject
        )));
    }
    eprint!("{remarks}");
    if options.json {
        eprint!("{text}");
        print_json(&json!({
            "subject": options.subject.subject.to_string(),
            "files": files,
            "other_environments": other,
            "rows": rows,
            "mismatches": mismatches,
        }))?;
    } else {
        text.push_str(&format!(
            "{rows:>6} rows, {mismatches} mismatches in all, subject {}\n",
            options.subject.subject
        ));
        print_out(&text)?;
    }
    Ok(if mismatches == 0 { Verdict::Clean } else { Verdict::Divergence })
}
