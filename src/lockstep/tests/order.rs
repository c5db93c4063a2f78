//! What a signature names where several things are wrong at once, and what it does not name.

use super::support::signatures_at;
use crate::museum::{Buggy, WrongSite};
use crate::packed::entry::any;
use crate::packed::masks::*;
use crate::packed::{Packed, Watch};
use crate::pte::{Class, Environment};
use crate::site::{Answer, Call, SiteId};

/// The signatures of a subject in which one site is wrong, in calls of that site.
fn with_site(site: SiteId, wrong: WrongSite) -> Vec<String> {
    signatures_at(&[site], Buggy::new(Environment::default()).site(site, wrong), 1000)
}

/// On the special pte wrong in the pte, the outcome, the auxiliary word and a use, from the `FIRST` of these on.
fn wrong_from<const FIRST: u8>(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    let right = packed.dispatch(call);
    if packed.class(call.pte) != Class::Special {
        return right;
    }
    packed.decode(call.pte);
    let flip = |place: u8, bits: u64| if FIRST <= place { bits } else { 0 };
    let (pte, outcome, aux) = (right.pte ^ flip(0, 2), right.outcome ^ flip(1, 1), right.aux ^ flip(2, 7));
    Answer { pte, outcome, aux, ..right }
}

#[test]
fn the_pte_is_named_before_the_outcome_the_outcome_before_aux_and_aux_before_uses() {
    let site = SiteId::ClearSoftDirty;
    assert_eq!(with_site(site, wrong_from::<0>), ["clear_soft_dirty/pte/special->swap"]);
    assert_eq!(with_site(site, wrong_from::<1>), ["clear_soft_dirty/outcome/+store"]);
    assert_eq!(with_site(site, wrong_from::<2>), ["clear_soft_dirty/aux/~value"]);
    assert_eq!(with_site(site, wrong_from::<3>), ["clear_soft_dirty/use/decode:special"]);
}

#[test]
fn all_uses_of_one_call_are_named_together() {
    let found = with_site(SiteId::Pagemap, |packed, call| {
        if packed.class(call.pte) == Class::Special {
            packed.swap_flag(call.pte);
            packed.decode(call.pte);
        }
        packed.dispatch(call)
    });
    assert_eq!(found, ["pagemap/use/decode:special+swap-flag:special"]);
}

#[test]
fn hardware_presence_and_what_it_inverts_are_named_by_the_classes_alone() {
    let found = with_site(SiteId::NumaPage, |packed, call| {
        let answer = packed.dispatch(call);
        let hide = packed.class(answer.pte) == Class::Present && !any(answer.pte, global());
        let flip = if hide { present_hw() | global() | pfn_field() } else { 0 };
        Answer { pte: answer.pte ^ flip, ..answer }
    });
    assert_eq!(found, ["numa_page/pte/present->protnone"]);
}

#[test]
fn the_type_of_an_entry_is_named_by_the_classes_alone() {
    let found = with_site(SiteId::Unmap, |packed, call| {
        let answer = packed.dispatch(call);
        let flip = packed.class(answer.pte) == Class::MigrationWrite && answer.pte != call.pte;
        Answer { pte: answer.pte ^ (flip as u64) << 59, ..answer }
    });
    assert_eq!(found, ["unmap/pte/migration-write->migration-read"]);
}

#[test]
fn one_mistake_on_many_classes_has_one_signature_for_each_encoding() {
    let found = with_site(SiteId::MoveSoftDirty, |_, call| Answer { pte: call.pte, ..Answer::default() });
    assert_eq!(found, ["move_soft_dirty/pte/-soft-dirty", "move_soft_dirty/pte/-swp-soft-dirty"]);
}

#[test]
fn parts_that_are_wrong_together_are_named_together() {
    let found = with_site(SiteId::Fork, |packed, call| {
        let answer = packed.dispatch(call);
        let both = ev_swap_dup() | ev_rss_swap();
        let lost = if answer.outcome & both == both { both } else { 0 };
        Answer { outcome: answer.outcome & !lost, ..answer }
    });
    assert_eq!(found, ["fork/outcome/-SWAP_DUP-RSS_SWAP"]);
}

#[test]
fn an_auxiliary_word_that_is_a_pte_is_named_like_one() {
    let found = with_site(SiteId::Fork, |packed, call| {
        let answer = packed.dispatch(call);
        let present = packed.class(call.pte) == Class::Present;
        Answer { aux: if present { call.pte } else { answer.aux }, ..answer }
    });
    assert_eq!(found, ["fork/aux/+write"]);
}

#[test]
fn a_number_that_the_predicates_decode_is_named_without_its_value() {
    let upright = Buggy::new(Environment::default()).predicates(|packed, pte| {
        let mut said = packed.classify(pte);
        said.swp_offset ^= offset_field();
        said
    });
    assert_eq!(signatures_at(&[SiteId::Bitop], upright, 1000), ["classify/predicate/~swp_offset"]);
}

#[test]
fn several_mistakes_have_a_signature_each() {
    let (wait, pvmw) = (SiteId::MigrationWait, SiteId::Pvmw);
    let two = Buggy::new(Environment::default())
        .site(wait, |packed, call| Answer { aux: 0, ..packed.dispatch(call) })
        .site(pvmw, |packed, call| {
            let answer = packed.dispatch(call);
            Answer { outcome: answer.outcome & !pvo_check(), ..answer }
        });
    assert_eq!(signatures_at(&[wait, pvmw], two, 1000), ["migration_wait/aux/~value", "pvmw/outcome/-check_pte"]);
}
