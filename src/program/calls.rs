//! Generated raw calls: any site, any pte of its domain, parameters that reach its rules.

use super::ptes::{PteSource, frame, swap_shaped};
use super::rng::Rng;
use crate::pte::{Environment, X86_64};
use crate::site::{Budgets, Call, Domain, Field, RANGE_MAX, RANGE_SITES, SITES, SiteId};

/// Makes calls of the sites of one subject in one environment.
#[derive(Clone, Debug)]
pub struct CallSource {
    ptes: PteSource,
    sites: Vec<SiteId>,
    ranges: Vec<SiteId>,
    colliding: bool,
}

/// A generated range: entries, their parameters and budgets, in buffers that are used again.
#[derive(Clone, Debug)]
pub struct RangeBuffer {
    /// The range's site.
    pub site: SiteId,
    /// The entries; the first `len` count.
    pub ptes: [u64; RANGE_MAX],
    /// Their parameters.
    pub params: [[u64; 3]; RANGE_MAX],
    /// How many entries.
    pub len: usize,
    /// khugepaged's budgets.
    pub budgets: Budgets,
}

impl Default for RangeBuffer {
    fn default() -> RangeBuffer {
        RangeBuffer {
            site: SiteId::ChangeProt,
            ptes: [0; RANGE_MAX],
            params: [[0; 3]; RANGE_MAX],
            len: 0,
            budgets: Budgets::default(),
        }
    }
}

/// Lengths of ranges: around vector widths, khugepaged's defaults and the table's end.
const LENGTHS: [u32; 16] = [0, 1, 2, 3, 5, 7, 8, 9, 16, 31, 33, 64, 66, 100, 511, 512];

impl CallSource {
    /// Calls of these sites. `colliding` lets entries be made that collide with another state in their encoding.
    ///
    /// `sites` must not be empty; what is not in the site table cannot be named.
    pub fn new(environment: Environment, sites: Vec<SiteId>, colliding: bool) -> CallSource {
        let ranges = RANGE_SITES.into_iter().filter(|s| sites.contains(s)).collect();
        CallSource { ptes: PteSource::new(environment, colliding), sites, ranges, colliding }
    }

    /// Where its ptes come from.
    pub fn ptes(&self) -> &PteSource {
        &self.ptes
    }

    /// A call of any of the sites.
    #[inline]
    pub fn call(&self, rng: &mut Rng) -> Call {
        let site = rng.pick(&self.sites);
        self.call_of(site, rng)
    }

    /// A call of this site, in its domain.
    pub fn call_of(&self, site: SiteId, rng: &mut Rng) -> Call {
        let pte = match site {
            SiteId::DoSwapPage => self.ptes.any_swap(rng),
            SiteId::NumaPage => self.ptes.protnone(rng),
            SiteId::WpPage => self.ptes.write_protected(rng),
            _ => self.ptes.any(rng),
        };
        let mut call = Call { site, pte, p: [0; 3] };
        self.parameters(&mut call, rng);
        call
    }

    /// This call with other parameters, such as are generated for its pte.
    pub(super) fn parameters_of(&self, call: Call, rng: &mut Rng) -> Call {
        let mut other = Call { p: [0; 3], ..call };
        self.parameters(&mut other, rng);
        other
    }

    fn parameters(&self, call: &mut Call, rng: &mut Rng) {
        let site = &SITES[call.site as usize];
        let flags = sparse(rng);
        for (word, bits) in FLAG_BITS[call.site as usize].iter().enumerate() {
            call.p[word] = flags.rotate_left(word as u32 * 21) & bits;
        }
        for field in site.fields.iter().filter(|f| f.bits > 1) {
            let value = self.value(field, call, rng);
            field.set(&mut call.p, value);
        }
        if call.site == SiteId::ChangeProt && call.p[0] & 0xc == 0xc {
            call.p[0] &= if rng.chance(128) { !4 } else { !8 };
        }
        if !self.colliding {
            avoid_collision(call);
        }
    }

