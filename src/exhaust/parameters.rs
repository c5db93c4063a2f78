//! The declared domain of parameters: for each site and state, which words stand for all others.
//!
//! What the rule reads for the state's class stands in all combinations; what it ignores is all 0, all 1, and each alone. Where that product is
//! out of reach, three covers take its place: all combinations on the core states with few values, combinations up to pairs on every state
//! with all values, and single flags on every state with every pattern of what is ignored.

use super::domain::{Domain, OFFSETS, PFNS, State, bits};
use super::reads::Reads;
use crate::model::Model;
use crate::pte::{Class, SwapEntry, X86_64};
use crate::site::{Call, Domain as FieldDomain, Field, SITES, Site, SiteId};

/// Calls of one site around the patch on one class beyond which covers take the place of the product. The patch's own sites and the
/// primitives are walked in full.
const PRODUCT_MAX: u64 = 50_000_000;
/// The same for the small domain, which has the second cover only.
const SMALL_MAX: u64 = 60_000;

/// The words of one flag combination: what is read is chosen, what is ignored follows a pattern.
type Words = [u64; 3];

/// How one site is called on the states of one class.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub site: &'static Site,
    pub class: Class,
    covers: Vec<Cover>,
    /// Value fields that the rule reads.
    values: Vec<&'static Field>,
}

/// A product of flag combinations, patterns of what is ignored, and values.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    /// Flag combinations; [`Cover::patterns`] in a row differ only in what the rule ignores.
    pub sets: Vec<Words>,
    pub patterns: usize,
    /// On core states only.
    core: bool,
    /// With few values.
    few: bool,
}

impl Plan {
    /// The plan of a site for a class with these states.
    pub fn new(model: &Model, site: &'static Site, class: Class, states: &[State], domain: Domain) -> Plan {
        let reads = Reads::measure(model, site, states);
        let fields = |read: bool| {
            let fields = site.fields.iter().enumerate();
            fields.filter(move |(i, _)| reads.contains(*i) == read).map(|(_, field)| field)
        };
        let flags: Vec<&Field> = fields(true).filter(|field| field.domain == FieldDomain::Flag).collect();
        let values: Vec<&Field> = fields(true).filter(|field| field.domain != FieldDomain::Flag).collect();
        let ignored = ignored_patterns(&fields(false).collect::<Vec<_>>());
        let factor: u64 = states.first().map_or(1, |state| {
            values.iter().map(|field| Values::of(model, site, field, state).0.len() as u64).product()
        });
        let product = (states.len() as u64 * factor * ignored.len() as u64) << flags.len();
        let every = all_combinations(&flags);
        let cover = |combinations: &[Words], patterns: usize, core: bool, few: bool| {
            let ignored = &ignored[..patterns.min(ignored.len())];
            Cover { sets: sets(site.id, combinations, ignored), patterns: ignored.len(), core, few }
        };
        let covers = match domain {
            Domain::Full if product > PRODUCT_MAX && site.id >= SiteId::Fork => vec![
                cover(&every, 2, true, true),
                cover(&up_to(2, &flags), 1, false, false),
                cover(&up_to(1, &flags), usize::MAX, false, true),
            ],
            Domain::Small if product > SMALL_MAX => vec![cover(&up_to(2, &flags), 2, false, true)],
            _ => vec![cover(&every, usize::MAX, false, false)],
        };
        Plan { site, class, covers, values }
    }

    /// Whether covers stand in for the product.
    pub fn in_covers(&self) -> bool {
        self.covers.len() > 1
    }

    /// The covers that a state is in, each with the words of every combination of values that goes with it.
    pub fn covers(&self, model: &Model, state: &State) -> impl Iterator<Item = (&Cover, Vec<Words>)> {
        let covers = self.covers.iter().filter(|cover| !cover.core || state.core);
        covers.map(|cover| (cover, self.bases(model, state, cover.few)))
    }

    /// How many calls a state gets.
    pub fn calls(&self, model: &Model, state: &State) -> u64 {
        self.covers(model, state).map(|(cover, bases)| (cover.sets.len() * bases.len()) as u64).sum()
    }

