//! The declared domain of ptes: which raw values stand for all others.
//!
//! Flags that rules speak of stand in all combinations; bits that are only carried along stand in three patterns and each alone; page frame
//! numbers and offsets are the small ones that alias flags of the other encoding, the ends of their ranges, and the zero page.

use crate::model::Model;
use crate::pte::{Class, SwapEntry, X86_64};
use std::collections::HashSet;

/// How much is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Domain {
    /// Everything that was declared.
    Full,
    /// The core states, parameters up to pairs: for subjects that take microseconds a call.
    Small,
}

impl Domain {
    /// Both.
    pub const ALL: [Domain; 2] = [Domain::Full, Domain::Small];

    /// The name on the command line: `full` or `small`.
    pub const fn name(self) -> &'static str {
        match self {
            Domain::Full => "full",
            Domain::Small => "small",
        }
    }

    /// The domain with this [`Domain::name`].
    pub fn from_name(name: &str) -> Option<Domain> {
        Domain::ALL.into_iter().find(|d| d.name() == name)
    }
}

/// One state of the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The raw value.
    pub pte: u64,
    /// Its class in the environment that is walked.
    pub class: Class,
    /// Whether it is one of the core: all flags, but one pattern of the carried bits, and two page frame numbers.
    pub core: bool,
}

/// Flags of a mapped pte that some rule speaks of, `_PAGE_PRESENT` and `_PAGE_GLOBAL` apart.
const FLAGS: [u64; 7] =
    [X86_64.write, X86_64.accessed, X86_64.dirty, X86_64.special, X86_64.uffd_wp, X86_64.soft_dirty, X86_64.devmap];

/// Bits of a mapped pte that are only carried along: user, caching, NX, protection key, and those that hardware ignores.
const CARRIED: u64 = X86_64.user | X86_64.pwt | X86_64.pcd | X86_64.pat | X86_64.nx | 0xf << 59 | 0x3f << 52;

/// The pattern of them that a process's pages have.
const USUAL: u64 = X86_64.user | X86_64.nx;

/// Leftover bits of a pte with an entry, which neither encoding nor decoding looks at.
const LEFTOVER: u64 = 0xf8;

/// Page frame numbers: bits 0 to 2 both ways, the zero page, the end.
pub(super) const PFNS: [u64; 7] = [0, 1, 2, 4, 7, X86_64.zero_pfn, (1 << 40) - 1];

/// Swap offsets: bits 0 to 2 both ways, as page frame number the zero page, the last that a swap header can name, the end.
pub(super) const OFFSETS: [u64; 8] = [0, 1, 2, 4, 7, X86_64.zero_pfn, 0xffff_ffff, X86_64.swp_offset];

/// Swap types: the first, the second and the last of a swap area, and every other type.
pub(super) const TYPES: [u8; 8] = [0, 1, 26, 27, 28, 29, 30, 31];

/// The states of a domain in the model's environment, sorted by class and each once.
pub fn states(model: &Model, domain: Domain) -> Vec<State> {
    let mut all = Collected { model, seen: HashSet::new(), states: Vec::new() };
    all.nothing_and_special();
    for global in [0, X86_64.global] {
        all.mapped(X86_64.present | global);
    }
    all.mapped(X86_64.global);
    all.entries();
    let mut states = all.states;
    if domain == Domain::Small {
        states.retain(|state| state.core);
    }
    // Stable: within a class the order is that of the declaration.
    states.sort_by_key(|state| state.class as u8);
    states
}

struct Collected<'a> {
    model: &'a Model,
    seen: HashSet<u64>,
    states: Vec<State>,
}

impl Collected<'_> {
    fn add(&mut self, pte: u64, core: bool) {
        if self.seen.insert(pte) {
            self.states.push(State { pte, class: self.model.class(pte), core });
        }
    }

    /// None with and without the erratum's bits, the special value, and every value one bit away from it or from the value that x86_64 has.
    fn nothing_and_special(&mut self) {
        [0, 0x20, 0x40, 0x60].into_iter().for_each(|pte| self.add(pte, true));
        let special = self.model.environment().special.unwrap_or(0x4);
        self.add(special, true);
        for bit in 0..64 {
            self.add(special ^ 1 << bit, bit < 12);
        }
        for bit in 0..64 {
            self.add(0x4 ^ 1 << bit, bit < 12);
        }
        [0x64, 0x2, 0x8, 0x10, 0x80].into_iter().for_each(|pte| self.add(pte, true));
    }

    /// Mapped ptes with these of the bits `_PAGE_PRESENT` and `_PAGE_GLOBAL`.
    fn mapped(&mut self, presence: u64) {
        // Without the hardware's present bit the page frame number stands inverted.
        let inverted = if presence & X86_64.present == 0 { X86_64.pfn } else { 0 };
        for flags in 0..1 << FLAGS.len() {
            let flags =
                FLAGS.iter().enumerate().filter(|(i, _)| flags >> i & 1 != 0).fold(presence, |all, (_, f)| all | f);
            for pfn in PFNS {
                let pte = flags | (pfn << X86_64.pfn_shift ^ inverted);
                let core = presence & X86_64.global == 0 || presence & X86_64.present == 0;
                let core = core && (pfn == 7 || pfn == X86_64.zero_pfn);
                self.add(pte | USUAL, core);
                self.add(pte, false);
                self.add(pte | CARRIED, false);
            }
            for bit in bits(CARRIED) {
                self.add(flags | bit | (1 << X86_64.pfn_shift ^ inverted), false);
            }
        }
    }

    /// Ptes that hold an entry: types by offsets by flags by leftover bits.
    fn entries(&mut self) {
        for kind in TYPES {
            for offset in OFFSETS {
                let entry = self.model.encode(SwapEntry { kind, offset });
                for flags in [0, 2, 4, 6] {
                    self.add(entry | flags, offset == 7 || offset == X86_64.zero_pfn);
                    self.add(entry | flags | LEFTOVER, false);
                    for bit in bits(LEFTOVER) {
                        self.add(entry | flags | bit, false);
                    }
                }
            }
        }
    }
}

/// Each bit of a mask by itself.
pub(super) fn bits(mask: u64) -> impl Iterator<Item = u64> {
    (0..64).map(|bit| 1 << bit).filter(move |bit| mask & bit != 0)
}
