//! The committed seeds, dictionaries and options: every target has its own, each seed is on its target's menu and replays clean, and together the seeds of a
//! target meet every class, every operation and every site that it has.

use ptefuzz::program::{OpCode, Operation, Program, Record};
use ptefuzz::pte::{Class, Environment};
use ptefuzz::site::{SITES, SiteId};
use ptefuzz::target::{CELLS, PARSERS, Session, Settings, TARGETS, Target, dictionary, options};
use ptefuzz::world::World;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The least number of seeds of a target.
const FLOOR: usize = 24;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The seeds of a target, sorted: path and text.
fn seeds(target: &Target) -> Vec<(PathBuf, String)> {
    let dir = root().join("corpus").join(target.name);
    let entries = std::fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a directory entry").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

/// What the seeds of a target meet.
#[derive(Default)]
struct Met {
    /// Calls and range entries at the sites that the target checks, by class.
    classes: BTreeSet<Class>,
    sites: BTreeSet<SiteId>,
    ranges: BTreeSet<SiteId>,
    worked: BTreeSet<OpCode>,
}

impl Met {
    fn program(&mut self, target: &Target, program: &Program, environment: Environment) {
        let mut world = World::new(environment);
        match program {
            Program::World(program) => {
                world.run(program.tree, program.ops.iter().copied());
                let trace = world.trace();
                for call in &trace.calls {
                    self.call(target, call.site, call.pte, &world);
                }
                for record in &trace.ranges {
                    self.ranges.insert(record.site);
                    trace.range(record).ptes.iter().for_each(|pte| self.call(target, record.site, *pte, &world));
                }
                self.worked.extend(OpCode::ALL.into_iter().filter(|code| world.worked()[*code as usize] > 0));
                let silent = |code| Operation::of(code).sites.is_empty();
                self.worked.extend(program.ops.iter().map(|op| op.code).filter(|code| silent(*code)));
            }
            Program::Raw(program) => {
                for record in &program.records {
                    match record {
                        Record::Call(call) => self.call(target, call.site, call.pte, &world),
                        Record::Classify(pte) => {
                            self.classes.insert(world.model().class(*pte));
                        }
                        Record::Range { site, entries, .. } => {
                            self.ranges.insert(*site);
                            entries.iter().for_each(|(pte, _)| self.call(target, *site, *pte, &world));
                        }
                    }
                }
            }
        }
    }

    fn call(&mut self, target: &Target, site: SiteId, pte: u64, world: &World) {
        if target.checks.contains(&site) {
            self.sites.insert(site);
            self.classes.insert(world.model().class(pte));
        }
    }
}

#[test]
fn every_target_has_enough_seeds_and_each_says_why_it_is_there() {
    for target in &TARGETS {
        let seeds = seeds(target);
        assert!(seeds.len() >= FLOOR, "{}: {} seeds, expected {FLOOR}", target.name, seeds.len());
        let mut programs = BTreeMap::new();
        for (path, text) in seeds {
            let shown = path.display();
            assert_eq!(path.extension().and_then(|e| e.to_str()), Some("pte"), "{shown}");
            let why: usize = text.lines().filter_map(|line| line.strip_prefix("# ")).map(str::len).sum();
            assert!(why >= 30, "{shown}: no comment that says why");
            assert!(text.len() <= 4096, "{shown}: longer than libFuzzer reads by default");
            let program = Program::from_text(&text).unwrap_or_else(|error| panic!("{shown}:{error}"));
            assert_eq!(target.program(text.as_bytes()), program, "{shown}: not on the menu of {}", target.name);
            assert!(program.to_bytes().len() <= target.max_len * 4, "{shown}: too long for {}", target.name);
            if let Some(other) = programs.insert(program.to_text(), path.clone()) {
                panic!("{shown} and {} are one program", other.display());
            }
        }
    }
}

#[test]
fn every_seed_replays_clean_in_every_environment() {
    for environment in Environment::all() {
        for target in &TARGETS {
            let settings = Settings { environment, ..Settings::default() };
            let mut session = Session::new(target, &settings).expect("a session");
            let mut cells = Box::new([0; CELLS]);
            for (path, text) in seeds(target) {
                let found = session.run(text.as_bytes(), &mut cells);
                let signature = found.first().map(|(_, divergence)| divergence.signature.to_string());
                assert_eq!(signature, None, "{} {environment}", path.display());
            }
        }
    }
}

#[test]
fn the_seeds_of_a_target_meet_every_class_operation_and_site_of_it() {
    let mut missing = Vec::new();
    for target in &TARGETS {
        let mut met = Met::default();
        for (_, text) in seeds(target) {
            met.program(target, &target.program(text.as_bytes()), Environment::default());
        }
        let mut miss = |what: &str| missing.push(format!("{}: no seed meets {what}", target.name));
        Class::ALL.iter().filter(|class| !met.classes.contains(class)).for_each(|class| miss(class.name()));
        // Some sites are no operation's: they are the target raw's.
        let called: BTreeSet<_> = target.menu.codes.iter().flat_map(|code| Operation::of(*code).sites).collect();
        let here = |site: &&SiteId| !target.is_world() || called.contains(site);
        let unmet = target.checks.iter().filter(here).filter(|site| !met.sites.contains(site));
        unmet.for_each(|site| miss(SITES[*site as usize].name));
        target.menu.codes.iter().filter(|c| !met.worked.contains(c)).for_each(|c| miss(Operation::of(*c).name));
        if target.name == "ranges" {
            target.checks.iter().filter(|s| !met.ranges.contains(s)).for_each(|s| miss(SITES[*s as usize].name));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn dictionaries_and_options_are_current() {
    let current = |path: String, text: String, command: &str| {
        assert!(read(&root().join(&path)) == text, "{path} is not current: run `{command}`");
    };
    let all = TARGETS.iter().map(|target| (target.name, dictionary(target), options(target)));
    let readers = PARSERS.iter().map(|parser| (parser.name, parser.dictionary(), parser.options()));
    for (name, dictionary, options) in all.chain(readers) {
        current(format!("dictionaries/{name}.dict"), dictionary, "ptefuzz dictionary -o dictionaries");
        current(format!("fuzz/options/{name}.options"), options, "ptefuzz dictionary --options -o fuzz/options");
    }
}

#[test]
fn every_reader_has_seeds_that_it_takes_and_seeds_that_it_refuses_and_breaks_no_promise_on_any() {
    for parser in &PARSERS {
        let dir = root().join("corpus").join(parser.name);
        let entries = std::fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        let mut seeds = 0;
        for entry in entries {
            let path = entry.expect("a directory entry").path();
            let content = std::fs::read(&path).expect("a seed");
            assert!((1..=parser.max_len).contains(&content.len()), "{}: {} bytes", path.display(), content.len());
            assert_eq!((parser.check)(&content), Ok(()), "{}", path.display());
            seeds += 1;
        }
        assert!(seeds >= 8, "{}: {seeds} seeds, expected 8", parser.name);
        let (fuzzing, file) = ("docs/FUZZING.md", "fuzz/Cargo.toml");
        assert!(read(&root().join(file)).contains(&format!("name = \"{}\"", parser.name)), "{file}");
        let row = format!("| `{}` | {} |", parser.name, parser.contract);
        assert!(read(&root().join(fuzzing)).contains(&row), "{fuzzing} has no row\n{row}");
    }
}

#[test]
fn every_line_of_a_dictionary_is_in_the_engines_syntax() {
    let texts = TARGETS.iter().map(dictionary).chain(PARSERS.iter().map(|parser| parser.dictionary()));
    for line in texts.flat_map(|text| text.lines().map(str::to_string).collect::<Vec<_>>()) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("no = in {line}"));
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{line}");
        let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or_else(|| panic!("{line}"));
        assert!(!inner.is_empty() && inner.is_ascii(), "{line}");
    }
}

#[test]
fn every_target_is_a_binary_of_both_engines_and_a_row_of_the_readme() {
    let (readme, fuzz, afl) = ("README.md", "fuzz/Cargo.toml", "fuzz/afl/Cargo.toml");
    for target in &TARGETS {
        for file in [fuzz, afl] {
            let line = format!("name = \"{}\"", target.name);
            assert!(read(&root().join(file)).contains(&line), "{file} has no {}", target.name);
        }
        let row = format!("| `{}` | {} |", target.name, target.contract);
        assert!(read(&root().join(readme)).contains(&row), "{readme} has no row\n{row}");
    }
}

#[test]
fn nothing_lies_about_that_belongs_to_no_target() {
    let readers = PARSERS.iter().map(|parser| parser.name);
    let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name).chain(readers).collect();
    for (dir, extension) in [("dictionaries", "dict"), ("fuzz/options", "options"), ("fuzz/fuzz_targets", "rs")] {
        for entry in std::fs::read_dir(root().join(dir)).expect(dir) {
            let path = entry.expect("a directory entry").path();
            let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("");
            assert!(names.contains(stem) && path.extension().is_some_and(|e| e == extension), "{}", path.display());
        }
    }
}

#[test]
fn a_crash_file_runs_in_its_target_as_it_is_with_its_comments_before_the_program() {
    let sequence = Target::by_name("sequence").expect("a target");
    let (mut cells, mut shown) = (Box::new([0; CELLS]), 0);
    for entry in std::fs::read_dir(root().join("corpus/crashes")).expect("the crashes") {
        let path = entry.expect("a directory entry").path();
        let text = read(&path);
        let program = Program::from_text(&text).expect("a program");
        if matches!(program, Program::Raw(_)) {
            continue;
        }
        assert_eq!(sequence.program(text.as_bytes()), program, "{}", path.display());
        let slug = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let subject = format!("bug:{slug}");
        let settings = Settings::from_variables(|name| match name {
            "PTEFUZZ_SUBJECT" => Some(subject.clone()),
            "PTEFUZZ_SPECIAL" => text.lines().find_map(|line| line.strip_prefix("# special: ")).map(str::to_string),
            _ => None,
        });
        let mut session = Session::new(sequence, &settings.expect("a bug")).expect("a subject");
        shown += !session.run(text.as_bytes(), &mut cells).is_empty() as usize;
    }
    assert_eq!(shown, 44, "each shows its bug");
}

/// The file that has the seeds of the targets of operations built in, as it must be.
fn built_in_seeds() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::from(
        "//! The seeds of corpus/ for targets of operations, built in, so that a run has them wherever it is.\n//!\n\
         //! Written by `PTEFUZZ_WRITE_SEEDS=1 cargo test --test corpus built_in`.\n\n\
         /// Each target and the texts of its seeds, in the order of their names.\n#[rustfmt::skip]\n\
         pub const SEEDS: &[(&str, &[&str])] = &[\n",
    );
    let mut names: Vec<&str> = TARGETS.iter().filter(|target| target.is_world()).map(|target| target.name).collect();
    names.sort();
    for name in names {
        let seeds = std::fs::read_dir(root.join("corpus").join(name)).expect("a corpus");
        let mut files: Vec<String> = seeds.flatten().map(|file| file.file_name().to_string_lossy().into()).collect();
        files.retain(|file| file.ends_with(".pte"));
        files.sort();
        text.push_str(&format!("    (\"{name}\", &[\n"));
        files
            .iter()
            .for_each(|file| text.push_str(&format!("        include_str!(\"../../../corpus/{name}/{file}\"),\n")));
        text.push_str("    ]),\n");
    }
    text + "];\n"
}

