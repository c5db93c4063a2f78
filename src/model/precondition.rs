//! What the kernel's callers promise and no parameter's domain says: that an entry which is to be encoded comes back as itself.

use super::pte::{Collision, Model};
use crate::pte::SwapEntry;
use crate::site::{Call, SiteId, params};

impl Model {
    /// Whether a swap entry that this call's parameters name can be told from everything else once it is in a pte, with any flags.
    ///
    /// The answer of a call that breaks this is still the kernel's; what it stores is no longer what was meant. Entries that a site makes of
    /// its own pte's frame number are not looked at.
    ///
    /// # Errors
    ///
    /// The [`Collision`]: what the entry encodes to and what that value is taken for.
    pub fn precondition(&self, call: &Call) -> Result<(), Collision> {
        match call.site {
            SiteId::SwpEntryToPte => {
                let p = params::SwpEntryToPte::read(&call.p);
                self.encodes_to_itself(SwapEntry { kind: p.kind as u8, offset: p.offset })
            }
            SiteId::Unmap => self.encodes_to_itself(self.entry_of_value(params::Unmap::read(&call.p).private)),
            SiteId::RemoveMigration => {
                let p = params::RemoveMigration::read(&call.p);
                let offset = p.new_pfn & (self.layout().pfn >> (self.layout().pfn_shift & 63));
                if p.new_devpriv {
                    self.encodes_to_itself(self.device_read(offset))?;
                    self.encodes_to_itself(self.device_write(offset))?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether this entry is read back from its pte whatever its flags are.
    fn encodes_to_itself(&self, entry: SwapEntry) -> Result<(), Collision> {
        for (soft_dirty, uffd_wp) in [(false, false), (true, false), (false, true), (true, true)] {
            self.hold(entry, soft_dirty, uffd_wp)?;
        }
        Ok(())
    }
}
