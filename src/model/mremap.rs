//! mm/mremap.c: moving page tables.

use super::answered;
use super::pte::{Held, Mapped, Model, Pte};
use crate::site::Answer;

/// `move_soft_dirty_pte()`, v5.10 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com).
///
/// What moves is soft-dirty at its new address, in the encoding that the pte uses. The special pte has no room for the flag: setting it there
/// would make a swap entry of it.
pub(super) fn move_soft_dirty_pte(model: &Model, raw: u64) -> Answer {
    let pte = match model.read(raw) {
        Pte::Present(mapped) => model.write_mapped(&Mapped { soft_dirty: true, ..mapped }),
        Pte::Swap(held) => model.write_held(&Held { soft_dirty: true, ..held }),
        Pte::None(_) | Pte::Special => raw,
    };
    answered(pte, 0, 0)
}
