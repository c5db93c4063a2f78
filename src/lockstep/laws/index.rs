//! The laws of one environment, sorted for the hot loop: by site and class, so that a call meets only the laws that speak of it.

use super::{Case, LAWS, Law};
use crate::pte::{Class, Environment};
use crate::site::{SITE_COUNT, SITES, SiteId};

/// The laws that hold in one environment.
#[derive(Clone, Debug)]
pub struct Laws {
    checks: Box<[Check]>,
    /// Where in `checks` the laws of a site and class start and end.
    spans: Box<[[(u16, u16); Class::COUNT]; SITE_COUNT]>,
}

/// One law, as far as the hot loop needs it.
#[derive(Clone, Copy, Debug)]
struct Check {
    holds: fn(&Case<'_>) -> bool,
    law: u16,
}

impl Laws {
    /// The laws of this environment.
    pub fn new(environment: Environment) -> Laws {
        let mut checks = Vec::new();
        let mut spans = Box::new([[(0, 0); Class::COUNT]; SITE_COUNT]);
        for (site, row) in SITES.iter().zip(spans.iter_mut()) {
            for class in site.domain.iter() {
                let start = checks.len() as u16;
                checks.extend(
                    LAWS.iter()
                        .zip(0..)
                        .filter(|(law, _)| law.is_of(site.id, &environment) && law.classes.contains(class))
                        .map(|(law, index)| Check { holds: law.holds, law: index }),
                );
                row[class as usize] = (start, checks.len() as u16);
            }
        }
        Laws { checks: checks.into(), spans }
    }

    /// The first law that the case breaks, by its index in [`LAWS`]. The environment of the case must be that of these laws.
    #[inline]
    pub fn broken(&self, case: &Case<'_>) -> Option<u16> {
        let (start, end) = self.spans[case.site() as usize][case.class as usize];
        let checks = self.checks.get(start as usize..end as usize).unwrap_or(&[]);
        checks.iter().find(|check| !(check.holds)(case)).map(|check| check.law)
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
