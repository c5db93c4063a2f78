//! The recorded answers, replayed in the environment that each file names.

use super::vectors::{ClassRow, File, Row, files};
use super::{Model, sites_here};
use crate::pte::Classification;
use crate::site::Site;

/// Whether the model gives the recorded answer.
pub(super) fn row_holds(model: &Model, row: &Row) -> bool {
    let answer = model.answer(&row.call);
    [answer.pte, answer.outcome, answer.aux] == row.answer
}

/// Whether the model classifies as recorded.
pub(super) fn class_row_holds(model: &Model, row: &ClassRow) -> bool {
    let classification = model.classify(row.raw);
    classification.class == row.class && classification.values() == row.columns
}

#[test]
fn every_recorded_answer_is_the_models_answer() {
    let mut rows = 0;
    let mut wrong = Vec::new();
    for file in files() {
        let model = Model::new(file.environment);
        for row in sites_here().iter().flat_map(|site| &file.rows[site.id as usize]) {
            rows += 1;
            if !row_holds(&model, row) {
                wrong.push(describe(file, row, &model));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {rows} rows differ:\n{}", wrong.len(), first(&wrong));
    assert!(rows > 30_000, "only {rows} rows were found");
}

#[test]
fn every_recorded_classification_is_the_models() {
    let mut rows = 0;
    let mut wrong = Vec::new();
    for file in files() {
        let model = Model::new(file.environment);
        for row in &file.classify {
            rows += 1;
            if !class_row_holds(&model, row) {
                let ours = model.classify(row.raw);
                let columns = Classification::COLUMNS.iter().zip(ours.values()).zip(row.columns);
                let differs: Vec<_> = columns.filter(|((_, a), b)| a != b).collect();
                wrong.push(format!("{}:{} {:#x} {:?} {differs:x?}", file.name, row.line, row.raw, ours.class));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {rows} rows differ:\n{}", wrong.len(), first(&wrong));
    assert!(rows > 4_000, "only {rows} rows were found");
}

#[test]
fn the_class_alone_is_that_of_the_classification() {
    for file in files() {
        let model = Model::new(file.environment);
        for row in file.rows.iter().flatten() {
            assert_eq!(model.class(row.call.pte), model.classify(row.call.pte).class, "{:#x}", row.call.pte);
        }
    }
}

fn describe(file: &File, row: &Row, model: &Model) -> String {
    let (call, ours) = (&row.call, model.answer(&row.call));
    let site = Site::of(call.site).name;
    let class = model.class(call.pte).name();
    let ours = [ours.pte, ours.outcome, ours.aux];
    let (name, line) = (&file.name, row.line);
    format!("{name}:{line} {site} {:#x} ({class}) {:x?}: {ours:x?}, recorded {:x?}", call.pte, call.p, row.answer)
}

/// The first few of many lines.
fn first(lines: &[String]) -> String {
    lines[..lines.len().min(20)].join("\n")
}
