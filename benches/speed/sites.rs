//! Nanoseconds a call, site by site: the model, packed, and packed while its uses are observed.

use crate::Effort;
use crate::measure::{Median, Times, Work};
use ptefuzz::lockstep::Subject;
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::program::{CallSource, Rng};
use ptefuzz::pte::Environment;
use ptefuzz::site::{Answer, Call, SITES, SiteId};

/// Calls of one round, as the generator makes them. So many that a branch predictor does not learn them by heart.
const CALLS: usize = 8192;
/// Calls that are answered at a time, as in lockstep.
const BATCH: usize = 64;

/// A subject's work: to answer the calls.
fn answering<'a>(mut subject: impl Subject + 'a, calls: &'a [Call]) -> Work<'a> {
    let mut answers = [Answer::default(); BATCH];
    Box::new(move || {
        calls.chunks_exact(BATCH).fold(0, |sum, calls| {
            subject.answer(calls, &mut answers);
            std::hint::black_box(&answers);
            sum ^ answers[0].pte
        })
    })
}

/// The times of some calls.
fn measure(calls: &[Call], rounds: usize) -> Times {
    let environment = Environment::default();
    let mut works = [
        answering(Model::new(environment), calls),
        answering(Packed::new(environment), calls),
        answering(Packed::observed(environment), calls),
    ];
    Times::of(rounds, calls.len(), &mut works)
}

/// Prints the table.
pub fn run(effort: Effort) {
    println!("ns a call, medians; calls as the generator makes them, {CALLS} a round, answered {BATCH} at a time");
    println!("{:<20} {:>7} {:>7} {:>9}  {:<20}", "site", "model", "packed", "observed", "model/packed");
    let source = CallSource::new(Environment::default(), SiteId::ALL.to_vec(), false);
    let mut rng = Rng::new(1);
    let mut sums = [0.0; 3];
    for site in &SITES {
        let calls: Vec<Call> = (0..CALLS).map(|_| source.call_of(site.id, &mut rng)).collect();
        let times = measure(&calls, effort.rounds(30));
        let medians = [0, 1, 2].map(|which| times.median(which).value);
        row(site.name, medians, times.ratio(0, 1));
        sums.iter_mut().zip(medians).for_each(|(sum, median)| *sum += median / SITES.len() as f64);
    }
    println!("{:<20} {:>7.2} {:>7.2} {:>9.2}", "mean of the sites", sums[0], sums[1], sums[2]);
    let calls: Vec<Call> = (0..CALLS).map(|_| source.call(&mut rng)).collect();
    let times = measure(&calls, effort.rounds(60));
    row("any site in turn", [0, 1, 2].map(|which| times.median(which).value), times.ratio(0, 1));
}

fn row(name: &str, [model, packed, observed]: [f64; 3], ratio: Median) {
    println!("{name:<20} {model:>7.2} {packed:>7.2} {observed:>9.2}  {}", ratio.times());
}
