//! Which instructions the range passes are compiled for, and the choice between them at run time.
//!
//! A [`Backend`] can only be had where the machine has its instructions, so that holding one is the proof that its
//! code may run. What a pass answers never depends on the choice.

use std::fmt;
use std::sync::OnceLock;

/// The environment variable that picks a back end by name, for checks that results do not depend on it.
pub const BACKEND_VARIABLE: &str = "PTEFUZZ_SIMD";

/// The instructions that the range passes use.
///
/// ```
/// use ptefuzz::packed::passes::Backend;
///
/// assert!(Backend::available().any(|backend| backend == Backend::PORTABLE));
/// assert!(Backend::by_name("abacus").is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Backend(pub(super) Kind);

/// The kinds of back ends, from the one that every machine has to the widest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Kind {
    /// All that the build has code for.
    const ALL: &[Kind] = &[
        Kind::Portable,
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2,
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512,
    ];

    const fn name(self) -> &'static str {
        match self {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
        }
    }

    /// Whether this machine has the instructions.
    fn is_here(self) -> bool {
        match self {
            Kind::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
        }
    }
}

impl Backend {
    /// What every machine has.
    pub const PORTABLE: Backend = Backend(Kind::Portable);

    /// Those that this machine has, the widest last.
    pub fn available() -> impl Iterator<Item = Backend> {
        Kind::ALL.iter().copied().filter(|kind| kind.is_here()).map(Backend)
    }

    /// The one to use: what [`BACKEND_VARIABLE`] names, or else the widest. Looked up once.
    pub fn best() -> Backend {
        static BEST: OnceLock<Backend> = OnceLock::new();
        *BEST.get_or_init(|| match Backend::from_variable() {
            Ok(Some(named)) => named,
            _ => Backend::available().last().unwrap_or(Backend::PORTABLE),
        })
    }

    /// The one that [`BACKEND_VARIABLE`] names, if it is set.
    ///
    /// # Errors
    ///
    /// What it says and what it could say.
    pub fn from_variable() -> Result<Option<Backend>, String> {
        match std::env::var(BACKEND_VARIABLE) {
            Ok(name) => Backend::by_name(&name).map(Some).map_err(|error| format!("{BACKEND_VARIABLE}: {error}")),
            Err(_) => Ok(None),
        }
    }

    /// The one with this name.
    ///
    /// # Errors
    ///
    /// What was found and what this machine has.
    pub fn by_name(name: &str) -> Result<Backend, String> {
        Backend::available().find(|backend| backend.name() == name).ok_or_else(|| {
            let names: Vec<_> = Backend::available().map(Backend::name).collect();
            format!("found {name:?}, expected one that this machine has: {}", names.join(", "))
        })
    }

    /// Its name: `portable`, `avx2` or `avx512`.
    pub const fn name(self) -> &'static str {
        self.0.name()
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
