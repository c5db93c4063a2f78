//! Every constant that the packed implementation knows: bits, fields, numbers.
//!
//! They are written down here a second time and on purpose, from the same facts as the layout and the site table:
//! packed is an independent reading. Each constant is a function. In a normal build it is the plain value; in a unit
//! test one constant at a time can be replaced (`flip`), so that a test can ask of each whether any recorded answer
//! would notice it to be wrong.
//!
//! A `mask` is a set of bits of some word, a `number` is everything else: shifts, swap types, result codes.

mod layout;
mod outcomes;
mod params;

pub(crate) use layout::*;
pub(crate) use outcomes::*;
pub(crate) use params::*;

/// Declares a group of constants: one function for each, and for tests the list of their kinds, names and values.
macro_rules! constants {
    ($group:literal; $($kind:ident $name:ident = $value:expr; $doc:literal)*) => {
        $(
            #[doc = $doc]
            #[cfg(not(test))]
            #[inline(always)]
            pub(crate) const fn $name() -> u64 {
                $value
            }

            #[doc = $doc]
            #[cfg(test)]
            #[inline(always)]
            pub(crate) fn $name() -> u64 {
                super::flip::current($group, Index::$name as u32, $value)
            }
        )*

        #[cfg(test)]
        #[allow(non_camel_case_types, reason = "each is the name of a constant")]
        enum Index {
            $($name),*
        }

        /// The constants of this group as data.
        #[cfg(test)]
        pub(super) const LIST: &[super::flip::Constant] = &[
            $(super::flip::Constant {
                group: $group,
                index: Index::$name as u32,
                is_mask: matches!(stringify!($kind).as_bytes(), b"mask"),
                name: stringify!($name),
                value: $value,
            }),*
        ];
    };
}
use constants;

/// The seam by which a unit test replaces one constant.
#[cfg(test)]
pub(crate) mod flip {
    use std::cell::Cell;

    /// One constant as data.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Constant {
        pub(super) group: u32,
        pub(super) index: u32,
        /// A set of bits, not a number.
        pub(crate) is_mask: bool,
        /// The name of the function that returns it.
        pub(crate) name: &'static str,
        /// What it is.
        pub(crate) value: u64,
    }

    thread_local! {
        static REPLACED: Cell<(u32, u32, u64)> = const { Cell::new((u32::MAX, 0, 0)) };
    }

    /// Every constant of every group.
    pub(crate) fn all() -> impl Iterator<Item = Constant> {
        [super::layout::LIST, super::params::LIST, super::outcomes::LIST].into_iter().flatten().copied()
    }

    /// Gives `constant` another value on this thread, until [`restore`].
    pub(crate) fn replace(constant: &Constant, value: u64) {
        REPLACED.set((constant.group, constant.index, value));
    }

    /// Gives every constant its own value again.
    pub(crate) fn restore() {
        REPLACED.set((u32::MAX, 0, 0));
    }

    #[inline(always)]
    pub(super) fn current(group: u32, index: u32, value: u64) -> u64 {
        let (at_group, at_index, other) = REPLACED.get();
        if at_group == group && at_index == index { other } else { value }
    }
}
