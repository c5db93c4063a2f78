//! What a CI job keeps of a run: JUnit for its list of tests, SARIF for code scanning. Written once, at the end, aside and renamed.

use super::output::Outcome;
use super::store::{Store, find_program};
use super::{Options, Setup};
use crate::cli::error::{Failure, write_aside};
use crate::cli::report::find_text;
use ptefuzz::engine::Find;
use ptefuzz::triage::report::sarif_log;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// Refuses a file whose directory is not there, before a run of a day instead of after it.
///
/// # Errors
///
/// The first such file.
pub fn check(options: &Options) -> Result<(), Failure> {
    for (flag, path) in [("--junit", &options.junit), ("--sarif", &options.sarif)] {
        let dir = path
            .as_deref()
            .map(|path| path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")));
        if let Some(dir) = dir.filter(|dir| !dir.is_dir()) {
            return Err(Failure::new(format!(
                "{flag}: found no directory {}, expected one to write to",
                dir.display()
            )));
        }
    }
    Ok(())
}

/// Writes the reports that were asked for.
///
/// # Errors
///
/// A file that cannot be written.
pub fn write(
    setup: &Setup<'_>,
    outcome: &Outcome,
    finds: &[&Find],
    known: &[&Find],
    store: &Store,
) -> Result<(), Failure> {
    if let Some(path) = &setup.options.junit {
        write_aside(path, junit(setup, outcome, finds, known).as_bytes())?;
    }
    if let Some(path) = &setup.options.sarif {
        let log = sarif(finds, known, store);
        write_aside(path, format!("{log:#}\n").as_bytes())?;
    }
    Ok(())
}

fn junit(setup: &Setup<'_>, outcome: &Outcome, finds: &[&Find], known: &[&Find]) -> String {
    let options = setup.options;
    let seconds = outcome.progress.elapsed.as_secs_f64();
    let class = format!("ptefuzz.{}", options.target);
    let tests = finds.len() + known.len() + finds.is_empty() as usize;
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let head = format!(
        "tests=\"{tests}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{seconds:.3}\"",
        finds.len(),
        known.len()
    );
    let name = escape(&format!("ptefuzz {} {} {}", options.target, options.subject.subject, setup.environment));
    let _ = writeln!(xml, "<testsuites {head}>\n<testsuite name=\"{name}\" {head}>");
    if finds.is_empty() {
        let calls = outcome.progress.site_calls;
        let _ = writeln!(
            xml,
            "<testcase classname=\"{class}\" name=\"no divergence\" time=\"{seconds:.3}\"><system-out>{calls} site calls, seed {}</system-out></testcase>",
            setup.seed
        );
    }
    for find in finds {
        let signature = escape(&find.first.signature.to_string());
        let text = anstream::adapter::strip_str(&find_text(find, None)).to_string();
        let text = escape(&format!("{text}\n{}", find_program(find)));
        let _ = writeln!(
            xml,
            "<testcase classname=\"{class}\" name=\"{signature}\" time=\"0\"><failure type=\"divergence\" message=\"{signature}\">{text}</failure></testcase>"
        );
    }
    for find in known {
        let signature = escape(&find.first.signature.to_string());
        let _ = writeln!(
            xml,
            "<testcase classname=\"{class}\" name=\"{signature}\" time=\"0\"><skipped message=\"known, seen {} times\"/></testcase>",
            find.count
        );
    }
    xml.push_str("</testsuite>\n</testsuites>\n");
    xml
}

/// Text as XML 1.0 takes it, in an attribute too: what it cannot hold at all is left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c < ' ' || matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

fn sarif(finds: &[&Find], known: &[&Find], store: &Store) -> Value {
    let all = || finds.iter().chain(known);
    let rules: Vec<Value> = all()
        .map(|find| {
            let signature = find.first.signature;
            json!({
                "id": signature.to_string(),
                "name": signature.place_name(),
                "shortDescription": { "text": format!("{} answers otherwise than the kernel", signature.place_name()) },
            })
        })
        .collect();
    let results: Vec<Value> = all()
        .enumerate()
        .map(|(index, find)| {
            let signature = find.first.signature;
            let mut result = json!({
                "ruleId": signature.to_string(),
                "ruleIndex": index,
                "level": if index < finds.len() { "error" } else { "note" },
                "message": { "text": format!("{signature}: seen {} times. Program:\n{}", find.count, find.source.to_text()) },
                "partialFingerprints": { "ptefuzzSignature/v1": signature.to_string() },
            });
            if let Some(file) = store.artifact(&signature) {
                result["locations"] = json!([{ "physicalLocation": { "artifactLocation": { "uri": file }, "region": { "startLine": 1 } } }]);
            }
            if index >= finds.len() {
                result["suppressions"] = json!([{ "kind": "external", "justification": "listed as known" }]);
            }
            result
        })
        .collect();
    sarif_log(rules, results)
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn no_text_leaves_its_element() {
        assert_eq!(escape("a<b>&\"c\"\n\u{1b}[1m\u{0}ä"), "a&lt;b&gt;&amp;&quot;c&quot;\n[1mä");
    }
}
