//! Prints what the default generator of world programs reaches in ten seconds on one core: states, exits, handlers, sites; and what only raw programs do.

use ptefuzz::engine::{Limits, Next, WorldRun};
use ptefuzz::lockstep::{Lockstep, Subject};
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::pte::{Class, Environment};
use ptefuzz::site::{Answer, Call, RangeAnswer, RangeCall, SITES, SiteId, describe_outcome};
use ptefuzz::world::World;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// Sites that no sequence calls, and why.
const RAW_ONLY: [(SiteId, &str); 3] = [
    (SiteId::PteModify, "a part of change_prot and numa_page, which call it on every present pte"),
    (SiteId::SwpEntryToPte, "a part of every site that makes an entry"),
    (SiteId::Fork, "the form before RFC 02, which the tree of the patch has already"),
];

/// Packed, and what it was asked.
struct Counting {
    packed: Packed,
    states: HashMap<(Class, u64), u64>,
    exits: BTreeMap<(SiteId, u64), u64>,
    sites: BTreeMap<SiteId, u64>,
}

impl Counting {
    fn count(&mut self, site: SiteId, pte: u64) {
        let class = self.packed.class(pte);
        *self.states.entry((class, pte & shown_bits(class))).or_default() += 1;
        *self.sites.entry(site).or_default() += 1;
    }
}

impl Subject for Counting {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (call, answer) in calls.iter().zip(answers) {
            *answer = self.packed.answer(call);
            self.count(call.site, call.pte);
            let code = match call.site {
                SiteId::DoSwapPage => answer.outcome,
                SiteId::PteFault | SiteId::PteFaultRfc08 => answer.outcome & 0x1f,
                _ => continue,
            };
            *self.exits.entry((call.site, code)).or_default() += 1;
        }
    }

    fn environment(&self) -> Environment {
        Environment::default()
    }

    fn range(&mut self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
        call.ptes.iter().for_each(|pte| self.count(call.site, *pte));
        self.packed.range(call, answer)
    }
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10);
    let environment = Environment::default();
    let mut counting = Counting {
        packed: Packed::new(environment),
        states: HashMap::new(),
        exits: BTreeMap::new(),
        sites: BTreeMap::new(),
    };
    let mut run = WorldRun::new(Lockstep::new(Model::new(environment)), World::new(environment), 1);
    let limits = Limits { time: Some(Duration::from_secs(seconds)), programs: None };
    let programs = run.run(&mut counting, limits, &mut |_| Next::Continue).programs;
    println!(
        "{programs} programs in {seconds} s\n\nstates: class and flags (s soft-dirty, u uffd-wp, w write, d dirty)"
    );
    let states: BTreeMap<_, _> =
        counting.states.iter().map(|((class, bits), n)| ((class.name(), flags(*class, *bits)), n)).collect();
    for ((class, flags), n) in &states {
        println!("{n:>12}  {class:<16} {flags}");
    }
    println!("\nexits of do_swap_page and of the fault dispatch");
    for ((site, outcome), n) in &counting.exits {
        println!("{n:>12}  {:<16} {}", SITES[*site as usize].name, describe_outcome(&SITES[*site as usize], *outcome));
    }
    println!("\nsite calls, range entries included");
    for site in SiteId::ALL {
        let why =
            RAW_ONLY.iter().find(|(id, _)| *id == site).map_or(String::new(), |(_, why)| format!("  raw only: {why}"));
        println!("{:>12}  {}{why}", counting.sites.get(&site).copied().unwrap_or(0), SITES[site as usize].name);
    }
}

/// The flags that a state shows, with their letters, in the encoding of its class.
fn letters(class: Class) -> &'static [(u64, char)] {
    match class {
        Class::Present | Class::ProtNone => &[(1 << 11, 's'), (1 << 10, 'u'), (2, 'w'), (1 << 6, 'd')],
        Class::None | Class::Special => &[],
        _ => &[(2, 's'), (4, 'u')],
    }
}

fn shown_bits(class: Class) -> u64 {
    letters(class).iter().fold(0, |bits, (bit, _)| bits | bit)
}

fn flags(class: Class, bits: u64) -> String {
    letters(class).iter().map(|(bit, letter)| if bits & bit != 0 { *letter } else { '-' }).collect()
}