    fn value(&self, field: &Field, call: &Call, rng: &mut Rng) -> u64 {
        match field.domain {
            Domain::Flag => rng.next() & 1,
            Domain::Prot => protection(rng),
            Domain::Pfn if field.name == "page_pfn" => near_payload(call.pte, rng),
            Domain::Pfn => frame(rng),
            Domain::SwapType if call.site == SiteId::SwpEntryToPte => {
                if rng.chance(64) {
                    0
                } else {
                    rng.below(32) as u64
                }
            }
            Domain::SwapType => {
                if rng.chance(224) {
                    call.pte >> 59 & 31
                } else {
                    rng.below(32) as u64
                }
            }
            Domain::SwapOffset => self.ptes.offset(rng, 0) | self.cut_off(rng),
            Domain::SwapEntry => (rng.pick(&[0, 1, 26]) as u64) << 58 | self.ptes.offset(rng, 0) | self.cut_off(rng),
            Domain::SwapCount => rng.pick(&[0, 1, 2, 3, 7, 0xffff_ffff, 0x1_0000_0001, 0x8000_0000]),
            Domain::SwapArea => area(call.pte, rng),
            Domain::SwapMapByte => rng.pick(&[0, 1, 1, 2, 0x40, 0x41, 0xff]),
            Domain::PageCount => rng.pick(&[0, 1, 16, 512]),
            Domain::Pte => {
                if rng.chance(96) {
                    call.pte ^ 1 << rng.below(12)
                } else {
                    self.ptes.any(rng)
                }
            }
            Domain::Choice(names) => rng.below(names.len() as u32) as u64,
        }
    }

    /// Bits of a generic offset that a pte has no room for: none, or rarely some of the eight. A cut offset is a collision of its own
    /// kind, so there are none where collisions with none and special are looked for.
    fn cut_off(&self, rng: &mut Rng) -> u64 {
        if !self.colliding && rng.chance(16) { (rng.next() & 0xff) << 50 } else { 0 }
    }

    /// Whether ranges can be made at all.
    pub fn has_ranges(&self) -> bool {
        !self.ranges.is_empty()
    }

    /// A range: a few kinds of entries over and over, the odd one anywhere, budgets around what they add up to. In half of them all entries
    /// have the same parameters, as one call of the kernel's function over them would have.
    pub fn range(&self, rng: &mut Rng, range: &mut RangeBuffer) {
        range.site = rng.pick(&self.ranges);
        range.len = rng.pick(&LENGTHS) as usize;
        let palette: [Call; 3] = std::array::from_fn(|_| self.call_of(range.site, rng));
        let odd = self.call_of(range.site, rng);
        let mixed = rng.chance(96);
        for i in 0..range.len {
            let call = if mixed { palette[rng.below(3) as usize] } else { palette[0] };
            range.ptes[i] = call.pte;
            range.params[i] = call.p;
        }
        for _ in 0..rng.below(4) {
            let i = rng.below(range.len as u32) as usize;
            if let (Some(pte), Some(p)) = (range.ptes[..range.len].get_mut(i), range.params.get_mut(i)) {
                (*pte, *p) = (odd.pte, odd.p);
            }
        }
        if rng.chance(128) {
            range.params[..range.len].fill(palette[0].p);
        }
        if rng.chance(64) {
            neighbours(rng, range);
        }
        if range.site == SiteId::KhugeScan {
            self.scan(rng, range);
        } else {
            range.budgets = Budgets::default();
        }
    }

    /// A scan that gets far: page facts that do not abort it, and budgets near what there is to count.
    fn scan(&self, rng: &mut Rng, range: &mut RangeBuffer) {
        let n = range.len as u32;
        let mut budget = || match rng.below(8) {
            0 => 0,
            1 => 1,
            2 => 64,
            3 => 511,
            4 => n,
            _ => rng.below(n + 2),
        };
        range.budgets = Budgets { swap: budget(), none: budget(), shared: budget() };
        if rng.chance(192) {
            for p in &mut range.params[..range.len] {
                p[0] &= 0x218;
            }
        }
        if rng.chance(128) {
            // Entries that a scan passes: swap without uffd-wp, none, writable and referenced pages.
            let kinds = [self.ptes.swap(rng) & !4, 0, 0x1235 << 12 | 0x67, 0x1236 << 12 | 0x25];
            for pte in &mut range.ptes[..range.len] {
                if rng.chance(248) {
                    *pte = kinds[rng.below(4) as usize];
                }
            }
            if let Some(last) = range.len.checked_sub(1) {
                range.ptes[last - rng.below(2).min(last as u32) as usize] = self.ptes.any(rng);
            }
        }
    }
}

/// Makes the present entries map frames in a row, as those of a huge page do, with the write bit turned over here and there.
fn neighbours(rng: &mut Rng, range: &mut RangeBuffer) {
    let first = frame(rng);
    let odd = rng.next() & rng.next();
    for (i, pte) in range.ptes[..range.len].iter_mut().enumerate().filter(|(_, pte)| **pte & X86_64.present != 0) {
        let write = if odd >> (i & 63) & 1 != 0 { X86_64.write } else { 0 };
        *pte = *pte & !X86_64.pfn | (first.wrapping_add(i as u64) << 12) & X86_64.pfn;
        *pte ^= write;
    }
}

