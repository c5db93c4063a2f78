//! The parts of the header that come from the site table: numbers, parameter bits, named operations and outcomes.

use ptefuzz::site::{Domain, Field, OutcomePart, SITE_COUNT, SITES, Site, SiteId};

use super::names::{self, CODES};
use super::write::{Header, unsigned};
use crate::cli::page::list;
use crate::cli::sites::domain_words;

/// The numbers of the sites, each with what there is to say about it.
pub fn numbers(header: &mut Header) {
    header.comment(&[
        "The sites. Each stands for one place in the kernel, applied to one pte. Parameter words and bits that a site does not \
         mention are 0. From PTEFUZZ_FORK on, the low 16 bits of the outcome are the site's own and the bits above are PTEFUZZ_EV_*.",
    ]);
    header.raw("enum ptefuzz_op {\n");
    for site in &SITES {
        header.indented_comment(2, about(site).into_iter());
        header.raw(&format!("  PTEFUZZ_{} = {},\n\n", names::upper(site.name), site.id as u8));
    }
    header.raw(&format!("  PTEFUZZ_NR_OPS = {SITE_COUNT}\n}};\n"));
}

/// The comment of a site: paragraphs with their indents.
fn about(site: &Site) -> Vec<(usize, String)> {
    let mut lines = vec![(0, format!("{}. Read in {}.", site.function, site.source)), (0, site.rule.to_string())];
    for word in 0..3 {
        let fields = site.fields.iter().filter(|f| f.word == word);
        let (named, rest): (Vec<&Field>, Vec<&Field>) = fields.partition(|f| names::parameter(site.id, f).is_some());
        if let ([_, ..], Some(prefix)) = (named.as_slice(), names::prefix(site.id)) {
            let words = match site.id {
                SiteId::PageMkclean => "0 or PTEFUZZ_TU_THP".to_string(),
                _ => format!("PTEFUZZ_{prefix}_*"),
            };
            lines.push((2, format!("p{word}: {words}")));
        }
        lines.extend(rest.into_iter().map(|field| (2, format!("{}: {}", place(field), words(field)))));
    }
    if !site.outcome.is_empty() {
        let parts: Vec<String> = site.outcome.iter().map(part).collect();
        lines.push((2, format!("outcome: {}", parts.join("; "))));
    }
    if site.aux != "0" {
        lines.push((2, format!("aux: {}", site.aux)));
    }
    if let Some((_, note)) = names::NOTES.iter().find(|(id, _)| *id == site.id) {
        lines.push((2, note.to_string()));
    }
    lines
}

/// Where a field stands.
fn place(field: &Field) -> String {
    match field.bits {
        64 => format!("p{}", field.word),
        1 => format!("p{} bit {}", field.word, field.shift),
        bits => format!("p{} bits {}-{}", field.word, field.shift, field.shift + bits - 1),
    }
}

fn words(field: &Field) -> String {
    match (field.domain, domain_words(field.domain)) {
        (Domain::Choice(_), _) => format!("{}, as numbered below", field.doc),
        (Domain::Prot | Domain::SwapMapByte, _) | (_, "") => field.doc.to_string(),
        (_, domain) => format!("{} ({domain})", field.doc),
    }
}

fn part(part: &OutcomePart) -> String {
    match part {
        OutcomePart::Bit(bit, name) => format!("bit {bit} {name}"),
        OutcomePart::Number { shift, bits, name, values } => {
            let values: Vec<String> = values.iter().map(|(value, name)| format!("{value} {name}")).collect();
            format!("bits {shift}-{} {name}: {}", shift + bits - 1, values.join(", "))
        }
    }
}

/// Parameter bits that some sites share.
struct Family {
    prefix: &'static str,
    sites: Vec<&'static str>,
    word: u8,
    bits: Vec<(String, u64, &'static str)>,
}

/// The families in the order of their first sites. The last site that has a bit describes it: it is the one that takes most notice.
fn families() -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    for site in &SITES {
        let Some(prefix) = names::prefix(site.id) else { continue };
        if !families.iter().any(|f| f.prefix == prefix) {
            families.push(Family { prefix, sites: Vec::new(), word: 0, bits: Vec::new() });
        }
        let Some(family) = families.iter_mut().find(|f| f.prefix == prefix) else { continue };
        family.sites.push(site.name);
        for field in site.fields {
            let Some(name) = names::parameter(site.id, field) else { continue };
            family.word = field.word;
            match family.bits.iter_mut().find(|(known, ..)| *known == name) {
                Some(bit) => bit.2 = field.doc,
                None => family.bits.push((name, 1 << field.shift, field.doc)),
            }
        }
    }
    families
}

/// The parameter bits with names.
pub fn parameters(header: &mut Header) {
    for family in families() {
        header.comment(&[&format!("Bits of p{} of {}.", family.word, list(&family.sites))]);
        for (name, value, doc) in &family.bits {
            header.define(name, &unsigned(*value), doc);
        }
        if family.prefix == "TU" {
            let all = family.bits.iter().fold(0, |all, (_, value, _)| all | value);
            header.define("TU_ALL", &unsigned(all), "all of these; the bits below them are the kernel's TTU_*");
        }
    }
}

/// The operations of the sites that stand for several.
pub fn choices(header: &mut Header) {
    for (site, prefix) in [(SiteId::Bitop, "BO"), (SiteId::Accessor, "AC")] {
        let site = Site::of(site);
        let Some(choices) = site.fields.iter().find_map(|field| match field.domain {
            Domain::Choice(choices) => Some(choices),
            _ => None,
        }) else {
            continue;
        };
        header.comment(&[&format!("p0 of {}: which operation.", site.name)]);
        let named = choices.iter().map(|name| names::upper(name)).chain(["NR".to_string()]);
        let numbered = named.zip(0..).map(|(name, number)| (format!("{prefix}_{name}"), number, String::new()));
        header.enumeration("", numbered);
    }
}

/// The parts of outcomes with names.
pub fn outcomes(header: &mut Header) {
    for codes in &CODES {
        let site = Site::of(codes.site);
        let family: Vec<&str> = match names::prefix(codes.site) {
            Some(prefix) => SITES.iter().filter(|s| names::prefix(s.id) == Some(prefix)).map(|s| s.name).collect(),
            None => vec![site.name],
        };
        let found: Vec<_> = codes
            .names
            .iter()
            .filter_map(|(words, name)| Some((names::code(site.outcome, words)?, words, name)))
            .collect();
        let shift = found.iter().map(|((_, shift), ..)| *shift).max().unwrap_or(0);
        let shifted = if shift == 0 { String::new() } else { format!(", a number that starts at bit {shift}") };
        header.comment(&[&format!("In the outcome of {}{shifted}.", list(&family))]);
        for ((value, _), words, name) in found {
            let words = if names::upper(words) == **name { "" } else { words };
            header.define(&format!("{}_{name}", codes.prefix), &unsigned(value), words);
        }
    }
}
