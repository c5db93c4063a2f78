//! The vocabulary: every pte call site of the C ABI, as one declarative table, and the raw records that calls are made of.
//!
//! A site is one place in the kernel that looks at or changes a pte, as a pure function: a pte and parameters in, a pte, an outcome and an
//! auxiliary word out. From the table come the typed parameters, their parsing and printing, the domains of generators, and `ptefuzz sites`.

mod domain;
mod failure;
mod range;
mod raw;
mod rows;
mod table;
mod words;

pub use domain::{DomainError, check_call, check_range};
pub use failure::Failure;
pub use range::{Budgets, RANGE_MAX, RANGE_SITES, RangeAnswer, RangeCall, TOTALS, totals_names};
pub use raw::{Answer, Call, Use, Uses};
pub use rows::{SITE_COUNT, SITES, SiteId, params};
pub use table::{Domain, Field, OutcomePart, Site, Truth, UseRule, Used};
pub(crate) use words::store_bits;
pub use words::{EVENTS, PROTECTIONS, describe_outcome, outcome_parts, prot_name};

#[cfg(test)]
pub(crate) use table::flip;
