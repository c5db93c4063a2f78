//! Of which class a pte was when a library used it.
//!
//! A report has a value and no more. Where the call gave the site that value, its class is that of the value. Where the site made it, the value can
//! say less than the site knows: a protection without the present bit, which raw calls have and no vma has, makes a mapped pte that reads like a swap
//! pte; and an entry with its flags can be the special value, which the site does not take for it.

use crate::model::Model;
use crate::pte::{Class, X86_64};
use crate::site::{Call, Domain, Use};

/// What a pte keeps of the protection that it was made of, whatever flags are then set or cleared: all but the bits that `pte_modify()` takes
/// from the old pte and those that an accessor of present ptes changes.
const OF_PROTECTION: u64 = 0x1 | 0x4 | 0x80 | 0x100 | 0x3f << 52 | 0xf << 59;

/// The class of a pte that was used so during this call.
pub fn class_of_used(model: &Model, call: &Call, kind: Use, pte: u64) -> Class {
    let class = model.class(pte);
    if pte == call.pte
        || matches!(class, Class::Present | Class::ProtNone)
        || call.words_of(Domain::Pte).any(|found| found == pte)
    {
        return class;
    }
    let mapped = |prot: u64| prot & (X86_64.present | X86_64.global) == 0 && (pte ^ prot) & OF_PROTECTION == 0;
    if kind == Use::PresentFlag && call.words_of(Domain::Prot).any(mapped) {
        Class::Present
    } else if class == Class::Special {
        model.entry_class(model.decode(pte))
    } else {
        class
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pte::{Environment, Special};
    use crate::site::SiteId;

    fn class(special: Special, call: &Call, kind: Use, pte: u64) -> Class {
        class_of_used(&Model::new(Environment::new(special)), call, kind, pte)
    }

    /// A change of protection of a present pte to this one.
    fn protecting(prot: u64) -> Call {
        Call { site: SiteId::ChangeProt, pte: 0x8000_0000_0001_0867, p: [0, prot, 0] }
    }

    #[test]
    fn the_pte_that_the_call_gave_is_what_it_is() {
        for kind in Use::ALL {
            for (pte, expected) in
                [(0x4, Class::Special), (0x6, Class::Swap), (0, Class::None), (0x100, Class::ProtNone)]
            {
                let call = Call { site: SiteId::ChangeProt, pte, p: [0, pte & !X86_64.pfn, 0] };
                assert_eq!(class(Special::X86, &call, kind, pte), expected);
            }
        }
    }

    #[test]
    fn a_pte_that_gup_finds_after_a_wait_is_what_it_is() {
        let call = Call { site: SiteId::GupV3, pte: 0xe7ff_ffff_ffdb_9600, p: [0x400, 0, 0x4] };
        assert_eq!(class(Special::X86, &call, Use::Decode, 0x4), Class::Special);
    }

    #[test]
    fn what_a_protection_without_presence_makes_is_mapped_to_the_flags_of_present_ptes() {
        let prot = 0x8000_0000_0000_0024;
        let made = [prot, 0x800f_ffff_fffe_f026, 0x000f_ffff_fffe_fc64];
        for pte in made {
            assert_eq!(class(Special::X86, &protecting(prot), Use::PresentFlag, pte), Class::Present, "{pte:#x}");
            assert_ne!(class(Special::X86, &protecting(prot), Use::Decode, pte), Class::Present, "{pte:#x}");
        }
        assert_eq!(class(Special::X86, &protecting(0), Use::PresentFlag, 0), Class::Present);
    }

    #[test]
    fn what_that_protection_cannot_have_made_is_not() {
        let prot = 0x8000_0000_0000_0024;
        for pte in [0x8000_0000_0000_0020, 0x8000_0000_0000_00a4, 0x9000_0000_0000_0024, 0x8010_0000_0000_0024] {
            assert_eq!(class(Special::X86, &protecting(prot), Use::PresentFlag, pte), Class::Swap, "{pte:#x}");
        }
        // With a real protection nothing is taken for mapped that is not.
        let real = protecting(0x8000_0000_0000_0025);
        assert_eq!(class(Special::X86, &real, Use::PresentFlag, 0x8000_0000_0000_0024), Class::Swap);
        assert_eq!(class(Special::X86, &real, Use::PresentFlag, 0), Class::None);
    }

    #[test]
    fn an_entry_that_becomes_the_special_value_on_the_way_stays_an_entry() {
        let special = Special::Migration.value();
        let call = Call { site: SiteId::ChangeProt, pte: special | 1 << 59, p: [4, 0, 0] };
        assert_eq!(class(Special::Migration, &call, Use::SwapFlag, special), Class::MigrationRead);
        let plain = Call { site: SiteId::Unuse, pte: 0x6, p: [0; 3] };
        assert_eq!(class(Special::X86, &plain, Use::SwapFlag, 0x4), Class::Swap);
    }
}
