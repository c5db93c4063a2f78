//! Entries that cannot be told from something else once they are encoded.

use super::{ask, call, configured, shifted, x86};
use crate::pte::{Class, Config, Special};
use crate::site::SiteId;

const TOP_OFFSET: u64 = (1 << 50) - 1;

#[test]
fn the_last_offset_of_type_0_encodes_to_none_and_is_answered_as_the_kernel_does() {
    let named = [("kind", 0), ("offset", TOP_OFFSET)];
    let answer = ask(&x86(), SiteId::SwpEntryToPte, 0, &named);
    assert_eq!((answer.pte, answer.aux), (0, TOP_OFFSET));

    let collision = x86().precondition(&call(SiteId::SwpEntryToPte, 0, &named)).unwrap_err();
    assert_eq!((collision.value, collision.class), (0, Class::None));
    assert_eq!(
        collision.to_string(),
        "swap entry (type 0, offset 0x3ffffffffffff) encodes to 0x0, which is none",
        "a person reads this"
    );
}

#[test]
fn an_entry_that_becomes_special_with_one_of_its_flags_is_a_collision() {
    for special in [Special::Migration, Special::Device] {
        let model = shifted(special);
        let entry = model.decode(special.value());
        let named = [("kind", entry.kind.into()), ("offset", entry.offset)];
        let collision = model.precondition(&call(SiteId::SwpEntryToPte, 0, &named)).unwrap_err();
        assert_eq!((collision.value, collision.class), (special.value(), Class::Special));
        assert_eq!(x86().precondition(&call(SiteId::SwpEntryToPte, 0, &named)), Ok(()));
    }
}

#[test]
fn an_offset_of_more_than_50_bits_does_not_come_back() {
    let collision =
        x86().precondition(&call(SiteId::SwpEntryToPte, 0, &[("kind", 1), ("offset", 1 << 50)])).unwrap_err();
    assert_eq!((collision.value, collision.class), (0x0fff_ffff_ffff_fe00, Class::Swap));
}

#[test]
fn ordinary_entries_keep_the_precondition_everywhere() {
    for config in Config::ALL {
        for kind in 0..32 {
            for offset in [0, 1, 0xffff_ffff, 0xff_ffff_ffff] {
                let named = [("kind", kind), ("offset", offset)];
                assert_eq!(configured(config).precondition(&call(SiteId::SwpEntryToPte, 0, &named)), Ok(()));
            }
        }
    }
}

#[test]
fn the_entry_that_unmap_stores_is_looked_at() {
    let unmap = |private: u64| x86().precondition(&call(SiteId::Unmap, 0x25, &[("private", private)]));
    assert_eq!(unmap(5 << 58 | 0x1234), Ok(()));
    assert_eq!(unmap(TOP_OFFSET).unwrap_err().class, Class::None);
}

#[test]
fn the_device_page_that_remove_migration_stores_is_looked_at() {
    let named = [("new_devpriv", 1), ("new_pfn", 0x1234)];
    let replace = call(SiteId::RemoveMigration, 0, &named);
    assert_eq!(x86().precondition(&replace), Ok(()));
    assert_eq!(shifted(Special::Device).precondition(&replace).unwrap_err().class, Class::Special);
    let mapped = call(SiteId::RemoveMigration, 0, &named[1..]);
    assert_eq!(shifted(Special::Device).precondition(&mapped), Ok(()));
}
