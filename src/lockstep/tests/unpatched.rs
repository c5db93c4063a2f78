//! The reverts against another reading of what they are: the model of a kernel that knows no special pte.

use super::support::{SEED, at_its_site, revert, reverts};
use crate::model::Model;
use crate::program::{CallSource, Rng};
use crate::pte::{Environment, Special};
use crate::site::{Answer, Call, SiteId, Uses};

/// Hunks that are not all of their site: the page cache of smaps, and the three of the rmap walk.
const PARTS: [&str; 4] = ["H02", "H13", "H14", "H15"];

/// Generated calls of a site on the special pte, a few hundred.
fn calls_on_special(site: SiteId, special: Special) -> impl Iterator<Item = Call> {
    let source = CallSource::new(Environment::new(special), vec![site], false);
    let mut rng = Rng::new(SEED);
    (0..4000).map(move |_| source.call(&mut rng)).filter(move |call| call.pte == special.value())
}

/// The model of the same kernel in which the special value is what it decodes to.
fn unpatched(special: Special) -> Model {
    Model::new(Environment { special: None, ..Environment::new(special) })
}

#[test]
fn a_site_without_its_hunk_answers_as_a_kernel_that_knows_no_special_pte() {
    for bug in reverts().filter(|bug| !PARTS.contains(&bug.id)) {
        for special in Special::ALL {
            let (model, mut subject) = (unpatched(special), at_its_site(bug, Environment::new(special)));
            for call in calls_on_special(bug.site, special) {
                let found = Answer { uses: Uses::NONE, ..subject.one(&call) };
                assert_eq!(found, model.answer(&call), "{} under {}: {call:x?}", bug.id, special.name());
            }
        }
    }
}

#[test]
fn the_three_hunks_of_the_rmap_walk_make_the_unpatched_walk_together() {
    const MAP_PTE: u64 = 1;
    let hunks = ["H13", "H14", "H15"].map(revert);
    for special in Special::ALL {
        let model = unpatched(special);
        let mut subjects = hunks.map(|hunk| at_its_site(hunk, Environment::new(special)));
        for call in calls_on_special(SiteId::Pvmw, special) {
            let [map, migration, device] = subjects.each_mut().map(|subject| subject.one(&call).outcome);
            let found = map & MAP_PTE | (migration | device) & !MAP_PTE;
            assert_eq!(found, model.answer(&call).outcome, "{}: {call:x?}", special.name());
        }
    }
}
