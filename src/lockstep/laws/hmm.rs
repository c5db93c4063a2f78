//! Laws of what a device is told about a pte: `hmm_vma_handle_pte()`.

use super::Law;
use super::bits::*;
use crate::pte::Class;
use crate::site::SiteId::{HmmRfc, HmmV3};

const FAULT: u64 = 1;
const FAULT_WRITE: u64 = 2;
const VM_WRITE: u64 = 4;
const OWN: u64 = 8;

const RESULT: u64 = 15;
const BUSY: u64 = 1;
const NOT_PERMITTED: u64 = 2;
const FAILED: u64 = 3;
const FAULTED: u64 = 0x100;
const WAITED: u64 = 0x200;

const VALID: u64 = 1 << 63;
const WRITABLE: u64 = 1 << 62;
const ERROR: u64 = 1 << 61;
/// What stands in `*hmm_pfn` before the call.
const UNWRITTEN: u64 = 0x123;

/// Whether this is the form that decodes the special pte, on a special pte: then nothing is promised but harmlessness.
const fn decodes_special(c: &super::Case<'_>) -> bool {
    matches!(c.site(), HmmRfc) && c.is(MARKER)
}

/// Whether the pte is one that a device may write through without a fault.
const fn writes_as_it_stands(c: &super::Case<'_>) -> bool {
    matches!(c.class, Class::Present) && c.had(RW)
}

pub(super) const LAWS: &[Law] = &[
    Law {
        name: "hmm-success-gives-what-was-asked",
        text: "Success means that nothing was faulted or waited for, and that a page that was required is there, writable if that was required of ordinary memory.",
        source: "Documentation/vm/hmm.rst and hmm_vma_handle_pte(), v5.10",
        configs: EVERY,
        sites: &[HmmRfc, HmmV3],
        classes: ANY,
        catches: "the write requirement is dropped, and a device writes to a page that is shared copy-on-write",
        holds: |c| {
            if c.says(RESULT) {
                return true;
            }
            let needs_write = c.asked_all(FAULT | FAULT_WRITE) && c.is(PRESENT);
            !c.says(FAULTED | WAITED)
                && (!c.asked(FAULT) || c.aux() & VALID != 0)
                && (!needs_write || c.aux() & WRITABLE != 0)
        },
        mistake: |c, a| {
            if matches!(c.class, Class::Present) && c.asked_all(FAULT | FAULT_WRITE) && !c.had(RW | SPECIAL) {
                a.outcome = 0;
                a.aux = VALID | frame(c.before());
            }
        },
    },
    Law {
        name: "hmm-valid-means-mapped",
        text: "Valid is a page that the hardware sees or the caller's own device page, under its own number, and writable exactly if the pte says so.",
        source: "pte_to_hmm_pfn_flags() and hmm_vma_handle_pte(), v5.10",
        configs: EVERY,
        sites: &[HmmRfc, HmmV3],
        classes: ANY,
        catches: "PROT_NONE pages are reported as valid, and a device reads what the process may not",
        holds: |c| {
            let raw = c.before();
            let flags = c.aux() & (VALID | WRITABLE);
            let number = c.aux() & !(VALID | WRITABLE | ERROR);
            if flags == 0 || decodes_special(c) {
                true
            } else if matches!(c.class, Class::Present) {
                flags == VALID | if c.had(RW) { WRITABLE } else { 0 } && number == frame(raw)
            } else {
                let write = matches!(c.class, Class::DeviceWrite);
                c.is(DEVICE)
                    && c.asked(OWN)
                    && flags == VALID | if write { WRITABLE } else { 0 }
                    && number == offset(raw)
            }
        },
        mistake: |c, a| {
            if matches!(c.class, Class::ProtNone) && !c.says(RESULT) {
                a.aux |= VALID;
            }
        },
    },
    Law {
        name: "hmm-failure-writes-nothing",
        text: "A call that fails or has to be repeated leaves *hmm_pfn as it was.",
        source: "hmm_vma_handle_pte() and hmm_vma_fault(), v5.10",
        configs: EVERY,
        sites: &[HmmRfc, HmmV3],
        classes: ANY,
        catches: "a page is reported before the fault that was to bring it",
        holds: |c| !c.says(RESULT) || c.aux() == UNWRITTEN,
        mistake: |c, a| {
            if c.says(FAULTED) && c.is(PRESENT) {
                a.aux = VALID | frame(c.before());
            }
        },
    },
    Law {
        name: "hmm-waits-for-migration-only",
        text: "The call waits for migration entries that were required, says busy then, and waits for nothing else.",
        source: "hmm_vma_handle_pte(), v5.10",
        configs: EVERY,
        sites: &[HmmRfc, HmmV3],
        classes: ANY,
        catches: "another device's page is waited for as if it were under migration, and the fault never ends",
        holds: |c| {
            decodes_special(c)
                || c.says(WAITED) == (c.is(MIGRATION) && c.asked(FAULT))
                    && (!c.says(WAITED) || c.answer.outcome & RESULT == BUSY)
        },
        mistake: |c, a| {
            if c.is(DEVICE) && c.answer.outcome == FAILED {
                a.outcome = BUSY | WAITED;
            }
        },
    },
    Law {
        name: "hmm-permission-is-the-vmas",
        text: "Not permitted is said exactly of a fault that needs write where the vma has none.",
        source: "hmm_vma_fault(), v5.10",
        configs: EVERY,
        sites: &[HmmRfc, HmmV3],
        classes: ANY,
        catches: "read faults are refused in read-only mappings",
        holds: |c| {
            c.answer.outcome & RESULT != NOT_PERMITTED
                || (c.asked_all(FAULT | FAULT_WRITE) && !c.asked(VM_WRITE) && !writes_as_it_stands(c))
        },
        mistake: |c, a| {
            if c.says(FAULTED) && !c.asked(VM_WRITE) {
                a.outcome = NOT_PERMITTED;
            }
        },
    },
    Law {
        name: "hmm-special-is-a-hole",
        text: "The special pte is answered like none: no page without a requirement, a fault with one.",
        source: "hmm_vma_handle_pte(), version 3 of the patch (05/27)",
        configs: UFFD_WP_ONLY,
        sites: &[HmmV3],
        classes: MARKER,
        catches: "the special pte is an error like every entry that nobody knows",
        holds: |c| {
            if c.asked(FAULT) {
                c.says(RESULT) && (c.says(FAULTED) || c.answer.outcome == NOT_PERMITTED)
            } else {
                c.answer.outcome == 0 && c.aux() == 0
            }
        },
        mistake: |c, a| {
            if c.asked(FAULT) {
                a.outcome = FAILED;
            }
        },
    },
];