    /// Every combination of values of the fields that are read. Few are two protections, two swap areas, and one value of every other field.
    fn bases(&self, model: &Model, state: &State, few: bool) -> Vec<Words> {
        let mut bases = vec![[0; 3]];
        for field in &self.values {
            let values = Values::of(model, self.site, field, state).0;
            let most = match field.domain {
                _ if !few => usize::MAX,
                // One swap area that has the slot, and one that has not.
                FieldDomain::Prot | FieldDomain::SwapArea => 2,
                _ => 1,
            };
            let with = |base: &Words, value| {
                let mut words = *base;
                field.set(&mut words, value);
                words
            };
            bases = bases.iter().flat_map(|base| values.iter().take(most).map(|value| with(base, *value))).collect();
        }
        bases
    }
}

/// Flag combinations, each with every pattern of what is ignored.
fn sets(site: SiteId, combinations: &[Words], ignored: &[Words]) -> Vec<Words> {
    let allowed = combinations.iter().filter(|words| in_domain(&Call { site, pte: 0, p: **words }));
    allowed.flat_map(|words| ignored.iter().map(|pattern| joined(site, words, pattern))).collect()
}

/// Whether a site may be called on this pte at all.
pub(super) fn is_called_on(site: SiteId, state: &State) -> bool {
    SITES[site as usize].domain.contains(state.class) && !(site == SiteId::WpPage && state.pte & X86_64.write != 0)
}

/// Whether no combination of parameters is one that the kernel rules out.
pub(super) fn in_domain(call: &Call) -> bool {
    !(call.site == SiteId::ChangeProt && call.p[0] & 0xc == 0xc)
}

/// A combination and a pattern together; where the kernel rules that out, the pattern gives way.
fn joined(site: SiteId, combination: &Words, pattern: &Words) -> Words {
    let mut words = or(combination, pattern);
    if !in_domain(&Call { site, pte: 0, p: words }) {
        words[0] &= if combination[0] & 8 == 0 { !8 } else { !4 };
    }
    words
}

/// Words of both.
pub(super) fn or(a: &Words, b: &Words) -> Words {
    [a[0] | b[0], a[1] | b[1], a[2] | b[2]]
}

/// What is ignored: all 0, all 1, each alone.
fn ignored_patterns(fields: &[&Field]) -> Vec<Words> {
    let highest = |field: &Field| match field.domain {
        FieldDomain::Choice(names) => names.len() as u64 - 1,
        FieldDomain::SwapType => 31,
        FieldDomain::Prot => !X86_64.pfn,
        _ => !0,
    };
    let mut patterns = vec![[0; 3]];
    let mut add = |pattern: Words| {
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    };
    let mut all = [0; 3];
    fields.iter().for_each(|field| field.set(&mut all, highest(field)));
    add(all);
    for field in fields {
        let mut alone = [0; 3];
        field.set(&mut alone, highest(field));
        add(alone);
    }
    patterns
}

/// All combinations of flags.
fn all_combinations(flags: &[&Field]) -> Vec<Words> {
    let combination = |number: u64| {
        let mut words = [0; 3];
        flags.iter().enumerate().for_each(|(i, flag)| flag.set(&mut words, number >> i & 1));
        words
    };
    (0..1 << flags.len()).map(combination).collect()
}

/// Combinations in which at most so many flags, one or two, differ from all 0 or from all 1.
fn up_to(most: usize, flags: &[&Field]) -> Vec<Words> {
    let mut all = [0; 3];
    flags.iter().for_each(|flag| flag.set(&mut all, 1));
    let mut sets = Vec::new();
    for base in [[0; 3], all] {
        for first in 0..=flags.len() {
            // The number of flags stands for no flag.
            let seconds = if most > 1 { first..=flags.len() } else { flags.len()..=flags.len() };
            for second in seconds {
                let mut words = base;
                for flag in [first, second].into_iter().filter_map(|i| flags.get(i)) {
                    flag.set(&mut words, flag.get(&base) ^ 1);
                }
                if !sets.contains(&words) {
                    sets.push(words);
                }
            }
        }
    }
    sets
}

/// The declared values of one field on one state.
pub(super) struct Values(pub Vec<u64>);

/// The protections of the protection map, and one with every other bit that a protection can have.
const PROTS: [u64; 6] = [
    0x8000_0000_0000_0025,
    0x120,
    0x8000_0000_0000_0027,
    0x25,
    0x27,
    0xf8 | 0x7ff << 52 | 0x5 | X86_64.uffd_wp | X86_64.soft_dirty | X86_64.special | X86_64.global,
];

