//! Moves over raw records: the special value and its neighbours, payload bits that present accessors alias, ranges with budgets near what there is
//! to count.

use super::Mutator;
use super::list::{delete, duplicate, insert, place, reorder};
use crate::program::menu::{Form, Menu};
use crate::program::raw::{RECORD, Records, TAG_CLASSIFY, TAG_RANGE};
use crate::program::{CallSource, Rng, into_domain};
use crate::site::{Call, RANGE_MAX, SITE_COUNT, SITES, SiteId};

/// A record of 40 bytes as it lies in a program: a call, a classification, the head of a range or an entry of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    tag: u8,
    /// Entries of a range.
    n: u16,
    /// The pte; of a range the budgets.
    pte: u64,
    p: [u64; 3],
}

/// Lengths of ranges: around vector widths, khugepaged's defaults and the table's end.
const LENGTHS: [u16; 16] = [0, 1, 2, 3, 5, 7, 8, 9, 16, 31, 33, 64, 65, 100, 511, 512];

impl Slot {
    pub(super) fn from_bytes(bytes: &[u8]) -> Slot {
        let word = |at: usize| bytes[at..].first_chunk().map_or(0, |bytes: &[u8; 8]| u64::from_le_bytes(*bytes));
        Slot {
            tag: bytes[0],
            n: u16::from_le_bytes([bytes[2], bytes[3]]),
            pte: word(8),
            p: [word(16), word(24), word(32)],
        }
    }

    pub(super) fn to_bytes(self) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        bytes[0] = self.tag;
        bytes[2..4].copy_from_slice(&self.n.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.pte.to_le_bytes());
        for (word, out) in self.p.iter().zip(bytes[16..].chunks_exact_mut(8)) {
            out.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    fn of(call: Call) -> Slot {
        Slot { tag: call.site as u8, n: 0, pte: call.pte, p: call.p }
    }

    /// The site of a call or an entry.
    fn site(&self) -> SiteId {
        SiteId::ALL[(self.tag & 63) as usize % SITE_COUNT]
    }
}

impl Mutator {
    /// One move.
    pub(super) fn move_slots(&mut self, slots: &mut Vec<Slot>, max: usize, rng: &mut Rng) {
        match rng.below(16) {
            0..4 => self.fresh_slots(slots, max, rng),
            4..6 => delete(slots, rng),
            6 => duplicate(slots, max, rng),
            7 => reorder(slots, rng),
            8 => pass_on(slots, rng),
            _ => {
                let at = rng.below(slots.len() as u32) as usize;
                slots[at] = perturb(slots[at], &self.source, rng);
            }
        }
    }

    /// A new record somewhere: a call, a classification, or a range with its first entries.
    pub(super) fn fresh_slots(&mut self, slots: &mut Vec<Slot>, max: usize, rng: &mut Rng) {
        let at = place(slots, rng);
        let kind = rng.below(16);
        if self.source.has_ranges() && (self.menu.form == Form::Ranges || kind < 2) {
            let fresh = self.fresh_range(max, rng);
            insert(slots, at, &fresh, max);
            self.other_slots = fresh;
        } else if kind < 5 {
            let pte = self.source.ptes().any(rng);
            insert(slots, at, &[Slot { tag: TAG_CLASSIFY, n: 0, pte, p: [0; 3] }], max);
        } else {
            insert(slots, at, &[Slot::of(self.source.call(rng))], max);
        }
    }

