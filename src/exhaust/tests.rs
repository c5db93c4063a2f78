//! The walk is tested by mistakes that it must find, the domain by what must be in it and what must not.

use super::domain::{Domain, states};
use super::parameters::{Plan, is_called_on, or};
use super::{Report, walk};
use crate::lockstep::{SiteSet, Subject};
use crate::model::Model;
use crate::packed::Packed;
use crate::pte::{Class, Config, Environment, X86_64};
use crate::site::{Answer, Call, SITES, SiteId, check_call};
use std::collections::HashSet;

/// Packed, but for the answers that a function spoils.
struct Spoiled(Packed, fn(&Call, &mut Answer));

impl Subject for Spoiled {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (call, answer) in calls.iter().zip(answers) {
            *answer = self.0.answer(call);
            self.1(call, answer);
        }
    }

    fn environment(&self) -> Environment {
        Environment::default()
    }

    fn sites(&self) -> SiteSet {
        SiteSet::ALL
    }
}

fn spoiled(site: SiteId, domain: Domain, first: bool, spoil: fn(&Call, &mut Answer)) -> Report {
    let make = || Ok(Box::new(Spoiled(Packed::new(Environment::default()), spoil)) as Box<dyn Subject>);
    walk(Environment::default(), &[site], domain, &make, first).unwrap()
}

#[test]
fn packed_is_clean_over_the_small_domain_and_the_model_ignores_what_was_measured_as_ignored() {
    // The command walks all six; here two, since a debug build is slow.
    for environment in [Environment::default(), Environment::of(Config::NoUserfaultfd)] {
        let make = || Ok(Box::new(Packed::observed(environment)) as Box<dyn Subject>);
        let report = walk(environment, &SiteId::ALL, Domain::Small, &make, false).unwrap();
        assert_eq!(report.rows.len(), SITES.len() + 1, "every site, and the predicates");
        for row in &report.rows {
            assert_eq!(row.divergences, 0, "{} in {environment}", row.name());
            assert_eq!(row.unsound, 0, "{} in {environment}", row.name());
            assert!(row.checks > 0 && row.states > 0, "{}", row.name());
        }
    }
}

#[test]
fn a_mistake_in_what_swapoff_puts_back_is_found_in_the_small_domain_too() {
    for site in [SiteId::Unuse, SiteId::UnuseV3] {
        let report = spoiled(site, Domain::Small, true, |call, answer| {
            if call.pte & 1 == 0 && answer.pte & 1 != 0 {
                answer.pte ^= X86_64.soft_dirty;
            }
        });
        assert_eq!(report.divergences(), 1, "no swap area of the domain has the slot");
    }
}

#[test]
fn a_mistake_on_the_one_special_value_is_found_and_named() {
    let report = spoiled(SiteId::MoveSoftDirty, Domain::Full, false, |call, answer| {
        if call.pte == 4 {
            answer.pte = 6;
        }
    });
    assert_eq!(report.divergences(), 1);
    let first = report.firsts().next().unwrap();
    assert_eq!(first.signature.to_string(), "move_soft_dirty/pte/special->swap");
    assert_eq!(first.before, Class::Special);
}

#[test]
fn a_mistake_that_only_shows_with_a_parameter_that_the_rule_ignores_is_found() {
    // FOLL_POPULATE plays no part in follow_page_pte().
    let report = spoiled(SiteId::Gup, Domain::Small, true, |call, answer| {
        if call.p[0] & 0x40 != 0 && call.pte & 1 != 0 {
            answer.outcome ^= 1;
        }
    });
    assert_eq!(report.divergences(), 1);
}

#[test]
fn a_mistake_behind_three_flags_and_one_bit_of_the_pte_is_found() {
    let report = spoiled(SiteId::ChangeProt, Domain::Small, false, |call, answer| {
        if call.p[0] & 0x25 == 0x25 && call.pte & 0x803 == 0x803 {
            answer.pte ^= 2;
        }
    });
    assert!(report.divergences() > 0);
}

#[test]
fn stopping_at_the_first_gives_the_first_of_the_whole_walk_every_time() {
    let spoil: fn(&Call, &mut Answer) = |call, answer| {
        if call.pte & 0x41 == 0x41 {
            answer.outcome ^= 2;
        }
    };
    let whole = spoiled(SiteId::KhugeScan, Domain::Small, false, spoil);
    let first = whole.firsts().next().unwrap().clone();
    let checks = spoiled(SiteId::KhugeScan, Domain::Small, true, spoil).checks();
    for _ in 0..5 {
        let stopped = spoiled(SiteId::KhugeScan, Domain::Small, true, spoil);
        assert_eq!(stopped.divergences(), 1);
        assert_eq!(stopped.firsts().next(), Some(&first));
        assert_eq!(stopped.checks(), checks);
    }
    assert!(checks < whole.checks());
}

#[test]
fn a_subject_that_cannot_be_had_is_an_error_and_not_a_panic() {
    let error = walk(Environment::default(), &SiteId::ALL, Domain::Small, &|| Err("gone".into()), true);
    assert_eq!(error.err().as_deref(), Some("gone"));
}

#[test]
fn states_have_all_classes_and_the_neighbours_of_the_special_value_and_no_state_twice() {
    let model = Model::new(Environment::default());
    let all = states(&model, Domain::Full);
    let values: HashSet<u64> = all.iter().map(|state| state.pte).collect();
    assert_eq!(values.len(), all.len());
    for class in Class::ALL {
        assert!(all.iter().any(|state| state.class == class && state.core), "{class:?}");
    }
    for neighbour in [0x4, 0x6, 0x24, 0x44, 0x64, 0x84, 0x104, 0x5, 0x0, 0x20] {
        assert!(values.contains(&neighbour), "{neighbour:#x}");
    }
    // Every combination of the eight flags that rules speak of, on a present page with a small frame number.
    for flags in 0..256_u64 {
        let pte = (0..8).zip([1, 5, 6, 8, 9, 10, 11, 58]).fold(0x7001, |pte, (i, bit)| pte | (flags >> i & 1) << bit);
        assert!(values.contains(&pte), "{pte:#x}");
    }
}

#[test]
fn no_call_of_the_walk_is_outside_the_domain_of_its_site() {
    let model = Model::new(Environment::default());
    let states = states(&model, Domain::Small);
    for site in &SITES {
        for class in site.domain.iter() {
            let of_class: Vec<_> = states.iter().copied().filter(|state| state.class == class).collect();
            let plan = Plan::new(&model, site, class, &of_class, Domain::Small);
            for state in of_class.iter().filter(|state| is_called_on(site.id, state)).step_by(149) {
                for (cover, bases) in plan.covers(&model, state) {
                    for (base, set) in bases.iter().flat_map(|base| cover.sets.iter().map(move |set| (base, set))) {
                        let call = Call { site: site.id, pte: state.pte, p: or(base, set) };
                        assert_eq!(check_call(&call, class), Ok(()), "{} {call:x?}", site.name);
                    }
                }
            }
        }
    }
}
