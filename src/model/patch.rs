//! The way from a raw call of sites 0 to 17 to the rule that answers it: the sites of RFC 07/30, and the primitives.

use super::{Model, hmm, khugepaged, memcontrol, migration_wait, mprotect, mremap, page_vma_mapped, primitive};
use super::{swap_fault, task_mmu};
use crate::site::{Answer, Call, SiteId, params};

/// The answer of one of the sites up to `pfn_pte`; `None` for those from `fork` on.
#[inline]
pub(super) fn answer_patch(model: &Model, call: &Call) -> Option<Answer> {
    let (raw, p) = (call.pte, &call.p);
    Some(match call.site {
        SiteId::ChangeProt => mprotect::change_pte_range(model, raw, &params::ChangeProt::read(p)),
        SiteId::MoveSoftDirty => mremap::move_soft_dirty_pte(model, raw),
        SiteId::ClearSoftDirty => task_mmu::clear_soft_dirty(model, raw, &params::ClearSoftDirty::read(p)),
        SiteId::Pagemap => task_mmu::pte_to_pagemap_entry(model, raw, &params::Pagemap::read(p)),
        SiteId::Smaps => task_mmu::smaps_pte_entry(model, raw, &params::Smaps::read(p)),
        SiteId::SmapsHugetlb => task_mmu::smaps_hugetlb_range(model, raw, &params::SmapsHugetlb::read(p)),
        SiteId::KhugeScan => khugepaged::khugepaged_scan_pmd(model, raw, &params::KhugeScan::read(p)),
        SiteId::KhugeSwapin => khugepaged::collapse_huge_page_swapin(model, raw),
        SiteId::Mctgt => memcontrol::get_mctgt_type(model, raw, &params::Mctgt::read(p)),
        SiteId::MigrationWait => migration_wait::migration_entry_wait(model, raw, &params::MigrationWait::read(p)),
        SiteId::Pvmw => page_vma_mapped::map_and_check(model, raw, &params::Pvmw::read(p)),
        SiteId::HmmRfc => hmm::handle_pte_rfc(model, raw, &params::HmmRfc::read(p)),
        SiteId::HmmV3 => hmm::handle_pte_v3(model, raw, &params::HmmV3::read(p)),
        SiteId::DoSwapPage => swap_fault::do_swap_page(model, raw, &params::DoSwapPage::read(p)),
        SiteId::PteModify => primitive::modify(model, raw, &params::PteModify::read(p)),
        SiteId::Bitop => primitive::bitop(model, raw, &params::Bitop::read(p)),
        SiteId::SwpEntryToPte => primitive::swp_entry_to_pte(model, &params::SwpEntryToPte::read(p)),
        SiteId::PfnPte => primitive::make_pte(model, &params::PfnPte::read(p)),
        _ => return None,
    })
}
