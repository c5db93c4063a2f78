//! `ptefuzz sites`.

use super::{assert_fits, json, refusal, stdout};
use serde_json::Value;

/// The site of this name in the JSON of all.
fn site<'a>(all: &'a Value, name: &str) -> &'a Value {
    let sites = all["sites"].as_array().expect("sites");
    sites.iter().find(|s| s["site"] == name).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn the_table_has_a_line_for_each_of_the_46_sites() {
    let text = stdout(&["sites"]);
    assert_fits(&text);
    for (number, s) in json(&["sites", "--json"])["sites"].as_array().expect("sites").iter().enumerate() {
        let start = format!("{number:>2}  {} ", s["site"].as_str().expect("a name"));
        assert_eq!(text.lines().filter(|line| line.starts_with(&start)).count(), 1, "{start}");
    }
}

#[test]
fn every_site_can_be_shown_in_full() {
    let all = json(&["sites", "--json"]);
    for s in all["sites"].as_array().expect("sites") {
        let text = stdout(&["sites", s["site"].as_str().expect("a name")]);
        assert_fits(&text);
        for part in ["Function", "Source", "Truth", "Rule", "Parameters", "Outcome", "Aux", "Range", "Uses"] {
            assert!(text.lines().any(|line| line.trim_start().starts_with(part)), "{part} of {text}");
        }
        for parameter in s["parameters"].as_array().expect("parameters") {
            assert!(text.contains(parameter["name"].as_str().expect("a name")), "{parameter}");
        }
    }
}

#[test]
fn the_object_has_the_fields_that_programs_rely_on() {
    let all = json(&["sites", "--json"]);
    let sites = all["sites"].as_array().expect("sites");
    assert_eq!(sites.len(), 46);
    for (number, s) in sites.iter().enumerate() {
        assert_eq!(s["number"], number);
        for text in ["site", "function", "source", "rule", "truth", "aux"] {
            assert!(s[text].is_string(), "{text} of {s}");
        }
        for list in ["domain", "parameters", "outcome", "range"] {
            assert!(s[list].is_array(), "{list} of {s}");
        }
        for parameter in s["parameters"].as_array().expect("parameters") {
            assert!(["name", "domain", "doc"].iter().all(|key| parameter[key].is_string()), "{parameter}");
            assert!(["word", "shift", "bits"].iter().all(|key| parameter[key].is_u64()), "{parameter}");
        }
        assert!(s["uses"].is_object());
    }
    for list in ["operations", "laws", "targets"] {
        assert!(all[list].is_array(), "{list}");
    }
}

#[test]
fn what_the_patch_converted_uses_nothing_of_a_special_pte_and_what_it_missed_decodes_it() {
    let all = json(&["sites", "--json"]);
    for converted in ["change_prot", "smaps", "pagemap", "mctgt", "do_swap_page", "hmm_v3", "gup_v3", "fork_rfc17"] {
        assert_eq!(site(&all, converted)["uses"]["special"], serde_json::json!([]), "{converted}");
    }
    for missed in ["hmm_rfc", "fork", "zap", "unuse", "mincore", "madv_free", "willneed", "gup"] {
        assert_eq!(site(&all, missed)["uses"]["special"], serde_json::json!(["decode:special"]), "{missed}");
    }
}

#[test]
fn a_site_is_found_by_a_beginning_that_only_it_has() {
    assert_eq!(stdout(&["sites", "change"]), stdout(&["sites", "change_prot"]));
    let two = json(&["sites", "pagem", "zap", "pagemap", "--json"]);
    let names: Vec<&str> = two["sites"].as_array().expect("sites").iter().filter_map(|s| s["site"].as_str()).collect();
    assert_eq!(names, ["pagemap", "zap"]);
}

#[test]
fn a_name_that_is_no_sites_gets_a_hint_and_exit_code_2() {
    for (name, hint) in [
        ("hmm", "hmm_rfc or hmm_v3"),
        ("pagmap", "did you mean pagemap?"),
        ("copy_pte_range", "fork, fork_rfc02 or fork_rfc17"),
        ("xyzzy", "`ptefuzz sites` lists them"),
        ("", "`ptefuzz sites` lists them"),
    ] {
        let message = refusal(&["sites", name]);
        assert!(message.contains(hint), "{name}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}
