//! Sites as text of 80 columns: the table of all, and one in full.

use ptefuzz::lockstep::laws::{CLASSIFICATION_LAWS, LAW_COUNT};
use ptefuzz::program::OPERATION_COUNT;
use ptefuzz::pte::Class;
use ptefuzz::site::{Domain, EVENTS, Field, OutcomePart, RANGE_SITES, SITES, Site, SiteId, Truth, totals_names};

use super::catalogue::TARGETS;
use super::uses::{self, Applied};
use crate::cli::page::{Page, list};
use crate::cli::style::{BOLD, DIM, NAME, PLAIN};

/// Column where the text of a full row begins.
const TEXT: usize = 14;

/// The table of all sites, and what stands behind them.
pub fn table(page: &mut Page) {
    page.line(0, &[(BOLD, &format!(" #  {:<18}  {:<46}  truth", "site", "kernel function"))]);
    for site in &SITES {
        let number = format!("{:>2}", site.id as u8);
        let name = format!("  {:<18}", site.name);
        let function = format!("  {:<46}", short_function(site));
        page.line(0, &[(DIM, &number), (NAME, &name), (PLAIN, &function), (PLAIN, "  "), (PLAIN, short_truth(site))]);
    }
    page.blank();
    page.paragraph(0, DIM, "vectors: recorded answers of the kernel's own function, in every configuration.");
    page.paragraph(0, DIM, "vectors*: recorded with full uffd-wp only; without it the rule is as read in the source.");
    page.blank();
    page.paragraph(0, PLAIN, "ptefuzz sites NAME shows a site in full: its rule, parameters, outcome and uses.");
    let more = format!(
        "--operations shows the {OPERATION_COUNT} operations of programs, --laws the {} laws that answers are held \
         against. Fuzz targets: {}.",
        LAW_COUNT + CLASSIFICATION_LAWS.len(),
        list(&TARGETS)
    );
    page.paragraph(0, PLAIN, &more);
}

/// The function's name without the place where it stands; what the version of a site is, its name says.
fn short_function(site: &Site) -> &'static str {
    site.function.split_once(" in ").map_or(site.function, |(function, _)| function)
}

fn short_truth(site: &Site) -> &'static str {
    match site.truth {
        Truth::Vectors => "vectors",
        Truth::VectorsUffdWp => "vectors*",
    }
}

/// A site in full.
pub fn full(page: &mut Page, site: &Site) {
    page.line(0, &[(BOLD, site.name), (DIM, &format!("  site {}", site.id as u8))]);
    let mut row = |head: &str, text: &str| page.item(2, (PLAIN, head), TEXT, (PLAIN, text));
    row("Function", site.function);
    row("Source", site.source);
    row("Truth", truth_words(site));
    row("Called on", &class_words(site));
    row("Rule", site.rule);
    parameters(page, site);
    outcome(page, site);
    page.item(2, (PLAIN, "Aux"), TEXT, (PLAIN, site.aux));
    page.item(2, (PLAIN, "Range"), TEXT, (PLAIN, &range_words(site)));
    allowed_uses(page, site);
}

fn truth_words(site: &Site) -> &'static str {
    match site.truth {
        Truth::Vectors => "vectors: recorded answers of the kernel's own function, in every configuration",
        Truth::VectorsUffdWp => "vectors under full uffd-wp; the rule as read in the source without it",
    }
}

fn class_words(site: &Site) -> String {
    let classes: Vec<&str> = uses::classes(site).map(Class::name).collect();
    if classes.len() == Class::ALL.len() { "any pte".into() } else { format!("{} only", list(&classes)) }
}

fn range_words(site: &Site) -> String {
    if !RANGE_SITES.contains(&site.id) {
        return "none: single ptes only".into();
    }
    format!("over a page table as well; totals: {}", totals_names(site.id).join(", "))
}

