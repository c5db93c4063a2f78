//! Reads a directory of programs: ptefuzz's own artifacts, libFuzzer's `crash-*`, AFL++'s `crashes/id:*`, and text.
//!
//! In comes a directory; out come its files one by one, sorted by path, each with its number. What the files hold is read only when a worker
//! asks for one, so that a hundred thousand of them need the memory of their names.

use crate::model::Model;
use crate::program::{Program, text_total};
use crate::target::Target;
use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of the largest file that is read: fuzzing engines stop far below it.
const LARGEST: u64 = 1 << 20;

/// What fuzzing engines call the files that they keep; whatever such a file holds is some program.
const ENGINE_NAMES: [&str; 8] = ["crash-", "oom-", "timeout-", "leak-", "slow-unit-", "minimized-from-", "id:", "id_"];

/// The files below a directory, in the order of their paths.
#[derive(Debug)]
pub struct Files {
    root: PathBuf,
    /// Entries that are still to come, the next one last.
    open: Vec<PathBuf>,
    next: u64,
}

impl Files {
    /// The files below `root`, those of its directories included. Hidden files, links to directories and the `README.txt` that AFL++ puts beside
    /// crashes are left out.
    ///
    /// # Errors
    ///
    /// A directory that cannot be read.
    pub fn new(root: &Path) -> Result<Files, std::io::Error> {
        let mut files = Files { root: root.to_path_buf(), open: Vec::new(), next: 0 };
        files.enter(root)?;
        Ok(files)
    }

    fn enter(&mut self, directory: &Path) -> Result<(), std::io::Error> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with('.') {
                entries.push(entry.path());
            }
        }
        entries.sort_unstable_by(|a, b| b.cmp(a));
        self.open.append(&mut entries);
        Ok(())
    }

    /// The path as it is shown: below the directory that was asked for.
    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// Whether a fuzzing engine named this file. libFuzzer calls the files of a corpus by the SHA-1 of what they hold.
fn is_of_an_engine(name: &str) -> bool {
    let digest = name.len() == 40 && name.bytes().all(|c| c.is_ascii_hexdigit());
    digest || ENGINE_NAMES.iter().any(|start| name.starts_with(start))
}

/// One file of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its number in the order of the paths.
    pub index: u64,
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the directory that was asked for.
    pub shown: String,
    /// Why it cannot be looked into, if that is known already.
    pub problem: Option<String>,
}

impl Iterator for Files {
    type Item = File;

    fn next(&mut self) -> Option<File> {
        loop {
            let path = self.open.pop()?;
            let link = fs::symlink_metadata(&path).is_ok_and(|data| data.is_symlink());
            let directory = fs::metadata(&path).is_ok_and(|data| data.is_dir());
            if directory && link || path.file_name().is_some_and(|name| name == "README.txt") {
                continue;
            }
            let problem = if directory {
                match self.enter(&path) {
                    Ok(()) => continue,
                    Err(error) => Some(format!("cannot read the directory: {error}")),
                }
            } else {
                None
            };
            let shown = self.shown(&path);
            self.next += 1;
            return Some(File { index: self.next - 1, path, shown, problem });
        }
    }
}

impl File {
    /// Reads the program in it.
    ///
    /// Files with an engine's name hold any bytes or any text, and are read as `target` reads them, or by their first byte where no target is named;
    /// what stands in no site's domain is left out there. All others are read strictly.
    ///
    /// # Errors
    ///
    /// Why it is no program: the place, what was found and what was expected.
    pub fn read(&self, model: &Model, target: Option<&Target>) -> Result<Program, String> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let data = fs::metadata(&self.path).map_err(|error| format!("cannot read: {error}"))?;
        if !data.is_file() {
            return Err("found no regular file, expected a program".to_string());
        }
        if data.len() > LARGEST {
            return Err(format!("found {} bytes, expected at most {LARGEST}", data.len()));
        }
        let content = fs::read(&self.path).map_err(|error| format!("cannot read: {error}"))?;
        self.parse(&content, model, target)
    }

    fn parse(&self, content: &[u8], model: &Model, target: Option<&Target>) -> Result<Program, String> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        if is_of_an_engine(&name) {
            let mut program = match target {
                Some(target) => target.menu.program(content),
                None => text_total(content).unwrap_or_else(|| Program::from_bytes_total(content)),
            };
            if let Program::Raw(raw) = &mut program {
                raw.records.retain(|record| record.check(|pte| model.class(pte)).is_ok());
            }
            return Ok(program);
        }
        let program = Program::read(content).map_err(|error| error.to_string())?;
        if let Program::Raw(raw) = &program {
            raw.check(|pte| model.class(pte)).map_err(|(step, error)| format!("step {step}: {error}"))?;
        }
        Ok(program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Record;
    use crate::pte::Environment;
    use crate::site::{Call, SiteId};

    fn file(name: &str) -> File {
        File { index: 0, path: PathBuf::from(name), shown: name.to_string(), problem: None }
    }

    #[test]
    fn any_bytes_of_an_engine_are_a_program_and_of_others_only_programs_are() {
        let model = Model::new(Environment::default());
        let digest = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        for name in ["crash-0011", "id:000001,sig:06,src:000000", "timeout-9", "slow-unit-1", digest] {
            let read = |content: &[u8]| file(name).parse(content, &model, None);
            assert!(read(&[1, 2, 3]).is_ok(), "{name}");
            assert!(read(b"ptefuzz 1\nread 3\n").is_ok_and(|p| p.to_text().contains("read 3")));
            assert!(read(b"ptefuzz 1\nread 3\nraed 3\n").is_ok_and(|p| p.to_text().contains("read 3")), "{name}");
        }
        assert!(file("seed.bin").parse(&[1, 2, 3], &model, None).is_err());
        assert!(file("README").parse(b"command line used to find this crash\n", &model, None).is_err());
    }

    #[test]
    fn the_bytes_of_a_target_are_read_as_the_target_reads_them() {
        let model = Model::new(Environment::default());
        // A first byte of 1 says operations; the target of raw calls takes no notice of it.
        let bytes: Vec<u8> = (0..90).map(|n| if n < 2 { 1 } else { 0 }).collect();
        let read = |target: Option<&str>| {
            let target = target.and_then(Target::by_name);
            file("crash-1").parse(&bytes, &model, target).expect("any bytes")
        };
        assert!(matches!(read(None), Program::World(_)));
        assert!(matches!(read(Some("raw")), Program::Raw(_)));
    }

    #[test]
    fn records_outside_a_domain_are_refused_with_their_step_and_an_engine_s_bytes_make_none() {
        let model = Model::new(Environment::default());
        let text = "ptefuzz 1 raw\nmove_soft_dirty 0x4\ndo_swap_page 0x25\n";
        let error = file("one.pte").parse(text.as_bytes(), &model, None).expect_err("present");
        assert!(error.starts_with("step 2: pte: found 0x25"), "{error}");
        let bytes = Program::read(text.as_bytes()).expect("text").to_bytes();
        let Ok(Program::Raw(program)) = file("crash-1").parse(&bytes, &model, None) else { panic!("a raw program") };
        assert!(program.check(|pte| model.class(pte)).is_ok());
        assert!(program.records.contains(&Record::Call(Call { site: SiteId::MoveSoftDirty, pte: 4, p: [0; 3] })));
    }
}
