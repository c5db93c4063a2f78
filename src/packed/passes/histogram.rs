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
    //! value have a type too and are counted as values, in lanes of their own; at the end they are taken out of what
    //! their type was counted as.

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

    /// Counters of one slice.
    struct Lanes {
        /// Present, PROT_NONE and the types, in 64-bit lanes.
        keys: [__m256i; 2 + TYPES],
        /// None, in 32-bit lanes.
        none: __m256i,
        /// The special value, in 64-bit lanes.
        special: __m256i,
    }

    /// As [`super::portable`].
    #[target_feature(enable = "avx2")]
    pub(super) fn histogram(masks: &Masks, ptes: &[u64]) -> Counts {
        let special = special_swap(masks);
        let zero = _mm256_setzero_si256();
        let mut lanes = Lanes { keys: [zero; 2 + TYPES], none: zero, special: zero };
        let whole = ptes.len() / BLOCK * BLOCK;
        for blocks in ptes[..whole].chunks(BLOCK * BLOCKS) {
            count_blocks(blocks, special.unwrap_or(0), &mut lanes);
        }
        let mut counts = super::portable(masks, &ptes[whole..]);
        let first = max_swapfiles();
        let keys = lanes.keys.map(sum64);
        counts[Class::Present as usize] += keys[0];
        counts[Class::ProtNone as usize] += keys[1];
        for (kind, count) in (first..).zip(&keys[2..]) {
            counts[masks.class_of_type(kind) as usize] += count;
        }
        counts[Class::None as usize] += sum32(lanes.none);
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
        let mut bytes = [zero; 2 + TYPES];
        let (mut none, mut specials) = (lanes.none, lanes.special);
        for block in ptes.chunks_exact(BLOCK) {
            let mut words = [zero; 4];
            for (word, eight) in words.iter_mut().zip(block.chunks_exact(8)) {
                // SAFETY: `eight` has eight words, which are two vectors; the loads ask for no alignment.
                let (a, b) = unsafe {
                    (_mm256_loadu_si256(eight.as_ptr().cast()), _mm256_loadu_si256(eight.as_ptr().add(4).cast()))
                };
                let equal = _mm256_add_epi64(_mm256_cmpeq_epi64(a, special), _mm256_cmpeq_epi64(b, special));
                specials = _mm256_sub_epi64(specials, equal);
                let (low, high) = halves(a, b);
                none = _mm256_sub_epi32(none, is_none(low, high));
                *word = key(low, high);
            }
            let block =
                _mm256_packs_epi16(_mm256_packs_epi32(words[0], words[1]), _mm256_packs_epi32(words[2], words[3]));
            for (bytes, key) in bytes.iter_mut().zip(keys) {
                *bytes = _mm256_sub_epi8(*bytes, _mm256_cmpeq_epi8(block, key));
            }
        }
        (lanes.none, lanes.special) = (none, specials);
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

    /// All ones where nothing but erratum bits is set.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn is_none(low: __m256i, high: __m256i) -> __m256i {
        let rest = _mm256_andnot_si256(_mm256_set1_epi32(erratum() as i32), low);
        _mm256_cmpeq_epi32(_mm256_or_si256(rest, high), _mm256_setzero_si256())
    }

    /// The sign bit for P, bit 8 for PROTNONE, the swap type below: two signed packs make the byte of it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn key(low: __m256i, high: __m256i) -> __m256i {
        const { assert!(is_bit_0_and_8(), "the key is made of P where it stands and of PROTNONE above the type") };
        let present = _mm256_slli_epi32::<31>(low);
        let protnone = _mm256_and_si256(low, _mm256_set1_epi32(global() as i32));
        let kind = _mm256_srli_epi32::<27>(high);
        _mm256_or_si256(_mm256_or_si256(present, protnone), kind)
    }

    /// What [`key`] takes for granted of the layout.
    #[cfg(not(test))]
    const fn is_bit_0_and_8() -> bool {
        present_hw() == 1 && global() == 1 << 8 && type_shift() == 32 + 27
    }

    /// In a unit test the constants are no constants.
    #[cfg(test)]
    const fn is_bit_0_and_8() -> bool {
        let _ = (present_hw, type_shift);
        true
    }

    fn sum64(lanes: __m256i) -> u64 {
        // SAFETY: both are 32 bytes, and every bit pattern is some words.
        let words: [u64; 4] = unsafe { std::mem::transmute(lanes) };
        words.iter().sum()
    }

    fn sum32(lanes: __m256i) -> u64 {
        // SAFETY: both are 32 bytes, and every bit pattern is some words.
        let words: [u32; 8] = unsafe { std::mem::transmute(lanes) };
        words.iter().map(|word| u64::from(*word)).sum()
    }
}
