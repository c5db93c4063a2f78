//! The checked-in figures.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Figures and the compiler that they were recorded with: another one makes other instructions of the same source.
pub struct Figures {
    compiler: String,
    rows: Vec<(String, f64)>,
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/counts/figures.tsv")
}

/// The release that this machine compiles with, such as `rustc 1.95`.
fn compiler() -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_string());
    let run = Command::new(rustc).arg("--version").output();
    let text = run.map(|run| String::from_utf8_lossy(&run.stdout).into_owned()).unwrap_or_default();
    let release: Vec<&str> = text.split_whitespace().nth(1).unwrap_or("unknown").split('.').take(2).collect();
    format!("rustc {}", release.join("."))
}

impl Figures {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// The file, and the line that is wrong.
    pub fn read() -> Result<Figures, String> {
        let path = path();
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut lines = text.lines();
        let compiler = lines.next().and_then(|line| line.strip_prefix("# ")).unwrap_or("unknown").to_string();
        let rows = lines.map(|line| {
            let row = line.split_once('\t').and_then(|(name, count)| Some((name.to_string(), count.parse().ok()?)));
            row.ok_or_else(|| format!("{}: found {line:?}, expected a name, a tab and a number", path.display()))
        });
        Ok(Figures { compiler, rows: rows.collect::<Result<_, _>>()? })
    }

    /// The figure of a row.
    pub fn of(&self, name: &str) -> Option<f64> {
        self.rows.iter().find(|(row, _)| row == name).map(|(_, count)| *count)
    }

    /// The rows that have one.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.rows.iter().map(|(name, _)| name)
    }

    /// Whether so many worse rows are a failure: not where another compiler made the figures.
    pub fn verdict(&self, worse: u32) -> ExitCode {
        let here = compiler();
        match worse {
            0 => println!("no row is worse"),
            _ if here != self.compiler => {
                println!("{worse} rows are worse, but the figures are those of {}, and this is {here}", self.compiler);
            }
            _ => {
                println!("{worse} rows are worse. If that is meant: cargo bench --bench counts -- --record");
                return ExitCode::FAILURE;
            }
        }
        ExitCode::SUCCESS
    }
}

/// Writes the figures anew, aside and then in place.
pub fn record(counts: &[(String, f64)]) -> ExitCode {
    let rows: String = counts.iter().map(|(name, count)| format!("{name}\t{count:.1}\n")).collect();
    let aside = path().with_extension("new");
    let written = std::fs::write(&aside, format!("# {}\n{rows}", compiler()));
    match written.and_then(|()| std::fs::rename(&aside, path())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", path().display());
            ExitCode::from(2)
        }
    }
}
