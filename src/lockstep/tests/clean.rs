//! What is right: lockstep has nothing to say about it, in any environment.

use super::support::signatures;
use crate::lockstep::Subject;
use crate::model::Model;
use crate::packed::Packed;
use crate::pte::Environment;

/// Enough programs for 200,000 calls of all sites.
const PROGRAMS: u64 = 6400;

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
