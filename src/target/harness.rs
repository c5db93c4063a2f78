//! What the glue of an engine calls: a session and a mutator set up from the environment, and a run that ends in the text of a crash.

use super::{Cells, Session, Settings, Target, crash_message};
use crate::lockstep::Tally;
use crate::program::Mutator;
use std::path::{Path, PathBuf};

/// A target, ready to run: what `fuzz/` and `fuzz/afl/` hold one of.
pub struct Harness {
    session: Session,
    mutator: Mutator,
    settings: Settings,
}

impl Harness {
    /// The harness of a target with the settings of the environment variables.
    ///
    /// # Errors
    ///
    /// A target that there is not, or a variable that says something else than it can; for standard error, before exit code 2.
    pub fn from_env(target: &str) -> Result<Harness, String> {
        let expected = || format!("{target}: found no such target, expected {}", Target::names());
        let target = Target::by_name(target).ok_or_else(expected)?;
        Harness::new(target, Settings::from_env()?)
    }

    /// The harness of a target with these settings.
    ///
    /// # Errors
    ///
    /// Why the subject cannot be had.
    pub fn new(target: &'static Target, settings: Settings) -> Result<Harness, String> {
        let session = Session::new(target, &settings)?;
        Ok(Harness { session, mutator: target.mutator(settings.environment), settings })
    }

    /// The mutator of the target's programs.
    pub fn mutator(&mut self) -> &mut Mutator {
        &mut self.mutator
    }

    /// What was checked since the start.
    pub fn tally(&self) -> &Tally {
        self.session.tally()
    }

    /// Runs an input and counts what it reached in `cells`.
    ///
    /// # Errors
    ///
    /// The first divergence that is not known, as the message to panic with. Its program is written as text to `dir` first (the directory for temporary
    /// files where there is none), and the message names the file.
    pub fn run(&mut self, input: &[u8], cells: &mut Cells, dir: Option<&Path>) -> Result<(), String> {
        let target = self.session.target();
        let Some((step, divergence)) = self.session.run(input, cells).first() else { return Ok(()) };
        let program = target.program(input);
        let dir = dir.map_or_else(std::env::temp_dir, PathBuf::from);
        let path = dir.join(format!("{}-{}.pte", target.name, divergence.signature.file_stem()));
        let text = format!("{}# {}\n# {}\n", program.to_text(), divergence.signature, divergence.environment);
        let file = match write_aside(&path, &text) {
            Ok(()) => path.display().to_string(),
            // The program stands in the message all the same.
            Err(error) => format!("FILE (cannot write {}: {error})", path.display()),
        };
        Err(crash_message(divergence, *step, &program, &self.settings, &file))
    }
}

/// Writes a file aside and renames it, so that there is never half of one.
fn write_aside(path: &Path, text: &str) -> std::io::Result<()> {
    let aside = path.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&aside, text)?;
    std::fs::rename(&aside, path)
}
