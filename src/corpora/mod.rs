//! What corpora reach: the programs of a directory, the cells of each, the smallest set of programs that keeps them all, and a picture.
//!
//! In comes a directory as any engine leaves it: ptefuzz's own text and bytes, libFuzzer's files, AFL++'s queue. Every program is replayed on the
//! model; [`reduce`] chooses the programs of a smaller corpus; [`picture`] shows which states met which sites.

pub mod picture;
mod reduce;
mod replay;
#[cfg(test)]
mod tests;

pub use reduce::reduce;
pub use replay::{Entry, Reached, Replayer, replay};
