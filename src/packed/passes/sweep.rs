//! The loops of the passes over a slice, each compiled once for every back end from one source.
//!
//! Parameters are the same for all entries or one triple for each ([`Facts`]); the loop is compiled for both. Slices
//! may have any length and start anywhere. What has different lengths is answered up to the shortest.

use super::backend::{Backend, Kind};
use super::lanes;
use crate::packed::Masks;
use crate::packed::entry::{any, none, present};
use crate::packed::masks::{pagemap_present, pagemap_soft_dirty, pagemap_swap};

/// The parameter words of a site for each entry of a slice.
#[derive(Clone, Copy, Debug)]
pub enum Facts<'a> {
    /// The same for all.
    Same([u64; 3]),
    /// One triple for each.
    Each(&'a [[u64; 3]]),
}

/// Compiles a function for every back end. Its arguments are plain names, its body a call that is inlined.
macro_rules! for_each_backend {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> $result:ty $body:block) => {
        $(#[$doc])*
        $vis fn $name(backend: Backend, $($arg: $type),*) -> $result {
            #[inline(always)]
            fn portable($($arg: $type),*) -> $result $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2($($arg: $type),*) -> $result {
                portable($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
            fn avx512($($arg: $type),*) -> $result {
                portable($($arg),*)
            }

            match backend.0 {
                Kind::Portable => portable($($arg),*),
                // SAFETY: a back end of this kind exists only where the machine has the instructions.
                #[cfg(target_arch = "x86_64")]
                Kind::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Kind::Avx512 => unsafe { avx512($($arg),*) },
            }
        }
    };
}

/// A loop over entries, their parameters and the slots of their results. A macro, so that the step is part of the loop in both of its
/// forms: a call in it, however small, and nothing becomes vectors.
macro_rules! sweep {
    ($from:ident, $to:ident, $facts:ident, |$pte:ident, $p:ident, $slot:ident| $step:block) => {
        match $facts {
            Facts::Same($p) => {
                for (&$pte, $slot) in $from.iter().zip($to) $step
            }
            Facts::Each(each) => {
                for ((&$pte, $slot), &$p) in $from.iter().zip($to).zip(each) $step
            }
        }
    };
}

for_each_backend! {
    /// Writes the ptes of `from` to `to` under a new protection; how many were stored and counted.
    pub(super) fn change_prot(masks: &Masks, from: &[u64], to: &mut [u64], facts: Facts<'_>) -> u64 {
        let masks = *masks;
        let mut changed = 0;
        sweep!(from, to, facts, |pte, p, slot| {
            let (new, stored) = lanes::change_prot(&masks, pte, p);
            *slot = new;
            changed += stored;
        });
        changed
    }
}

for_each_backend! {
    /// Writes the ptes of `from` to `to` as soft-dirty; how many are not none, and how many are present.
    pub(super) fn move_soft_dirty(masks: &Masks, from: &[u64], to: &mut [u64]) -> (u64, u64) {
        let masks = *masks;
        let (mut moved, mut mapped) = (0, 0);
        for (&pte, slot) in from.iter().zip(to) {
            *slot = lanes::move_soft_dirty(&masks, pte);
            moved += !none(pte) as u64;
            mapped += present(pte) as u64;
        }
        (moved, mapped)
    }
}

for_each_backend! {
    /// Writes the ptes of `from` to `to` as not soft-dirty; how many were stored.
    pub(super) fn clear_soft_dirty(masks: &Masks, from: &[u64], to: &mut [u64], facts: Facts<'_>) -> u64 {
        let masks = *masks;
        let mut stores = 0;
        sweep!(from, to, facts, |pte, p, slot| {
            let (new, stored) = lanes::clear_soft_dirty(&masks, pte, p[0]);
            *slot = new;
            stores += stored;
        });
        stores
    }
}

for_each_backend! {
    /// Writes the pagemap words of the ptes of `from` to `to`; how many have present, swap and soft-dirty.
    pub(super) fn pagemap(masks: &Masks, from: &[u64], to: &mut [u64], facts: Facts<'_>) -> [u64; 3] {
        let masks = *masks;
        let (mut mapped, mut swapped, mut tracked) = (0, 0, 0);
        sweep!(from, to, facts, |pte, p, slot| {
            let word = lanes::pagemap(&masks, pte, p[0]);
            *slot = word;
            mapped += any(word, pagemap_present()) as u64;
            swapped += any(word, pagemap_swap()) as u64;
            tracked += any(word, pagemap_soft_dirty()) as u64;
        });
        [mapped, swapped, tracked]
    }
}
