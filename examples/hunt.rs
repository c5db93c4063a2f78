//! Scratch.
use ptefuzz::museum::{MUSEUM, hunt};
use std::time::Duration;
fn main() {
    let seconds = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(5);
    let only = std::env::args().nth(2);
    for bug in MUSEUM.iter().filter(|b| only.as_deref().is_none_or(|o| b.is(o))) {
        for seed in 1..=3 {
            let h = hunt(bug, seed, Duration::from_secs(seconds));
            let d = h.detected.as_ref();
            println!(
                "{:5} {:40} s{seed} r{:8} t{:6} p{:8} c{:9} {:7.3}s {:5} {:9} {:?} {} {}",
                bug.id,
                bug.slug,
                h.reached,
                h.triggered,
                h.programs,
                h.site_calls,
                h.elapsed.as_secs_f64(),
                d.map_or("MISS", |d| d.by().name()),
                d.map_or("-", |d| d.special.name()),
                d.map(|d| d.in_world()),
                d.map_or(String::new(), |d| d.first.signature.to_string()),
                h.elsewhere.len()
            );
        }
    }
}
