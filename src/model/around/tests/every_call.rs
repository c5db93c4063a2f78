//! What holds of every call, whatever its pte and parameters are.

use super::super::answer_around;
use crate::model::{Model, Pte};
use crate::pte::Environment;
use crate::site::{Answer, Call, SiteId, Uses};

/// Ptes at the places where classes meet, and parameters with all sorts of bits.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pte(&mut self) -> u64 {
        let value = self.roll();
        match self.roll() % 8 {
            0 => value,
            1 => value & 0xfff,
            2 => value | 1,
            3 => (value & !1) | 1 << 8,
            4 => value & !0x101,
            5 => (value & !0x1ff) | 0xd000_0000_0000_0000,
            6 => 0x4 ^ (1 << (value % 64)),
            _ => [0, 0x4, 0x6, 0x20, 0x40, 0x60, u64::MAX, 1 << 63][value as usize % 8],
        }
    }

    fn parameter(&mut self) -> u64 {
        let value = self.roll();
        match self.roll() % 4 {
            0 => value,
            1 => value & 0xffff,
            2 => value >> 24,
            _ => [0, 1, 0x25, 0x27, 0x120, 0x5_a5a5, u64::MAX, 0x8000_0000_0000_0027][value as usize % 8],
        }
    }

    fn call(&mut self, site: SiteId) -> Call {
        Call { site, pte: self.pte(), p: [self.parameter(), self.parameter(), self.parameter()] }
    }
}

fn sites() -> impl Iterator<Item = SiteId> {
    SiteId::ALL.into_iter().filter(|site| *site >= SiteId::Fork)
}

#[test]
fn every_call_has_an_answer_in_every_environment() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for environment in Environment::all() {
        let model = Model::new(environment);
        for site in sites() {
            for _ in 0..3000 {
                let answer = answer_around(&model, &dice.call(site));
                assert_eq!(answer.uses, Uses::NONE);
                assert_eq!(answer.outcome >> 46, 0, "unnamed events of {site:?}");
            }
        }
    }
}

#[test]
fn sites_before_fork_are_not_answered_here() {
    let model = super::model();
    for site in SiteId::ALL.into_iter().filter(|site| *site < SiteId::Fork) {
        assert_eq!(answer_around(&model, &Call { site, pte: 1, p: [0; 3] }), Answer::default());
    }
}

#[test]
fn the_corrected_forms_differ_on_the_special_pte_only() {
    let pairs = [
        (SiteId::ForkRfc02, SiteId::ForkRfc17),
        (SiteId::MigrateCollect, SiteId::MigrateCollectV3),
        (SiteId::Unuse, SiteId::UnuseV3),
        (SiteId::Mincore, SiteId::MincoreV3),
        (SiteId::MadvFree, SiteId::MadvFreeV3),
        (SiteId::Willneed, SiteId::WillneedV3),
        (SiteId::PteFault, SiteId::PteFaultRfc08),
    ];
    let mut dice = Dice(0x1234_5678_9abc_def1);
    for environment in Environment::all() {
        let model = Model::new(environment);
        for (first, later) in pairs {
            for _ in 0..2000 {
                let call = dice.call(first);
                if model.read(call.pte) != Pte::Special {
                    let corrected = answer_around(&model, &Call { site: later, ..call });
                    assert_eq!(answer_around(&model, &call), corrected, "{first:?} {call:x?}");
                }
            }
        }
    }
}

#[test]
fn the_corrected_lookups_answer_the_special_pte_like_none() {
    let mut dice = Dice(0xfeed_beef_cafe_f00d);
    for environment in Environment::all() {
        let model = Model::new(environment);
        let Some(special) = environment.special else { continue };
        for site in [SiteId::MigrateCollectV3, SiteId::MincoreV3, SiteId::WillneedV3, SiteId::UnuseV3] {
            for _ in 0..500 {
                let call = dice.call(site);
                let of_none = answer_around(&model, &Call { pte: 0, ..call });
                let of_special = answer_around(&model, &Call { pte: special, ..call });
                assert_eq!(of_special, Answer { pte: special, ..of_none }, "{call:x?}");
            }
        }
    }
}

#[test]
fn without_userfaultfd_no_answer_ever_depends_on_what_is_special() {
    let [no_arch, no_userfaultfd] = super::without_uffd_wp();
    let mut dice = Dice(0x0dd5_eed5_0dd5_eed5);
    for site in sites().filter(|site| *site != SiteId::FinishFaultRfc08) {
        for _ in 0..2000 {
            let call = dice.call(site);
            // Without support in the architecture the special value is 0, which every site finds to be none first.
            assert_eq!(answer_around(&no_arch, &call), answer_around(&no_userfaultfd, &call), "{call:x?}");
        }
    }
}
