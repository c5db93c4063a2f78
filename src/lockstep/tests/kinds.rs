//! One wrong subject for each kind of divergence: exactly that signature, and nothing else in thousands of calls.

use super::support::{Mistaken, SEED, names, signatures, signatures_at};
use crate::lockstep::Lockstep;
use crate::lockstep::laws::LAWS;
use crate::model::Model;
use crate::museum::{Buggy, WrongSite};
use crate::packed::{Packed, Watch};
use crate::program::{CallSource, Rng};
use crate::pte::{Class, Classification, Environment};
use crate::site::{Answer, Call, SITES, SiteId, Use};
use std::collections::BTreeSet;

/// Programs of a run over all sites.
const PROGRAMS: u64 = 2000;

/// The signatures of a subject in which one site is wrong.
fn with_site(site: SiteId, wrong: WrongSite) -> Vec<String> {
    signatures(Buggy::new(Environment::default()).site(site, wrong), PROGRAMS)
}

/// The right answer, with a use more where the pte is of this class.
fn also_uses(packed: &mut Packed<Watch>, call: &Call, kind: Use, class: Class) -> Answer {
    if packed.class(call.pte) == class {
        packed.used(kind, call.pte);
    }
    packed.dispatch(call)
}

#[test]
fn a_wrong_pte_is_named_by_the_classes_that_it_goes_between() {
    let found = with_site(SiteId::MoveSoftDirty, |packed, call| match packed.dispatch(call) {
        answer if packed.class(call.pte) == Class::Special => Answer { pte: answer.pte | 2, ..answer },
        answer => answer,
    });
    assert_eq!(found, ["move_soft_dirty/pte/special->swap"]);
}

#[test]
fn a_wrong_pte_of_the_right_class_is_named_by_its_bits_and_their_direction() {
    // Whatever class it is: what is the same in both is no part of the signature.
    let drops_mark = with_site(SiteId::Fork, |packed, call| {
        let answer = packed.dispatch(call);
        let pte = answer.pte & !4;
        let same_class = packed.class(pte) == packed.class(answer.pte) && !packed.classify(pte).present;
        Answer { pte: if same_class { pte } else { answer.pte }, ..answer }
    });
    assert_eq!(drops_mark, ["fork/pte/-swp-uffd-wp"]);
    let wrong_page = with_site(SiteId::NumaPage, |packed, call| {
        let answer = packed.dispatch(call);
        let maps = packed.classify(answer.pte).present && answer.outcome != 0;
        Answer { pte: answer.pte ^ ((maps as u64) << 12), ..answer }
    });
    assert_eq!(wrong_page, ["numa_page/pte/~pfn"], "whichever bits of the number are wrong");
}

#[test]
fn a_wrong_outcome_is_named_by_its_part() {
    let found = with_site(SiteId::MigrationWait, |packed, call| match packed.dispatch(call) {
        answer if answer.outcome == 2 => Answer { outcome: 1, ..answer },
        answer => answer,
    });
    assert_eq!(found, ["migration_wait/outcome/wait:page_without_reference->waits"]);
}

#[test]
fn a_wrong_auxiliary_word_is_named_by_its_part() {
    let found = with_site(SiteId::Pagemap, |packed, call| match packed.dispatch(call) {
        answer if packed.class(call.pte) == Class::Swap => Answer { aux: answer.aux & !(1 << 55), ..answer },
        answer => answer,
    });
    assert_eq!(found, ["pagemap/aux/-soft-dirty"]);
}

#[test]
fn each_kind_of_use_beyond_the_expected_ones_is_named_with_the_class_used() {
    let decodes: WrongSite = |packed, call| also_uses(packed, call, Use::Decode, Class::Special);
    assert_eq!(with_site(SiteId::HmmV3, decodes), ["hmm_v3/use/decode:special"]);
    let flags: WrongSite = |packed, call| also_uses(packed, call, Use::SwapFlag, Class::Special);
    assert_eq!(with_site(SiteId::MoveSoftDirty, flags), ["move_soft_dirty/use/swap-flag:special"]);
    let reads: WrongSite = |packed, call| also_uses(packed, call, Use::PresentFlag, Class::MigrationWrite);
    assert_eq!(with_site(SiteId::Pagemap, reads), ["pagemap/use/present-flag:migration-write"]);
    let faults: WrongSite = |packed, call| also_uses(packed, call, Use::SwapFault, Class::Special);
    assert_eq!(with_site(SiteId::KhugeSwapin, faults), ["khuge_swapin/use/do_swap_page:special"]);
}

#[test]
fn a_store_is_a_use_that_only_an_answer_with_a_store_allows() {
    let stores: WrongSite = |packed, call| also_uses(packed, call, Use::Store, Class::HwPoison);
    let found = with_site(SiteId::ChangeProt, stores);
    assert_eq!(found, ["change_prot/use/store:hwpoison"], "an unchanged entry is not stored");
    assert_eq!(with_site(SiteId::ClearSoftDirty, stores), [""; 0], "clear_refs stores every entry");
}

