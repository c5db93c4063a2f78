//! The environment that both implementations run in: a kernel configuration and a special value.

/// The three kernel configurations (SPEC section 10 in the project's notes; `ptefuzz_config()` of the C ABI).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Config {
    /// Userfaultfd write protection in full, as x86_64 has it.
    UffdWp = 0,
    /// `CONFIG_USERFAULTFD=y` without `HAVE_ARCH_USERFAULTFD_WP`: the special value is 0, the flag operations do nothing.
    NoArchUffdWp = 1,
    /// `CONFIG_USERFAULTFD=n`: as [`Config::NoArchUffdWp`], and nothing is special.
    NoUserfaultfd = 2,
}

impl Config {
    /// All three.
    pub const ALL: [Config; 3] = [Config::UffdWp, Config::NoArchUffdWp, Config::NoUserfaultfd];

    /// The name in the first line of a vector file.
    pub const fn name(self) -> &'static str {
        match self {
            Config::UffdWp => "uffd-wp",
            Config::NoArchUffdWp => "no-arch-uffd-wp",
            Config::NoUserfaultfd => "no-userfaultfd",
        }
    }

    /// The configuration with this [`Config::name`].
    pub fn from_name(name: &str) -> Option<Config> {
        Config::ALL.into_iter().find(|c| c.name() == name)
    }
}

/// The special values that a run can choose between with full uffd-wp.
///
/// The special value is a parameter of the layout and not a law of nature: under the value that x86_64 has, several omissions give the
/// right answer by luck, because it happens to decode to a normal swap entry. Shifted values make them visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Special {
    /// `0x4`, the value of x86_64: the swap uffd-wp bit alone.
    X86,
    /// Decodes to a migration-read entry of pfn 0x1234 with the uffd-wp bit.
    Migration,
    /// Decodes to a device-read entry of pfn 0x1234 with the uffd-wp bit.
    Device,
    /// `0x6`: carries the swap soft-dirty bit too.
    SoftDirty,
}

impl Special {
    /// All four, the real one first.
    pub const ALL: [Special; 4] = [Special::X86, Special::Migration, Special::Device, Special::SoftDirty];

    /// The raw pte value.
    pub const fn value(self) -> u64 {
        match self {
            Special::X86 => 0x4,
            Special::Migration => 0xe7ff_ffff_ffdb_9604,
            Special::Device => 0xffff_ffff_ffdb_9604,
            Special::SoftDirty => 0x6,
        }
    }

    /// The name on the command line: `0x4`, `migration`, `device` or `soft-dirty`.
    pub const fn name(self) -> &'static str {
        match self {
            Special::X86 => "0x4",
            Special::Migration => "migration",
            Special::Device => "device",
            Special::SoftDirty => "soft-dirty",
        }
    }

    /// The special value with this [`Special::name`].
    pub fn from_name(name: &str) -> Option<Special> {
        Special::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// A configuration together with the value that is special in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Environment {
    /// The kernel configuration.
    pub config: Config,
    /// The exact pte value that `is_swap_special_pte()` is true of, if any.
    pub special: Option<u64>,
}

impl Environment {
    /// Full uffd-wp with one of the four special values.
    pub const fn new(special: Special) -> Environment {
        Environment { config: Config::UffdWp, special: Some(special.value()) }
    }

    /// A configuration with the special value that belongs to it.
    pub const fn of(config: Config) -> Environment {
        match config {
            Config::UffdWp => Environment::new(Special::X86),
            Config::NoArchUffdWp => Environment { config, special: Some(0) },
            Config::NoUserfaultfd => Environment { config, special: None },
        }
    }

    /// The six environments that recorded answers exist for: the three configurations and the three shifted values.
    pub fn all() -> impl Iterator<Item = Environment> {
        Config::ALL.into_iter().map(Environment::of).chain(Special::ALL[1..].iter().map(|s| Environment::new(*s)))
    }

    /// Whether the uffd-wp bits have a meaning.
    pub const fn has_uffd_wp(&self) -> bool {
        matches!(self.config, Config::UffdWp)
    }
}

impl Default for Environment {
    /// x86_64 as it is: full uffd-wp, special value `0x4`.
    fn default() -> Environment {
        Environment::new(Special::X86)
    }
}

impl std::fmt::Display for Environment {
    /// The form of a vector file's first line: `config=uffd-wp special=0x4`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.special {
            Some(value) => write!(f, "config={} special={value:#x}", self.config.name()),
            None => write!(f, "config={} special=none", self.config.name()),
        }
    }
}
