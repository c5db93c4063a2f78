//! Runs this program once more under callgrind and reads what it counted.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The instructions for one unit of each row, in the order of the rows.
///
/// # Errors
///
/// Why nothing could be counted.
pub fn count() -> Result<Vec<(String, f64)>, String> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("callgrind");
    // What an earlier run left would be read as this one's.
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--dump-before=ptefuzz_marker", "--combine-dumps=no"])
        .arg(format!("--callgrind-out-file={}", directory.join("out").display()))
        .arg(program)
        .arg("--run")
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    if !run.status.success() {
        return Err(format!("valgrind: {}: {}", run.status, String::from_utf8_lossy(&run.stderr)));
    }
    let rows = String::from_utf8_lossy(&run.stdout).into_owned();
    rows.lines().enumerate().map(|(index, row)| of_row(&directory, index, row)).collect()
}

/// The count of one row: its part is the one that ends at its second marker.
fn of_row(directory: &Path, index: usize, row: &str) -> Result<(String, f64), String> {
    let (name, units) = row.split_once('\t').ok_or_else(|| format!("found {row:?}, expected a name and a number"))?;
    let units: f64 = units.parse().map_err(|_| format!("found {units:?}, expected a number of units"))?;
    let path = directory.join(format!("out.{}", 2 * index + 2));
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("summary: ").or_else(|| line.strip_prefix("totals: ")));
    let count: f64 = line
        .and_then(|count| count.trim().parse().ok())
        .ok_or_else(|| format!("{}: no line with a sum", path.display()))?;
    Ok((name.to_string(), count / units))
}
