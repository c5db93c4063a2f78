//! `ptefuzz sites`: what there is to call: every site with its rule, its parameters and where its truth comes from.
//!
//! Operations of programs, laws and fuzz targets are listed behind the sites; their lists arrive as slices ([`Catalogue`]).

mod find;
mod json;
mod text;
mod uses;

use clap::Args;
use ptefuzz::site::{SITES, Site};

use super::Verdict;
use super::error::{Failure, print_json, print_out};
use super::page::Page;

/// List every call site, or show some in full: rule, parameters, outcome, allowed uses
#[derive(Args, Debug)]
pub struct Options {
    /// Sites to show in full, by name or by the beginning of a name that is no other's
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Something with a name and a sentence: an operation of programs, or a law.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The name.
    pub name: &'a str,
    /// What it is, in words.
    pub words: &'a str,
}

/// What stands behind the sites.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue<'a> {
    /// The operations of programs.
    pub operations: &'a [Entry<'a>],
    /// The laws that answers are held against.
    pub laws: &'a [Entry<'a>],
    /// The fuzz targets.
    pub targets: &'a [&'a str],
}

/// What there is so far.
const CATALOGUE: Catalogue<'static> = Catalogue { operations: &[], laws: &[], targets: &["raw"] };

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
        print_json(&json::object(&shown, &CATALOGUE))?;
        return Ok(Verdict::Clean);
    }
    let mut page = Page::default();
    if chosen.is_empty() {
        text::table(&mut page, &CATALOGUE);
    }
    for (i, site) in chosen.into_iter().enumerate() {
        if i > 0 {
            page.blank();
        }
        text::full(&mut page, site);
    }
    print_out(&page.into_text())?;
    Ok(Verdict::Clean)
}
