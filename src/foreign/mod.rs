//! A C library as the subject: `foreign:PATH.so`, a shared library that exports the two functions of `ptefuzz.h` (`ptefuzz header`).
//!
//! In comes a [`Setup`], out goes a [`Subject`]. The library runs in a child process, which gets the calls in batches through shared memory:
//! what crashes, ends, hangs or overwrites there is a divergence of its own kind, and the run goes on with a fresh child. The child is
//! the `ptefuzz` program itself, started again with the hidden command `foreign-child`, which does nothing but [`serve`]. With
//! [`Setup::in_process`] the library runs in this process instead: faster, and a crash is the end of the run.

mod abi;
mod child;
mod elf;
mod guard;
mod in_process;
mod library;
mod output;
mod parent;
mod shared;
mod used;

pub use abi::ABI_VERSION;
pub use child::serve;

use crate::lockstep::{SiteSet, Subject};
use crate::pte::Environment;
use crate::site::{Call, SITES, SiteId};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The environment variable that names the `ptefuzz` program for programs that are not it.
pub const PROGRAM_VARIABLE: &str = "PTEFUZZ_PROGRAM";

/// Which library, and how it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The shared library.
    pub library: PathBuf,
    /// Run it in this process, without protection.
    pub in_process: bool,
    /// The processor time that one call may take; a call that sleeps may take five times as much of the clock's.
    pub call_time: Duration,
    /// The `ptefuzz` program to start as the child. Where it is `None`: this program if it is called `ptefuzz`, else what
    /// [`PROGRAM_VARIABLE`] names, else the `ptefuzz` of the path.
    pub program: Option<PathBuf>,
}

impl Setup {
    /// A library in a child process.
    pub fn new(library: impl Into<PathBuf>) -> Setup {
        Setup { library: library.into(), in_process: false, call_time: Duration::from_secs(1), program: None }
    }

    /// Loads the library.
    ///
    /// # Errors
    ///
    /// What is wrong with it, or that there is no program to run it in, with what was found and expected.
    pub fn open(&self) -> Result<Box<dyn Subject>, String> {
        let at = |error: String| format!("foreign:{}: {error}", self.library.display());
        let path = elf::check(&self.library).map_err(at)?;
        if self.in_process {
            return Ok(Box::new(in_process::InProcess::load(&path).map_err(at)?));
        }
        let program = self.program().map_err(at)?;
        Ok(Box::new(parent::Parent::start(path, program, self.call_time).map_err(at)?))
    }

    /// The environment that the library says it was built for.
    ///
    /// # Errors
    ///
    /// As [`Setup::open`].
    pub fn environment(&self) -> Result<Environment, String> {
        Ok(self.open()?.environment())
    }

    fn program(&self) -> Result<PathBuf, String> {
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        let own = std::env::current_exe().ok();
        if own.as_deref().and_then(Path::file_stem).is_some_and(|name| name == "ptefuzz") {
            // Not by its name: it may have been built anew since this process began.
            return Ok(PathBuf::from("/proc/self/exe"));
        }
        if let Some(program) = std::env::var_os(PROGRAM_VARIABLE) {
            return Ok(PathBuf::from(program));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).map(|dir| dir.join("ptefuzz")).find(|file| file.is_file());
        found.ok_or_else(|| {
            format!(
                "found no ptefuzz program to run the library in, expected {PROGRAM_VARIABLE}=/path/to/ptefuzz or a ptefuzz on the path"
            )
        })
    }
}

/// A call inside the domain of a site, to learn whether a library has the site.
fn sample(site: SiteId) -> Call {
    use crate::pte::Class;
    let domain = SITES[site as usize].domain;
    let pte = if domain.contains(Class::Present) {
        0x8000_0000_0001_0025
    } else if domain.contains(Class::ProtNone) {
        // The frame's number is inverted in a pte without the present bit.
        0x000f_ffff_fffe_f120
    } else {
        // Swap type 1, offset 16.
        1 << 59 | (!16 & ((1 << 50) - 1)) << 9
    };
    Call { site, pte, p: [0; 3] }
}

/// What a user should know of a library that lacks sites.
fn lacking(sites: SiteSet) -> Option<String> {
    let lacks: Vec<_> = SiteId::ALL.into_iter().filter(|s| !sites.contains(*s)).collect();
    let names: Vec<_> = lacks.iter().map(|s| SITES[*s as usize].name).collect();
    (!lacks.is_empty()).then(|| {
        format!(
            "left out, since the library answers -1: {} of {} sites: {}",
            lacks.len(),
            SITES.len(),
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::site::check_call;

    #[test]
    fn the_call_that_looks_for_a_site_is_inside_its_domain_in_every_environment() {
        for environment in Environment::all() {
            let model = Model::new(environment);
            for site in SiteId::ALL {
                let call = sample(site);
                assert_eq!(check_call(&call, model.class(call.pte)), Ok(()), "{call:?}");
            }
        }
    }
}
