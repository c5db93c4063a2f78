//! Every package that is linked in, by every lock file, has a licence that THIRD-PARTY.md allows.

use std::path::Path;
use std::process::Command;

/// What may be linked in.
const ALLOWED: [&str; 12] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "Unicode-3.0",
    "Unlicense",
    "ISC",
    "NCSA",
    "Zlib",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "0BSD",
    "BSL-1.0",
];

/// Whether an expression can be met with what is allowed: one of each group of alternatives.
fn is_allowed(expression: &str) -> bool {
    let groups = expression.split(" AND ");
    let mut met = groups.map(|group| {
        let group = group.trim().trim_start_matches('(').trim_end_matches(')');
        group.split(" OR ").flat_map(|one| one.split('/')).any(|one| ALLOWED.contains(&one.trim()))
    });
    met.all(|met| met)
}

/// Package and licence of everything that a manifest's lock file names for this machine; none if the packages are not here.
fn packages(manifest: &Path) -> Option<Vec<(String, String)>> {
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--offline",
            "--locked",
            "--format-version",
            "1",
            "--filter-platform",
            &host,
            "--manifest-path",
        ])
        .arg(manifest)
        .output()
        .ok()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("").to_string();
    let all = metadata["packages"].as_array()?.iter();
    Some(all.map(|package| (text(&package["name"]), text(&package["license"]))).collect())
}

#[test]
fn every_package_of_every_lock_file_has_a_licence_that_is_allowed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut checked = 0;
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml", "fuzz/afl/Cargo.toml", "fuzz/afl/mutator/Cargo.toml"] {
        let Some(packages) = packages(&root.join(manifest)) else {
            eprintln!("left out: {manifest}, whose packages are not on this machine");
            continue;
        };
        for (name, licence) in packages {
            assert!(is_allowed(&licence), "{manifest}: {name} has the licence {licence:?}");
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked} packages were looked at");
}

#[test]
fn an_expression_is_met_by_one_of_each_group_and_by_no_fewer() {
    for yes in ["MIT", "MIT/Apache-2.0", "Apache-2.0 / MIT", "(MIT OR Apache-2.0) AND NCSA", "MIT OR GPL-3.0"] {
        assert!(is_allowed(yes), "{yes}");
    }
    for no in ["", "GPL-3.0", "(MIT OR Apache-2.0) AND GPL-2.0", "LGPL-2.1-or-later", "Apache-2.0 WITH other"] {
        assert!(!is_allowed(no), "{no}");
    }
}

#[test]
fn the_note_names_every_licence_that_is_allowed() {
    let note = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("THIRD-PARTY.md")).expect("the note");
    for licence in ALLOWED.iter().filter(|licence| !licence.contains("LLVM")) {
        assert!(note.contains(licence), "THIRD-PARTY.md does not name {licence}");
    }
}
