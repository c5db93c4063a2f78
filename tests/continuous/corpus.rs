//! A corpus that runs go on from: what one reached the next reaches at once, what is superseded goes, and what is not ours stays.

use crate::support::*;
use std::path::Path;

fn fuzz(dir: &Path, seed: &str, execs: &str) -> serde_json::Value {
    let output = run(&["fuzz", "--corpus", text(dir), "--seed", seed, "--jobs", "1", "--execs", execs, "--json"]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    json(&output)
}

#[test]
fn a_run_goes_on_where_the_last_one_stopped() {
    let dir = directory("goes-on");
    let first = fuzz(&dir, "1", "4000");
    let held = names(&dir).len();
    assert_eq!(first["corpus"].as_u64(), Some(held as u64));
    // As many programs as there are files: nothing but the corpus is run.
    let again = fuzz(&dir, "2", &held.to_string());
    let cells = |value: &serde_json::Value| value["covered"].as_u64().expect("a number");
    assert!(cells(&again) >= cells(&first), "{} then {}", cells(&first), cells(&again));
}

#[test]
fn what_reaches_nothing_of_its_own_any_more_is_removed_and_foreign_files_stay() {
    let dir = directory("small");
    fuzz(&dir, "1", "6000");
    let before = names(&dir);
    let foreign = dir.join("id:000000,orig:by-hand");
    std::fs::copy(dir.join(&before[0]), &foreign).expect("a copy");
    let (seed, note) = (dir.join("seed.pte"), dir.join("note.txt"));
    std::fs::write(&seed, "ptefuzz 1\nvma 0..16 anon rw\nread 1\n").expect("a seed");
    std::fs::write(&note, "not a program at all").expect("a note");
    let output = run(&["fuzz", "--corpus", text(&dir), "--seed", "2", "--jobs", "1", "--execs", "10", "--json"]);
    assert!(err(&output).contains("removed, which reach nothing of their own"), "{}", err(&output));
    let after = names(&dir);
    assert!(after.len() < before.len(), "{} files, {} before", after.len(), before.len());
    assert!([&foreign, &seed, &note].iter().all(|path| path.is_file()), "{after:?}");
    // The directory still reaches everything that it reached.
    let all = after.len().to_string();
    assert!(fuzz(&dir, "3", &all)["covered"].as_u64() >= json(&output)["covered"].as_u64());
    let kept = names(&dir).len();
    fuzz(&dir, "4", "10");
    assert!(names(&dir).len() <= kept + 10, "a third time there is little to remove or add");
}

#[test]
fn statistics_count_on_from_run_to_run_and_can_be_drawn() {
    let dir = directory("statistics");
    fuzz(&dir, "1", "2000");
    let second = fuzz(&dir, "2", "3000");
    let file = dir.join(".ptefuzz/stats.jsonl");
    let content = std::fs::read_to_string(&file).expect("statistics");
    let samples: Vec<serde_json::Value> =
        content.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let last = samples.last().expect("a sample");
    assert_eq!((&last["run"], &last["v"]), (&2.into(), &1.into()));
    assert_eq!(last["total_programs"], 5000);
    assert_eq!(last["site_calls"], second["site_calls"]);
    let svg = dir.join("plot.svg");
    let drawn = run(&["plot", text(&file), "-o", text(&svg)]);
    assert_eq!(code(&drawn), Some(0), "{}", err(&drawn));
    let picture = std::fs::read_to_string(&svg).expect("a picture");
    assert!(picture.starts_with("<svg ") && picture.trim_end().ends_with("</svg>"));
    assert_eq!(picture.matches("<polyline").count(), 3 * 2, "a line for each run in each panel");
    assert!(picture.contains(", 2 runs, no divergence"), "{picture}");
    assert_eq!(last["total_cells"], second["total_reachable"]);
    assert!(picture.contains(&format!(">{} there are to reach (dashed)<", last["total_cells"])), "{picture}");
    assert_eq!(out(&run(&["plot", text(&file)])), picture);
}

#[test]
fn a_picture_of_what_is_no_statistics_is_refused_with_its_line() {
    let dir = directory("no-statistics");
    let good = "{\"v\":1,\"run\":1,\"at\":0,\"target\":\"sequence\",\"subject\":\"packed\",\"seconds\":0,\"total_seconds\":0,\"total_programs\":0,\
        \"total_site_calls\":0,\"site_calls\":0,\"site_calls_per_second\":0,\"covered\":0,\"corpus\":0,\"signatures\":0,\"rss_kib\":0}\n";
    let refused = [
        ("empty", String::new(), "found no sample"),
        ("other", format!("{good}{{\"seconds\": 3}}\n"), ":2: expected a sample"),
        ("version", good.replace("\"v\":1", "\"v\":2"), ":1: found version 2, expected 1"),
    ];
    for (name, content, message) in refused {
        let file = dir.join(name);
        std::fs::write(&file, content).expect("a file");
        let output = run(&["plot", text(&file)]);
        assert_eq!((code(&output), out(&output).as_str()), (Some(2), ""));
        assert!(err(&output).contains(message), "{}", err(&output));
    }
    let cut = dir.join("cut");
    std::fs::write(&cut, format!("{good}{{\"v\":1,\"ru")).expect("a file");
    assert_eq!(code(&run(&["plot", text(&cut)])), Some(0), "a killed run's last line is no mistake");
}
