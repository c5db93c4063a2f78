//! What must not happen on any input: a panic, and a difference between watched and unwatched.

use super::*;
use crate::site::SiteId;

#[test]
fn no_input_panics_and_watching_changes_nothing() {
    let mut rng = Rng(7);
    for environment in Environment::all() {
        let mut packed = Packed::new(environment);
        let mut watched = Packed::observed(environment);
        for _ in 0..4000 {
            for site in SiteId::ALL {
                let call = Call { site, pte: rng.word(), p: [rng.word(), rng.word(), rng.word()] };
                let plain = packed.answer(&call);
                let seen = watched.answer(&call);
                assert_eq!(plain, Answer { uses: Uses::NONE, ..seen }, "{call:x?}");
                packed.classify(call.pte);
            }
        }
    }
}

#[test]
fn a_call_reports_its_own_uses_only() {
    let mut watched = Packed::observed(Environment::default());
    let swap = Call { site: SiteId::Pagemap, pte: 0x6, p: [0; 3] };
    assert!(!watched.answer(&swap).uses.is_empty());
    watched.dispatch(&swap);
    let none = Call { pte: 0, ..swap };
    assert!(watched.answer(&none).uses.is_empty());
}

/// Calls inside the declared domain, whatever the protection: constructed ptes must not be reported as something that
/// the table does not know.
#[test]
fn uses_stay_in_the_table_inside_the_domain() {
    let mut rng = Rng(11);
    let mut checked = 0;
    for environment in Environment::all() {
        let mut watched = Packed::observed(environment);
        for _ in 0..20_000 {
            for site in SiteId::ALL {
                let row = Site::of(site);
                let mut call = Call { site, pte: rng.word(), p: [0; 3] };
                for field in row.fields {
                    field.set(&mut call.p, rng.word());
                }
                let class = watched.masks.class(call.pte);
                if crate::site::check_call(&call, class).is_err() {
                    continue;
                }
                checked += 1;
                let stores = Class::ALL.map(|class| Uses::one(crate::site::Use::Store, class));
                let found = stores.iter().fold(watched.answer(&call).uses, |all, store| all.without(*store));
                let allowed = uses::as_what_it_decodes_to(&call, class, |_, class| row.allowed_uses(class));
                let excess: Vec<_> = found.without(allowed).iter().collect();
                assert!(excess.is_empty(), "{environment}: {call:x?} ({}): {excess:?}", class.name());
            }
        }
    }
    assert!(checked > 1_000_000, "only {checked} calls were inside the domain");
}
