//! The reference: what a pte is, and each site's rule on it, to be read beside the kernel's source.
//!
//! [`Model::answer`] takes a raw call and gives the answer that the kernel would; [`crate::lockstep`] holds a subject against it. The model is
//! written for a reader who knows mm and little Rust: it unpacks a pte into [`Pte`], says the rule, and packs the result again.

mod accessor;
mod around;
mod entry;
mod events;
mod fault;
mod fork;
mod gup;
mod madvise;
mod migrate;
mod mincore;
mod page;
mod pte;
mod swapfile;
mod uffd_wp;
mod unmap;
mod wp_page;
mod zap;

pub use pte::{Collision, Held, Mapped, Model, Nothing, Pte};
