//! The accessors of a slot: `ptep_set_access_flags()` and its kin in arch/x86/mm/pgtable.c and arch/x86/include/asm/pgtable.h, v5.10, the
//! same in v5.11.

use super::events::{CLEAR, STORE, TLB};
use super::page::{answer, untouched, when};
use super::pte::{Mapped, Model};
use crate::site::{Answer, params};

/// The numbers of `PTEFUZZ_AC_*`.
mod operation {
    pub(super) const SET_ACCESS_FLAGS: u64 = 0;
    pub(super) const TEST_CLEAR_YOUNG: u64 = 1;
    pub(super) const CLEAR_FLUSH_YOUNG: u64 = 2;
    pub(super) const SET_WRPROTECT: u64 = 3;
    pub(super) const GET_AND_CLEAR: u64 = 4;
    pub(super) const GET_AND_CLEAR_FULL: u64 = 5;
    pub(super) const CLEAR_FLUSH: u64 = 6;
    pub(super) const ACCESSIBLE: u64 = 7;
}

/// One accessor on what stands in the slot, whatever its class. The code is what it returns, the auxiliary word the pte that it returns.
pub(super) fn accessor(model: &Model, raw: u64, p: &params::Accessor) -> Answer {
    let old = model.read_mapped(raw);
    match p.operation {
        operation::SET_ACCESS_FLAGS => set_access_flags(raw, p.entry, p.argument & 1 != 0),
        // The flush of ptep_clear_flush_young() is left out on x86.
        operation::TEST_CLEAR_YOUNG | operation::CLEAR_FLUSH_YOUNG => test_and_clear_young(model, raw, old),
        operation::SET_WRPROTECT => answer(model.write_mapped(&Mapped { write: false, ..old }), STORE, 0),
        operation::GET_AND_CLEAR | operation::GET_AND_CLEAR_FULL => answer(0, CLEAR, raw),
        operation::CLEAR_FLUSH => answer(0, CLEAR | when(old.hardware, TLB), raw),
        // pte_accessible() without a flush pending: PROT_NONE is not.
        operation::ACCESSIBLE => answer(raw, when(old.hardware, 1), 0),
        _ => untouched(raw),
    }
}

/// `ptep_set_access_flags()`: says whether the pte differs, and stores only if the new one is dirty.
fn set_access_flags(raw: u64, entry: u64, dirty: bool) -> Answer {
    let changed = raw != entry;
    if changed && dirty { answer(entry, 1 | STORE, 0) } else { answer(raw, when(changed, 1), 0) }
}

/// `ptep_test_and_clear_young()`: one bit, also where it means something else.
fn test_and_clear_young(model: &Model, raw: u64, old: Mapped) -> Answer {
    if !old.young {
        return untouched(raw);
    }
    answer(model.write_mapped(&Mapped { young: false, ..old }), 1 | STORE, 0)
}