fn parameters(page: &mut Page, site: &Site) {
    if site.fields.is_empty() {
        page.item(2, (PLAIN, "Parameters"), TEXT, (PLAIN, "none"));
        return;
    }
    page.line(2, &[(PLAIN, "Parameters")]);
    let names = site.fields.iter().map(|f| f.name.len()).max().unwrap_or(0);
    for field in site.fields {
        let head = format!("{:<13} {:<names$}", place(field), field.name);
        let words = match domain_words(field.domain) {
            "" => field.doc.to_string(),
            domain => format!("{} ({domain})", field.doc),
        };
        page.item(4, (NAME, &head), 20 + names, (PLAIN, &words));
        if let Domain::Choice(choices) = field.domain {
            let numbered: Vec<String> = choices.iter().enumerate().map(|(i, name)| format!("{i} {name}")).collect();
            page.paragraph(20 + names, DIM, &numbered.join(", "));
        }
    }
}

/// Where a field stands: `p0 bit 3`, `p0 bits 8-12`, or `p1` for a whole word.
fn place(field: &Field) -> String {
    match field.bits {
        64 => format!("p{}", field.word),
        1 => format!("p{} bit {}", field.word, field.shift),
        bits => format!("p{} bits {}-{}", field.word, field.shift, field.shift + bits - 1),
    }
}

/// What values a field can take, in words, where its own sentence does not say so.
pub fn domain_words(domain: Domain) -> &'static str {
    match domain {
        Domain::Flag | Domain::Choice(_) => "",
        Domain::Prot => "a page protection",
        Domain::Pfn => "taken modulo 2^40",
        Domain::SwapType => "0 to 31",
        Domain::SwapOffset => "any number",
        Domain::SwapEntry => "a swp_entry_t: type << 58 | offset",
        Domain::SwapCount => "a C int: the low 32 bits count",
        Domain::SwapArea => "0: there is no such area",
        Domain::SwapMapByte => "a byte",
        Domain::PageCount => "0 and 1: no huge page",
        Domain::Pte => "any pte",
    }
}

fn outcome(page: &mut Page, site: &Site) {
    let has_events = site.id >= SiteId::Fork;
    if site.outcome.is_empty() && !has_events {
        page.item(2, (PLAIN, "Outcome"), TEXT, (PLAIN, "always 0"));
        return;
    }
    page.line(2, &[(PLAIN, "Outcome")]);
    for part in site.outcome {
        match part {
            OutcomePart::Bit(bit, name) => page.item(4, (NAME, &format!("bit {bit}")), TEXT + 4, (PLAIN, name)),
            OutcomePart::Number { shift, bits, name, values } => {
                let head = format!("bits {shift}-{}", shift + bits - 1);
                let values: Vec<String> = values.iter().map(|(value, word)| format!("{value} {word}")).collect();
                page.item(4, (NAME, &head), TEXT + 4, (PLAIN, &format!("{name}: {}", values.join(", "))));
            }
        }
    }
    if has_events {
        let (first, last) = (EVENTS.first().map_or(0, |e| e.0), EVENTS.last().map_or(0, |e| e.0));
        let words = "events: what happened on the way, such as STORE or SWAP_FREE";
        page.item(4, (NAME, &format!("bits {first}-{last}")), TEXT + 4, (PLAIN, words));
    }
}

fn allowed_uses(page: &mut Page, site: &Site) {
    if site.uses.is_empty() {
        let words = "not observed: a primitive that takes any value";
        page.item(2, (PLAIN, "Uses"), TEXT, (PLAIN, words));
        return;
    }
    page.line(2, &[(PLAIN, "Uses allowed, by the class of the pte that it is called on")]);
    for (classes, applied) in uses::by_class(site) {
        let names: Vec<&str> = classes.iter().map(|c| c.name()).collect();
        let head = names.join(", ");
        let words: Vec<String> = applied.iter().map(applied_words).collect();
        let words = if words.is_empty() { "none: it asks for the class only".into() } else { words.join("; ") };
        page.item(4, (NAME, &head), TEXT + 16, (PLAIN, &words));
    }
}

fn applied_words(applied: &Applied) -> String {
    let others: Vec<&str> = applied.others.iter().map(Class::name).collect();
    match (applied.input, others.as_slice()) {
        (true, []) => applied.kind.name().to_string(),
        (true, others) => format!("{} (of {} too)", applied.kind.name(), list(others)),
        (false, others) => format!("{} of {}", applied.kind.name(), list(others)),
    }
}
