//! The fast implementation: every call site on raw `u64` ptes, with masks and selects.
//!
//! In comes a raw [`Call`] (or a [`RangeCall`](crate::site::RangeCall)), out goes an [`Answer`]; the parameter words
//! are read with this room's own constants (`masks`). It is an independent reading of the rules that `crate::model`
//! reads too: the two share nothing but the records that they exchange, and whoever runs them in lockstep learns of
//! the first difference. One file answers for one kernel subsystem.
//!
//! The sites test the class of a pte before they use it, as the kernel does, and report each use to the [`Observer`]: a
//! site that decoded everything and selected afterwards would use ptes that it should leave alone.

mod classify;
pub(crate) mod entry;
mod environment;
pub(crate) mod fault;
pub(crate) mod fork;
pub(crate) mod gup;
pub(crate) mod hmm;
pub(crate) mod khugepaged;
pub(crate) mod madvise;
pub(crate) mod masks;
pub(crate) mod memcontrol;
pub(crate) mod migrate;
pub(crate) mod mincore;
pub(crate) mod mprotect;
pub(crate) mod mremap;
mod observe;
pub mod passes;
pub(crate) mod primitive;
pub(crate) mod range;
pub(crate) mod rmap;
pub(crate) mod swap_fault;
pub(crate) mod swapfile;
pub(crate) mod task_mmu;
#[cfg(test)]
mod tests;
pub(crate) mod unmap;
pub(crate) mod wp;
pub(crate) mod zap;

pub use environment::Masks;
pub use observe::{Observer, Unobserved, Watch};

use crate::pte::{Class, Environment};
use crate::site::{Answer, Call, SiteId, Use, Uses};
use entry::{Entry, any, present};
use masks::{ev_clear, ev_store};
use passes::Backend;

/// The bit-packed implementation of all sites in one environment.
///
/// `O` watches the uses that the sites make of ptes: [`Unobserved`] costs nothing, [`Watch`] puts them into
/// [`Answer::uses`].
///
/// ```
/// use ptefuzz::packed::Packed;
/// use ptefuzz::pte::Environment;
/// use ptefuzz::site::{Call, SiteId};
///
/// let mut packed = Packed::new(Environment::default());
/// let answer = packed.answer(&Call { site: SiteId::MoveSoftDirty, pte: 0x07ff_ffff_ffff_fc00, p: [0; 3] });
/// assert_eq!(answer.pte, 0x07ff_ffff_ffff_fc02);
/// ```
#[derive(Clone, Debug)]
pub struct Packed<O: Observer = Unobserved> {
    pub(crate) masks: Masks,
    pub(crate) observer: O,
    backend: Backend,
}

impl Packed {
    /// An implementation that nobody watches.
    pub fn new(environment: Environment) -> Packed {
        Packed::watched(environment, Unobserved)
    }

    /// An implementation that records its uses.
    pub fn observed(environment: Environment) -> Packed<Watch> {
        Packed::watched(environment, Watch::default())
    }
}

impl<O: Observer> Packed<O> {
    fn watched(environment: Environment, observer: O) -> Packed<O> {
        Packed { masks: Masks::new(environment), observer, backend: Backend::best() }
    }

    /// Answers one call, with the uses that were observed on the way.
    #[inline]
    pub fn answer(&mut self, call: &Call) -> Answer {
        self.answer_with(call, Self::dispatch)
    }

    /// Answers one call by `site` instead of the function that stands here for [`Call::site`]; the rest as
    /// [`Packed::answer`].
    #[inline]
    pub fn answer_with(&mut self, call: &Call, site: impl FnOnce(&mut Self, &Call) -> Answer) -> Answer {
        self.observer.take();
        let mut answer = site(self, call);
        answer.uses = self.observer.take();
        answer
    }

    /// The class of a pte in this environment. Not observed.
    #[inline]
    pub fn class(&self, pte: u64) -> Class {
        self.masks.class(pte)
    }

