//! Prints `docs/MUSEUM.md` from the museum and the recorded answers.

use ptefuzz::vectors::{VectorFile, parse};

fn main() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "tsv")).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| parse(&std::fs::read_to_string(path).ok()?).ok();
    let files: Vec<VectorFile> = paths.iter().filter_map(read).collect();
    print!("{}", ptefuzz::museum::page(&files));
}
