//! The HTML page and the SARIF log: whole, self-contained, and as their readers need them.

use crate::support::{directory, ptefuzz, text};
use serde_json::Value;

const SUBJECT: &str = "bug:mremap-marks-special+pagemap-decodes-special";

/// A directory with two bugs, one of them in a file whose name is markup, and both reports of it.
fn reports(name: &str) -> (String, Value) {
    let dir = directory(name);
    std::fs::write(dir.join("<b>&.pte"), "ptefuzz 1 raw\nmove_soft_dirty 0x4\n").expect("a file");
    std::fs::write(
        dir.join("id:000001,sig:06"),
        "ptefuzz 1\nvma 0 shmem-shared rw uffd-wp\nwrite 0\nuffd-wp 0\nzap 0 keep-marker\npagemap 0 show-pfn\n",
    )
    .expect("a file");
    std::fs::write(dir.join("junk<script>.txt"), "<script>alert(1)</script>\n").expect("a file");
    let (page, log) = (dir.join("page.html"), dir.join("log.sarif"));
    for _ in 0..2 {
        // The second run knows the first.
        ptefuzz(&["triage", text(&dir), "--subject", SUBJECT, "--html", text(&page), "--sarif", text(&log)]);
    }
    let html = std::fs::read_to_string(page).expect("a page");
    let sarif = std::fs::read_to_string(log).expect("a log");
    (html, serde_json::from_str(&sarif).expect("JSON"))
}

#[test]
fn the_page_needs_nothing_but_itself_and_takes_names_as_text() {
    let (html, _) = reports("html");
    assert!(html.starts_with("<!DOCTYPE html>"));
    for needed in
        ["<meta name=\"viewport\"", "prefers-color-scheme: dark", "<title>", "move_soft_dirty", "mremap-marks-special"]
    {
        assert!(html.contains(needed), "no {needed}");
    }
    for foreign in ["http://", "https://", "<script", "<link", "<img", "@import", "url("] {
        assert!(!html.contains(foreign), "the page has {foreign}");
    }
    assert!(html.contains("&lt;b&gt;&amp;.pte") || html.contains("&lt;b&gt;<wbr>&amp;.pte"), "the file's name is text");
    assert!(html.contains("0x0000000000000006"), "the wrong pte is shown");
    assert!(html.contains("zap 0 dontneed keep-marker"), "the reproducer is shown");
}

#[test]
fn the_log_has_what_sarif_2_1_0_requires_and_code_scanning_reads() {
    let (_, log) = reports("sarif");
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().is_some_and(|schema| schema.contains("sarif-2.1.0")));
    let runs = log["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 1);
    let driver = &runs[0]["tool"]["driver"];
    assert_eq!(driver["name"], "ptefuzz");
    let rules = driver["rules"].as_array().expect("rules");
    let results = runs[0]["results"].as_array().expect("results");
    assert_eq!(results.len(), 2);
    for rule in rules {
        assert!(rule["id"].as_str().is_some_and(|id| !id.is_empty()));
        assert!(rule["shortDescription"]["text"].as_str().is_some_and(|text| !text.is_empty()));
    }
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["message"]["text"].as_str().is_some_and(|text| text.contains("ptefuzz 1")));
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().expect("a level")));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a uri");
        assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-~%".contains(&b)), "{uri}");
        assert!(place["region"]["startLine"].as_u64() >= Some(1));
        assert!(result["partialFingerprints"].as_object().is_some_and(|prints| !prints.is_empty()));
        assert_eq!(result["baselineState"], "unchanged");
        assert!(result["occurrenceCount"].as_u64() >= Some(1));
    }
}
