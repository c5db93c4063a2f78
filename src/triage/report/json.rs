//! A triage as one JSON object.

use super::{Bucket, Report, rule};
use crate::lockstep::explain::explain;
use serde_json::{Value, json};

/// The object that `ptefuzz triage --json` prints.
pub fn json(report: &Report<'_>) -> Value {
    let triage = report.triage;
    let settings = report.settings;
    let broken: Vec<Value> =
        triage.broken_named.iter().map(|file| json!({ "file": file.file, "reason": file.reason })).collect();
    let buckets: Vec<Value> =
        triage.buckets.iter().enumerate().map(|(index, one)| bucket(one, report.status(index))).collect();
    let known: Vec<Value> = triage
        .known
        .iter()
        .map(|(signature, count)| json!({ "signature": signature.to_string(), "count": count }))
        .collect();
    json!({
        "directory": report.directory,
        "subject": settings.subject.to_string(),
        "environment": settings.environment.to_string(),
        "files": triage.files,
        "clean": triage.clean,
        "broken": broken,
        "broken_count": triage.broken,
        "buckets": buckets,
        "known": known,
        "gone": report.news.gone,
    })
}

fn bucket(bucket: &Bucket, status: Option<&str>) -> Value {
    let (rule, source) = rule(bucket);
    let explanation: Vec<String> = explain(&bucket.divergence)
        .iter()
        .map(|line| if line.label.is_empty() { line.text.clone() } else { format!("{}: {}", line.label, line.text) })
        .collect();
    json!({
        "signature": bucket.signature.to_string(),
        "signatures": bucket.signatures.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "merged": bucket.merged.map(|why| why.words()),
        "status": status,
        "count": bucket.count,
        "first": bucket.first,
        "smallest": bucket.smallest,
        "reproducer": bucket.reproducer.to_text(),
        "step": bucket.step,
        "cause": bucket.cause.to_text(),
        "explanation": explanation,
        "rule": rule,
        "source": source,
        "resembles": bucket.resembles,
        "pre_states": bucket.pre_states.iter().map(|class| class.name()).collect::<Vec<_>>(),
    })
}
