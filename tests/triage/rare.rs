//! A run that keeps finding one bug still finds the others.

use crate::support::{code, directory, json, ptefuzz, stderr, text};

/// Wrong in nearly every program, with one signature.
const COMMON: &str = "unmap-loses-soft-dirty";
/// Wrong in one program out of thousands.
const RARE: &str = "smaps-special-not-looked-up";

#[test]
fn a_bug_that_is_a_thousand_times_rarer_is_found_beside_a_known_one() {
    let list = directory("rare").join("known.txt");
    let subject = format!("bug:{COMMON}+{RARE}");
    let fuzz = |known: &str| {
        std::fs::write(&list, known).expect("a list");
        let flags = [
            "fuzz",
            "--subject",
            &subject,
            "--seed",
            "3",
            "--jobs",
            "1",
            "--execs",
            "20000",
            "--json",
            "--known",
            text(&list),
        ];
        let output = ptefuzz(&flags);
        (code(&output), json(&output), stderr(&output))
    };
    let (ended, found, said) = fuzz("unmap/pte/-swp-soft-dirty\n");
    assert_eq!(ended, 1, "{said}");
    let divergences = found["divergences"].as_array().expect("a list");
    assert!(!divergences.is_empty(), "{said}");
    let mut rare = 0;
    for find in divergences {
        assert_eq!(find["site"].as_str().map(|site| site.starts_with("smaps")), Some(true), "{find}");
        rare += find["count"].as_u64().expect("a count");
    }
    let common = found["known"][0]["count"].as_u64().expect("a count");
    assert!(common >= 1000 * rare, "{common} against {rare}");
    // With both listed nothing is left to report.
    let (ended, found, said) = fuzz("unmap/pte/-swp-soft-dirty\nsmaps/*\nsmaps[]/*\n");
    assert_eq!((ended, found["divergences"].as_array().map(Vec::len)), (0, Some(0)), "{said}");
}
