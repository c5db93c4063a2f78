//! The passes of benches/c/passes.c, compiled by the machine's cc at -O2 when the benchmark starts.

use libloading::{Library, Symbol};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiled library. The functions in it take slices of the same length.
pub struct C(Library);

/// `c_histogram`: ptes, their number, 11 counters.
type Histogram = unsafe extern "C" fn(*const u64, usize, *mut u64);
/// `c_move_ptes` and `c_clear_refs`: ptes, where they go, their number.
type Plain = unsafe extern "C" fn(*const u64, *mut u64, usize) -> u64;
/// `c_change_protection`: the same, flags and protection.
type Protect = unsafe extern "C" fn(*const u64, *mut u64, usize, u64, u64) -> u64;
/// `c_pagemap_scan`: the same, flags and three counters.
type Pagemap = unsafe extern "C" fn(*const u64, *mut u64, usize, u64, *mut u64);

impl C {
    /// Compiles and loads it; why not, where there is no C compiler.
    pub fn build() -> Result<C, String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/c/passes.c");
        let library = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench_passes.so");
        let cc = std::env::var("CC").unwrap_or_else(|_| "cc".to_string());
        let run = Command::new(&cc).args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
        match run {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(format!("{cc} failed: {status}")),
            Err(error) => return Err(format!("{cc}: {error}")),
        }
        // SAFETY: the library was just made of our own source, which has no initialisers.
        unsafe { Library::new(&library) }.map(C).map_err(|error| error.to_string())
    }

    fn function<F>(&self, name: &str) -> Symbol<'_, F> {
        // SAFETY: the callers below ask for functions of our own source, by the types that they have there.
        let found = unsafe { self.0.get(name.as_bytes()) };
        found.unwrap_or_else(|error| panic!("{name} is not in benches/c/passes.c: {error}"))
    }

    /// Counts by class.
    pub fn histogram(&self) -> impl Fn(&[u64]) -> [u64; 11] {
        let function = self.function::<Histogram>("c_histogram");
        move |ptes| {
            let mut counts = [0; 11];
            // SAFETY: the function reads so many words and writes at most 11.
            unsafe { function(ptes.as_ptr(), ptes.len(), counts.as_mut_ptr()) };
            counts
        }
    }

    /// A pass without parameters.
    pub fn plain(&self, name: &str) -> impl Fn(&[u64], &mut [u64]) -> u64 {
        let function = self.function::<Plain>(name);
        move |from, to| {
            assert!(from.len() <= to.len());
            // SAFETY: the function reads so many words of `from` and writes as many of `to`.
            unsafe { function(from.as_ptr(), to.as_mut_ptr(), from.len()) }
        }
    }

    /// `change_pte_range()`.
    pub fn change_protection(&self, flags: u64, prot: u64) -> impl Fn(&[u64], &mut [u64]) -> u64 {
        let function = self.function::<Protect>("c_change_protection");
        move |from, to| {
            assert!(from.len() <= to.len());
            // SAFETY: as in `plain`.
            unsafe { function(from.as_ptr(), to.as_mut_ptr(), from.len(), flags, prot) }
        }
    }

    /// `pagemap_pmd_range()`.
    pub fn pagemap_scan(&self, flags: u64) -> impl Fn(&[u64], &mut [u64]) -> u64 {
        let function = self.function::<Pagemap>("c_pagemap_scan");
        move |from, to| {
            assert!(from.len() <= to.len());
            let mut counts = [0; 3];
            // SAFETY: as in `plain`; `counts` has room for three.
            unsafe { function(from.as_ptr(), to.as_mut_ptr(), from.len(), flags, counts.as_mut_ptr()) };
            counts[0] ^ counts[1] << 20 ^ counts[2] << 40
        }
    }
}