    /// A range: a head, and the few entries that are repeated until it is full; now and then all of them.
    fn fresh_range(&mut self, max: usize, rng: &mut Rng) -> Vec<Slot> {
        let mut fresh = std::mem::take(&mut self.other_slots);
        fresh.clear();
        self.source.range(rng, &mut self.range);
        let range = &*self.range;
        let whole = range.len < max && rng.chance(24);
        let have = if whole { range.len } else { range.len.min(1 + rng.below(8) as usize) };
        let budgets = [range.budgets.swap, range.budgets.none, range.budgets.shared];
        let [swap, none, shared] = budgets.map(|n| n as u64 & 0xffff);
        let pte = swap | none << 16 | shared << 32;
        fresh.push(Slot { tag: TAG_RANGE | range.site as u8, n: range.len as u16, pte, p: [0; 3] });
        let entries = range.ptes[..have].iter().zip(&range.params[..have]);
        fresh.extend(entries.map(|(pte, p)| Slot::of(Call { site: range.site, pte: *pte, p: *p })));
        fresh
    }
}

/// Brings records onto the menu and into their domains, at most `max` of them, so that the bytes mean the same program to every reader. Where there is
/// nothing but ranges, a record outside one gets a head, or is dropped where there is no room for that.
pub(super) fn settle(menu: &Menu, slots: &mut Vec<Slot>, max: usize) {
    slots.truncate(max);
    let records = Records::of(&[], menu.sites, menu.form == Form::Ranges);
    // The range that is open, and how many entries it may still take.
    let mut open = (SiteId::ChangeProt, 0);
    let mut at = 0;
    while at < slots.len() {
        let slot = &mut slots[at];
        let site = (slot.tag & TAG_RANGE != 0 || menu.form == Form::Ranges).then(|| records.range_site(slot.tag));
        match site.flatten() {
            Some(site) if slot.tag & TAG_RANGE != 0 => {
                let n = slot.n % (RANGE_MAX as u16 + 1);
                let budgets = if site == SiteId::KhugeScan { slot.pte & 0xffff_ffff_ffff } else { 0 };
                *slot = Slot { tag: TAG_RANGE | site as u8, n, pte: budgets, p: [0; 3] };
                open = (site, n);
            }
            _ if open.1 > 0 && slot.tag & TAG_RANGE == 0 => {
                *slot = in_domain(open.0, slot);
                open.1 -= 1;
            }
            Some(site) => {
                slot.tag = site as u8;
                if slots.len() == max {
                    slots.remove(at);
                } else {
                    slots.insert(at, Slot { tag: TAG_RANGE | site as u8, n: 1, pte: 0, p: [0; 3] });
                    open = (site, 1);
                    at += 1;
                }
                continue;
            }
            None if slot.tag & TAG_CLASSIFY != 0 => *slot = Slot { tag: TAG_CLASSIFY, n: 0, pte: slot.pte, p: [0; 3] },
            None => {
                open.1 = 0;
                *slot = in_domain(records.site(slot.tag), slot);
            }
        }
        at += 1;
    }
}

fn in_domain(site: SiteId, slot: &Slot) -> Slot {
    let mut call = Call { site, pte: slot.pte, p: slot.p };
    into_domain(&mut call);
    Slot::of(call)
}

/// Lets records meet: the pte of one goes to another, which another site then sees.
fn pass_on(slots: &mut [Slot], rng: &mut Rng) {
    let from = rng.pick(slots);
    let at = rng.below(slots.len() as u32) as usize;
    let to = &mut slots[at];
    if from.tag & TAG_RANGE == 0 && to.tag & TAG_RANGE == 0 {
        to.pte = from.pte;
    }
}

/// One part of a record anew.
fn perturb(slot: Slot, source: &CallSource, rng: &mut Rng) -> Slot {
    if slot.tag & TAG_RANGE != 0 {
        return perturb_head(slot, source, rng);
    }
    match rng.below(8) {
        0 => Slot { pte: source.ptes().any(rng), ..slot },
        1..4 => Slot { pte: neighbour(slot.pte, source, rng), ..slot },
        4 if slot.tag & TAG_CLASSIFY == 0 => Slot { pte: slot.pte, ..Slot::of(source.call_of(slot.site(), rng)) },
        5 if slot.tag & TAG_CLASSIFY == 0 => Slot { tag: Slot::of(source.call(rng)).tag, ..slot },
        _ => parameter(slot, source, rng),
    }
}

/// A pte close to this one: a bit away, payload bits 0 to 2 either way, another type, the special value and its neighbours.
fn neighbour(pte: u64, source: &CallSource, rng: &mut Rng) -> u64 {
    match rng.below(8) {
        0 => pte ^ 1 << rng.below(64),
        1 => pte ^ 1 << rng.below(12),
        // Bits of the offset, then of the page frame number.
        2 => pte ^ (rng.next() & 7) << 9,
        3 => pte ^ (rng.next() & 7) << 12,
        4 => pte & !(0x1f << 59) | (rng.pick(&[0, 1, 26, 27, 28, 29, 30, 31]) as u64) << 59,
        5 => source.ptes().any(rng) & 0xfff | pte & !0xfff,
        6 => pte ^ 0x101,
        _ => source.ptes().any(rng),
    }
}

/// One parameter of the site: a flag turned, or a value like those that are generated.
fn parameter(slot: Slot, source: &CallSource, rng: &mut Rng) -> Slot {
    let site = slot.site();
    let fields = SITES[site as usize].fields;
    if slot.tag & TAG_CLASSIFY != 0 || fields.is_empty() {
        return Slot { pte: neighbour(slot.pte, source, rng), ..slot };
    }
    let mut p = slot.p;
    let field = rng.pick(fields);
    let value = if field.bits == 1 || rng.chance(64) {
        field.get(&p) ^ 1 << rng.below(field.bits as u32)
    } else {
        let like = Call { site, pte: slot.pte, p };
        field.get(&source.parameters_of(like, rng).p)
    };
    field.set(&mut p, value);
    Slot { p, ..slot }
}

/// The head of a range: its length, a budget, or its site.
fn perturb_head(slot: Slot, source: &CallSource, rng: &mut Rng) -> Slot {
    let shift = 16 * rng.below(3);
    match rng.below(8) {
        0..3 => Slot { n: rng.pick(&LENGTHS), ..slot },
        3 => Slot { n: slot.n.wrapping_add(1), ..slot },
        4 => Slot { n: slot.n.wrapping_sub(1), ..slot },
        5 => Slot { pte: slot.pte & !(0xffff << shift) | (rng.below(slot.n as u32 + 2) as u64) << shift, ..slot },
        6 => Slot { pte: slot.pte & !(0xffff << shift) | (rng.pick(&[0, 1, 64, 256, 511]) as u64) << shift, ..slot },
        _ => Slot { tag: TAG_RANGE | Slot::of(source.call(rng)).tag, ..slot },
    }
}
