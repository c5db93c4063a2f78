//! Recorded answers: the files of `tests/vectors/`, read strictly, and held against a subject.
//!
//! A file says its configuration and special value in its first line and its columns in the second; see `tests/vectors/README.md`.

mod parse;

pub use parse::{ParseError, Row, VectorFile, parse};

use crate::lockstep::Subject;
use crate::model::Model;
use crate::pte::Classification;
use crate::site::{Answer, Use, Uses};

/// How a subject did on one file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Rows that were checked.
    pub rows: usize,
    /// Rows of sites or predicates that the subject does not have.
    pub skipped: usize,
    /// Rows in which the subject answered something else.
    pub mismatches: usize,
    /// The first of them: its line, and what was found and expected.
    pub first: Option<(usize, String)>,
}

/// Holds a subject, built for the file's environment, against every row.
pub fn check<S: Subject + ?Sized>(file: &VectorFile, subject: &mut S) -> Verdict {
    let mut verdict = Verdict::default();
    let sites = subject.sites();
    for (line, row) in &file.rows {
        let mismatch = match row {
            Row::Classify { pte, recorded } => match subject.classify(*pte) {
                Some(found) => classify_mismatch(recorded, &found),
                None => match subject.take_failure() {
                    Some(failure) => Some(failure.to_string()),
                    None => {
                        verdict.skipped += 1;
                        continue;
                    }
                },
            },
            Row::Call { call, answer } if sites.contains(call.site) => {
                let mut found = [Answer::default()];
                subject.answer(&[*call], &mut found);
                answer_mismatch(answer, &found[0])
            }
            Row::Call { .. } => {
                verdict.skipped += 1;
                continue;
            }
            Row::Use { site, input, used, kind, accessor } => {
                let allowed = crate::site::Site::of(*site).allowed_uses(*input);
                let missing = Uses::one(*kind, *used).without(allowed);
                (!missing.is_empty()).then(|| format!("{accessor}() on {} is not an expected use", used.abi_name()))
            }
        };
        verdict.rows += 1;
        if let Some(text) = mismatch {
            verdict.mismatches += 1;
            verdict.first.get_or_insert((*line, text));
        }
    }
    verdict
}

fn classify_mismatch(recorded: &Classification, found: &Classification) -> Option<String> {
    if recorded == found {
        return None;
    }
    if recorded.class != found.class {
        return Some(format!("class: found {}, expected {}", found.class.abi_name(), recorded.class.abi_name()));
    }
    let (r, f) = (recorded.values(), found.values());
    let column = (0..r.len()).find(|&c| r[c] != f[c])?;
    Some(format!("{}: found {:x}, expected {:x}", Classification::COLUMNS[column], f[column], r[column]))
}

fn answer_mismatch(recorded: &Answer, found: &Answer) -> Option<String> {
    if let Some(failure) = found.failure() {
        return Some(failure.to_string());
    }
    let differs = |name: &str, r: u64, f: u64| (r != f).then(|| format!("{name}: found {f:x}, expected {r:x}"));
    differs("res", recorded.pte, found.pte)
        .or_else(|| differs("outcome", recorded.outcome, found.outcome))
        .or_else(|| differs("aux", recorded.aux, found.aux))
}

/// The kind of use that an accessor of the kernel is.
pub fn accessor_kind(accessor: &str) -> Option<Use> {
    match accessor {
        "pte_to_swp_entry" => Some(Use::Decode),
        _ if accessor.starts_with("pte_swp_") => Some(Use::SwapFlag),
        _ if accessor.starts_with("pte_") => Some(Use::PresentFlag),
        _ => None,
    }
}

/// The class of a raw value in the environment of a file, for domain checks.
fn class_of(model: &Model, pte: u64) -> crate::pte::Class {
    model.class(pte)
}
