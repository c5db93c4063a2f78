//! Where interesting ptes come from: the special value and its neighbours, every class, payload bits 0 to 2 both ways, and the ends of ranges.

use super::rng::Rng;
use crate::pte::{Environment, SwapEntry, X86_64};

/// Makes ptes of one environment.
#[derive(Clone, Debug)]
pub struct PteSource {
    special: u64,
    /// Whether (type 0, offset 2^50-1), which collides with none and special, may be made as an entry.
    colliding: bool,
}

/// What the generator was asked for, class by class; the weights are out of 64.
const KINDS: [(u32, Kind); 11] = [
    (10, Kind::Special),
    (5, Kind::Neighbour),
    (3, Kind::None),
    (14, Kind::Present),
    (5, Kind::ProtNone),
    (10, Kind::Swap),
    (6, Kind::Migration),
    (6, Kind::Device),
    (2, Kind::HwPoison),
    (2, Kind::Flipped),
    (1, Kind::Random),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Special,
    Neighbour,
    None,
    Present,
    ProtNone,
    Swap,
    Migration,
    Device,
    HwPoison,
    Flipped,
    Random,
}

/// A table of 64 slots, so that a kind is one random number and one load.
const KIND_SLOTS: [Kind; 64] = {
    let mut slots = [Kind::Random; 64];
    let (mut slot, mut k) = (0, 0);
    while k < KINDS.len() {
        let mut n = 0;
        while n < KINDS[k].0 {
            slots[slot] = KINDS[k].1;
            slot += 1;
            n += 1;
        }
        k += 1;
    }
    assert!(slot == 64);
    slots
};

/// Values close to `0x4` that a test by bits would take for it.
const NEAR_SPECIAL: [u64; 8] = [0x6, 0x24, 0x44, 0x64, 0x84, 0x104, 0x2, 0x5];

impl PteSource {
    /// Ptes for this environment.
    pub fn new(environment: Environment, colliding: bool) -> PteSource {
        PteSource { special: environment.special.filter(|s| *s != 0).unwrap_or(0x4), colliding }
    }

    /// Any pte, interesting ones first.
    #[inline]
    pub fn any(&self, rng: &mut Rng) -> u64 {
        match KIND_SLOTS[rng.below(64) as usize] {
            Kind::Special => self.special,
            Kind::Neighbour if rng.chance(128) => rng.pick(&NEAR_SPECIAL),
            Kind::Neighbour => self.special ^ 1 << rng.below(64),
            Kind::None => rng.pick(&[0, 0, 0, 0x20, 0x40, 0x60]),
            Kind::Present => self.present(rng) | X86_64.present,
            Kind::ProtNone => self.protnone(rng),
            Kind::Swap => self.swap(rng),
            Kind::Migration => self.entry(rng, 28),
            Kind::Device => self.entry(rng, 30),
            Kind::HwPoison => self.held(rng, 27, false),
            Kind::Flipped => self.swap(rng) ^ 1 << rng.below(64) ^ 1 << rng.below(64),
            Kind::Random => rng.next(),
        }
    }

    /// Any pte that is neither none nor present.
    pub fn any_swap(&self, rng: &mut Rng) -> u64 {
        match rng.below(16) {
            0..3 => self.special,
            // An entry that collides may have become none.
            3..9 => swap_shaped(self.swap(rng)),
            9..11 => self.entry(rng, 28),
            11..13 => self.entry(rng, 30),
            13 => self.held(rng, 27, false),
            _ => swap_shaped(self.any(rng)),
        }
    }

    /// A present pte without write, or a `PROT_NONE` one.
    pub fn write_protected(&self, rng: &mut Rng) -> u64 {
        let pte = if rng.chance(64) { self.protnone(rng) } else { self.present(rng) | X86_64.present };
        pte & !X86_64.write
    }

    /// A pte that is present for the kernel and not for the hardware.
    pub fn protnone(&self, rng: &mut Rng) -> u64 {
        let pte = self.present(rng) & !X86_64.present | X86_64.global;
        pte ^ X86_64.pfn
    }

