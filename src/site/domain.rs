//! Which calls may be made at all: a record outside is refused with a message, and never reaches an implementation.

use super::{Budgets, Call, Domain, Field, RANGE_MAX, RANGE_SITES, RangeCall, SiteId};
use crate::pte::Class;
use std::fmt;

/// Bits that a page protection must not have: those of the page frame number.
const PROT_PFN_BITS: u64 = 0x000f_ffff_ffff_f000;

/// Why a call is outside the domain of its site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainError {
    /// The part of the call that is wrong: `pte`, `p0` or a field's name.
    pub place: String,
    /// What was found there.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for DomainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: found {}, expected {}", self.place, self.found, self.expected)
    }
}

impl std::error::Error for DomainError {}

/// Checks one call; `class` is the class of its pte in the environment that it will run in.
///
/// # Errors
///
/// The first part of the call that is outside the site's domain.
pub fn check_call(call: &Call, class: Class) -> Result<(), DomainError> {
    let site = call.row();
    if !site.domain.contains(class) {
        let names: Vec<_> = site.domain.iter().filter(|c| *c != Class::BadType).map(Class::name).collect();
        return Err(DomainError {
            place: "pte".into(),
            found: format!("{:#x} ({})", call.pte, class.name()),
            expected: format!("one of class {}", names.join(", ")),
        });
    }
    for word in 0..3 {
        let undefined = call.p[word] & !site.defined_bits(word);
        if undefined != 0 {
            return Err(DomainError {
                place: format!("p{word}"),
                found: format!("{:#x}", call.p[word]),
                expected: format!("no bits outside {:#x}", site.defined_bits(word)),
            });
        }
    }
    for field in site.fields {
        check_field(field, field.get(&call.p))?;
    }
    check_combination(call)
}

fn check_field(field: &Field, value: u64) -> Result<(), DomainError> {
    let error =
        |expected: String| Err(DomainError { place: field.name.to_string(), found: format!("{value:#x}"), expected });
    match field.domain {
        Domain::Prot if value & PROT_PFN_BITS != 0 => error("a page protection without pfn bits".into()),
        Domain::SwapType if value > 31 => error("a swap type from 0 to 31".into()),
        Domain::Choice(names) if value >= names.len() as u64 => {
            error(format!("a number from 0 to {}", names.len() - 1))
        }
        _ => Ok(()),
    }
}

/// What no single field says: `BUG_ON`s of the kernel and preconditions of its callers.
fn check_combination(call: &Call) -> Result<(), DomainError> {
    match call.site {
        SiteId::ChangeProt if call.p[0] & 0xc == 0xc => Err(DomainError {
            place: "p0".into(),
            found: "uffd_wp and uffd_resolve together".into(),
            expected: "at most one of them (BUG_ON in the kernel)".into(),
        }),
        SiteId::WpPage if call.pte & 2 != 0 => Err(DomainError {
            place: "pte".into(),
            found: format!("{:#x}, which is writable", call.pte),
            expected: "a present pte without write".into(),
        }),
        _ => Ok(()),
    }
}

/// Checks a range call as [`check_call`] does entry by entry, and its shape.
///
/// # Errors
///
/// The first entry outside the domain, with its index in the place.
pub fn check_range(range: &RangeCall<'_>, class: impl Fn(u64) -> Class) -> Result<(), DomainError> {
    let shape =
        |place: &str, found: String, expected: String| Err(DomainError { place: place.into(), found, expected });
    if !RANGE_SITES.contains(&range.site) {
        return shape("site", super::Site::of(range.site).name.into(), "a site with a range form".into());
    }
    if range.ptes.len() > RANGE_MAX {
        return shape("entries", range.ptes.len().to_string(), format!("at most {RANGE_MAX}"));
    }
    if range.ptes.len() != range.params.len() {
        return shape("params", range.params.len().to_string(), format!("{}, as many as entries", range.ptes.len()));
    }
    if range.site != SiteId::KhugeScan && range.budgets != Budgets::default() {
        return shape("budgets", format!("{:?}", range.budgets), "none, since only khuge_scan has budgets".into());
    }
    for (i, (pte, p)) in range.ptes.iter().zip(range.params).enumerate() {
        check_call(&Call { site: range.site, pte: *pte, p: *p }, class(*pte)).map_err(|mut error| {
            error.place = format!("entry {i}, {}", error.place);
            error
        })?;
    }
    Ok(())
}
