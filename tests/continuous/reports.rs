//! What a CI job and a monitoring system get of a run.

use crate::support::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

#[test]
fn junit_and_sarif_say_what_the_exit_code_says() {
    let dir = directory("reports");
    let (junit, sarif, finds, known) = (dir.join("r.xml"), dir.join("r.sarif"), dir.join("finds"), dir.join("known"));
    let reports = ["--junit", text(&junit), "--sarif", text(&sarif), "--artifacts", text(&finds)];
    let clean = run(&[&["fuzz", "--jobs", "1", "--seed", "1", "--execs", "500"][..], &reports].concat());
    assert_eq!(code(&clean), Some(0), "{}", err(&clean));
    let xml = std::fs::read_to_string(&junit).expect("a report");
    assert!(xml.contains("tests=\"1\" failures=\"0\"") && xml.contains("name=\"no divergence\""), "{xml}");
    let bug =
        ["fuzz", "--jobs", "1", "--seed", "1", "--execs", "4000", "--subject", "bug:mremap-marks-special", "--json"];
    let found = run(&[&bug[..], &reports].concat());
    assert_eq!(code(&found), Some(1), "{}", err(&found));
    let count = json(&found)["divergences"].as_array().map_or(0, Vec::len);
    assert!(count > 0);
    let xml = std::fs::read_to_string(&junit).expect("a report");
    assert!(xml.contains(&format!("tests=\"{count}\" failures=\"{count}\"")), "{xml}");
    assert!(xml.contains("name=\"move_soft_dirty/pte/special-&gt;swap\"") && !xml.contains('\u{1b}'), "{xml}");
    assert_eq!(xml.matches("<failure ").count(), xml.matches("</failure>").count());
    let log: serde_json::Value = serde_json::from_slice(&std::fs::read(&sarif).expect("a report")).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("a list");
    assert_eq!((results.len(), &log["version"]), (count, &"2.1.0".into()));
    for result in results {
        let file = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().expect("a file");
        assert!(std::path::Path::new(file).is_file(), "{file}");
        assert_eq!(
            result["ruleId"],
            log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap_or(99) as usize]["id"]
        );
    }
    std::fs::write(&known, "move_soft_dirty*\nprogram/*\n").expect("a list");
    let muted = run(&[&bug[..], &reports, &["--known", text(&known)]].concat());
    assert_eq!(code(&muted), Some(0), "{}", err(&muted));
    let xml = std::fs::read_to_string(&junit).expect("a report");
    assert!(xml.contains("failures=\"0\"") && xml.contains("<skipped message=\"known, seen"), "{xml}");
    let log: serde_json::Value = serde_json::from_slice(&std::fs::read(&sarif).expect("a report")).expect("JSON");
    assert_eq!(log["runs"][0]["results"][0]["suppressions"][0]["kind"], "external");
}

#[test]
fn a_report_that_could_not_be_written_at_the_end_is_refused_at_the_start() {
    let dir = directory("no-report").join("absent");
    let output = run(&["fuzz", "--execs", "1", "--junit", text(&dir.join("r.xml"))]);
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains("--junit: found no directory"), "{}", err(&output));
}

/// One request, and the whole answer.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(request.as_bytes()).expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn metrics_are_served_while_the_run_goes_on_and_rude_clients_do_not_stop_it() {
    let mut child = start(&["fuzz", "--time", "110s", "--jobs", "2", "--metrics", "127.0.0.1:0"]);
    let mut stderr = BufReader::new(child.stderr.take().expect("its standard error"));
    let mut line = String::new();
    while !line.starts_with("metrics at http://") {
        line.clear();
        assert!(stderr.read_line(&mut line).expect("text") > 0, "it never said where");
    }
    let address = line.trim().trim_start_matches("metrics at http://").trim_end_matches("/metrics").to_string();
    let value = |name: &str| -> f64 {
        let answer = ask(&address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
        let line = body.lines().find(|line| line.starts_with(&format!("{name}{{"))).unwrap_or_else(|| panic!("{body}"));
        line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
    };
    until("programs are counted", || value("ptefuzz_programs_total") > 100.0);
    let before = value("ptefuzz_site_calls_total");
    // One that asks for something else, one that speaks nonsense, one that says nothing and goes away.
    assert!(ask(&address, "GET /etc/passwd HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    assert!(ask(&address, "POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    drop(TcpStream::connect(&address).expect("it listens"));
    until("the run goes on", || value("ptefuzz_site_calls_total") > before);
    assert!(value("ptefuzz_covered_cells") > 0.0 && value("ptefuzz_signatures") == 0.0);
    let reader = std::thread::spawn(move || stderr.read_to_string(&mut String::new()));
    assert_eq!(code(&interrupt(child)), Some(0));
    assert!(reader.join().is_ok());
    let open = run(&["fuzz", "--execs", "1", "--metrics", "0.0.0.0:9100"]);
    assert_eq!(code(&open), Some(2));
    assert!(err(&open).contains("expected a loopback address"), "{}", err(&open));
}

#[test]
fn a_stream_tells_of_each_find_once_and_its_file_is_there_by_then() {
    let dir = directory("stream");
    let mut child = start(&[
        "fuzz",
        "--subject",
        "bug:mremap-marks-special",
        "--seed",
        "1",
        "--jobs",
        "2",
        "--execs",
        "4000",
        "--artifacts",
        text(&dir),
        "--json=stream",
    ]);
    let stdout = BufReader::new(child.stdout.take().expect("its standard output"));
    let (mut told, mut end) = (Vec::new(), serde_json::Value::Null);
    for line in stdout.lines() {
        let value: serde_json::Value = serde_json::from_str(&line.expect("text")).expect("an object a line");
        match value["event"].as_str() {
            Some("find") => {
                let file = value["file"].as_str().expect("a file").to_string();
                assert!(std::path::Path::new(&file).is_file(), "{file} is told of and not there");
                told.push(value["signature"].as_str().expect("a signature").to_string());
            }
            Some("end") => end = value,
            other => assert_eq!(other, Some("progress")),
        }
    }
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let divergences = end["divergences"].as_array().expect("a list");
    let mut all: Vec<_> =
        divergences.iter().filter_map(|find| find["signature"].as_str()).map(str::to_string).collect();
    all.sort();
    told.sort();
    assert!(!told.is_empty());
    assert_eq!(told, all);
}