#[test]
fn uses_that_a_subject_does_not_make_or_does_not_report_are_no_divergence() {
    for site in SiteId::ALL {
        let found =
            signatures_at(&[site], Buggy::new(Environment::default()).site(site, Packed::dispatch).by_value(), 100);
        assert_eq!(found, [""; 0]);
    }
}

#[test]
fn a_wrong_aggregate_of_a_range_is_named() {
    let subject = Buggy::new(Environment::default()).range_of(SiteId::ChangeProt, |packed, call, answer| {
        let answered = packed.range(call, answer);
        answer.totals[0] += call.ptes.iter().filter(|pte| **pte == 0x4).count() as u64;
        answered
    });
    assert_eq!(signatures_at(&[SiteId::ChangeProt], subject, 8 * PROGRAMS), ["change_prot[]/total/pages"]);
}

#[test]
fn a_wrong_entry_of_a_range_is_named_like_the_pte_of_a_call() {
    let subject = Buggy::new(Environment::default()).range_of(SiteId::MoveSoftDirty, |packed, call, answer| {
        let answered = packed.range(call, answer);
        answer.ptes.iter_mut().filter(|pte| **pte == 0x4).for_each(|pte| *pte |= 2);
        answered
    });
    let found = signatures_at(&[SiteId::MoveSoftDirty, SiteId::Zap], subject, 8 * PROGRAMS);
    assert_eq!(found, ["move_soft_dirty[]/pte/special->swap"]);
}

#[test]
fn a_site_without_a_range_is_not_held_against_the_range_of_the_model() {
    let subject = Buggy::new(Environment::default()).site(SiteId::Fork, Packed::dispatch);
    assert_eq!(signatures_at(&[SiteId::Fork], subject, PROGRAMS), [""; 0]);
}

#[test]
fn a_wrong_class_is_named_by_both_classes() {
    // The erratum mask that pte_none() applies, applied to the special value too.
    let subject = Buggy::new(Environment::default()).predicates(|packed, pte| packed.classify(pte & !0x60));
    let found = signatures(subject, PROGRAMS);
    assert!(found.contains(&"classify/predicate/swap->special".to_string()), "{found:?}");
    let masked = Buggy::new(Environment::default()).predicates(|packed, pte| {
        let right = packed.classify(pte);
        Classification { class: if pte & !0x60 == 4 { Class::Special } else { right.class }, ..right }
    });
    assert_eq!(signatures(masked, PROGRAMS), ["classify/predicate/swap->special"]);
}

#[test]
fn a_wrong_predicate_is_named_with_its_value() {
    let subject = Buggy::new(Environment::default()).predicates(|packed, pte| {
        let right = packed.classify(pte);
        Classification { write_migration: right.migration, ..right }
    });
    assert_eq!(signatures(subject, PROGRAMS), ["classify/predicate/write_migration:0->1"]);
}

#[test]
fn what_predicates_say_of_an_entry_that_is_not_there_is_not_compared() {
    let subject = Buggy::new(Environment::default()).predicates(|packed, pte| {
        let right = packed.classify(pte);
        if right.has_swap_entry { right } else { Classification { swp_type: 3, swp_offset: 5, ..right } }
    });
    assert_eq!(signatures(subject, PROGRAMS), [""; 0]);
}

/// The signatures of `count` calls of these sites, the mistake of a law made by reference and subject alike.
fn both_mistaken_about(index: usize, environment: Environment, sites: &[SiteId], count: usize) -> BTreeSet<String> {
    let law = &LAWS[index];
    let mut subject = Mistaken::about(law, environment);
    let mut lockstep = Lockstep::with_reference(Model::new(environment), subject.clone());
    let source = CallSource::new(environment, sites.to_vec(), false);
    let mut rng = Rng::new(SEED);
    let calls: Vec<Call> = (0..count).map(|_| source.call(&mut rng)).collect();
    let mut found = Vec::new();
    lockstep.calls(&mut subject, &calls, |_, _, _| {}, &mut |divergence| found.push(divergence));
    names(&found)
}

#[test]
fn a_mistake_that_both_make_is_named_by_the_law_that_it_breaks() {
    let index = LAWS.iter().position(|law| law.name == "mremap-marks-soft-dirty").expect("the law of mremap");
    let found = both_mistaken_about(index, Environment::default(), &SiteId::ALL, 20_000);
    assert_eq!(found, BTreeSet::from(["move_soft_dirty/law/mremap-marks-soft-dirty".to_string()]));
}

#[test]
fn the_mistake_of_every_law_is_found_in_generated_calls_and_only_at_sites_of_the_law() {
    for (index, law) in LAWS.iter().enumerate() {
        let own = format!("/law/{}", law.name);
        // Some mistakes show under a shifted special value only.
        let environments = Environment::all().filter(|environment| law.configs.contains(&environment.config));
        let caught = environments.into_iter().any(|environment| {
            let found = both_mistaken_about(index, environment, law.sites, 4000 * law.sites.len());
            for name in &found {
                let at = |site: &SiteId| name.starts_with(&format!("{}/law/", SITES[*site as usize].name));
                assert!(law.sites.iter().any(at), "{} in {environment}: {name}", law.name);
            }
            found.iter().any(|name| name.ends_with(&own))
        });
        assert!(caught, "{}", law.name);
    }
}