#[test]
fn the_seeds_that_are_built_in_are_those_of_the_corpus() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/fuzz/built_in.rs");
    let (now, right) = (std::fs::read_to_string(&file).unwrap_or_default(), built_in_seeds());
    if std::env::var_os("PTEFUZZ_WRITE_SEEDS").is_some() {
        std::fs::write(&file, right).expect("src/cli/fuzz/built_in.rs");
    } else {
        assert!(now == right, "{}: not the seeds of corpus/ (PTEFUZZ_WRITE_SEEDS=1 writes it anew)", file.display());
    }
}

/// What a run of a few programs says, in a directory that is not the repository.
fn short_run(seed: &str, arguments: &[&str]) -> serde_json::Value {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ptefuzz"))
        .args(["fuzz", "--seed", seed, "--jobs", "1", "--json"])
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .output()
        .expect("it starts");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_run_starts_from_its_targets_seeds_wherever_it_is_and_from_nothing_when_told() {
    for target in ["sequence", "mremap", "uffd_wp"] {
        let with = short_run("1", &["--target", target, "--execs", "25"]);
        let again = short_run("1", &["--target", target, "--execs", "25"]);
        let without = short_run("1", &["--target", target, "--execs", "25", "--no-seeds"]);
        assert_eq!((&with["programs"], &without["programs"]), (&25.into(), &25.into()));
        assert_eq!((&with["covered"], &with["site_calls"]), (&again["covered"], &again["site_calls"]));
        assert_ne!(with["site_calls"], without["site_calls"], "{target}: the same programs");
    }
    // A run that is over before the first generated program has run the seeds alone: they do not depend on the seed of the run.
    let one = short_run("1", &["--execs", "20"]);
    let other = short_run("2", &["--execs", "20"]);
    assert_eq!((&one["covered"], &one["site_calls"]), (&other["covered"], &other["site_calls"]));
}
