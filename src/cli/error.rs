//! What a command says when its usage or input is bad: the place, what was found, and what was expected.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;

/// Bad usage or input: printed on standard error, exit code 2.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this message.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure(message.into())
    }

    /// A failure at a line of a file.
    pub fn at(path: &Path, line: usize, message: impl Display) -> Failure {
        Failure(format!("{}:{line}: {message}", path.display()))
    }

    /// A file or directory that could not be read or written.
    pub fn io(action: &str, path: &Path, error: &std::io::Error) -> Failure {
        Failure(format!("{}: cannot {action}: {error}", path.display()))
    }

    /// The same with more behind it.
    pub fn with(self, more: &str) -> Failure {
        Failure(format!("{}\n{more}", self.0))
    }

    /// Prints it for a person.
    pub fn print(&self) {
        let _ = writeln!(std::io::stderr().lock(), "ptefuzz: {}", self.0);
    }
}

/// Writes to standard output; colours stay only where it wants them. A reader that went away (`| head`) is not an error worth a message.
///
/// # Errors
///
/// Whatever else went wrong with standard output, a full disk for instance.
pub fn print_out(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("standard output: cannot write: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints one JSON object on standard output.
///
/// # Errors
///
/// As [`print_out`].
pub fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    print_out(&format!("{value:#}\n"))
}

/// Writes a file aside and renames it, so that there is never half of one.
///
/// # Errors
///
/// Whatever kept it from being written.
pub fn write_aside(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    std::fs::write(&aside, content)
        .map_err(|error| Failure::io("write", &aside, &error))
        .and_then(|()| std::fs::rename(&aside, path).map_err(|error| Failure::io("rename to", path, &error)))
        // A full disk leaves a piece of it.
        .inspect_err(|_| drop(std::fs::remove_file(&aside)))
}

/// What [`write_aside`] left behind in a process that was killed in the middle of it is removed, where that process is gone.
pub fn remove_leftovers(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name
            .to_str()
            .and_then(|name| name.strip_prefix('.')?.strip_suffix(".tmp")?.rsplit('.').next()?.parse::<u32>().ok());
        let gone = |pid: u32| Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{pid}")).exists();
        if pid.is_some_and(gone) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