    /// The function of the call's site. Uses are left with the observer.
    #[inline]
    pub fn dispatch(&mut self, call: &Call) -> Answer {
        match call.site {
            SiteId::ChangeProt => self.change_prot(call),
            SiteId::MoveSoftDirty => self.move_soft_dirty(call),
            SiteId::ClearSoftDirty => self.clear_soft_dirty(call),
            SiteId::Pagemap => self.pagemap(call),
            SiteId::Smaps => self.smaps(call),
            SiteId::SmapsHugetlb => self.smaps_hugetlb(call),
            SiteId::KhugeScan => self.khuge_scan(call),
            SiteId::KhugeSwapin => self.khuge_swapin(call),
            SiteId::Mctgt => self.mctgt(call),
            SiteId::MigrationWait => self.migration_wait(call),
            SiteId::Pvmw => self.pvmw(call),
            SiteId::HmmRfc => self.hmm_rfc(call),
            SiteId::HmmV3 => self.hmm_v3(call),
            SiteId::DoSwapPage => self.do_swap_page(call),
            SiteId::PteModify => self.pte_modify(call),
            SiteId::Bitop => self.bitop(call),
            SiteId::SwpEntryToPte => self.swp_entry_to_pte(call),
            SiteId::PfnPte => self.pfn_pte(call),
            SiteId::Fork => self.fork(call),
            SiteId::ForkRfc02 => self.fork_rfc02(call),
            SiteId::ForkRfc17 => self.fork_rfc17(call),
            SiteId::Zap => self.zap(call),
            SiteId::Unmap => self.unmap(call),
            SiteId::RemoveMigration => self.remove_migration(call),
            SiteId::MigrateCollect => self.migrate_collect(call),
            SiteId::MigrateCollectV3 => self.migrate_collect_v3(call),
            SiteId::Unuse => self.unuse(call),
            SiteId::UnuseV3 => self.unuse_v3(call),
            SiteId::Mincore => self.mincore(call),
            SiteId::MincoreV3 => self.mincore_v3(call),
            SiteId::MadvFree => self.madv_free(call),
            SiteId::MadvFreeV3 => self.madv_free_v3(call),
            SiteId::Willneed => self.willneed(call),
            SiteId::WillneedV3 => self.willneed_v3(call),
            SiteId::Gup => self.gup(call),
            SiteId::GupV3 => self.gup_v3(call),
            SiteId::NumaPage => self.numa_page(call),
            SiteId::WpPage => self.wp_page(call),
            SiteId::AnonPage => self.anon_page(call),
            SiteId::FinishFault => self.finish_fault(call),
            SiteId::FinishFaultRfc08 => self.finish_fault_rfc08(call),
            SiteId::PteFault => self.pte_fault(call),
            SiteId::PteFaultRfc08 => self.pte_fault_rfc08(call),
            SiteId::Accessor => self.accessor(call),
            SiteId::InstallUffdWp => self.install_uffd_wp(call),
            SiteId::PageMkclean => self.page_mkclean(call),
        }
    }

    /// `pte_to_swp_entry()`, reported.
    #[inline(always)]
    pub(crate) fn decode(&mut self, pte: u64) -> Entry {
        self.used(Use::Decode, pte);
        Entry::of(pte)
    }

    /// Reports that a swap flag of `pte` is read or changed.
    #[inline(always)]
    pub(crate) fn swap_flag(&mut self, pte: u64) {
        self.used(Use::SwapFlag, pte);
    }

    /// Reports that a present flag or the page frame number of `pte` is read or changed.
    #[inline(always)]
    pub(crate) fn present_flag(&mut self, pte: u64) {
        self.used(Use::PresentFlag, pte);
    }

    /// Reports that present flags are set on `pte`, which was just made of a page frame number and a protection.
    ///
    /// A protection without P and PROTNONE, which no vma has, makes something that is not present: nothing is
    /// reported then.
    #[inline(always)]
    pub(crate) fn built_present(&mut self, pte: u64) {
        if present(pte) {
            self.used(Use::PresentFlag, pte);
        }
    }

    /// Reports that swap flags are set on a pte that was just made of an entry of this class.
    #[inline(always)]
    pub(crate) fn built_entry(&mut self, class: Class) {
        self.observer.built(Use::SwapFlag, class);
    }

    /// Reports a use.
    #[inline(always)]
    pub(crate) fn used(&mut self, kind: Use, pte: u64) {
        self.observer.used(kind, pte, &self.masks);
    }

    /// The answer of a site whose outcome has events; a store over `slot` is reported if they say so.
    #[inline(always)]
    pub(crate) fn finish(&mut self, slot: u64, pte: u64, outcome: u64, aux: u64) -> Answer {
        if any(outcome, ev_store() | ev_clear()) {
            self.used(Use::Store, slot);
        }
        plain(pte, outcome, aux)
    }
}

/// An answer without uses, which [`Packed::answer`] adds.
#[inline(always)]
pub(crate) fn plain(pte: u64, outcome: u64, aux: u64) -> Answer {
    Answer { pte, outcome, aux, uses: Uses::NONE }
}
