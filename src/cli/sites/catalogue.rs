//! What stands around the sites: the operations that call them, and the laws that their answers are held against.

use ptefuzz::lockstep::laws::{CLASSIFICATION_LAWS, LAWS};
use ptefuzz::program::OPERATIONS;
use ptefuzz::site::{Site, SiteId};

use crate::cli::page::Page;
use crate::cli::style::{DIM, NAME, PLAIN};

/// The fuzz targets, as `ptefuzz fuzz --target` takes them.
pub const TARGETS: [&str; 2] = ["sequence", "raw"];

/// Column where the text beside a word begins.
const TEXT: usize = 12;

/// The names of these sites.
pub fn names(sites: &[SiteId]) -> Vec<&'static str> {
    sites.iter().map(|id| Site::of(*id).name).collect()
}

/// The operations of programs: all, or those that call one of the chosen sites.
pub fn operations(page: &mut Page, chosen: &[&Site]) {
    let mut shown = 0;
    for operation in OPERATIONS.iter().filter(|o| touches(chosen, o.sites)) {
        page.heading(operation.name);
        page.paragraph(2, PLAIN, operation.meaning);
        row(page, "Sites", &sites_words(operation.sites));
        if !operation.facts.is_empty() {
            row(page, "Facts", operation.facts);
        }
        row(page, "Truth", operation.truth);
        shown += 1;
    }
    count(page, shown, OPERATIONS.len(), "operations");
}

/// The laws: all, or those of the chosen sites.
pub fn laws(page: &mut Page, chosen: &[&Site]) {
    let mut shown = 0;
    for law in LAWS.iter().filter(|law| touches(chosen, law.sites)) {
        one_law(page, law.name, law.text, &sites_words(law.sites), (law.catches, law.source));
        shown += 1;
    }
    if chosen.is_empty() {
        for law in &CLASSIFICATION_LAWS {
            one_law(page, law.name, law.text, "none: of the classification of a pte", (law.catches, law.source));
        }
        shown += CLASSIFICATION_LAWS.len();
    }
    count(page, shown, LAWS.len() + CLASSIFICATION_LAWS.len(), "laws");
}

fn one_law(page: &mut Page, name: &str, text: &str, sites: &str, (catches, source): (&str, &str)) {
    page.heading(name);
    page.paragraph(2, PLAIN, text);
    row(page, "Sites", sites);
    row(page, "Catches", catches);
    row(page, "Source", source);
}

fn row(page: &mut Page, head: &str, text: &str) {
    page.item(2, (NAME, head), TEXT, (PLAIN, text));
}

fn count(page: &mut Page, shown: usize, all: usize, what: &str) {
    if shown > 0 {
        page.blank();
    }
    let words = if shown == all { format!("{all} {what}.") } else { format!("{shown} of {all} {what}.") };
    page.paragraph(0, DIM, &words);
}

fn touches(chosen: &[&Site], sites: &[SiteId]) -> bool {
    chosen.is_empty() || chosen.iter().any(|site| sites.contains(&site.id))
}

fn sites_words(sites: &[SiteId]) -> String {
    match sites.len() {
        0 => "none".into(),
        n if n == SiteId::ALL.len() => "all".into(),
        _ => names(sites).join(", "),
    }
}
