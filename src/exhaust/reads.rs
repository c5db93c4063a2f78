//! Which parameters a rule reads for ptes of a class: measured on the model, not written down by hand.
//!
//! A parameter is read where changing it alone changes the answer to some call. The walk takes what is read in all combinations, and checks on
//! its way that the model ignores the rest; a mistake here shows there.

use super::domain::State;
use super::parameters::{Values, in_domain, is_called_on};
use crate::model::Model;
use crate::program::Rng;
use crate::site::{Call, Domain, Site};

/// Calls that are drawn for each site and class.
const DRAWS: u32 = 20_000;

/// States of a class that are drawn from, beside those of the core.
const STATES: usize = 250;

/// The fields of one site that are read for one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Reads(u64);

impl Reads {
    /// Whether the field with this index in the site's row is read.
    pub fn contains(self, field: usize) -> bool {
        self.0 >> field & 1 != 0
    }

    /// Measures the site on these states, all of one class.
    pub fn measure(model: &Model, site: &Site, states: &[State]) -> Reads {
        let stride = states.len().div_ceil(STATES).max(1);
        let chosen = states.iter().enumerate().filter(|(i, state)| state.core || i.is_multiple_of(stride));
        let called = chosen.filter(|(_, state)| is_called_on(site.id, state));
        let samples: Vec<Sample> = called.map(|(_, state)| Sample::new(model, site, state)).collect();
        let mut rng = Rng::new(0x7e57 + site.id as u64);
        let all = (1 << site.fields.len()) - 1;
        let mut read = 0;
        // Calls that showed a new field: what is read only behind many others is close to one of them.
        let mut telling: Vec<(usize, Call)> = Vec::new();
        for _ in 0..if samples.is_empty() { 0 } else { DRAWS } {
            if read == all {
                break;
            }
            let (at, call) = match telling.len() {
                n if n > 0 && rng.chance(128) => {
                    let (at, call) = telling[rng.below(n as u32) as usize];
                    (at, samples[at].change(site, call, &mut rng))
                }
                _ => {
                    let at = rng.below(samples.len() as u32) as usize;
                    (at, samples[at].draw(site, &mut rng))
                }
            };
            let sample = &samples[at];
            if !in_domain(&call) {
                continue;
            }
            let answer = model.answer(&call);
            for (index, field) in site.fields.iter().enumerate() {
                if read >> index & 1 != 0 {
                    continue;
                }
                let mut other = call;
                let value = match field.domain {
                    Domain::Flag => field.get(&call.p) ^ 1,
                    _ => rng.pick(&sample.values[index]),
                };
                field.set(&mut other.p, value);
                if in_domain(&other) && model.answer(&other) != answer {
                    read |= 1 << index;
                    telling.push((at, call));
                }
            }
        }
        Reads(read)
    }
}

/// A state with the declared values of each field of a site.
struct Sample {
    pte: u64,
    values: Vec<Vec<u64>>,
}

impl Sample {
    fn new(model: &Model, site: &Site, state: &State) -> Sample {
        let values = site.fields.iter().map(|field| Values::of(model, site, field, state).0).collect();
        Sample { pte: state.pte, values }
    }

    /// A call with up to three fields drawn anew.
    fn change(&self, site: &Site, mut call: Call, rng: &mut Rng) -> Call {
        for _ in 0..1 + rng.below(3) {
            let index = rng.below(site.fields.len() as u32) as usize;
            site.fields[index].set(&mut call.p, rng.pick(&self.values[index]));
        }
        call
    }

    /// A call with flags as thin or as dense as chance has it, and declared values.
    fn draw(&self, site: &Site, rng: &mut Rng) -> Call {
        let mut call = Call { site: site.id, pte: self.pte, p: [0; 3] };
        let density = rng.pick(&[24, 64, 128, 192, 232]);
        for (field, values) in site.fields.iter().zip(&self.values) {
            let value = match field.domain {
                Domain::Flag => rng.chance(density) as u64,
                _ => rng.pick(values),
            };
            field.set(&mut call.p, value);
        }
        call
    }
}
