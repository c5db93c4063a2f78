//! Around the clock: a corpus that a run goes on from, statistics, metrics, reports for CI, fleets, and what goes wrong on real machines.

#[path = "continuous/corpus.rs"]
mod corpus;
#[path = "continuous/faults.rs"]
mod faults;
#[path = "continuous/fleet.rs"]
mod fleet;
#[path = "continuous/reports.rs"]
mod reports;
#[path = "continuous/support.rs"]
mod support;
