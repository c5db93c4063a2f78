//! What a pte is: an enum that accounts for every bit of every `u64`, and the conversions between it and the raw value.

use crate::pte::{Class, Config, Environment, Layout, SwapEntry, X86_64};

/// The reference model of one environment: the x86_64 layout, a kernel configuration and a special value.
#[derive(Clone, Debug)]
pub struct Model {
    #[cfg(test)]
    layout: Layout,
    environment: Environment,
    /// Whether the uffd-wp bits have a meaning: only with [`Config::UffdWp`].
    pub(super) has_uffd_wp: bool,
}

/// What a pte is. `write(read(v)) == v` holds for every `u64` ([`Model::read`], [`Model::write`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pte {
    /// Nothing. Hardware may have set accessed and dirty all the same.
    None(Nothing),
    /// A page is mapped, or `PROT_NONE` keeps the hardware away from it.
    Present(Mapped),
    /// A swap entry: a swap slot, a migration, device private or hwpoison entry.
    Swap(Held),
    /// The special swap pte: neither none nor present, and no swap entry in it.
    Special,
}

/// A pte with nothing in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nothing {
    /// Accessed and dirty as hardware left them (`_PAGE_KNL_ERRATUM_MASK`).
    pub(super) erratum: u64,
}

/// A pte that is present for the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The page frame number, not inverted, 40 bits.
    pub(super) pfn: u64,
    /// Present to the hardware; if not, this is `PROT_NONE` or a NUMA hint.
    pub(super) hardware: bool,
    /// Writable.
    pub(super) write: bool,
    /// Accessed.
    pub(super) young: bool,
    /// Written to.
    pub(super) dirty: bool,
    /// `pte_special()`: no normal page behind it (not the special swap pte).
    pub(super) special: bool,
    /// Write-protected by userfaultfd.
    pub(super) uffd_wp: bool,
    /// Written to since soft-dirty was cleared.
    pub(super) soft_dirty: bool,
    /// Device memory.
    pub(super) devmap: bool,
    /// All other bits, where they stand: user, cache, global, protection key, no-execute, and what hardware ignores.
    pub(super) rest: u64,
}

/// A pte that holds a swap entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The entry.
    pub(super) entry: SwapEntry,
    /// Written to since soft-dirty was cleared.
    pub(super) soft_dirty: bool,
    /// Write-protected by userfaultfd.
    pub(super) uffd_wp: bool,
    /// All other bits, where they stand: bits 3 to 7, which the encoding does not use.
    pub(super) rest: u64,
}

/// Two states that share one raw value: an entry that cannot be told from something else once it is encoded.
///
/// On x86_64 (type 0, offset 2^50-1) encodes to 0, which is none, and with the uffd-wp flag to `0x4`, which is special. Real swap offsets
/// stay below 2^32, so the kernel never makes that entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The entry that was to be encoded.
    pub entry: SwapEntry,
    /// The value that it encodes to.
    pub value: u64,
    /// What that value is taken for.
    pub class: Class,
}

impl std::fmt::Display for Collision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "swap entry (type {}, offset {:#x}) encodes to {:#x}, which is {}",
            self.entry.kind,
            self.entry.offset,
            self.value,
            self.class.name()
        )
    }
}

impl std::error::Error for Collision {}

impl Mapped {
    /// The page frame number.
    pub fn pfn(&self) -> u64 {
        self.pfn
    }

    /// Whether hardware sees it: not `PROT_NONE`.
    pub fn is_hardware_present(&self) -> bool {
        self.hardware
    }

    /// `vm_normal_page()` in an ordinary vma: whether a page stands behind it. The zero page counts, devmap plays no part.
    pub(super) fn has_normal_page(&self) -> bool {
        !self.special
    }

    /// The frame number of its normal page, if it has one.
    pub(super) fn normal_page(&self) -> Option<u64> {
        self.has_normal_page().then_some(self.pfn)
    }
}

impl Held {
    /// The swap entry.
    pub fn entry(&self) -> SwapEntry {
        self.entry
    }
}

impl Model {
    /// The model of one environment.
    pub fn new(environment: Environment) -> Model {
        Model {
            #[cfg(test)]
            layout: X86_64,
            environment,
            has_uffd_wp: environment.config == Config::UffdWp,
        }
    }

    /// The model over another bit layout, for tests that ask what a wrong constant would do.
    #[cfg(test)]
    pub fn with_layout(environment: Environment, layout: Layout) -> Model {
        Model { layout, ..Model::new(environment) }
    }

