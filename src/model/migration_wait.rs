//! mm/migrate.c, the waiting side: a fault on a page that is on its way.

use super::answered;
use super::pte::{Model, Pte};
use crate::pte::Class;
use crate::site::{Answer, params};

const NO_WAIT: u64 = 0;
const WAITS: u64 = 1;
const PAGE_WITHOUT_REFERENCE: u64 = 2;

/// `__migration_entry_wait()`, v5.10 + RFC 07/30 (20210115170907.24498-8-peterx@redhat.com). Auxiliary: the entry's pfn.
///
/// The pte is looked at again under the lock and may be anything by then, the special pte included.
pub(super) fn migration_entry_wait(model: &Model, raw: u64, p: &params::MigrationWait) -> Answer {
    let Pte::Swap(held) = model.read(raw) else {
        return answered(raw, NO_WAIT, 0);
    };
    match model.entry_class(held.entry) {
        Class::MigrationRead | Class::MigrationWrite => {
            answered(raw, if p.ref_ok { WAITS } else { PAGE_WITHOUT_REFERENCE }, held.entry.offset)
        }
        _ => answered(raw, NO_WAIT, 0),
    }
}
