//! A lesson as text of 80 columns.

use ptefuzz::model::Model;
use ptefuzz::pte::Class;
use ptefuzz::site::Use;

use super::{Lesson, Protection, ruler};
use crate::cli::page::{Page, list};
use crate::cli::style::{BOLD, DIM, NAME, PLAIN, RIGHT, WRONG};

/// Column where the text beside a function's name begins.
const TEXT: usize = 33;

/// Names that a list of sites shows before it counts the rest.
const SITES_SHOWN: usize = 6;

/// Prints a lesson.
pub fn print(page: &mut Page, model: &Model, lesson: &Lesson) {
    let raw = format!("{:#x}", lesson.raw);
    page.line(
        0,
        &[(BOLD, &raw), (PLAIN, "  "), (BOLD, lesson.class.name()), (DIM, &format!("  ({})", lesson.environment))],
    );
    page.paragraph(0, PLAIN, &lesson.words);
    page.blank();
    ruler::draw(page, model, lesson.raw);
    fields(page, lesson);
    for note in &lesson.notes {
        page.blank();
        page.paragraph(0, PLAIN, note);
    }
    predicates(page, lesson);
    forbidden(page, lesson);
    misreadings(page, lesson);
    neighbours(page, lesson);
    uses(page, lesson);
}

fn fields(page: &mut Page, lesson: &Lesson) {
    page.blank();
    let names = lesson.fields.iter().map(|f| f.name.len()).max().unwrap_or(0);
    for field in &lesson.fields {
        let head = format!("{:>5}  {:<names$}", field.bits(), field.name);
        let text = match field.meaning.as_str() {
            "" => field.value_text(),
            meaning => format!("{}: {meaning}", field.value_text()),
        };
        let quiet = field.value == 0 && field.high - field.low < 4;
        let styles = if quiet { (DIM, DIM) } else { (NAME, PLAIN) };
        page.item(2, (styles.0, &head), 11 + names, (styles.1, &text));
    }
    if let Some(entry) = lesson.swp_entry {
        page.item(2, (DIM, "       swp_entry_t"), 11 + names, (DIM, &format!("{entry:#x}: type << 58 | offset")));
    }
    if let Some(protection) = lesson.protection {
        page.item(2, (NAME, "       protection"), 11 + names, (PLAIN, &protection_words(protection)));
    }
    if lesson.class == Class::None {
        page.paragraph(9, DIM, "All other bits are 0.");
    }
}

fn protection_words(protection: Protection) -> String {
    let also = match protection.name {
        "READONLY" => ", the same as PAGE_COPY",
        "READONLY_EXEC" => ", the same as PAGE_COPY_EXEC",
        _ => "",
    };
    match protection.exact {
        true => format!("exactly PAGE_{}{also}", protection.name),
        false => format!("PAGE_{}{also}, but for bits that pte_modify() keeps", protection.name),
    }
}

fn predicates(page: &mut Page, lesson: &Lesson) {
    page.heading("The kernel's predicates");
    for pair in lesson.predicates.chunks(2) {
        let mut pieces = Vec::new();
        for (name, value) in pair {
            let (style, word) = if *value { (RIGHT, "yes") } else { (DIM, "no ") };
            pieces.push((if *value { NAME } else { DIM }, format!("{name:<32}")));
            pieces.push((style, format!("{word}   ")));
        }
        let pieces: Vec<_> = pieces.iter().map(|(style, text)| (*style, text.as_str())).collect();
        page.line(2, &pieces);
    }
}

fn forbidden(page: &mut Page, lesson: &Lesson) {
    page.heading("Must not be passed to");
    for no in &lesson.forbidden {
        page.item(2, (WRONG, no.functions), TEXT, (PLAIN, no.why));
    }
}

fn misreadings(page: &mut Page, lesson: &Lesson) {
    page.heading("What a wrong reading would make of it");
    if lesson.class == Class::Special {
        page.paragraph(2, PLAIN, "To a caller that forgets to ask, it looks like this:");
        ruler::draw_as_entry(page, lesson.raw);
        page.blank();
    }
    for wrong in &lesson.misreadings {
        page.item(2, (NAME, wrong.reader), TEXT, (PLAIN, &wrong.result));
    }
}

fn neighbours(page: &mut Page, lesson: &Lesson) {
    if lesson.neighbours.is_empty() {
        return;
    }
    page.heading("One bit away, or accessed and dirty: none of these is special");
    for (class, values) in &lesson.neighbours {
        let values: Vec<String> = values.iter().map(|v| format!("{v:#x}")).collect();
        page.item(2, (NAME, class.name()), 19, (PLAIN, &values.join(" ")));
    }
}

fn uses(page: &mut Page, lesson: &Lesson) {
    page.heading("What the 46 sites may do with it (ptefuzz sites NAME says more)");
    for (kind, sites) in &lesson.uses.kinds {
        let words = match kind {
            Use::Decode if lesson.class == Class::Special => {
                format!("{}, callers that the patch missed: {}", sites.len(), list(sites))
            }
            Use::PresentFlag if lesson.swp_entry.is_some() => {
                format!("{} (an oddity of the kernel's own)", some_of(sites))
            }
            _ => some_of(sites),
        };
        page.item(2, (NAME, kind.name()), 19, (PLAIN, &words));
    }
    if !lesson.uses.class_only.is_empty() {
        page.item(2, (NAME, "ask its class"), 19, (PLAIN, &some_of(&lesson.uses.class_only)));
    }
    if !lesson.uses.outside.is_empty() {
        page.item(2, (NAME, "never see it"), 19, (PLAIN, &some_of(&lesson.uses.outside)));
    }
    page.item(2, (NAME, "take any value"), 19, (PLAIN, &some_of(&lesson.uses.primitives)));
}

/// A count and some names.
fn some_of(sites: &[&str]) -> String {
    if sites.len() <= SITES_SHOWN + 1 {
        return format!("{}: {}", sites.len(), list(sites));
    }
    let shown = sites[..SITES_SHOWN].join(", ");
    format!("{}: {shown} and {} more", sites.len(), sites.len() - SITES_SHOWN)
}