    /// The bit layout: in a test what [`Model::with_layout`] was given, else x86_64's, so that it is compiled in.
    #[inline(always)]
    pub(super) fn layout(&self) -> &Layout {
        #[cfg(test)]
        return &self.layout;
        #[cfg(not(test))]
        &X86_64
    }

    /// The environment that it models.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// `pte_present()`: present to the hardware, or `PROT_NONE`.
    pub fn is_present(&self, raw: u64) -> bool {
        raw & (self.layout().present | self.layout().global) != 0
    }

    /// `pte_none()`: nothing but what the erratum may have left.
    pub fn is_none(&self, raw: u64) -> bool {
        raw & !self.layout().erratum == 0
    }

    /// `is_swap_special_pte()`: exactly the special value. Without uffd-wp in the architecture that is 0, a none pte.
    pub fn is_special(&self, raw: u64) -> bool {
        self.environment.special == Some(raw)
    }

    /// `is_swap_pte()`: neither none nor present.
    pub fn is_swap(&self, raw: u64) -> bool {
        !self.is_none(raw) && !self.is_present(raw)
    }

    /// `pte_has_swap_entry()`: a swap pte that may be decoded.
    pub fn has_swap_entry(&self, raw: u64) -> bool {
        self.is_swap(raw) && !self.is_special(raw)
    }

    /// What this raw value is.
    pub fn read(&self, raw: u64) -> Pte {
        if self.is_present(raw) {
            Pte::Present(self.read_mapped(raw))
        } else if self.is_none(raw) {
            Pte::None(Nothing { erratum: raw })
        } else if self.is_special(raw) {
            Pte::Special
        } else {
            Pte::Swap(self.read_held(raw))
        }
    }

    /// The raw value of this pte.
    pub fn write(&self, pte: Pte) -> u64 {
        match pte {
            Pte::None(nothing) => nothing.erratum,
            Pte::Present(mapped) => self.write_mapped(&mapped),
            Pte::Swap(held) => self.write_held(&held),
            Pte::Special => self.environment.special.unwrap_or(0),
        }
    }

    /// The class of this raw value.
    pub fn class(&self, raw: u64) -> Class {
        if self.is_present(raw) {
            if raw & self.layout().present != 0 { Class::Present } else { Class::ProtNone }
        } else if self.is_none(raw) {
            Class::None
        } else if self.is_special(raw) {
            Class::Special
        } else {
            self.entry_class(self.decode(raw))
        }
    }

    /// The class of a pte that holds this entry.
    pub fn entry_class(&self, entry: SwapEntry) -> Class {
        let l = self.layout();
        match entry.kind as u64 {
            kind if kind == l.type_hwpoison => Class::HwPoison,
            kind if kind == l.type_migration_read => Class::MigrationRead,
            kind if kind == l.type_migration_write => Class::MigrationWrite,
            kind if kind == l.type_device_write => Class::DeviceWrite,
            kind if kind == l.type_device_read => Class::DeviceRead,
            kind if kind < l.max_swapfiles => Class::Swap,
            _ => Class::BadType,
        }
    }

    /// `pte_to_swp_entry()`: type and offset, whatever the value is. The caller must know that it holds an entry.
    pub fn decode(&self, raw: u64) -> SwapEntry {
        let l = self.layout();
        SwapEntry {
            kind: (raw >> (l.swp_type_shift & 63)) as u8,
            offset: !raw >> (l.swp_offset_shift & 63) & l.swp_offset,
        }
    }

    /// `swp_entry_to_pte()`: the raw value that an entry encodes to, flags clear.
    pub fn encode(&self, entry: SwapEntry) -> u64 {
        let l = self.layout();
        (entry.kind as u64) << (l.swp_type_shift & 63) | (!entry.offset & l.swp_offset) << (l.swp_offset_shift & 63)
    }

    /// The frame number of the page that an entry stands for: that of a migration or device private entry. A hwpoison entry gives its page to
    /// nobody.
    pub(super) fn entry_page(&self, entry: SwapEntry) -> Option<u64> {
        match self.entry_class(entry) {
            Class::MigrationRead | Class::MigrationWrite | Class::DeviceRead | Class::DeviceWrite => Some(entry.offset),
            _ => None,
        }
    }

    /// `make_migration_entry_read()`: the entry of a page under migration that will be mapped read-only.
    pub(super) fn migration_read(&self, offset: u64) -> SwapEntry {
        SwapEntry { kind: self.layout().type_migration_read as u8, offset }
    }

    /// `make_device_private_entry_read()`: the entry of a device private page that was mapped read-only.
    pub(super) fn device_read(&self, offset: u64) -> SwapEntry {
        SwapEntry { kind: self.layout().type_device_read as u8, offset }
    }

