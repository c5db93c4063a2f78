//! The ten classes of a pte, sets of them, and the record of everything that the kernel's predicates say about one.

/// What a pte is. The numbers are those of the C ABI (`enum ptefuzz_class`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// Nothing there (`pte_none`; the accessed and dirty bits are ignored).
    None = 0,
    /// Present, with the hardware's present bit.
    Present = 1,
    /// Present for the kernel, not for the hardware (`PROT_NONE` and NUMA hinting).
    ProtNone = 2,
    /// A slot of a real swap area.
    Swap = 3,
    /// A page under migration that was mapped read-only.
    MigrationRead = 4,
    /// A page under migration that was mapped writable.
    MigrationWrite = 5,
    /// A page in device-private memory, mapped writable.
    DeviceWrite = 6,
    /// A page in device-private memory, mapped read-only.
    DeviceRead = 7,
    /// A page with a hardware memory error.
    HwPoison = 8,
    /// The special swap pte, which holds no swap entry.
    Special = 9,
    /// A non-swap entry of a type that nothing uses; cannot occur with every feature configured.
    BadType = 10,
}

impl Class {
    /// Every class that a pte can have here, in the order of the ABI.
    pub const ALL: [Class; 10] = [
        Class::None,
        Class::Present,
        Class::ProtNone,
        Class::Swap,
        Class::MigrationRead,
        Class::MigrationWrite,
        Class::DeviceWrite,
        Class::DeviceRead,
        Class::HwPoison,
        Class::Special,
    ];

    /// Number of classes, [`Class::BadType`] included.
    pub const COUNT: usize = 11;

    /// The name that the vectors and the C ABI use, such as `MIGR_READ`.
    pub const fn abi_name(self) -> &'static str {
        match self {
            Class::None => "NONE",
            Class::Present => "PRESENT",
            Class::ProtNone => "PROTNONE",
            Class::Swap => "SWAP",
            Class::MigrationRead => "MIGR_READ",
            Class::MigrationWrite => "MIGR_WRITE",
            Class::DeviceWrite => "DEV_WRITE",
            Class::DeviceRead => "DEV_READ",
            Class::HwPoison => "HWPOISON",
            Class::Special => "SPECIAL",
            Class::BadType => "BADTYPE",
        }
    }

    /// The name in words that traces and signatures use, such as `migration-read`.
    pub const fn name(self) -> &'static str {
        match self {
            Class::None => "none",
            Class::Present => "present",
            Class::ProtNone => "protnone",
            Class::Swap => "swap",
            Class::MigrationRead => "migration-read",
            Class::MigrationWrite => "migration-write",
            Class::DeviceWrite => "device-write",
            Class::DeviceRead => "device-read",
            Class::HwPoison => "hwpoison",
            Class::Special => "special",
            Class::BadType => "bad-type",
        }
    }

    /// The class with this [`Class::abi_name`].
    pub fn from_abi_name(name: &str) -> Option<Class> {
        Class::from_number_iter().find(|c| c.abi_name() == name)
    }

    /// The class with this ABI number.
    pub fn from_number(number: u8) -> Option<Class> {
        Class::from_number_iter().find(|c| *c as u8 == number)
    }

    fn from_number_iter() -> impl Iterator<Item = Class> {
        Class::ALL.into_iter().chain([Class::BadType])
    }
}

/// A set of classes, one bit for each, in ABI order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct ClassSet(pub u16);

impl ClassSet {
    /// No class.
    pub const EMPTY: ClassSet = ClassSet(0);
    /// Every class.
    pub const ALL: ClassSet = ClassSet(0x7ff);

    /// The set of the given classes.
    pub const fn of(classes: &[Class]) -> ClassSet {
        let mut bits = 0;
        let mut i = 0;
        while i < classes.len() {
            bits |= 1 << classes[i] as u16;
            i += 1;
        }
        ClassSet(bits)
    }

    /// Whether `class` is in the set.
    pub const fn contains(self, class: Class) -> bool {
        self.0 & (1 << class as u16) != 0
    }

    /// The classes of the set, in ABI order.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL.into_iter().chain([Class::BadType]).filter(move |c| self.contains(*c))
    }
}

/// Everything that the kernel's predicates and raw bit tests say about one pte value.
///
/// The columns of `classify.tsv` and `struct ptefuzz_classify` of the C ABI. Fields from `non_swap_entry` to `swp_type`, and
/// `swp_offset`, are computed from the bits whatever the class; the kernel asks them only of ptes that hold an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the kernel predicate of its name")]
pub struct Classification {
    pub class: Class,
    pub none: bool,
    pub present: bool,
    pub protnone: bool,
    pub is_swap: bool,
    pub special: bool,
    pub has_swap_entry: bool,
    pub non_swap_entry: bool,
    pub migration: bool,
    pub write_migration: bool,
    pub devpriv: bool,
    pub write_devpriv: bool,
    pub hwpoison: bool,
    pub swp_type: u8,
    pub soft_dirty: bool,
    pub swp_soft_dirty: bool,
    pub uffd_wp: bool,
    pub swp_uffd_wp: bool,
    pub write: bool,
    pub dirty: bool,
    pub young: bool,
    pub pte_special: bool,
    pub devmap: bool,
    pub swp_offset: u64,
    pub pfn: u64,
}

impl Classification {
    /// Column names in the order of `classify.tsv`, after `pte` and `class`.
    pub const COLUMNS: [&'static str; 24] = [
        "none",
        "present",
        "protnone",
        "is_swap",
        "special",
        "has_swap_entry",
        "non_swap_entry",
        "migration",
        "write_migration",
        "devpriv",
        "write_devpriv",
        "hwpoison",
        "swp_type",
        "soft_dirty",
        "swp_soft_dirty",
        "uffd_wp",
        "swp_uffd_wp",
        "write",
        "dirty",
        "young",
        "pte_special",
        "devmap",
        "swp_offset",
        "pfn",
    ];

    /// The values of [`Classification::COLUMNS`], flags as 0 or 1.
    pub fn values(&self) -> [u64; 24] {
        [
            self.none as u64,
            self.present as u64,
            self.protnone as u64,
            self.is_swap as u64,
            self.special as u64,
            self.has_swap_entry as u64,
            self.non_swap_entry as u64,
            self.migration as u64,
            self.write_migration as u64,
            self.devpriv as u64,
            self.write_devpriv as u64,
            self.hwpoison as u64,
            self.swp_type as u64,
            self.soft_dirty as u64,
            self.swp_soft_dirty as u64,
            self.uffd_wp as u64,
            self.swp_uffd_wp as u64,
            self.write as u64,
            self.dirty as u64,
            self.young as u64,
            self.pte_special as u64,
            self.devmap as u64,
            self.swp_offset,
            self.pfn,
        ]
    }
}
