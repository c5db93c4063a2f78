//! The hunt for one bug by the exhaustive walk of its site, under one special value after the other.

use super::{Bug, Buggy, Detection, Hunt};
use crate::exhaust::{Domain, walk};
use crate::lockstep::Subject;
use crate::program::Program;
use crate::pte::{Environment, Special};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Walks the bug's site until it is seen, the real special value first. The walk of one value is not interrupted.
///
/// There are no programs in it: `reached` and `site_calls` count its calls up to the first that diverges. A mistake of a loop alone is never seen.
pub fn hunt_by_walk(bug: &'static Bug, time: Duration, stop: &AtomicBool) -> Hunt {
    let start = Instant::now();
    let mut hunt = Hunt {
        reached: 0,
        triggered: 0,
        detected: None,
        elsewhere: Vec::new(),
        programs: 0,
        site_calls: 0,
        elapsed: Duration::ZERO,
    };
    for special in Special::ALL {
        let environment = Environment::new(special);
        let make = || Ok(Box::new(Buggy::new(environment).with(bug)) as Box<dyn Subject>);
        // The subject can always be had.
        let Ok(report) = walk(environment, &[bug.site], Domain::Full, &make, true) else { break };
        hunt.reached += report.checks();
        hunt.site_calls += report.checks();
        hunt.triggered += report.divergences();
        let first = report.firsts().next().cloned();
        hunt.detected = first.map(|first| Detection { special, program: Program::Raw(first.to_raw()), first });
        if hunt.detected.is_some() || start.elapsed() >= time || stop.load(Ordering::Relaxed) {
            break;
        }
    }
    hunt.elapsed = start.elapsed();
    hunt
}