/// Parameter bits that are flags, word by word and site by site.
static FLAG_BITS: [[u64; 3]; SITES.len()] = {
    let mut bits = [[0; 3]; SITES.len()];
    let mut s = 0;
    while s < SITES.len() {
        let fields = SITES[s].fields;
        let mut f = 0;
        while f < fields.len() {
            if fields[f].bits == 1 {
                bits[s][fields[f].word as usize] |= fields[f].mask();
            }
            f += 1;
        }
        s += 1;
    }
    bits
};

/// Random flags: none, few, half or most of them.
#[inline]
fn sparse(rng: &mut Rng) -> u64 {
    let random = rng.next();
    match rng.below(8) {
        0 => 0,
        1 => 1 << (random & 63),
        2..4 => random & random.rotate_left(21),
        4 => random | random.rotate_left(21),
        5 => random & random.rotate_left(21) & random.rotate_left(42),
        _ => random,
    }
}

/// A page protection: the protection map first, protection keys and odd bits sometimes.
#[inline]
fn protection(rng: &mut Rng) -> u64 {
    const MAP: [u64; 5] = [0x120, 0x8000_0000_0000_0025, 0x8000_0000_0000_0027, 0x25, 0x27];
    let prot = rng.pick(&MAP);
    match rng.below(16) {
        0 => prot | (rng.next() & 0xf) << 59,
        1 => rng.next() & 0xfff | rng.next() & 0xfff0_0000_0000_0000,
        _ => prot,
    }
}

/// A frame number that the pte's own payload is close to, read either way.
fn near_payload(pte: u64, rng: &mut Rng) -> u64 {
    let upright = if pte & 1 != 0 { pte } else { !pte };
    let mapped = (upright & X86_64.pfn) >> 12;
    let held = !pte >> 9 & X86_64.swp_offset;
    let payload = if pte & 0x101 != 0 { mapped } else { held };
    match rng.below(16) {
        0..11 => payload,
        11 => payload.wrapping_sub(rng.below(512) as u64),
        12 => payload ^ 1 << rng.below(12),
        13 => payload & !511,
        14 => payload.wrapping_add(1),
        _ => frame(rng),
    }
}

/// The size of a swap area: just beyond the pte's offset, just too small, none, any.
fn area(pte: u64, rng: &mut Rng) -> u64 {
    let offset = (!pte >> 9 & X86_64.swp_offset) as u32 as u64;
    match rng.below(8) {
        0 => 0,
        1 => offset,
        2 => offset + 1,
        3 => rng.below(0x1_0000) as u64,
        _ => (offset + 1 + rng.below(0x1_0000) as u64).min(0xffff_ffff),
    }
}

/// Takes a call that names the entry (type 0, offset 2^50-1) to a neighbour of it.
fn avoid_collision(call: &mut Call) {
    let all_ones = X86_64.swp_offset;
    match call.site {
        SiteId::SwpEntryToPte if call.p[0] == 0 && call.p[1] & all_ones == all_ones => call.p[1] ^= 8,
        SiteId::Unmap if call.p[2] >> 58 & 31 == 0 && call.p[2] & all_ones == all_ones => call.p[2] ^= 8,
        _ => {}
    }
}

/// Brings any record into the domain of its site, so that a fuzzing entry can take every byte string for calls.
pub fn into_domain(call: &mut Call) {
    let site = &SITES[call.site as usize];
    for word in 0..3 {
        call.p[word] &= site.defined_bits(word);
    }
    for field in site.fields {
        let value = field.get(&call.p);
        match field.domain {
            Domain::Prot => field.set(&mut call.p, value & !X86_64.pfn),
            Domain::SwapType => field.set(&mut call.p, value & 31),
            Domain::Choice(names) => field.set(&mut call.p, value % names.len() as u64),
            _ => {}
        }
    }
    match call.site {
        SiteId::ChangeProt if call.p[0] & 0xc == 0xc => call.p[0] &= !8,
        SiteId::DoSwapPage => call.pte = swap_shaped(call.pte),
        SiteId::NumaPage => call.pte = call.pte & !X86_64.present | X86_64.global,
        SiteId::WpPage if call.pte & (X86_64.present | X86_64.global) == 0 => call.pte |= X86_64.present,
        _ => {}
    }
    if call.site == SiteId::WpPage {
        call.pte &= !X86_64.write;
    }
}
