//! Prints what the default generator of world programs reaches in ten seconds on one core: states, exits, handlers, sites; and what only raw programs do.

use ptefuzz::program::{Generator, Rng};
use ptefuzz::pte::{Class, Environment};
use ptefuzz::site::{SITES, SiteId, describe_outcome};
use ptefuzz::world::World;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Sites that no sequence calls, and why.
const RAW_ONLY: [(SiteId, &str); 3] = [
    (SiteId::PteModify, "a part of change_prot and numa_page, which call it on every present pte"),
    (SiteId::SwpEntryToPte, "a part of every site that makes an entry"),
    (SiteId::Fork, "the form before RFC 02, which the tree of the patch has already"),
];

fn main() {
    let seconds = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10);
    let mut generator = Generator::new();
    let mut world = World::new(Environment::default());
    let (mut states, mut exits, mut sites) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::<SiteId, u64>::new());
    let (start, mut programs) = (Instant::now(), 0u64);
    while start.elapsed() < Duration::from_secs(seconds) {
        let (tree, ops) = generator.program(&mut Rng::new(programs));
        world.run(tree, ops.iter().copied());
        programs += 1;
        let trace = world.trace();
        for (call, answer) in trace.calls.iter().zip(&trace.answers) {
            *states.entry(state(&world, call.pte)).or_insert(0u64) += 1;
            *sites.entry(call.site).or_default() += 1;
            let code = match call.site {
                SiteId::DoSwapPage => answer.outcome,
                SiteId::PteFault | SiteId::PteFaultRfc08 => answer.outcome & 0x1f,
                _ => continue,
            };
            *exits.entry((call.site, code)).or_insert(0u64) += 1;
        }
        for range in &trace.ranges {
            *sites.entry(range.site).or_default() += range.len as u64;
            for pte in trace.range(range).ptes {
                *states.entry(state(&world, *pte)).or_insert(0) += 1;
            }
        }
    }
    println!(
        "{programs} programs in {seconds} s\n\nstates: class and flags (s soft-dirty, u uffd-wp, w write, d dirty)"
    );
    for ((class, flags), n) in &states {
        println!("{n:>12}  {class:<16} {flags}");
    }
    println!("\nexits of do_swap_page and of the fault dispatch");
    for ((site, outcome), n) in &exits {
        println!("{n:>12}  {:<16} {}", SITES[*site as usize].name, describe_outcome(&SITES[*site as usize], *outcome));
    }
    println!("\nsite calls, range entries included");
    for site in SiteId::ALL {
        let why =
            RAW_ONLY.iter().find(|(id, _)| *id == site).map_or(String::new(), |(_, why)| format!("  raw only: {why}"));
        println!("{:>12}  {}{why}", sites.get(&site).copied().unwrap_or(0), SITES[site as usize].name);
    }
}

/// The class of a pte, by name, and its flags in its encoding.
fn state(world: &World, pte: u64) -> (&'static str, String) {
    let class = world.model().class(pte);
    let bits: &[(u64, char)] = match class {
        Class::Present | Class::ProtNone => &[(1 << 11, 's'), (1 << 10, 'u'), (2, 'w'), (1 << 6, 'd')],
        Class::None | Class::Special => &[],
        _ => &[(2, 's'), (4, 'u')],
    };
    (class.name(), bits.iter().map(|(bit, name)| if pte & bit != 0 { *name } else { '-' }).collect())
}
