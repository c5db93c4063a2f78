//! Any call has an answer, inside its site's domain or not, in any environment and under any layout.

use super::{Model, sites_here};
use crate::pte::{Class, Environment, Layout, X86_64};
use crate::site::{Budgets, Call, RangeAnswer, RangeCall, SiteId, TOTALS, Uses};
use proptest::prelude::*;

/// Any number, with the ones that sites care about more often than luck would give.
fn word() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), 0u64..0x1000, any::<u64>().prop_map(|v| v & !0xff), Just(0x4), Just(u64::MAX)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn any_call_has_an_answer_that_claims_no_uses(pte in word(), p in [word(), word(), word()]) {
        for model in Environment::all().map(Model::new) {
            for site in sites_here() {
                let call = Call { site: site.id, pte, p };
                prop_assert_eq!(model.answer(&call).uses, Uses::NONE);
                let _ = model.precondition(&call);
            }
        }
    }

    #[test]
    fn no_layout_makes_a_call_panic(pte in word(), p in [word(), word(), word()], field in 0..Layout::NAMES.len(), value in word()) {
        let mut layout = X86_64;
        *layout.field_mut(field).expect("a field for each name") = value;
        let model = Model::with_layout(Environment::default(), layout);
        let _ = model.classify(pte);
        for site in SiteId::ALL {
            let call = Call { site, pte, p };
            let _ = (model.answer(&call), model.precondition(&call));
        }
    }

    #[test]
    fn sites_that_only_look_leave_the_pte_alone(pte in word(), p in [word(), word(), word()]) {
        use SiteId::*;
        for model in Environment::all().map(Model::new) {
            for site in [Pagemap, Smaps, SmapsHugetlb, KhugeScan, KhugeSwapin, Mctgt, MigrationWait, Pvmw, HmmRfc, HmmV3] {
                prop_assert_eq!(model.answer(&Call { site, pte, p }).pte, pte);
            }
        }
    }

    #[test]
    fn none_and_the_special_pte_are_never_changed_by_a_site_of_the_patch(p in [word(), word(), word()], erratum in 0u64..4) {
        use SiteId::*;
        for model in Environment::all().map(Model::new) {
            for pte in model.environment().special.into_iter().chain([erratum << 5]) {
                for site in [ChangeProt, MoveSoftDirty, ClearSoftDirty, DoSwapPage] {
                    prop_assert_eq!(model.answer(&Call { site, pte, p }).pte, pte);
                }
            }
        }
    }

    #[test]
    fn a_range_of_any_shape_has_an_answer(ptes in prop::collection::vec(word(), 0..9), words in prop::collection::vec(word(), 0..9), room in 0usize..9) {
        let params: Vec<[u64; 3]> = words.iter().map(|w| [*w, *w, *w]).collect();
        let budgets = Budgets { swap: 1, none: 1, shared: 1 };
        for site in SiteId::ALL {
            let call = RangeCall { site, ptes: &ptes, params: &params, budgets };
            let (mut out, mut aux, mut totals) = (vec![0; room], vec![0; room], [0; TOTALS]);
            super::x86().range(&call, &mut RangeAnswer { ptes: &mut out, aux: &mut aux, totals: &mut totals });
        }
    }

    #[test]
    fn change_prot_keeps_the_page_of_a_present_pte(pte in word(), flags in 0u64..0x800, prot in prop::sample::select(vec![0x120, 0x25, 0x27, 0x8000_0000_0000_0025u64])) {
        prop_assume!(flags & 0xc != 0xc);
        for model in Environment::all().map(Model::new) {
            if matches!(model.class(pte), Class::Present | Class::ProtNone) {
                let new = model.answer(&Call { site: SiteId::ChangeProt, pte, p: [flags, prot, 0] }).pte;
                prop_assert_eq!(model.classify(new).pfn, model.classify(pte).pfn);
                prop_assert!(model.is_present(new));
            }
        }
    }
}
