//! A look at a file before it is loaded, for a clearer message than the loader has: is it a shared library at all, and of this machine?

use std::io::Read;
use std::path::{Path, PathBuf};

/// The first bytes of an ELF file, up to `e_machine`.
const HEAD: usize = 20;

/// `e_machine` of the machine that this program was built for.
const OWN_MACHINE: Option<u16> = if cfg!(target_arch = "x86_64") {
    Some(62)
} else if cfg!(target_arch = "aarch64") {
    Some(183)
} else {
    None
};

/// Checks a library's first bytes and gives its whole path, which the loader does not look for elsewhere.
///
/// # Errors
///
/// What was found and what was expected.
pub fn check(library: &Path) -> Result<PathBuf, String> {
    let path = library.canonicalize().map_err(|error| format!("cannot open: {error}"))?;
    let mut head = Vec::new();
    let file = std::fs::File::open(&path).map_err(|error| format!("cannot open: {error}"))?;
    file.take(HEAD as u64).read_to_end(&mut head).map_err(|error| format!("cannot read: {error}"))?;
    let [0x7f, b'E', b'L', b'F', bits, order, rest @ ..] = head.as_slice() else {
        return Err("found a file that is no ELF file, expected a shared library".to_string());
    };
    let half = |at: usize| match rest.get(at - 6..at - 4) {
        Some(&[low, high]) => u16::from_le_bytes([low, high]),
        _ => 0,
    };
    let (kind, machine) = (half(16), half(18));
    if *bits != 2 || *order != 1 || OWN_MACHINE.is_some_and(|own| own != machine) {
        let bits = if *bits == 1 { "32" } else { "64" };
        return Err(format!(
            "found a library for {} ({bits} bits), expected one for {} (64 bits)",
            machine_name(machine),
            std::env::consts::ARCH
        ));
    }
    match kind {
        3 => Ok(path),
        1 => Err("found an object file, expected a shared library (cc -shared)".to_string()),
        2 => Err("found a program, expected a shared library (cc -shared)".to_string()),
        _ => Err(format!("found an ELF file of type {kind}, expected a shared library")),
    }
}

fn machine_name(machine: u16) -> String {
    match machine {
        3 => "x86".to_string(),
        40 => "arm".to_string(),
        62 => "x86_64".to_string(),
        183 => "aarch64".to_string(),
        243 => "riscv".to_string(),
        _ => format!("machine {machine}"),
    }
}
