//! A triage as SARIF 2.1.0, for code scanning: one rule and one result for each bucket.
//!
//! The location of a result is its smallest crash file, since a bucket knows no line of the implementation. What a run says beside the last one is
//! the result's baseline state; known signatures are results that are suppressed.

use super::{Bucket, Report, counted, rule};
use serde_json::{Value, json};

/// The schema that the log names.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The log.
pub fn sarif(report: &Report<'_>) -> Value {
    let triage = report.triage;
    let mut rules: Vec<Value> = triage.buckets.iter().map(rule_of).collect();
    let mut results = Vec::new();
    for (index, bucket) in triage.buckets.iter().enumerate() {
        results.push(result(report, index, bucket));
    }
    for past in &report.news.gone {
        let Some(signature) = past.signatures.first() else { continue };
        rules.push(json!({ "id": signature, "shortDescription": { "text": format!("gone: {signature}") } }));
        let message = format!("{signature}: {} showed it the last time, none does now", counted(past.count, "file"));
        results.push(json!({
            "ruleId": signature,
            "ruleIndex": rules.len() - 1,
            "level": "none",
            "message": { "text": message },
            "locations": [location(report.directory)],
            "partialFingerprints": { "ptefuzzSignature/v1": signature },
            "baselineState": "absent",
        }));
    }
    for (signature, count) in &triage.known {
        let signature = signature.to_string();
        rules.push(json!({ "id": signature, "shortDescription": { "text": format!("known: {signature}") } }));
        results.push(json!({
            "ruleId": signature,
            "ruleIndex": rules.len() - 1,
            "level": "note",
            "message": { "text": format!("{signature}: known, in {}", counted(*count, "file")) },
            "locations": [location(report.directory)],
            "partialFingerprints": { "ptefuzzSignature/v1": signature },
            "suppressions": [{ "kind": "external", "justification": "listed as known" }],
        }));
    }
    sarif_log(rules, results)
}

/// A log with the rules and results of one run.
pub fn sarif_log(rules: Vec<Value>, results: Vec<Value>) -> Value {
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "ptefuzz",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule_of(bucket: &Bucket) -> Value {
    let (text, source) = rule(bucket);
    json!({
        "id": bucket.signature.to_string(),
        "name": bucket.signature.place_name(),
        "shortDescription": { "text": format!("{} answers otherwise than the kernel", bucket.signature.place_name()) },
        "fullDescription": { "text": text },
        "help": { "text": format!("{text}\n\nSource: {source}") },
        "defaultConfiguration": { "level": "error" },
    })
}

fn result(report: &Report<'_>, index: usize, bucket: &Bucket) -> Value {
    let path = format!("{}/{}", report.directory.trim_end_matches('/'), bucket.smallest);
    let mut text = format!(
        "{}: {}, on {}. Reproducer:\n{}",
        bucket.signature,
        counted(bucket.count, "file"),
        bucket.pre_states.iter().map(|class| class.name()).collect::<Vec<_>>().join(", "),
        bucket.reproducer.to_text(),
    );
    if let Some(slug) = bucket.resembles.first() {
        text.push_str(&format!("It resembles {slug}."));
    }
    let mut result = json!({
        "ruleId": bucket.signature.to_string(),
        "ruleIndex": index,
        "level": "error",
        "message": { "text": text },
        "locations": [location(&path)],
        "partialFingerprints": { "ptefuzzSignature/v1": bucket.signature.to_string() },
        "occurrenceCount": bucket.count,
        "properties": {
            "signatures": bucket.signatures.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "resembles": bucket.resembles,
            "reproducer": bucket.reproducer.to_text(),
        },
    });
    if let Some(status) = report.status(index) {
        result["baselineState"] = json!(if status == "new" { "new" } else { "unchanged" });
    }
    result
}

fn location(path: &str) -> Value {
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri(path) }, "region": { "startLine": 1 } } })
}

/// A path as a reference: what has a meaning in an address is written as a percent and two digits.
fn uri(path: &str) -> String {
    let mut text = String::new();
    for byte in path.trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            text.push(byte as char);
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_becomes_a_reference_whatever_is_in_it() {
        assert_eq!(super::uri("./out/crashes/id:000001,sig:06"), "out/crashes/id%3A000001%2Csig%3A06");
        assert_eq!(super::uri("/tmp/a b%"), "/tmp/a%20b%25");
    }
}
