//! The museum as programs read it.

use super::pool::{Outcome, Row};
use super::table::geometric_mean;
use ptefuzz::museum::{Bug, By, Caught, Hunt, Source, vector_rows};
use ptefuzz::pte::Special;
use ptefuzz::site::Site;
use ptefuzz::vectors::VectorFile;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What each bug is.
pub(super) fn list(bugs: &[&Bug]) -> Value {
    let bugs: Vec<Value> = bugs.iter().map(|bug| described(bug)).collect();
    json!({ "total": bugs.len(), "bugs": bugs })
}

fn described(bug: &Bug) -> Value {
    let source = match bug.source {
        Source::Commit(id) => json!({ "commit": id }),
        Source::Message(id) => json!({ "message": id }),
    };
    json!({
        "id": bug.id,
        "slug": bug.slug,
        "site": Site::of(bug.site).name,
        "mistake": bug.mistake,
        "harm": bug.harm,
        "fixed": bug.fixed,
        "source": source,
        "cve": bug.cve,
        "also": bug.also,
        "raw_only": bug.raw_only,
    })
}

/// The whole run.
pub(super) fn report(outcome: &Outcome, engine: &str, time: Duration, files: &[VectorFile]) -> Value {
    let bugs: Vec<Value> = outcome.rows.iter().map(|row| row_json(row, files)).collect();
    let control = &outcome.control;
    let signatures: Vec<String> = control.signatures.iter().map(|signature| signature.to_string()).collect();
    json!({
        "engine": engine,
        "time": time.as_secs_f64(),
        "bugs": bugs,
        "detected": outcome.detected(),
        "total": outcome.rows.len(),
        "geometric_mean_programs": geometric_mean(outcome),
        "clean_control": outcome.control_is_clean(),
        "control": {
            "signatures": signatures,
            "programs": control.programs,
            "site_calls": control.site_calls,
            "seconds": control.elapsed.as_secs_f64(),
        },
        "canary": outcome.canary_is_right(),
        "canary_programs": outcome.canary.programs,
        "seconds": outcome.elapsed.as_secs_f64(),
        "interrupted": outcome.stopped,
    })
}

/// One bug: the hunt of its middle seed, every seed's, and what can catch it.
fn row_json(row: &Row, files: &[VectorFile]) -> Value {
    let mut object = Map::new();
    for (key, value) in [("id", row.bug.id), ("slug", row.bug.slug), ("site", Site::of(row.bug.site).name)] {
        object.insert(key.to_string(), json!(value));
    }
    if let Value::Object(hunt) = hunt_json(row.median()) {
        object.extend(hunt);
    }
    object.insert("detected".to_string(), json!(row.detected()));
    object.insert("caught".to_string(), caught_json(row.bug, files));
    let runs = row.hunts.iter().map(|(seed, hunt)| {
        let mut run = hunt_json(hunt);
        run["seed"] = json!(seed);
        run
    });
    object.insert("runs".to_string(), runs.collect());
    Value::Object(object)
}

fn hunt_json(hunt: &Hunt) -> Value {
    let found = hunt.detected.as_ref();
    let elsewhere: Vec<String> = hunt.elsewhere.iter().map(|signature| signature.to_string()).collect();
    json!({
        "reached": hunt.reached,
        "triggered": hunt.triggered,
        "detected": found.is_some(),
        "programs": hunt.programs,
        "site_calls": hunt.site_calls,
        "seconds": hunt.elapsed.as_secs_f64(),
        "by": found.map(|found| found.by().name()),
        "special": found.map(|found| found.special.name()),
        "world": found.map(|found| found.in_world()),
        "signature": found.map(|found| found.first.signature.to_string()),
        "elsewhere": elsewhere,
    })
}

fn caught_json(bug: &Bug, files: &[VectorFile]) -> Value {
    let caught = Caught::of(bug);
    let value: Map<String, Value> =
        Special::ALL.iter().zip(caught.value).map(|(special, yes)| (special.name().to_string(), json!(yes))).collect();
    json!({
        By::Value.name(): value,
        By::Use.name(): caught.by_use,
        By::Aggregate.name(): caught.aggregate,
        By::Law.name(): caught.laws,
        By::Conservation.name(): caught.conservation,
        "vector_rows": if files.is_empty() { Value::Null } else { json!(vector_rows(bug, files)) },
    })
}