impl Values {
    /// The values of a field that is no flag.
    pub fn of(model: &Model, site: &Site, field: &Field, state: &State) -> Values {
        let payload = Payload::of(model, state.pte);
        let primitive = site.id as u8 <= SiteId::PfnPte as u8;
        let mut values = match field.domain {
            FieldDomain::Flag => vec![0, 1],
            FieldDomain::Prot => prots(site.id),
            FieldDomain::Pfn if field.name == "page_pfn" => payload.page_numbers(),
            FieldDomain::Pfn if primitive => PFNS.into_iter().chain([1 << 40 | 3]).collect(),
            FieldDomain::Pfn => vec![6, X86_64.zero_pfn, 1 << 40 | 5],
            FieldDomain::SwapType if site.id == SiteId::SwpEntryToPte => (0..32).collect(),
            FieldDomain::SwapType => vec![state.pte >> X86_64.swp_type_shift & 31, 0, 1, 31],
            FieldDomain::SwapOffset => OFFSETS.into_iter().chain([1 << 50 | 3, (1 << 58) - 1]).collect(),
            FieldDomain::SwapEntry => vec![1, 26 << 58 | 0xffff_ffff, 1 << 58 | 1 << 50 | 4],
            FieldDomain::SwapCount => vec![0, 1, 2, 3, 0x8000_0000, 0xffff_ffff, 0x1_0000_0001],
            FieldDomain::SwapArea => payload.areas(),
            FieldDomain::SwapMapByte => vec![0, 1, 2, 0x40, 0xff],
            FieldDomain::PageCount => vec![0, 1, 2, 512],
            FieldDomain::Pte => payload.ptes(model, state.pte),
            FieldDomain::Choice(names) => (0..names.len() as u64).collect(),
        };
        let fits = field.mask() >> field.shift;
        values.iter_mut().for_each(|value| *value &= fits);
        let mut unique = Vec::with_capacity(values.len());
        for value in values {
            if !unique.contains(&value) {
                unique.push(value);
            }
        }
        Values(unique)
    }
}

/// The protections for a site: for the two that do nothing else, each bit of one changed as well.
fn prots(site: SiteId) -> Vec<u64> {
    let mut prots = PROTS.to_vec();
    if matches!(site, SiteId::PteModify | SiteId::PfnPte) {
        prots.push(0);
        prots.extend(bits(!X86_64.pfn).map(|bit| PROTS[0] ^ bit));
    }
    prots
}

/// What a pte points to, read as a mapped pte and as one with an entry.
struct Payload {
    mapped: u64,
    held: u64,
    right: u64,
}

impl Payload {
    fn of(model: &Model, pte: u64) -> Payload {
        let upright = if pte & X86_64.present != 0 { pte } else { !pte };
        let mapped = (upright & X86_64.pfn) >> X86_64.pfn_shift;
        let held = model.decode(pte).offset;
        Payload { mapped, held, right: if model.is_present(pte) { mapped } else { held } }
    }

    /// Frames of a page that the pte may map: it, its neighbours, the head of a huge page whose last page it is, and what a wrong reading gives.
    fn page_numbers(&self) -> Vec<u64> {
        let near = [0, 1, 511, 512].map(|below: u64| self.right.wrapping_sub(below));
        let wrong = if self.right == self.mapped { self.held } else { self.mapped };
        near.into_iter().chain([self.right.wrapping_add(1), self.right ^ 1 << 39, wrong]).collect()
    }

    /// Sizes of a swap area: just enough for the offset, one too few, none, and where only the low 32 bits are enough; the largest.
    fn areas(&self) -> Vec<u64> {
        let low = self.held & 0xffff_ffff;
        vec![self.held + 1, low, 0, low + 1, 0xffff_ffff, 1 << 32 | 1]
    }

    /// Ptes of every class, and the pte itself with one flag changed.
    fn ptes(&self, model: &Model, pte: u64) -> Vec<u64> {
        let own = [0, X86_64.accessed, X86_64.dirty, X86_64.write].map(|bit| pte ^ bit);
        let entries = [0, 28, 29, 31, 27].map(|kind| model.encode(SwapEntry { kind, offset: 7 }));
        let special = model.environment().special.unwrap_or(0x4);
        own.into_iter().chain(entries).chain([0, special, 0x7067, 0x7065, 0xf_ffff_ffff_8160, 0x5a5a_5225]).collect()
    }
}
