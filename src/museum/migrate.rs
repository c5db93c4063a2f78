//! Bugs of mm/migrate.c: waiting for a migration, its end, and the collection of pages for a device.

use super::{Bug, on_special};
use crate::packed::entry::any;
use crate::packed::masks::*;
use crate::packed::{Packed, Watch, plain};
use crate::site::{Answer, Call, SiteId};

pub(super) const H10: Bug = Bug {
    mistake: "__migration_entry_wait() decodes the special pte",
    harm: "none on x86_64, where it decodes to no migration entry by luck; elsewhere a wait for a page that does not migrate",
    ..Bug::hunk("H10", "migration-wait-decodes-special", SiteId::MigrationWait, migration_wait_decodes)
};

fn migration_wait_decodes(packed: &mut Packed<Watch>, call: &Call) -> Answer {
    on_special(packed, call, |packed, call| {
        let entry = packed.decode(call.pte);
        if !entry.is_migration() {
            return plain(call.pte, 0, 0);
        }
        plain(call.pte, if any(call.p[0], mw_ref_ok()) { mwo_waits() } else { mwo_no_ref() }, entry.offset)
    })
}