    /// `make_device_private_entry()` with write: the entry of a device private page that was mapped writable.
    pub(super) fn device_write(&self, offset: u64) -> SwapEntry {
        SwapEntry { kind: self.layout().type_device_write as u8, offset }
    }

    /// `swp_entry()`: the generic `swp_entry_t` of an entry.
    pub(super) fn entry_value(&self, entry: SwapEntry) -> u64 {
        let l = self.layout();
        (entry.kind as u64) << (l.entry_type_shift & 63) | entry.offset & l.entry_offset
    }

    /// `swp_type()` and `swp_offset()` of a generic `swp_entry_t`.
    pub(super) fn entry_of_value(&self, value: u64) -> SwapEntry {
        let l = self.layout();
        SwapEntry { kind: (value >> (l.entry_type_shift & 63)) as u8, offset: value & l.entry_offset }
    }

    /// A pte that holds this entry with these flags.
    ///
    /// # Errors
    ///
    /// The [`Collision`] where the value that it encodes to is something else than this entry.
    pub fn hold(&self, entry: SwapEntry, soft_dirty: bool, uffd_wp: bool) -> Result<Pte, Collision> {
        let held = Held { entry, soft_dirty, uffd_wp: uffd_wp && self.has_uffd_wp, rest: 0 };
        let value = self.write_held(&held);
        match self.read(value) {
            Pte::Swap(back) if back == held => Ok(Pte::Swap(held)),
            _ => Err(Collision { entry, value, class: self.class(value) }),
        }
    }

    /// This value as the accessors of present ptes see it, whatever its class; [`Model::write_mapped`] is its inverse for every value.
    pub(super) fn read_mapped(&self, raw: u64) -> Mapped {
        let l = self.layout();
        let hardware = raw & l.present != 0;
        // A pte that hardware does not see keeps its frame number inverted, against L1TF.
        let field = if hardware { raw } else { !raw };
        let uffd_wp = if self.has_uffd_wp { l.uffd_wp } else { 0 };
        Mapped {
            pfn: (field & l.pfn) >> (l.pfn_shift & 63),
            hardware,
            write: raw & l.write != 0,
            young: raw & l.accessed != 0,
            dirty: raw & l.dirty != 0,
            special: raw & l.special != 0,
            uffd_wp: raw & uffd_wp != 0,
            soft_dirty: raw & l.soft_dirty != 0,
            devmap: raw & l.devmap != 0,
            rest: raw & !(self.mapped_state_bits() | uffd_wp),
        }
    }

    pub(super) fn write_mapped(&self, mapped: &Mapped) -> u64 {
        let l = self.layout();
        let field = (mapped.pfn << (l.pfn_shift & 63)) ^ if mapped.hardware { 0 } else { l.pfn };
        let flag = |set: bool, bit: u64| if set { bit } else { 0 };
        field & l.pfn
            | flag(mapped.hardware, l.present)
            | flag(mapped.write, l.write)
            | flag(mapped.young, l.accessed)
            | flag(mapped.dirty, l.dirty)
            | flag(mapped.special, l.special)
            | flag(mapped.uffd_wp, l.uffd_wp)
            | flag(mapped.soft_dirty, l.soft_dirty)
            | flag(mapped.devmap, l.devmap)
            | mapped.rest
    }

    /// Bits of a present pte that [`Mapped`] names, uffd-wp apart.
    fn mapped_state_bits(&self) -> u64 {
        let l = self.layout();
        l.pfn | l.present | l.write | l.accessed | l.dirty | l.special | l.soft_dirty | l.devmap
    }

    /// This value as the accessors of swap ptes see it, whatever its class; [`Model::write_held`] is its inverse for every value that is not
    /// present.
    pub(super) fn read_held(&self, raw: u64) -> Held {
        let l = self.layout();
        let uffd_wp = if self.has_uffd_wp { l.swp_uffd_wp } else { 0 };
        let payload = !0 << (l.swp_type_shift & 63) | l.swp_offset << (l.swp_offset_shift & 63);
        Held {
            entry: self.decode(raw),
            soft_dirty: raw & l.swp_soft_dirty != 0,
            uffd_wp: raw & uffd_wp != 0,
            rest: raw & !(payload | l.swp_soft_dirty | uffd_wp),
        }
    }

    pub(super) fn write_held(&self, held: &Held) -> u64 {
        let l = self.layout();
        self.encode(held.entry)
            | if held.soft_dirty { l.swp_soft_dirty } else { 0 }
            | if held.uffd_wp { l.swp_uffd_wp } else { 0 }
            | held.rest
    }
}
