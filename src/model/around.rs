//! The sites around the patch, 18 to 45: each call goes to the rule of its site, with its parameters by name.
//!
//! Called by [`Model`] for the sites that it does not answer itself.

use super::pte::Model;
use super::{accessor, fault, fork, gup, madvise, migrate, mincore, swapfile, uffd_wp, unmap, wp_page, zap};
use crate::site::{Answer, Call, SiteId, params};

/// The answer of the sites from `fork` on; nothing for the sites before.
pub(super) fn answer_around(model: &Model, call: &Call) -> Answer {
    macro_rules! ask {
        ($rule:path, $parameters:ident) => {
            $rule(model, call.pte, &params::$parameters::read(&call.p))
        };
    }
    match call.site {
        SiteId::Fork => ask!(fork::fork, Fork),
        SiteId::ForkRfc02 => ask!(fork::fork_rfc02, ForkRfc02),
        SiteId::ForkRfc17 => ask!(fork::fork_rfc17, ForkRfc17),
        SiteId::Zap => ask!(zap::zap, Zap),
        SiteId::Unmap => ask!(unmap::unmap, Unmap),
        SiteId::RemoveMigration => ask!(migrate::remove_migration, RemoveMigration),
        SiteId::MigrateCollect => ask!(migrate::migrate_collect, MigrateCollect),
        SiteId::MigrateCollectV3 => ask!(migrate::migrate_collect_v3, MigrateCollectV3),
        SiteId::Unuse => ask!(swapfile::unuse, Unuse),
        SiteId::UnuseV3 => ask!(swapfile::unuse_v3, UnuseV3),
        SiteId::Mincore => ask!(mincore::mincore, Mincore),
        SiteId::MincoreV3 => ask!(mincore::mincore_v3, MincoreV3),
        SiteId::MadvFree => ask!(madvise::madv_free, MadvFree),
        SiteId::MadvFreeV3 => ask!(madvise::madv_free_v3, MadvFreeV3),
        SiteId::Willneed => ask!(madvise::willneed, Willneed),
        SiteId::WillneedV3 => ask!(madvise::willneed_v3, WillneedV3),
        SiteId::Gup => ask!(gup::gup, Gup),
        SiteId::GupV3 => ask!(gup::gup_v3, GupV3),
        SiteId::NumaPage => ask!(fault::numa_page, NumaPage),
        SiteId::WpPage => ask!(wp_page::wp_page, WpPage),
        SiteId::AnonPage => ask!(fault::anon_page, AnonPage),
        SiteId::FinishFault => ask!(fault::finish_fault, FinishFault),
        SiteId::FinishFaultRfc08 => ask!(fault::finish_fault_rfc08, FinishFaultRfc08),
        SiteId::PteFault => ask!(fault::pte_fault, PteFault),
        SiteId::PteFaultRfc08 => ask!(fault::pte_fault_rfc08, PteFaultRfc08),
        SiteId::Accessor => ask!(accessor::accessor, Accessor),
        SiteId::InstallUffdWp => ask!(uffd_wp::install_uffd_wp, InstallUffdWp),
        SiteId::PageMkclean => ask!(unmap::page_mkclean, PageMkclean),
        _ => Answer::default(),
    }
}

/// Says of a function that is there in several forms that the parameters of the later form are those of the first, name by name, so that
/// the rule is written once over the first.
macro_rules! same_parameters {
    ($($later:ident => $first:ident { $($field:ident)* })*) => {
        $(impl From<&params::$later> for params::$first {
            #[inline(always)]
            fn from(p: &params::$later) -> params::$first {
                params::$first { $($field: p.$field),* }
            }
        })*
    };
}

same_parameters! {
    ForkRfc02 => Fork { vm_maywrite vm_shared vm_write src_uffd_wp dst_uffd_wp has_pinned pg_pinned nomem swap_cont prot new_pfn }
    ForkRfc17 => Fork { vm_maywrite vm_shared vm_write src_uffd_wp dst_uffd_wp has_pinned pg_pinned nomem swap_cont prot new_pfn }
    MigrateCollectV3 => MigrateCollect { select_system select_devpriv vm_anon owner_match trylock no_mapping thp }
    UnuseV3 => Unuse { no_page map_zero map_bad ksm_oom sameswp_fixed kind area prot pfn }
    MincoreV3 => Mincore { vm_file incore uptodate area }
    MadvFreeV3 => MadvFree { pg_swapcache pg_dirty trylock_fail mapcount2 tryfree_fail thp split_fail area map_byte }
    GupV3 => Gup {
        foll_write foll_touch foll_get foll_dump foll_force foll_nowait foll_populate foll_split foll_hwpoison foll_numa foll_migration
        foll_tried foll_mlock foll_cow foll_pin
        vm_anon no_fault_op vm_locked pg_dirty thp split_fail dev_pagemap grab_fail no_mapping second
    }
    FinishFaultRfc08 => FinishFault { write vm_write vm_shared unstable uffd_wp prot pfn }
    PteFaultRfc08 => PteFault { write vm_anon vm_access tried vm_uffd_wp }
}

#[cfg(test)]
mod tests;
