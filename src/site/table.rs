//! The shape of the site table: the rows' types, and the macro that makes typed parameters, parsing, printing and documentation from one declaration.

use super::{Call, Uses};
use crate::pte::{Class, ClassSet};

/// What values a parameter field can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// One bit, true or false.
    Flag,
    /// A page protection (`pgprotval_t`): no page frame number bits.
    Prot,
    /// A page frame number; sites take it modulo 2^40.
    Pfn,
    /// A swap type, 0 to 31.
    SwapType,
    /// A swap offset, of which sites keep 50 bits.
    SwapOffset,
    /// A generic `swp_entry_t` value: type << 58 | offset.
    SwapEntry,
    /// A swap count: a C `int`, so the low 32 bits count.
    SwapCount,
    /// The size of a swap area in pages; 0: there is no such area.
    SwapArea,
    /// A byte of `swap_map[]`.
    SwapMapByte,
    /// Number of pages of a transparent huge page; 0 and 1: not one.
    PageCount,
    /// Any pte value.
    Pte,
    /// One of the named numbers.
    Choice(&'static [&'static str]),
}

/// One named field of a site's parameter words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name in text and in the typed parameters, with `-` for `_`.
    pub name: &'static str,
    /// Which parameter word it is in: 0, 1 or 2.
    pub word: u8,
    /// Its lowest bit.
    pub shift: u8,
    /// Its width in bits.
    pub bits: u8,
    /// The values that it can take.
    pub domain: Domain,
    /// What it says, in words; the kernel's or the header's name first where there is one.
    pub doc: &'static str,
}

impl Field {
    /// The bits of the parameter word that the field occupies.
    pub const fn mask(&self) -> u64 {
        (u64::MAX >> (64 - self.bits as u32)) << self.shift
    }

    /// The field's value in these parameter words.
    pub const fn get(&self, p: &[u64; 3]) -> u64 {
        (p[self.word as usize] & self.mask()) >> self.shift
    }

    /// Sets the field in these parameter words; bits of `value` that do not fit are dropped.
    pub const fn set(&self, p: &mut [u64; 3], value: u64) {
        let word = &mut p[self.word as usize];
        *word = (*word & !self.mask()) | ((value << self.shift) & self.mask());
    }
}

/// One named part of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomePart {
    /// A bit with a name.
    Bit(u8, &'static str),
    /// A number in `bits` bits from `shift`, some of whose values have names.
    Number {
        /// The lowest bit.
        shift: u8,
        /// How many bits.
        bits: u8,
        /// What the number is.
        name: &'static str,
        /// Named values.
        values: &'static [(u64, &'static str)],
    },
}

/// Where the truth about a site comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// Recorded answers of the kernel's own function, in every configuration.
    Vectors,
    /// Recorded answers under full uffd-wp only; the rule as read in the source for the other two configurations.
    VectorsUffdWp,
}

impl Truth {
    /// The words that `ptefuzz sites` prints.
    pub const fn name(self) -> &'static str {
        match self {
            Truth::Vectors => "vectors",
            Truth::VectorsUffdWp => "vectors (rule only without uffd-wp)",
        }
    }
}

/// Which classes of used ptes a [`UseRule`] speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// The class of the input pte itself.
    Same,
    /// Ptes of these classes: built by the site, or found by it.
    Of(ClassSet),
}

/// One rule of the expected uses: with an input of one of these classes, these kinds may be applied to such a pte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UseRule {
    /// Classes of the input.
    pub input: ClassSet,
    /// Classes of the pte used.
    pub used: Used,
    /// Bits of [`super::Use`] kinds.
    pub kinds: u8,
}

/// One row of the site table.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// The number of the C ABI.
    pub id: SiteId,
    /// The name that vectors, text and signatures use.
    pub name: &'static str,
    /// The kernel function, and where it stands.
    pub function: &'static str,
    /// Tree and version that the rule was read in.
    pub source: &'static str,
    /// The rule in words.
    pub rule: &'static str,
    /// The classes of ptes that it may be called on.
    pub domain: ClassSet,
    /// Its parameters.
    pub fields: &'static [Field],
    /// What its outcome says.
    pub outcome: &'static [OutcomePart],
    /// What its auxiliary word is.
    pub aux: &'static str,
    /// Where the truth about it comes from.
    pub truth: Truth,
    /// The uses that it is expected to make at most.
    pub uses: &'static [UseRule],
}

impl Site {
    /// The row of a site.
    pub fn of(id: SiteId) -> &'static Site {
        &super::SITES[id as usize]
    }

    /// The row with this name.
    pub fn by_name(name: &str) -> Option<&'static Site> {
        super::SITES.iter().find(|s| s.name == name)
    }

    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// The bits of parameter word `word` that are defined.
    pub fn defined_bits(&self, word: usize) -> u64 {
        self.fields.iter().filter(|f| f.word as usize == word).fold(0, |bits, f| bits | f.mask())
    }

    /// The uses allowed for an input of class `input`.
    pub const fn allowed_uses(&self, input: Class) -> Uses {
        let mut allowed = 0;
        let mut r = 0;
        while r < self.uses.len() {
            let rule = &self.uses[r];
            if rule.input.contains(input) {
                let used = match rule.used {
                    Used::Same => ClassSet::of(&[input]),
                    Used::Of(set) => set,
                };
                let mut class = 0;
                while class < Class::COUNT {
                    if used.0 & (1 << class) != 0 {
                        allowed |= (rule.kinds as u64) << (class * 5);
                    }
                    class += 1;
                }
            }
            r += 1;
        }
        Uses(allowed)
    }
}

