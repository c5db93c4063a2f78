//! What is written down about the code is what the code says.

#[test]
fn the_reference_of_programs_is_current() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/PROGRAMS.md")).unwrap_or_default();
    let made = ptefuzz::program::reference();
    assert!(page == made, "run: cargo run --example program_reference > docs/PROGRAMS.md");
}

#[test]
fn every_vector_file_is_listed_in_the_note_of_its_provenance() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    let note = std::fs::read_to_string(format!("{dir}/README.md")).unwrap_or_default();
    let mut files = 0;
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".tsv") {
            files += 1;
            assert!(note.contains(&name), "tests/vectors/README.md does not speak of {name}");
        }
    }
    assert_eq!(files, 15);
}

#[test]
fn nothing_here_names_a_path_of_the_machine_that_it_was_written_on() {
    let root = env!("CARGO_MANIFEST_DIR");
    for file in ["README.md", "docs/PROGRAMS.md", "docs/TRIAGE.md", ".ci/run", "tests/vectors/README.md"] {
        let text = std::fs::read_to_string(format!("{root}/{file}")).unwrap_or_default();
        assert!(!text.is_empty(), "{file} is missing");
        for path in ["/root/", "/home/"] {
            assert!(!text.contains(path), "{file} names {path}");
        }
    }
}

#[test]
fn the_trace_in_the_readme_is_what_the_command_beside_it_prints() {
    let root = env!("CARGO_MANIFEST_DIR");
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_ptefuzz"))
        .args(["replay", "docs/special.pte"])
        .current_dir(root)
        .output();
    let printed = run.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap_or_default();
    assert!(!printed.is_empty());
    assert!(readme.contains(&printed), "README.md does not show:\n{printed}");
}

#[test]
fn the_number_of_recorded_rows_in_the_readme_is_that_of_the_files() {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut rows = 0;
    for entry in std::fs::read_dir(format!("{root}/tests/vectors")).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "tsv") {
            rows += std::fs::read_to_string(entry.path()).unwrap_or_default().lines().count() - 2;
        }
    }
    let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap_or_default();
    let shown = format!("{},{:03} rows", rows / 1000, rows % 1000);
    assert!(readme.contains(&shown), "README.md does not say {shown}");
}
