//! The uses that packed makes while it answers the recorded rows, against the uses that the kernel's own functions
//! made.

use super::*;
use crate::site::{SiteId, Use};
use std::collections::HashMap;

/// The kind of use that an accessor of the kernel is.
fn kind_of(accessor: &str) -> Use {
    match accessor {
        "pte_to_swp_entry" => Use::Decode,
        _ if accessor.starts_with("pte_swp_") => Use::SwapFlag,
        _ => Use::PresentFlag,
    }
}

/// The recorded uses of each site and class of input.
///
/// Generalised in two ways. A pte that a function builds of a protection is present or PROT_NONE by that protection,
/// so both are allowed where one is recorded; and a pte found after a wait may hold any entry. The special pte is
/// allowed only where it is recorded itself.
fn recorded_uses() -> HashMap<(SiteId, Class), Uses> {
    let text = std::fs::read_to_string(directory().join("uses.tsv")).expect("a readable file");
    let mut recorded: HashMap<(SiteId, Class), Uses> = HashMap::new();
    for line in text.lines().skip(2) {
        let columns: Vec<&str> = line.split('\t').collect();
        let site = Site::by_name(columns[0]).expect("a site").id;
        let [input, class] = [columns[1], columns[3]].map(|name| Class::from_abi_name(name).expect("a class"));
        let kind = kind_of(columns[2]);
        let others: &[Class] = match (columns[4], kind) {
            ("other", Use::PresentFlag) => &[Class::Present, Class::ProtNone],
            ("other", Use::Decode) => &Class::ALL[Class::Swap as usize..=Class::HwPoison as usize],
            _ => &[],
        };
        let uses = others.iter().fold(Uses::one(kind, class), |all, class| all.and(Uses::one(kind, *class)));
        let all = recorded.entry((site, input)).or_default();
        *all = all.and(uses);
    }
    recorded
}

/// What is allowed beyond `uses.tsv`: the two sites without rows there, by their source; handing a pte to
/// `do_swap_page()`, which it does not record; and the flags of a writable device entry's rebuilt pte.
fn beyond_the_record(site: SiteId, class: Class) -> Uses {
    let one = |kind| Uses::one(kind, class);
    let entry = !matches!(class, Class::None | Class::Present | Class::ProtNone | Class::Special);
    let device = matches!(class, Class::DeviceRead | Class::DeviceWrite);
    let present = matches!(class, Class::Present | Class::ProtNone);
    let of_present = if present || device { one(Use::PresentFlag) } else { Uses::NONE };
    let of_device = if device { one(Use::Decode).and(one(Use::SwapFlag)) } else { Uses::NONE };
    match site {
        SiteId::KhugeSwapin | SiteId::PteFaultRfc08 if entry => one(Use::SwapFault),
        SiteId::PteFault if entry || class == Class::Special => one(Use::SwapFault),
        SiteId::PageMkclean => of_present.and(of_device.without(one(Use::SwapFlag))),
        SiteId::Unmap => {
            let left = [Class::Swap, Class::MigrationRead, Class::MigrationWrite];
            let built = left.iter().fold(Uses::NONE, |all, class| all.and(Uses::one(Use::SwapFlag, *class)));
            // Of the pte of a device private page the swap flags are read with no look at its class.
            let of_device_page = if present { one(Use::SwapFlag) } else { Uses::NONE };
            of_present.and(of_device).and(of_device_page).and(if present || device { built } else { Uses::NONE })
        }
        _ => Uses::NONE,
    }
}

/// Whether the answer says that it stored to the pte.
fn says_it_stored(call: &Call, answer: &Answer) -> bool {
    match call.site {
        SiteId::ChangeProt => answer.outcome & 2 != 0,
        SiteId::ClearSoftDirty => answer.outcome & 1 != 0,
        SiteId::Accessor => false,
        site => site as u8 >= SiteId::Fork as u8 && answer.outcome >> 16 & 3 != 0,
    }
}

/// All stores of a set of uses.
fn stores() -> Uses {
    Class::ALL.iter().fold(Uses::NONE, |all, class| all.and(Uses::one(Use::Store, *class)))
}

/// Replays the rows and requires that each use is allowed for the site and the class of the input.
fn check(files: &[Vectors], allowed: impl Fn(SiteId, Class) -> Uses) {
    for vectors in files {
        let mut watched = Packed::observed(vectors.environment);
        for row in &vectors.rows {
            let class = watched.masks.class(row.call.pte);
            let found = watched.answer(&row.call).uses.without(stores());
            let allowed = as_what_it_decodes_to(&row.call, class, &allowed);
            let excess: Vec<_> = found.without(allowed).iter().collect();
            assert!(excess.is_empty(), "{}: {:x?} ({}): {excess:?}", vectors.name, row.call, class.name());
        }
    }
}