impl Call {
    /// The row of the call's site.
    pub fn row(&self) -> &'static Site {
        Site::of(self.site)
    }

    /// What the call's parameters of this kind say: its protections, or the ptes that it names beside its own.
    pub fn words_of(&self, domain: Domain) -> impl Iterator<Item = u64> {
        self.row().fields.iter().filter(move |field| field.domain == domain).map(|field| field.get(&self.p))
    }
}

use super::SiteId;

/// Reads a one-bit field for a typed parameter. In unit tests the bit can be inverted, to see whether the recorded answers notice.
#[inline(always)]
pub(crate) fn read_flag(site: SiteId, word: u8, bit: u8, p: &[u64; 3]) -> bool {
    let value = p[word as usize] >> bit & 1 != 0;
    #[cfg(test)]
    let value = value != flip::is_flipped(site, word, bit);
    let _ = site;
    value
}

/// Reads a field of several bits for a typed parameter. In unit tests its lowest bit can be inverted.
#[inline(always)]
pub(crate) fn read_value(site: SiteId, word: u8, shift: u8, bits: u8, p: &[u64; 3]) -> u64 {
    let value = p[word as usize] >> shift & (u64::MAX >> (64 - bits as u32));
    #[cfg(test)]
    let value = value ^ flip::is_flipped(site, word, shift) as u64;
    let _ = site;
    value
}

/// Declares the sites: numbers, rows and typed parameters at once.
macro_rules! sites {
    (
        $(
            $number:literal $id:ident $name:literal {
                function: $function:literal,
                source: $source:expr,
                rule: $rule:literal,
                domain: $domain:expr,
                flags: [ $( $flag:ident @ $fw:literal . $fb:literal $fdoc:literal; )* ]
                values: [ $( $value:ident @ $vw:literal . $vs:literal + $vb:literal $vdomain:expr, $vdoc:literal; )* ]
                outcome: [ $( $outcome:expr; )* ]
                aux: $aux:literal,
                truth: $truth:expr,
                uses: [ $( $input:expr => $used:expr, $kinds:expr; )* ]
            }
        )*
    ) => {
        /// A call site, numbered as in the C ABI (`enum ptefuzz_op`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum SiteId {
            $(
                #[doc = concat!("`", $name, "`: ", $function, ".")]
                $id = $number,
            )*
        }

        impl SiteId {
            /// Every site in ABI order.
            pub const ALL: [SiteId; SITE_COUNT] = [$(SiteId::$id),*];
        }

        /// How many sites there are.
        pub const SITE_COUNT: usize = [$($number),*].len();

        /// The table of sites, in ABI order.
        pub static SITES: [Site; SITE_COUNT] = [
            $(Site {
                id: SiteId::$id,
                name: $name,
                function: $function,
                source: $source,
                rule: $rule,
                domain: $domain,
                fields: &[
                    $(Field { name: stringify!($flag), word: $fw, shift: $fb, bits: 1, domain: Domain::Flag, doc: $fdoc },)*
                    $(Field { name: stringify!($value), word: $vw, shift: $vs, bits: $vb, domain: $vdomain, doc: $vdoc },)*
                ],
                outcome: &[$($outcome),*],
                aux: $aux,
                truth: $truth,
                uses: &[$(UseRule { input: $input, used: $used, kinds: $kinds }),*],
            },)*
        ];

        /// The typed parameters of each site: what the model, the text form and the minimiser speak of.
        pub mod params {
            use super::*;

            /// Typed parameters of one site.
            pub trait Parameters {
                /// The site that they are for.
                const SITE: SiteId;

                /// The parameter words of a call with them.
                fn words(&self) -> [u64; 3];
            }

            $(
                #[doc = concat!("Parameters of `", $name, "`: ", $function, ".")]
                #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
                pub struct $id {
                    $(#[doc = $fdoc] pub $flag: bool,)*
                    $(#[doc = $vdoc] pub $value: u64,)*
                }

                impl $id {
                    /// Reads the parameter words of a call.
                    #[inline]
                    pub fn read(p: &[u64; 3]) -> $id {
                        let _ = p;
                        $id {
                            $($flag: read_flag(SiteId::$id, $fw, $fb, p),)*
                            $($value: read_value(SiteId::$id, $vw, $vs, $vb, p),)*
                        }
                    }
                }

                impl Parameters for $id {
                    const SITE: SiteId = SiteId::$id;

                    #[inline]
                    #[allow(unused_mut, reason = "some sites have no parameters")]
                    fn words(&self) -> [u64; 3] {
                        let mut p = [0; 3];
                        $(p[$fw] |= (self.$flag as u64) << $fb;)*
                        $(p[$vw] |= (self.$value & (u64::MAX >> (64 - $vb))) << $vs;)*
                        p
                    }
                }
            )*
        }
    };
}
pub(crate) use sites;

/// The seam by which unit tests invert one parameter bit on the model's side.
#[cfg(test)]
pub(crate) mod flip {
    use super::SiteId;
    use std::cell::Cell;

    thread_local! {
        static FLIPPED: Cell<Option<(SiteId, u8, u8)>> = const { Cell::new(None) };
    }

    /// Inverts the field at this place until the next call.
    pub(crate) fn set(place: Option<(SiteId, u8, u8)>) {
        FLIPPED.set(place);
    }

    pub(super) fn is_flipped(site: SiteId, word: u8, bit: u8) -> bool {
        FLIPPED.get() == Some((site, word, bit))
    }
}
