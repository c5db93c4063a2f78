//! Reading a directory of programs that others wrote: any engine, any person, while they write. Nothing in it ends a run.

use super::store::name_of_kept;
use crate::cli::error::Failure;
use ptefuzz::engine::Kept;
use ptefuzz::program::Program;
use ptefuzz::target::Target;
use std::path::{Path, PathBuf};

/// A program of a directory.
pub struct Seed {
    /// Its file.
    pub path: PathBuf,
    /// The name that the engine would give it.
    pub program_name: String,
    /// The program.
    pub kept: Kept,
}

/// Files that are no programs, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    empty: usize,
    large: usize,
    unreadable: usize,
    special: usize,
    idle: usize,
}

/// Above this, a file is no program of any engine.
const LARGEST: u64 = 1 << 20;

impl Passed {
    /// Each reason with its count; nothing if there is none.
    pub fn words(&self) -> Option<String> {
        let reasons = [
            (self.empty, "empty"),
            (self.large, "above 1 MiB"),
            (self.unreadable, "that cannot be read"),
            (self.special, "no regular file"),
            (self.idle, "without an operation"),
        ];
        let words: Vec<_> =
            reasons.iter().filter(|(count, _)| *count > 0).map(|(count, reason)| format!("{count} {reason}")).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// The programs of a directory, in the order of their names. Every file is some program, as it is for a fuzzing engine; hidden files and directories are
/// passed over without a word, what cannot be a program is counted. A file that vanishes meanwhile was never there.
///
/// # Errors
///
/// The directory itself cannot be read.
pub fn read_seeds(dir: &Path, target: &Target) -> Result<(Vec<Seed>, Passed), Failure> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| Failure::io("read", dir, &error))? {
        let entry = entry.map_err(|error| Failure::io("read", dir, &error))?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    let (mut seeds, mut passed) = (Vec::new(), Passed::default());
    for path in paths {
        if let Some(kept) = read_seed(&path, target, &mut passed) {
            seeds.push(Seed { program_name: name_of_kept(&kept), path, kept });
        }
    }
    Ok((seeds, passed))
}

/// The program of one file, or what it is counted as.
pub fn read_seed(path: &Path, target: &Target, passed: &mut Passed) -> Option<Kept> {
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) => {
            // A link to nothing is not a file that vanished.
            let dangling = error.kind() != std::io::ErrorKind::NotFound || path.is_symlink();
            passed.unreadable += dangling as usize;
            return None;
        }
    };
    if found.is_dir() {
        return None;
    }
    let reason = match found.len() {
        _ if !found.is_file() => &mut passed.special,
        0 => &mut passed.empty,
        size if size > LARGEST => &mut passed.large,
        _ => match std::fs::read(path).map(|content| target.program(&content)) {
            Ok(Program::World(program)) if !program.ops.is_empty() => {
                return Some(Kept { tree: program.tree, ops: program.ops.into(), cells: Box::default() });
            }
            Ok(_) => &mut passed.idle,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(_) => &mut passed.unreadable,
        },
    };
    *reason += 1;
    None
}
