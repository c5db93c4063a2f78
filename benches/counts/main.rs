//! `cargo bench --bench counts`: instructions a call of every site and pass, counted by callgrind, against the checked-in
//! figures of benches/counts/figures.tsv.
//!
//! Counts do not depend on how busy the machine is, so CI can compare them. A row that needs more than the tolerance above its
//! figure fails (exit code 1); `-- --record` writes the figures anew. Without valgrind it says so and succeeds.

mod callgrind;
mod figures;
mod work;

use figures::Figures;
use std::process::ExitCode;

/// A row fails above its figure by this share and this many instructions.
const TOLERANCE: f64 = 0.05;
const SLACK: f64 = 3.0;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--run") {
        work::run();
        return ExitCode::SUCCESS;
    }
    let counts = match callgrind::count() {
        Ok(counts) => counts,
        Err(why) => {
            println!("instruction counts: left out ({why})");
            return ExitCode::SUCCESS;
        }
    };
    if words.iter().any(|word| word == "--record") {
        return figures::record(&counts);
    }
    let figures = match Figures::read() {
        Ok(figures) => figures,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    println!("{:<32} {:>9} {:>9} {:>8}", "instructions a call or entry", "figure", "now", "change");
    let mut worse = 0;
    for (name, now) in &counts {
        let figure = figures.of(name);
        let change = figure.map_or(0.0, |figure| now / figure - 1.0);
        let fails = figure.is_none_or(|figure| *now > figure * (1.0 + TOLERANCE) + SLACK);
        worse += fails as u32;
        let was = figure.map_or_else(|| "none".to_string(), |figure| format!("{figure:.1}"));
        println!("{name:<32} {was:>9} {now:>9.1} {:>7.1}%{}", change * 100.0, if fails { "  WORSE" } else { "" });
    }
    for name in figures.names().filter(|name| !counts.iter().any(|(counted, _)| counted == *name)) {
        println!("{name}: not counted here");
    }
    for who in ["model", "packed", "observed"] {
        let rows = counts.iter().filter(|(name, _)| name.split(' ').next() == Some(who));
        let (was, now): (Vec<f64>, Vec<f64>) = rows.map(|(name, now)| (figures.of(name).unwrap_or(0.0), *now)).unzip();
        let mean = |counts: Vec<f64>| counts.iter().sum::<f64>() / counts.len().max(1) as f64;
        println!("{:<32} {:>9.1} {:>9.1}", format!("mean of {who}'s sites"), mean(was), mean(now));
    }
    figures.verdict(worse)
}
