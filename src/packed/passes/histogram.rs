//! How many ptes of each class a slice has.
//!
//! Two forms: one for every machine, and one for AVX2 that makes a byte of each pte and counts 32 of them at a time, which
//! no compiler makes of the other.

use super::backend::{Backend, Kind};
use crate::packed::Masks;
use crate::packed::entry::{any, is_swap, none, swap_type};
use crate::packed::masks::{global, present_hw};
use crate::pte::Class;

/// Counts by class, in ABI order.
pub(super) type Counts = [u64; Class::COUNT];

/// How many ptes of each class `ptes` has.
pub(super) fn histogram(backend: Backend, masks: &Masks, ptes: &[u64]) -> Counts {
    match backend.0 {
        Kind::Portable => portable(masks, ptes),
        // SAFETY: a back end of these kinds exists only where the machine has AVX2.
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 | Kind::Avx512 => unsafe { avx2::histogram(masks, ptes) },
    }
}

/// The special value, where it is the value of a pte that is neither present nor none: elsewhere those tests come
/// first.
fn special_swap(masks: &Masks) -> Option<u64> {
    masks.environment.special.filter(|special| is_swap(*special))
}

/// Entries that are counted in counters of their own, so that one count need not wait for the one before.
const STREAMS: usize = 4;

/// For every machine: the class of each pte without a branch.
fn portable(masks: &Masks, ptes: &[u64]) -> Counts {
    let special = special_swap(masks);
    let (has_special, special) = (special.is_some(), special.unwrap_or(0));
    let class = |pte: u64| {
        let class = masks.class_of_type(swap_type(pte)) as usize;
        let class = if none(pte) { Class::None as usize } else { class };
        let class = if has_special & (pte == special) { Class::Special as usize } else { class };
        let class = if any(pte, global()) { Class::ProtNone as usize } else { class };
        if any(pte, present_hw()) { Class::Present as usize } else { class }
    };
    let mut counts = [[0u64; 16]; STREAMS];
    let blocks = ptes.chunks_exact(STREAMS);
    for pte in blocks.remainder() {
        counts[0][class(*pte) % 16] += 1;
    }
    for block in blocks {
        for (pte, counts) in block.iter().zip(&mut counts) {
            counts[class(*pte) % 16] += 1;
        }
    }
    std::array::from_fn(|class| counts.iter().map(|counts| counts[class]).sum())
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    //! 32 ptes become 32 bytes: -128 for a present one, 127 for PROT_NONE, else the swap type. None and the special
    //! value have a type too and are counted for themselves; at the end they are taken out of what their type was
    //! counted as.

    use super::{Counts, special_swap};
    use crate::packed::Masks;
    use crate::packed::entry::swap_type;
    use crate::packed::masks::{erratum, global, max_swapfiles, present_hw, type_shift};
    use crate::pte::Class;
    use std::arch::x86_64::*;

    /// Ptes that become one vector of bytes.
    const BLOCK: usize = 32;
    /// Swap types that are no swap area: 27 to 31.
    const TYPES: usize = 5;
    /// Blocks after which a byte counter could overflow.
    const BLOCKS: usize = 255;

    /// What is counted by bytes: present, PROT_NONE, the types, none.
    const KEYS: usize = 2 + TYPES + 1;

    /// Counters of one slice, in 64-bit lanes.
    struct Lanes {
        keys: [__m256i; KEYS],
        special: __m256i,
    }

    /// As [`super::portable`].
    #[target_feature(enable = "avx2")]
    pub(super) fn histogram(masks: &Masks, ptes: &[u64]) -> Counts {
        let special = special_swap(masks);
        let zero = _mm256_setzero_si256();
        let mut lanes = Lanes { keys: [zero; KEYS], special: zero };
        let whole = ptes.len() / BLOCK * BLOCK;
        for blocks in ptes[..whole].chunks(BLOCK * BLOCKS) {
            count_blocks(blocks, special.unwrap_or(0), &mut lanes);
        }
        let mut counts = [0; Class::COUNT];
        for pte in &ptes[whole..] {
            counts[masks.class(*pte) as usize] += 1;
        }
        let first = max_swapfiles();
        let keys = lanes.keys.map(sum64);
        counts[Class::Present as usize] += keys[0];
        counts[Class::ProtNone as usize] += keys[1];
        for (kind, count) in (first..).zip(&keys[2..2 + TYPES]) {
            counts[masks.class_of_type(kind) as usize] += count;
        }
        counts[Class::None as usize] += keys[2 + TYPES];
        if let Some(special) = special {
            let count = sum64(lanes.special);
            counts[Class::Special as usize] += count;
            if swap_type(special) >= first {
                counts[masks.class_of_type(swap_type(special)) as usize] -= count;
            }
        }
        // What is left has the type of a swap area.
        let counted: u64 = counts.iter().sum();
        counts[Class::Swap as usize] += ptes.len() as u64 - counted;
        counts
    }

    /// Counts at most [`BLOCKS`] blocks.
    #[target_feature(enable = "avx2")]
    fn count_blocks(ptes: &[u64], special: u64, lanes: &mut Lanes) {
        let zero = _mm256_setzero_si256();
        let special = _mm256_set1_epi64x(special as i64);
        let kinds: [__m256i; TYPES] = std::array::from_fn(|i| _mm256_set1_epi8((max_swapfiles() as usize + i) as i8));
        let keys = [_mm256_set1_epi8(-128), _mm256_set1_epi8(127), kinds[0], kinds[1], kinds[2], kinds[3], kinds[4]];
        let mut bytes = [zero; KEYS];
        let mut specials = lanes.special;
        for block in ptes.chunks_exact(BLOCK) {
            let (mut marks, mut kinds, mut rests) = ([zero; 4], [zero; 4], [zero; 4]);
            for (i, eight) in block.chunks_exact(8).enumerate() {
                // SAFETY: `eight` has eight words, which are two vectors; the loads ask for no alignment.
                let (a, b) = unsafe {
                    (_mm256_loadu_si256(eight.as_ptr().cast()), _mm256_loadu_si256(eight.as_ptr().add(4).cast()))
                };
                let equal = _mm256_add_epi64(_mm256_cmpeq_epi64(a, special), _mm256_cmpeq_epi64(b, special));
                specials = _mm256_sub_epi64(specials, equal);
                let (low, high) = halves(a, b);
                marks[i] = _mm256_and_si256(low, _mm256_set1_epi32((present_hw() | global()) as i32));
                kinds[i] = _mm256_srli_epi32::<27>(high);
                rests[i] = _mm256_or_si256(_mm256_andnot_si256(_mm256_set1_epi32(erratum() as i32), low), high);
            }
            let block = byte_keys(marks, kinds);
            for (bytes, key) in bytes.iter_mut().zip(keys) {
                *bytes = _mm256_sub_epi8(*bytes, _mm256_cmpeq_epi8(block, key));
            }
            // A pack keeps 0 as 0 and everything else as something else.
            let [a, b] = pack(rests);
            let none = _mm256_cmpeq_epi8(_mm256_packs_epi16(a, b), zero);
            bytes[2 + TYPES] = _mm256_sub_epi8(bytes[2 + TYPES], none);
        }
        lanes.special = specials;
        for (sum, bytes) in lanes.keys.iter_mut().zip(bytes) {
            *sum = _mm256_add_epi64(*sum, _mm256_sad_epu8(bytes, zero));
        }
    }

    /// The low halves of eight words, and the high ones, in the same order.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn halves(a: __m256i, b: __m256i) -> (__m256i, __m256i) {
        let (a, b) = (_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
        let low = _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(a, b));
        let high = _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(a, b));
        (low, high)
    }

    /// 32 words of 32 bits as words of 16, saturated.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn pack(words: [__m256i; 4]) -> [__m256i; 2] {
        [_mm256_packs_epi32(words[0], words[1]), _mm256_packs_epi32(words[2], words[3])]
    }

    /// The byte of each pte, of its P and PROTNONE and of its type: P becomes the sign, PROTNONE stands above the type,
    /// and the pack to bytes saturates both.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn byte_keys(marks: [__m256i; 4], kinds: [__m256i; 4]) -> __m256i {
        const { assert!(is_as_expected(), "P is bit 0, PROTNONE bit 8, and the type the top of the high half") };
        let (marks, kinds) = (pack(marks), pack(kinds));
        let [a, b] = [0, 1].map(|i| {
            let signed = _mm256_or_si256(_mm256_slli_epi16::<15>(marks[i]), marks[i]);
            _mm256_or_si256(signed, kinds[i])
        });
        _mm256_packs_epi16(a, b)
    }

    /// What [`byte_keys`] takes for granted of the layout.
    #[cfg(not(test))]
    const fn is_as_expected() -> bool {
        present_hw() == 1 && global() == 1 << 8 && type_shift() == 32 + 27
    }

    /// In a unit test the constants are no constants.
    #[cfg(test)]
    const fn is_as_expected() -> bool {
        let _ = (present_hw, type_shift);
        true
    }

    fn sum64(lanes: __m256i) -> u64 {
        // SAFETY: both are 32 bytes, and every bit pattern is some words.
        let words: [u64; 4] = unsafe { std::mem::transmute(lanes) };
        words.iter().sum()
    }
}
