//! `ptefuzz sites`: what there is to call: every site with its rule, its parameters and where its truth comes from.
//!
//! The operations of programs and the laws that answers are held against are shown on demand, and are always in the JSON object.

mod catalogue;
mod find;
mod json;
mod text;
mod uses;

use clap::Args;
use ptefuzz::site::{SITES, Site};

use super::Verdict;
use super::error::{Failure, print_json, print_out};
use super::page::Page;

pub use text::domain_words;

/// List every call site, or show some in full: rule, parameters, outcome, allowed uses
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ptefuzz sites
  ptefuzz sites change_prot zap
  ptefuzz sites --operations
  ptefuzz sites --laws fork
  ptefuzz sites --json")]
pub struct Options {
    /// Sites to show in full, by name or by the beginning of a name that is no other's
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Show the operations of programs instead: what each does, and the sites that it calls
    #[arg(long, conflicts_with = "laws")]
    operations: bool,
    /// Show the laws instead: what must hold of every answer, and the mistake that each is there for
    #[arg(long)]
    laws: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A name that is no site's, or that could be several.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let mut chosen: Vec<&Site> = Vec::new();
    for name in &options.names {
        let site = find::find(name).map_err(Failure::new)?;
        if !chosen.iter().any(|s| s.id == site.id) {
            chosen.push(site);
        }
    }
    if options.json {
        let shown = if chosen.is_empty() { SITES.iter().collect() } else { chosen };
        print_json(&json::object(&shown))?;
        return Ok(Verdict::Clean);
    }
    let mut page = Page::default();
    match chosen.as_slice() {
        sites if options.operations => catalogue::operations(&mut page, sites),
        sites if options.laws => catalogue::laws(&mut page, sites),
        [] => text::table(&mut page),
        sites => {
            for (i, site) in sites.iter().enumerate() {
                if i > 0 {
                    page.blank();
                }
                text::full(&mut page, site);
            }
        }
    }
    print_out(&page.into_text())?;
    Ok(Verdict::Clean)
}
