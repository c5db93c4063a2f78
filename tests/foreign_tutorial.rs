//! The tutorial of docs/FOREIGN.md, command by command: what is printed there is what a fresh user sees.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A command of the page and what it prints there.
struct Step {
    command: String,
    printed: String,
}

/// The commands of the page's blocks that begin with `$ `, in order.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step { command: command.to_string(), printed: String::new() }),
                (None, Some(step)) => {
                    step.printed.push_str(line);
                    step.printed.push('\n');
                }
                (None, None) => panic!("output before the first command: {line}"),
            }
        }
    }
    steps
}

/// Without what differs from run to run: times and rates, and the lines of progress that a slow machine has.
fn steady(text: &str) -> Vec<String> {
    let progress = |line: &str| line.contains(" calls (") && line.contains("/s)");
    let line = |line: &str| match line.split_once(" programs, ") {
        Some((head, tail)) if tail.contains(" a second)") => format!("{head} programs, ... a second)"),
        _ => line.trim_end().to_string(),
    };
    text.lines().filter(|l| !progress(l)).map(line).collect()
}

/// A copy of what the tutorial works in: examples/c, with the recorded answers where they are in the repository.
fn workplace() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tutorial");
    let _ = std::fs::remove_dir_all(&dir);
    let work = dir.join("examples/c");
    std::fs::create_dir_all(&work).expect("a directory");
    std::os::unix::fs::symlink(root.join("tests"), dir.join("tests")).expect("a link to the recorded answers");
    for entry in std::fs::read_dir(root.join("examples/c")).expect("examples/c").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".so") && name != "ptefuzz.h" {
            std::fs::copy(entry.path(), work.join(&name)).expect("a copy");
        }
    }
    work
}

#[test]
fn every_command_of_the_tutorial_prints_what_the_page_says() {
    if Command::new("make").arg("--version").output().is_err() || Command::new("cc").arg("--version").output().is_err()
    {
        println!("test skipped: no `make` or no C compiler `cc` here");
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/FOREIGN.md")).expect("docs/FOREIGN.md");
    let program = Path::new(env!("CARGO_BIN_EXE_ptefuzz"));
    let path = format!(
        "{}:{}",
        program.parent().map(Path::display).expect("a directory"),
        std::env::var("PATH").unwrap_or_default()
    );
    let work = workplace();
    let steps = steps(&page);
    assert!(steps.len() > 10, "the tutorial has {} commands", steps.len());
    let mut current = Vec::new();
    for step in &steps {
        let run = Command::new("sh")
            .args(["-c", &format!("{} 2>&1", step.command)])
            .current_dir(&work)
            .env("PATH", &path)
            .env_remove("MAKEFLAGS")
            .env_remove("CFLAGS")
            .output()
            .expect("sh runs");
        current.push(steady(&String::from_utf8_lossy(&run.stdout)));
    }
    if std::env::var_os("PTEFUZZ_WRITE_TUTORIAL").is_some() {
        std::fs::write(root.join("docs/FOREIGN.md"), rewritten(&page, &current)).expect("docs/FOREIGN.md");
        return;
    }
    for (step, printed) in steps.iter().zip(&current) {
        let now = printed.join("\n");
        let again = "PTEFUZZ_WRITE_TUTORIAL=1 cargo test --test foreign_tutorial writes the page anew";
        assert_eq!(&steady(&step.printed), printed, "$ {}\n{now}\n{again}", step.command);
    }
    // Whatever the page says, these must be in it.
    for find in ["fork_rfc02/pte/+swp-uffd-wp", "change_prot/pte/-swp-soft-dirty", "hmm_v3/use/decode:special"] {
        assert!(
            current.iter().flatten().filter(|line| line.contains(find)).count() >= 2,
            "{find} is not found and replayed"
        );
    }
}

/// The page with what the commands print now.
fn rewritten(page: &str, printed: &[Vec<String>]) -> String {
    let (mut text, mut inside, mut printed) = (String::new(), false, printed.iter());
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        }
        if inside && !line.starts_with("```") && !line.starts_with("$ ") {
            continue;
        }
        text.push_str(line);
        text.push('\n');
        if inside && line.starts_with("$ ") {
            printed.next().into_iter().flatten().for_each(|line| {
                text.push_str(line);
                text.push('\n');
            });
        }
    }
    text
}

#[test]
fn the_three_mistakes_are_planted_and_each_has_its_own_library() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/c");
    let source = std::fs::read_to_string(root.join("pte.c")).expect("pte.c");
    let makefile = std::fs::read_to_string(root.join("Makefile")).expect("Makefile");
    for mistake in ["FORK", "PROTECT", "HMM"] {
        assert!(source.contains(&format!("def MISTAKE_{mistake}")), "{mistake}");
        assert!(makefile.contains(&format!("-DMISTAKE_{mistake} ")), "{mistake}");
    }
}
