//! What each hunk taken back shows: by value under which special value, and by its use of the special pte (SPEC, section 8).

use super::reverts::{HUNK_REVERTS, HunkRevert, scan_range_counts};
use super::support::{Wrong, divergences, names, signatures};
use crate::lockstep::Lockstep;
use crate::model::Model;
use crate::pte::{Environment, Special};

fn measured(revert: &HunkRevert, special: Special) -> std::collections::BTreeSet<String> {
    let environment = Environment::new(special);
    let mut lockstep = Lockstep::new(Model::new(environment));
    let mut wrong = Wrong::new(environment).site(revert.site, revert.wrong).by_value();
    names(&divergences(&mut lockstep, &mut wrong, revert.site, 2000, |call| call.pte == special.value()))
}

#[test]
fn explore() {
    for revert in &HUNK_REVERTS {
        let row: String =
            Special::ALL.iter().map(|s| if measured(revert, *s).is_empty() { '.' } else { '+' }).collect();
        println!("{} {} {row}", revert.id, revert.slug);
        for special in Special::ALL {
            println!("     {} {:?}", special.name(), measured(revert, special));
            let environment = Environment::new(special);
            let mut lockstep = Lockstep::new(Model::new(environment));
            let mut wrong = Wrong::new(environment).site(revert.site, revert.wrong).by_use();
            let uses =
                names(&divergences(&mut lockstep, &mut wrong, revert.site, 2000, |call| call.pte == special.value()));
            println!("     uses {:?}", uses);
        }
        let all = signatures(Wrong::new(Environment::default()).site(revert.site, revert.wrong), 2000);
        println!("   all {all:?}");
    }
}