/// A site that the patch missed uses the special pte as what it decodes to. `uses.tsv` knows that of `0x4` only, a
/// slot; a shifted value decodes to a migration or device entry, and is used as one.
pub(super) fn as_what_it_decodes_to(call: &Call, class: Class, allowed: impl Fn(SiteId, Class) -> Uses) -> Uses {
    let special = allowed(call.site, class);
    if class != Class::Special || CONVERTED.contains(&call.site) {
        return special;
    }
    let decoded = Packed::new(Environment::of(Config::NoUserfaultfd)).masks.class(call.pte);
    let mut all = special.and(allowed(call.site, decoded));
    for (kind, used) in allowed(call.site, decoded).iter().filter(|(_, used)| *used == decoded) {
        assert_eq!(used, decoded);
        all = all.and(Uses::one(kind, Class::Special));
    }
    all
}

#[test]
fn what_is_used_was_used_by_the_kernel() {
    let recorded = recorded_uses();
    let mut files = all_vectors();
    files.retain(|vectors| vectors.environment.has_uffd_wp());
    check(&files, |site, class| {
        let recorded = recorded.get(&(site, class)).copied().unwrap_or_default();
        recorded.and(beyond_the_record(site, class))
    });
}

#[test]
fn what_is_used_is_expected_by_the_table_of_sites() {
    check(&all_vectors(), |site, class| Site::of(site).allowed_uses(class));
}

#[test]
fn a_store_is_reported_exactly_where_the_outcome_has_one() {
    for vectors in all_vectors() {
        let mut watched = Packed::observed(vectors.environment);
        for row in &vectors.rows {
            let found = watched.answer(&row.call);
            let reported = !stores().without(stores().without(found.uses)).is_empty();
            assert_eq!(reported, says_it_stored(&row.call, &found), "{}: {:x?}", vectors.name, row.call);
        }
    }
}

/// The sites that the patch, or a later hunk, taught the special pte.
const CONVERTED: [SiteId; 20] = [
    SiteId::ChangeProt,
    SiteId::MoveSoftDirty,
    SiteId::ClearSoftDirty,
    SiteId::Pagemap,
    SiteId::Smaps,
    SiteId::SmapsHugetlb,
    SiteId::KhugeScan,
    SiteId::KhugeSwapin,
    SiteId::Mctgt,
    SiteId::MigrationWait,
    SiteId::Pvmw,
    SiteId::HmmV3,
    SiteId::DoSwapPage,
    SiteId::ForkRfc17,
    SiteId::MigrateCollectV3,
    SiteId::UnuseV3,
    SiteId::MincoreV3,
    SiteId::MadvFreeV3,
    SiteId::WillneedV3,
    SiteId::GupV3,
];

#[test]
fn converted_sites_never_use_the_special_pte() {
    let kinds = [Use::Decode, Use::SwapFlag, Use::PresentFlag, Use::SwapFault];
    let special = kinds.iter().fold(Uses::NONE, |all, kind| all.and(Uses::one(*kind, Class::Special)));
    for vectors in all_vectors().iter().filter(|v| v.environment.has_uffd_wp()) {
        let mut watched = Packed::observed(vectors.environment);
        for row in vectors.rows.iter().filter(|row| CONVERTED.contains(&row.call.site)) {
            let found = watched.answer(&row.call).uses;
            assert_eq!(found.without(special), found, "{}: {:x?}", vectors.name, row.call);
        }
    }
}

#[test]
fn missed_sites_do_use_it() {
    let missed = [
        (SiteId::HmmRfc, Use::Decode),
        (SiteId::Fork, Use::Decode),
        (SiteId::ForkRfc02, Use::SwapFlag),
        (SiteId::Zap, Use::Decode),
        (SiteId::MigrateCollect, Use::Decode),
        (SiteId::Unuse, Use::Decode),
        (SiteId::Mincore, Use::Decode),
        (SiteId::MadvFree, Use::Decode),
        (SiteId::Willneed, Use::Decode),
        (SiteId::PteFault, Use::SwapFault),
        (SiteId::InstallUffdWp, Use::SwapFlag),
    ];
    let mut watched = Packed::observed(Environment::default());
    for (site, kind) in missed {
        let found = watched.answer(&Call { site, pte: 0x4, p: [0; 3] }).uses;
        assert!(!found.without(found.without(Uses::one(kind, Class::Special))).is_empty(), "{site:?}: {found:?}");
    }
    let gup = watched.answer(&Call { site: SiteId::Gup, pte: 0x4, p: [0x400, 0, 0] }).uses;
    assert_eq!(gup, Uses::one(Use::Decode, Class::Special));
}
