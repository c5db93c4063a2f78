//! The marker that outlives a page: `pte_install_uffd_wp_if_needed()` in include/linux/mm_inline.h, of RFC 13/30.

use super::entry;
use super::events::STORE;
use super::page::{answer, untouched};
use super::pte::{Model, Pte};
use crate::site::{Answer, params};

/// `pte_install_uffd_wp_if_needed()` of RFC 13/30. The pte of the call is the one that was just cleared from the slot; what is left in the
/// slot is the special pte where a file mapping's pte carried uffd-wp in its encoding, and none otherwise.
///
/// The special pte is a swap pte with the swap uffd-wp bit, so it comes back.
pub(super) fn install_uffd_wp(model: &Model, raw: u64, p: &params::InstallUffdWp) -> Answer {
    let was_protected = match model.read(raw) {
        Pte::None(_) => false,
        Pte::Present(mapped) => mapped.uffd_wp,
        Pte::Swap(held) => held.uffd_wp,
        Pte::Special => entry::taken_for_entry(model, raw).uffd_wp,
    };
    if p.vm_anon || !was_protected {
        return untouched(0);
    }
    answer(model.write(Pte::Special), STORE, 0)
}
