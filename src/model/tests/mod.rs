//! What the model is held against: the recorded answers, its own laws, and the traps by hand.

mod bijection;
mod flips;
mod never_panics;
mod preconditions;
mod ranges;
mod recorded;
mod traps;
mod vectors;

use super::Model;
use crate::pte::{Config, Environment, Special};
use crate::site::{Answer, Call, SITES, Site, SiteId};

/// The sites whose rows are replayed and whose parameters are inverted: indices into [`SITES`].
const SITES_HERE: std::ops::RangeInclusive<usize> = 0..=45;

fn sites_here() -> &'static [Site] {
    &SITES[SITES_HERE]
}

fn x86() -> Model {
    Model::new(Environment::default())
}

fn shifted(special: Special) -> Model {
    Model::new(Environment::new(special))
}

fn configured(config: Config) -> Model {
    Model::new(Environment::of(config))
}

/// The answer of a call whose parameters are named, as the text form names them.
fn ask(model: &Model, site: SiteId, pte: u64, params: &[(&str, u64)]) -> Answer {
    model.answer(&call(site, pte, params))
}

fn call(site: SiteId, pte: u64, params: &[(&str, u64)]) -> Call {
    let mut p = [0; 3];
    for (name, value) in params {
        Site::of(site).field(name).expect("a parameter of the site").set(&mut p, *value);
    }
    Call { site, pte, p }
}
