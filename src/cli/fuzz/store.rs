//! What a run reads and writes: its corpus, and a program for each find.

use super::Options;
use crate::cli::error::{Failure, write_aside};
use crate::cli::report::artifact_name;
use ptefuzz::engine::{Find, Kept, News};
use ptefuzz::lockstep::{KnownSignatures, Signature};
use ptefuzz::program::Program;
use ptefuzz::target::Target;
use sha1::{Digest, Sha1};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

/// The directories of a run, each if there is one.
pub struct Store {
    corpus: Option<PathBuf>,
    artifacts: Option<PathBuf>,
    /// Names in the corpus.
    names: HashSet<String>,
    written: HashMap<Signature, String>,
    /// The first write that failed.
    pub failure: Option<Failure>,
}

impl Store {
    /// The directories that the options name, made where they are not there yet.
    ///
    /// # Errors
    ///
    /// A directory that cannot be made.
    pub fn new(options: &Options) -> Result<Store, Failure> {
        for dir in options.corpus.iter().chain(&options.artifacts) {
            std::fs::create_dir_all(dir).map_err(|error| Failure::io("create", dir, &error))?;
        }
        Ok(Store {
            corpus: options.corpus.clone(),
            artifacts: options.artifacts.clone(),
            names: HashSet::new(),
            written: HashMap::new(),
            failure: None,
        })
    }

    /// The programs of the corpus, in the order of their names. Every file is some program, as it is for a fuzzing engine; hidden and empty files and
    /// directories are passed over.
    ///
    /// # Errors
    ///
    /// A directory or file that cannot be read.
    pub fn read(&mut self, target: &Target) -> Result<Vec<Kept>, Failure> {
        let Some(dir) = &self.corpus else { return Ok(Vec::new()) };
        let entries = std::fs::read_dir(dir).map_err(|error| Failure::io("read", dir, &error))?;
        let mut paths = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| Failure::io("read", dir, &error))?;
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if !hidden && entry.path().is_file() {
                paths.push(entry.path());
            }
        }
        paths.sort();
        let mut programs = Vec::new();
        for path in paths {
            let content = std::fs::read(&path).map_err(|error| Failure::io("read", &path, &error))?;
            if let Program::World(program) = target.program(&content)
                && !program.ops.is_empty()
            {
                self.names.insert(name_of(&Program::World(program.clone()).to_bytes()));
                programs.push(Kept { tree: program.tree, ops: program.ops.into(), cells: Box::default() });
            }
        }
        Ok(programs)
    }

    /// Writes what is news.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn take(&mut self, news: &News, known: &KnownSignatures) -> Result<(), Failure> {
        match news {
            News::Kept(kept) => self.keep(kept),
            News::Find(find) if known.contains(&find.first.signature) => Ok(()),
            News::Find(find) => self.report(find),
        }
    }

    fn keep(&mut self, kept: &Kept) -> Result<(), Failure> {
        let Some(dir) = &self.corpus else { return Ok(()) };
        let bytes = kept.program().to_bytes();
        let name = name_of(&bytes);
        if self.names.contains(&name) {
            return Ok(());
        }
        write_aside(&dir.join(&name), &bytes)?;
        self.names.insert(name);
        Ok(())
    }

    fn report(&mut self, find: &Find) -> Result<(), Failure> {
        let Some(dir) = &self.artifacts else { return Ok(()) };
        let signature = find.first.signature;
        let path = dir.join(artifact_name(&signature));
        let text = format!("{}# {signature}\n# {}\n", find.source.to_text(), find.first.environment);
        write_aside(&path, text.as_bytes())?;
        self.written.insert(signature, path.display().to_string());
        Ok(())
    }

    /// The file of a find.
    pub fn artifact(&self, signature: &Signature) -> Option<&str> {
        self.written.get(signature).map(String::as_str)
    }
}

/// The name of a program in a corpus: the digest of its bytes, as libFuzzer names them, so that one program has one name.
fn name_of(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
