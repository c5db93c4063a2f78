//! Checked site calls a second of the built-in engine, with one job and with two.

use crate::Effort;
use crate::measure::Median;
use ptefuzz::engine::{Fleet, Limits, Next, WorldRun};
use ptefuzz::lockstep::Lockstep;
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::pte::Environment;
use ptefuzz::world::World;
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
    // Rows of other engines go here: they run the same subject with the same limits.
}
