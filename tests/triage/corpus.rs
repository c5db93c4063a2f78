//! Crash files as engines leave them: the built-in one's text, and what byte mutation makes of it under libFuzzer's and AFL++'s names.

use ptefuzz::engine::Runner;
use ptefuzz::museum::{Bug, Buggy, MUSEUM};
use ptefuzz::program::{CallSource, Generator, Program, RawProgram, Record, Rng, WorldProgram};
use ptefuzz::pte::Environment;
use std::path::{Path, PathBuf};

/// Programs that are generated before a bug counts as one that only raw calls show.
const GENERATED: u64 = 4000;

/// Bugs of the museum that are each at a site of its own and show with the real special value: what went wrong in the kernel's history first.
pub fn bugs_of_distinct_sites(count: usize) -> Vec<&'static Bug> {
    let (history, others): (Vec<&Bug>, Vec<&Bug>) = MUSEUM.iter().partition(|bug| bug.id.starts_with('M'));
    let mut bugs: Vec<&'static Bug> = Vec::new();
    for bug in history.into_iter().chain(others) {
        if bugs.len() < count && bugs.iter().all(|other| other.site != bug.site) && !Finder::new(bug).raw(1).is_empty()
        {
            bugs.push(bug);
        }
    }
    assert_eq!(bugs.len(), count);
    bugs
}

/// Finds programs that show one bug.
pub struct Finder {
    bug: &'static Bug,
    runner: Runner,
    buggy: Buggy,
}

impl Finder {
    pub fn new(bug: &'static Bug) -> Finder {
        let environment = Environment::default();
        Finder { bug, runner: Runner::new(environment), buggy: Buggy::with_all(environment, [bug]) }
    }

    pub fn shows(&mut self, program: &Program) -> bool {
        self.runner.first(program, &mut self.buggy).is_some()
    }

    /// World programs of the generator.
    pub fn world(&mut self, count: usize) -> Vec<Program> {
        let mut generator = Generator::new();
        let mut found = Vec::new();
        for seed in 0..GENERATED {
            let (tree, ops) = generator.program(&mut Rng::new(seed));
            let program = Program::World(WorldProgram { tree, ops: ops.to_vec() });
            if found.len() < count && self.shows(&program) {
                found.push(program);
            }
        }
        found
    }

    /// Raw programs of a few calls.
    pub fn raw(&mut self, count: usize) -> Vec<Program> {
        let source = CallSource::new(Environment::default(), vec![self.bug.site], false);
        let mut rng = Rng::new(self.bug.site as u64 + 1);
        let mut found = Vec::new();
        for _ in 0..GENERATED {
            let records = (0..4).map(|_| Record::Call(source.call(&mut rng))).collect();
            let program = Program::Raw(RawProgram { records });
            if found.len() < count && self.shows(&program) {
                found.push(program);
            }
        }
        found
    }
}

/// A directory that fills with crash files.
pub struct Crashes {
    directory: PathBuf,
    written: usize,
}

impl Crashes {
    pub fn new(directory: &Path) -> Crashes {
        std::fs::create_dir_all(directory.join("fuzz/artifacts/sequence")).expect("a directory");
        std::fs::create_dir_all(directory.join("out/default/crashes")).expect("a directory");
        Crashes { directory: directory.to_path_buf(), written: 0 }
    }

    /// How many there are.
    pub fn written(&self) -> usize {
        self.written
    }

    /// Adds files that show this bug: what the generator finds, and what mutation makes of that.
    pub fn add(&mut self, bug: &'static Bug, count: usize) {
        let mut finder = Finder::new(bug);
        let mut parents = finder.world(count / 4);
        parents.extend(finder.raw(count / 4));
        assert!(!parents.is_empty(), "{}", bug.slug);
        for program in &parents {
            self.write(&format!("{}-{}.pte", bug.slug, self.written), program.to_text().as_bytes());
        }
        let mut rng = Rng::new(77);
        for number in parents.len()..count {
            let parent = parents[rng.below(parents.len() as u32) as usize].to_bytes();
            let child = loop {
                let child = mutated(parent.clone(), &mut rng);
                if finder.shows(&Program::from_bytes_total(&child)) && in_domain(&child) {
                    break child;
                }
            };
            if number % 2 == 0 {
                self.write(&format!("fuzz/artifacts/sequence/crash-{:016x}{:024x}", rng.next(), self.written), &child);
            } else {
                let name = format!("id:{:06},sig:06,src:000000,time:1,execs:2,op:havoc,rep:2", self.written);
                self.write(&format!("out/default/crashes/{name}"), &child);
            }
        }
    }

    fn write(&mut self, name: &str, content: &[u8]) {
        std::fs::write(self.directory.join(name), content).expect("a file");
        self.written += 1;
    }
}

/// Records that triage would leave out show nothing.
fn in_domain(bytes: &[u8]) -> bool {
    let model = ptefuzz::model::Model::new(Environment::default());
    match Program::from_bytes_total(bytes) {
        Program::Raw(raw) => raw.check(|pte| model.class(pte)).is_ok(),
        Program::World(_) => true,
    }
}

/// What a havoc stage does to bytes: flips, copies, cuts, and junk at the end.
fn mutated(mut bytes: Vec<u8>, rng: &mut Rng) -> Vec<u8> {
    for _ in 0..1 + rng.below(3) {
        let at = 4 + rng.below(bytes.len().max(5) as u32 - 4) as usize;
        match rng.below(4) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.below(8),
            1 if at < bytes.len() => bytes[at] = rng.next() as u8,
            2 => bytes.extend((0..rng.below(20)).map(|_| 0xa5)),
            _ => {
                let from = (at / 8 * 8).min(bytes.len());
                let copied: Vec<u8> = bytes[from..(from + 8).min(bytes.len())].to_vec();
                bytes.extend(copied);
            }
        }
    }
    bytes
}
