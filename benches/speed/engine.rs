//! Checked site calls a second of the built-in engine, with one job and with two, and of harnesses under libFuzzer where they are built.

use crate::Effort;
use crate::measure::Median;
use ptefuzz::engine::{Fleet, Limits, Next, WorldRun};
use ptefuzz::lockstep::Lockstep;
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::pte::Environment;
use ptefuzz::world::World;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A job over world programs: coverage on, the default generator.
fn job(seed: u64) -> WorldRun {
    let environment = Environment::default();
    WorldRun::new(Lockstep::new(Model::new(environment)), World::new(environment), seed)
}

/// Site calls a second of so many jobs at once, and the share of them that changed and reported nothing.
fn rate(jobs: u64, seed: u64, time: Duration) -> (f64, f64) {
    let mut fleet = Fleet::new((0..jobs).map(|number| job(seed + number)).collect());
    let limits = Limits { time: Some(time), programs: None };
    let subject = || Ok(Packed::observed(Environment::default()));
    match fleet.run(subject, limits, &mut |_, _| Next::Continue, &mut |_| {}) {
        Ok(done) => (done.rate(), done.noop_share()),
        Err(why) => panic!("a subject that is always there: {why}"),
    }
}

/// Prints the table.
pub fn run(effort: Effort) {
    let time = Duration::from_millis(400);
    println!("checked site calls a second, built-in engine, world programs, coverage on, uses observed");
    println!("{:<26} {:>9} {:>15}  no-ops", "", "median", "quartiles");
    let (mut one, mut two, mut noops) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..effort.rounds(11) as u64 {
        let (rate_of_one, noop) = rate(1, round * 8, time);
        one.push(rate_of_one);
        two.push(rate(2, round * 8, time).0);
        noops.push(noop);
    }
    let noops = Median::of(noops).value;
    let ratio = Median::of(two.iter().zip(&one).map(|(two, one)| two / one).collect());
    for (name, rates) in [("1 job", one), ("2 jobs", two)] {
        let Median { value, low, high } = Median::of(rates);
        let millions = |rate: f64| rate / 1e6;
        println!(
            "{name:<26} {:>7.2} M {:>15}  {:.1} %",
            millions(value),
            format!("{:.2} {:.2}", millions(low), millions(high)),
            noops * 100.0
        );
    }
    println!("{:<26} {}", "2 jobs / 1 job", ratio.times());
    println!();
    libfuzzer(effort);
}

/// A harness under libFuzzer: what it is, its directory, its binary, and the directory below `target` of its profile.
type Harness = (&'static str, &'static str, &'static str, &'static str);

/// The harnesses: the target `sequence` and the yardstick, each as cargo-fuzz builds it and with the library left uninstrumented.
const HARNESSES: [Harness; 4] = [
    ("sequence, library bare", "fuzz", "sequence", "bare/"),
    ("derive(Arbitrary), bare", "benches/yardstick", "derived", "bare/"),
    ("sequence", "fuzz", "sequence", ""),
    ("derive(Arbitrary)", "benches/yardstick", "derived", ""),
];

/// Prints the rows of libFuzzer: no sanitizer, an empty corpus, the longest input of `sequence`.
fn libfuzzer(effort: Effort) {
    println!(
        "checked site calls a second, libFuzzer, no sanitizer, one process, from an empty corpus, inputs of up to 2052 bytes"
    );
    println!("{:<26} {:>9} {:>15}  inputs a second", "", "median", "quartiles");
    let mut built = Vec::new();
    for (name, package, binary, profile) in HARNESSES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("{package}/target/{profile}{}-unknown-linux-gnu/release/{binary}", std::env::consts::ARCH));
        match path.is_file() {
            true => built.push((name, path, Vec::new(), Vec::new())),
            false => println!("{name:<26} not built (docs/FUZZING.md says how)"),
        }
    }
    let seconds = effort.rounds(10) as u64;
    for seed in 1..=effort.rounds(5) as u64 {
        for (_, path, calls, inputs) in &mut built {
            let Some((ran, checked)) = fuzz(path, seed, seconds) else { continue };
            calls.push(checked as f64 / seconds as f64);
            inputs.push(ran as f64 / seconds as f64);
        }
    }
    let ratios = |a: &[f64], b: &[f64]| Median::of(a.iter().zip(b).map(|(a, b)| a / b).collect());
    for (name, _, calls, inputs) in &built {
        if calls.is_empty() {
            println!("{name:<26} did not run");
            continue;
        }
        let Median { value, low, high } = Median::of(calls.clone());
        let quartiles = format!("{:.2} {:.2}", low / 1e6, high / 1e6);
        println!("{name:<26} {:>7.2} M {quartiles:>15}  {:.0}", value / 1e6, Median::of(inputs.clone()).value);
    }
    for pair in built.chunks(2).filter(|pair| pair.len() == 2 && pair.iter().all(|row| !row.2.is_empty())) {
        println!("{:<26} {}", format!("{} / derive", pair[0].0), ratios(&pair[0].2, &pair[1].2).times());
    }
}

/// Inputs and site calls of a run; nothing if it crashed or could not be run.
fn fuzz(binary: &Path, seed: u64, seconds: u64) -> Option<(u64, u64)> {
    let corpus: PathBuf = std::env::temp_dir().join(format!("ptefuzz-bench-{}", std::process::id()));
    std::fs::create_dir_all(&corpus).ok()?;
    let output = Command::new(binary)
        .args([format!("-max_total_time={seconds}"), format!("-seed={seed}"), "-max_len=2052".into()])
        .arg(&corpus)
        .output();
    let _ = std::fs::remove_dir_all(&corpus);
    let text = String::from_utf8_lossy(&output.ok()?.stderr).into_owned();
    let line = text.lines().rev().find_map(|line| line.strip_prefix("ptefuzz: "))?;
    let numbers: Vec<u64> = line.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
    Some((*numbers.first()?, *numbers.get(1)?))
}
