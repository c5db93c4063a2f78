//! What is right: lockstep has nothing to say about it, in any environment.

use super::support::{SEED, signatures};
use crate::engine::{Limits, Next, RawRun};
use crate::lockstep::{Lockstep, Subject};
use crate::model::Model;
use crate::packed::Packed;
use crate::program::CallSource;
use crate::pte::{Class, Environment};
use crate::site::SiteId;

/// Enough programs for 300,000 calls of all sites. The long form, 10^8, is `ptefuzz fuzz --target raw --execs 3200000`.
const PROGRAMS: u64 = 9700;

fn is_clean_everywhere<S: Subject>(subject: impl Fn(Environment) -> S) {
    for environment in Environment::all() {
        assert_eq!(signatures(subject(environment), PROGRAMS), [] as [&str; 0], "{environment}");
    }
}

#[test]
fn packed_watched_is_clean_in_every_environment() {
    is_clean_everywhere(Packed::observed);
}

#[test]
fn packed_unwatched_is_clean_in_every_environment() {
    is_clean_everywhere(Packed::new);
}

#[test]
fn the_model_is_clean_in_every_environment() {
    is_clean_everywhere(Model::new);
}

#[test]
fn a_clean_run_has_seen_every_class_ranges_and_predicates() {
    for environment in Environment::all() {
        let source = CallSource::new(environment, SiteId::ALL.to_vec(), false);
        let mut run = RawRun::new(Lockstep::new(Model::new(environment)), source, SEED);
        let limits = Limits { time: None, programs: Some(PROGRAMS) };
        run.run(&mut Packed::observed(environment), limits, &mut |_| Next::Continue);
        let tally = run.lockstep().tally();
        assert!(
            tally.classes.iter().sum::<u64>() > 300_000 && tally.ranges >= 100 && tally.classified > 10_000,
            "{environment}: {tally:?}"
        );
        for class in Class::ALL.into_iter().filter(|class| *class != Class::Special || environment.has_uffd_wp()) {
            assert!(tally.classes[class as usize] > 1000, "{environment}: few {} ptes", class.name());
        }
    }
}
