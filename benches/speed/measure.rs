//! Interleaved measurement: every subject once a round, and medians over the rounds.

use std::hint::black_box;
use std::time::Instant;

/// One thing to be timed: does its work once and returns something of it, so that it cannot be left out.
pub type Work<'a> = Box<dyn FnMut() -> u64 + 'a>;

/// The times of several subjects, round by round, in nanoseconds for one unit of work.
pub struct Times(Vec<Vec<f64>>);

/// A median, and the quartiles around it.
#[derive(Clone, Copy, Debug)]
pub struct Median {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Times {
    /// Runs every subject in turn, `rounds` times and once before that to warm up. A subject's work is `units` units.
    pub fn of(rounds: usize, units: usize, works: &mut [Work<'_>]) -> Times {
        let mut times = vec![Vec::with_capacity(rounds); works.len()];
        for round in 0..=rounds {
            for turn in 0..works.len() {
                // Each round begins with another subject: what the one before leaves in the caches is everybody's.
                let which = (turn + round) % works.len();
                let start = Instant::now();
                black_box(works[which]());
                let time = start.elapsed().as_nanos() as f64 / units as f64;
                if round > 0 {
                    times[which].push(time);
                }
            }
        }
        Times(times)
    }

    /// The time of a subject for one unit.
    pub fn median(&self, which: usize) -> Median {
        Median::of(self.0[which].clone())
    }

    /// How many times faster `faster` is than `slower`.
    pub fn ratio(&self, slower: usize, faster: usize) -> Median {
        Median::of(self.0[slower].iter().zip(&self.0[faster]).map(|(slow, fast)| slow / fast).collect())
    }
}

impl Median {
    /// The median and quartiles of some values; 0 of none.
    pub fn of(mut values: Vec<f64>) -> Median {
        values.sort_by(f64::total_cmp);
        let at = |part: f64| values.get(((values.len().max(1) - 1) as f64 * part).round() as usize).copied();
        let [low, value, high] = [0.25, 0.5, 0.75].map(|part| at(part).unwrap_or(0.0));
        Median { value, low, high }
    }

    /// `12.3x [11.0 13.9]`: the median and the quartiles.
    pub fn times(&self) -> String {
        format!("{:.1}x [{:.1} {:.1}]", self.value, self.low, self.high)
    }
}