    /// Flags and pfn of a present pte, the present bit apart.
    #[inline]
    fn present(&self, rng: &mut Rng) -> u64 {
        let random = rng.next();
        // Write, accessed, dirty, uffd-wp, soft-dirty half of the time each; special and devmap rarely.
        let common = X86_64.write | X86_64.accessed | X86_64.dirty | X86_64.uffd_wp | X86_64.soft_dirty;
        let rare = match random >> 56 {
            0..32 => X86_64.special,
            32..40 => X86_64.special | X86_64.devmap,
            40..48 => X86_64.devmap,
            48..56 => random & (0x99 | 0x7f << 52),
            _ => 0,
        };
        let nx = if random >> 55 & 1 != 0 { X86_64.nx } else { 0 };
        let pfn = if random >> 50 & 0xf == 0 { X86_64.zero_pfn } else { frame(rng) };
        random & common | X86_64.user | rare | nx | pfn << 12 & X86_64.pfn
    }

    /// A swap entry of a swap area, with or without its flags.
    #[inline]
    pub fn swap(&self, rng: &mut Rng) -> u64 {
        let kind = rng.pick(&[0, 0, 0, 0, 1, 1, 2, 26, 25, 13]);
        self.held(rng, kind, true)
    }

    /// A migration (28) or device (30) entry, of either kind.
    #[inline]
    fn entry(&self, rng: &mut Rng, base: u8) -> u64 {
        let kind = base + rng.below(2) as u8;
        if rng.chance(16) {
            // The frame of the shifted special values, flags and all.
            return encode(SwapEntry { kind, offset: 0x1234 }) | (rng.next() & 6);
        }
        self.held(rng, kind, false)
    }

    #[inline]
    fn held(&self, rng: &mut Rng, kind: u8, slot: bool) -> u64 {
        let offset = if slot { self.offset(rng, kind) } else { frame(rng) };
        let random = rng.next();
        let junk = if random >> 56 < 10 { random & 0xf8 } else { 0 };
        encode(SwapEntry { kind, offset }) | random >> 32 & 6 | junk
    }

    /// An offset that a swap entry of this type may have.
    #[inline]
    pub fn offset(&self, rng: &mut Rng, kind: u8) -> u64 {
        // Where collisions are looked for, they are worth more than one entry in thousands.
        let offset = if self.colliding && rng.chance(16) { X86_64.swp_offset } else { slot(rng) };
        if kind == 0 && offset == X86_64.swp_offset && !self.colliding { offset - 8 } else { offset }
    }
}

/// An encoded entry, flags clear.
fn encode(entry: SwapEntry) -> u64 {
    (entry.kind as u64) << X86_64.swp_type_shift | (!entry.offset & X86_64.swp_offset) << X86_64.swp_offset_shift
}

/// Makes a value one that is neither none nor present.
pub(super) fn swap_shaped(pte: u64) -> u64 {
    let pte = pte & !(X86_64.present | X86_64.global);
    if pte & !X86_64.erratum == 0 { pte | X86_64.swp_uffd_wp } else { pte }
}

/// A page frame number: small ones with all values of bits 0 to 2, a few large ones, the end.
#[inline]
pub(super) fn frame(rng: &mut Rng) -> u64 {
    let random = rng.next();
    match random >> 59 {
        0..16 => random & 7,
        16..24 => 0x1230 | random & 0xf,
        24..27 => random & 0xff_ffff,
        27 => (1 << 40) - 1 - (random & 1),
        _ => random & 0x1ff,
    }
}

/// A swap slot: as [`frame`], with the ends of what a swap header and a pte can hold.
#[inline]
fn slot(rng: &mut Rng) -> u64 {
    let random = rng.next();
    match random >> 59 {
        0..18 => random & 7,
        18..24 => 0x1230 | random & 0xf,
        24..26 => 0x3ff8 + (random & 0xf),
        26 => 0xffff_ffff - (random & 1),
        27 => X86_64.swp_offset - (random & 7),
        _ => random & 0xf_ffff,
    }
}
