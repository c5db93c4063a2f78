//! Encodings that two states share: reported when asked for, where a call names such an entry, and nowhere else (SPEC, section 9).

use super::support::SEED;
use crate::engine::{Limits, Next, RawRun};
use crate::lockstep::Lockstep;
use crate::model::Model;
use crate::packed::Packed;
use crate::program::{CallSource, Rng};
use crate::pte::{Config, Environment};
use crate::site::{Call, SiteId, check_call};

/// The signatures of a run over these sites with packed, which is right.
fn signatures(environment: Environment, sites: &[SiteId], colliding: bool, reporting: bool) -> Vec<String> {
    let lockstep = Lockstep::new(Model::new(environment)).reporting_collisions(reporting);
    let mut run = RawRun::new(lockstep, CallSource::new(environment, sites.to_vec(), colliding), SEED);
    let limits = Limits { time: None, programs: Some(3000) };
    run.run(&mut Packed::observed(environment), limits, &mut |_| Next::Continue);
    let mut names: Vec<_> = run.finds().sorted().iter().map(|find| find.first.signature.to_string()).collect();
    names.sort();
    names
}

/// The sites whose parameters name an entry that can collide under `0x4`.
const NAMING: [SiteId; 2] = [SiteId::SwpEntryToPte, SiteId::Unmap];

/// The signatures of one call on packed, collisions reported.
fn of_call(call: Call) -> Vec<String> {
    let environment = Environment::default();
    let mut lockstep = Lockstep::new(Model::new(environment)).reporting_collisions(true);
    let mut names = Vec::new();
    lockstep.calls(&mut Packed::observed(environment), &[call], |_, _, _| {}, &mut |divergence| {
        names.push(divergence.signature.to_string());
    });
    names
}

#[test]
fn generated_entries_that_collide_are_reported_where_a_call_names_them() {
    let found = signatures(Environment::default(), &NAMING, true, true);
    assert_eq!(found, ["swp_entry_to_pte/collision/none", "unmap/collision/none"]);
}

#[test]
fn every_collision_that_a_run_over_all_sites_reports_is_at_a_site_that_names_an_entry() {
    for environment in Environment::all() {
        for name in signatures(environment, &SiteId::ALL, true, true) {
            let (site, rest) = name.split_once('/').expect("a signature has parts");
            assert!(["swp_entry_to_pte", "unmap", "remove_migration"].contains(&site), "{environment}: {name}");
            assert!(["collision/none", "collision/special"].contains(&rest), "{environment}: {name}");
        }
    }
}

#[test]
fn without_being_asked_for_no_collision_is_reported_in_any_environment() {
    for environment in Environment::all() {
        assert_eq!(signatures(environment, &SiteId::ALL, true, false), [""; 0], "{environment}");
        assert_eq!(signatures(environment, &SiteId::ALL, false, false), [""; 0], "{environment}");
    }
}

#[test]
fn a_call_that_names_no_entry_collides_with_nothing() {
    let naming = [SiteId::SwpEntryToPte, SiteId::Unmap, SiteId::RemoveMigration];
    let others: Vec<SiteId> = SiteId::ALL.into_iter().filter(|site| !naming.contains(site)).collect();
    for environment in Environment::all() {
        assert_eq!(signatures(environment, &others, true, true), [""; 0], "{environment}");
    }
}

#[test]
fn colliding_entries_never_take_a_call_out_of_the_domain_of_its_site() {
    for environment in Environment::all() {
        let (model, mut rng) = (Model::new(environment), Rng::new(SEED));
        let source = CallSource::new(environment, vec![SiteId::DoSwapPage], true);
        for _ in 0..20_000 {
            let call = source.call(&mut rng);
            assert_eq!(check_call(&call, model.class(call.pte)), Ok(()), "{environment}");
        }
    }
}

#[test]
fn without_uffd_wp_the_same_entry_collides_with_none() {
    for config in [Config::NoArchUffdWp, Config::NoUserfaultfd] {
        let found = signatures(Environment::of(config), &NAMING, true, true);
        assert_eq!(found, ["swp_entry_to_pte/collision/none", "unmap/collision/none"], "{}", config.name());
    }
}

#[test]
fn the_last_offset_of_type_0_collides_and_its_neighbours_do_not() {
    let last = (1 << 50) - 1;
    let entry = |kind, offset| of_call(Call { site: SiteId::SwpEntryToPte, pte: 0, p: [kind, offset, 0] });
    assert_eq!(entry(0, last), ["swp_entry_to_pte/collision/none"]);
    assert_eq!(entry(0, last | 1 << 50), ["swp_entry_to_pte/collision/none"], "what does not fit is cut off");
    assert_eq!(entry(0, last - 1), [""; 0]);
    assert_eq!(entry(0, 0), [""; 0]);
    assert_eq!(entry(1, last), [""; 0]);
}

#[test]
fn clear_refs_makes_special_and_none_of_bogus_entries_like_the_kernel_and_that_is_no_divergence() {
    for (pte, cleared) in [(0x6, 0x4), (0x2, 0)] {
        let call = Call { site: SiteId::ClearSoftDirty, pte, p: [0; 3] };
        let model = Model::new(Environment::default()).answer(&call);
        let packed = Packed::observed(Environment::default()).answer(&call);
        assert_eq!((model.pte, model.outcome), (cleared, 1));
        assert_eq!((packed.pte, packed.outcome), (cleared, 1));
        assert_eq!(of_call(call), [""; 0], "{pte:#x}");
    }
}
