//! The laws for the hot loop: one function per site, with the laws of that site compiled into it, so that a call costs one jump and no
//! table of laws is walked.

use super::{Case, LAWS, Law, ROOMS};
use crate::pte::{Class, ClassSet, Config, Environment};
use crate::site::{SITE_COUNT, SiteId};

/// The laws that hold in one environment.
#[derive(Clone, Copy, Debug)]
pub struct Laws {
    /// Where the classes of this configuration start in [`Check::speaks`].
    shift: u32,
}

/// What the function of a site says when no law is broken.
const NO_LAW: u16 = u16::MAX;

/// Most laws that a site can have: as many as [`first_broken`] has steps.
const MOST: usize = 24;

/// Bits that the classes of one configuration take in [`Check::speaks`].
const STRIDE: u32 = 16;

/// One law, as far as the hot loop needs it.
#[derive(Clone, Copy)]
struct Check {
    /// A bit for each class of which the law speaks, from bit 0 for the first configuration, from [`STRIDE`] for the second, and so on.
    speaks: u64,
    holds: fn(&Case<'_>) -> bool,
    law: u16,
}

const _: () = assert!(Class::COUNT <= STRIDE as usize && Config::ALL.len() * STRIDE as usize <= 64);

impl Laws {
    /// The laws of this environment.
    pub const fn new(environment: Environment) -> Laws {
        Laws { shift: environment.config as u32 * STRIDE }
    }

    /// The first law that the case breaks, by its index in [`LAWS`]. The environment of the case must be that of these laws.
    #[inline]
    pub fn broken(&self, case: &Case<'_>) -> Option<u16> {
        let law = BY_SITE[case.site() as usize](case, 1 << (self.shift + case.class as u32));
        (law != NO_LAW).then_some(law)
    }

    /// The first law that the case breaks.
    pub fn broken_law(&self, case: &Case<'_>) -> Option<&'static Law> {
        self.broken(case).and_then(|index| LAWS.get(index as usize))
    }
}

/// The laws of a site in an environment, in the order in which they are asked.
pub fn laws_of(site: SiteId, environment: &Environment) -> impl Iterator<Item = &'static Law> + use<> {
    let environment = *environment;
    LAWS.iter().filter(move |law| law.is_of(site, &environment))
}

/// The checks of a site, in order.
const fn checks_of(site: usize) -> [Option<Check>; MOST] {
    let mut checks = [None; MOST];
    let (mut count, mut index, mut room) = (0, 0, 0);
    while room < ROOMS.len() {
        let mut i = 0;
        while i < ROOMS[room].len() {
            let law = &ROOMS[room][i];
            if is_attached(law.sites, site) {
                checks[count] = Some(Check { speaks: speaks(law.classes, law.configs), holds: law.holds, law: index });
                count += 1;
            }
            index += 1;
            i += 1;
        }
        room += 1;
    }
    checks
}

const fn is_attached(sites: &[SiteId], site: usize) -> bool {
    let mut i = 0;
    while i < sites.len() {
        if sites[i] as usize == site {
            return true;
        }
        i += 1;
    }
    false
}

const fn speaks(classes: ClassSet, configs: &[Config]) -> u64 {
    let (mut bits, mut i) = (0, 0);
    while i < configs.len() {
        bits |= (classes.0 as u64) << (configs[i] as u32 * STRIDE);
        i += 1;
    }
    bits
}

/// The first law of the site that is broken, among those that speak of `bit`'s configuration and class.
fn first_broken<const SITE: usize>(case: &Case<'_>, bit: u64) -> u16 {
    macro_rules! steps {
        ($($step:literal)*) => {
            $(
                if let Some(check) = const { checks_of(SITE)[$step] }
                    && check.speaks & bit != 0
                    && !(check.holds)(case)
                {
                    return check.law;
                }
            )*
        };
    }
    steps!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23);
    NO_LAW
}

macro_rules! by_site {
    ($($site:literal)*) => {
        /// The function of each site.
        static BY_SITE: [fn(&Case<'_>, u64) -> u16; SITE_COUNT] = [$(first_broken::<$site>),*];
    };
}

by_site!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45);
