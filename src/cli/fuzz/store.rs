//! What a run reads and writes: its corpus, and a program for each find.
//!
//! A corpus directory is anybody's: files of other engines and of people are read and never touched. What this engine wrote stands in `.ptefuzz/own`, and what
//! of that reaches nothing of its own any more is removed when a run begins. One run at a time does that: the one that holds `.ptefuzz/lock`.

use super::Options;
use super::seeds::{Passed, Seed, read_seeds};
use crate::cli::error::{Failure, remove_leftovers, write_aside};
use crate::cli::report::artifact_name;
use ptefuzz::engine::{Find, Fleet, Habits, Kept, Limits, News, Next, WorldRun};
use ptefuzz::lockstep::{Lockstep, Signature};
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::program::Program;
use ptefuzz::pte::Environment;
use ptefuzz::target::Target;
use ptefuzz::world::World;
use sha1::{Digest, Sha1};
use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The directories of a run, each if there is one.
pub struct Store {
    corpus: Option<PathBuf>,
    artifacts: Option<PathBuf>,
    /// Names of the programs in the corpus.
    names: HashSet<String>,
    written: HashMap<Signature, String>,
    /// What was said of the subject, if it is not the default one: a find shows itself with that alone.
    subject: Option<String>,
    /// Held as long as the run lasts, by the one run that removes and keeps statistics.
    lock: Option<File>,
    /// The list of what this engine wrote, at its end.
    own: Option<File>,
}

/// What a corpus holds that belongs to the engine and is no program.
pub const STATE: &str = ".ptefuzz";

impl Store {
    /// The directories that the options name, made where they are not there yet.
    ///
    /// # Errors
    ///
    /// A directory that cannot be made.
    pub fn new(options: &Options) -> Result<Store, Failure> {
        for dir in options.corpus.iter().chain(&options.artifacts) {
            std::fs::create_dir_all(dir).map_err(|error| Failure::io("create", dir, &error))?;
            remove_leftovers(dir);
        }
        let mut store = Store {
            corpus: options.corpus.clone(),
            artifacts: options.artifacts.clone(),
            names: HashSet::new(),
            written: HashMap::new(),
            subject: Some(options.subject.arguments().trim().to_string()).filter(|said| !said.is_empty()),
            lock: None,
            own: None,
        };
        if let Some(state) = store.state() {
            std::fs::create_dir_all(&state).map_err(|error| Failure::io("create", &state, &error))?;
            remove_leftovers(&state);
            let path = state.join("lock");
            let lock = File::create(&path).map_err(|error| Failure::io("create", &path, &error))?;
            store.lock = lock.try_lock().is_ok().then_some(lock);
            if store.lock.is_none() {
                let dir = store.corpus.as_deref().unwrap_or(Path::new("")).display();
                eprintln!(
                    "corpus {dir}: another run uses it; this one adds programs, and neither removes any nor keeps statistics there"
                );
            }
        }
        Ok(store)
    }

    fn state(&self) -> Option<PathBuf> {
        self.corpus.as_ref().map(|dir| dir.join(STATE))
    }

    /// Where statistics of the corpus go, if this is the run that keeps them.
    pub fn statistics(&self) -> Option<PathBuf> {
        self.lock.as_ref().and(self.state()).map(|state| state.join("stats.jsonl"))
    }

    /// The programs of the corpus, in the order of their names. Those that this engine wrote and that reach nothing of their own are removed from the
    /// directory, if this is the run that may; they are run once more all the same.
    ///
    /// # Errors
    ///
    /// A directory that cannot be read, or changed.
    pub fn read(&mut self, target: &'static Target, environment: Environment) -> Result<Vec<Kept>, Failure> {
        let Some(dir) = self.corpus.clone() else { return Ok(Vec::new()) };
        let own_list = dir.join(STATE).join("own");
        let (seeds, passed) = read_seeds(&dir, target)?;
        let own: HashSet<String> =
            std::fs::read_to_string(&own_list).unwrap_or_default().lines().map(str::to_string).collect();
        let mut removed = HashSet::new();
        if self.lock.is_some() && !own.is_empty() {
            let needed = needed(&seeds, target, environment)?;
            for seed in seeds.iter().filter(|seed| !needed.contains(&seed.program_name)) {
                let file = seed.path.file_name().and_then(|name| name.to_str()).unwrap_or("");
                // Its name is that of its content: nobody changed it since.
                if own.contains(file) && file == seed.program_name && std::fs::remove_file(&seed.path).is_ok() {
                    removed.insert(file.to_string());
                }
            }
            let there: HashSet<&str> = seeds.iter().filter_map(|seed| seed.path.file_name()?.to_str()).collect();
            let mut left: Vec<_> =
                own.iter().filter(|name| there.contains(name.as_str()) && !removed.contains(*name)).cloned().collect();
            left.sort();
            let text: String = left.iter().map(|name| format!("{name}\n")).collect();
            write_aside(&own_list, text.as_bytes())?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&own_list);
        self.own = Some(file.map_err(|error| Failure::io("write", &own_list, &error))?);
        say(&dir, seeds.len(), &passed, removed.len());
        self.names =
            seeds.iter().map(|seed| seed.program_name.clone()).filter(|name| !removed.contains(name)).collect();
        Ok(seeds.into_iter().map(|seed| seed.kept).collect())
    }

    /// Writes what is news.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn take(&mut self, news: &News) -> Result<(), Failure> {
        match news {
            News::Kept(kept) => self.keep(kept),
            News::Find(find) => self.report(find),
        }
    }

    fn keep(&mut self, kept: &Kept) -> Result<(), Failure> {
        let Some(dir) = &self.corpus else { return Ok(()) };
        let bytes = kept.program().to_bytes();
        let name = name_of(&bytes);
        if self.names.contains(&name) {
            return Ok(());
        }
        write_aside(&dir.join(&name), &bytes)?;
        if let Some(own) = &mut self.own {
            // One write of a whole line: two runs may append at once.
            own.write_all(format!("{name}\n").as_bytes())
                .map_err(|error| Failure::io("write", &dir.join(STATE), &error))?;
        }
        self.names.insert(name);
        Ok(())
    }

    fn report(&mut self, find: &Find) -> Result<(), Failure> {
        let Some(dir) = &self.artifacts else { return Ok(()) };
        let signature = find.first.signature;
        let path = dir.join(artifact_name(&signature));
        let mut text = find_program(find);
        if let Some(subject) = &self.subject {
            text.push_str(&format!("# {subject}\n"));
        }
        // What cannot be written is not lost: it stands in the message.
        write_aside(&path, text.as_bytes())
            .map_err(|failure| failure.with(&format!("the program that should have gone there:\n{text}")))?;
        self.written.insert(signature, path.display().to_string());
        Ok(())
    }

    /// The file of a find.
    pub fn artifact(&self, signature: &Signature) -> Option<&str> {
        self.written.get(signature).map(String::as_str)
    }
}

/// The program of a find, with what it shows as comments.
pub fn find_program(find: &Find) -> String {
    format!("{}# {}\n# {}\n", find.source.to_text(), find.first.signature, find.first.environment)
}

/// The names of the programs that, one after another from the smallest, reach something that none before them did.
fn needed(seeds: &[Seed], target: &'static Target, environment: Environment) -> Result<HashSet<String>, Failure> {
    let mut order: Vec<&Seed> = seeds.iter().collect();
    order.sort_by_key(|seed| (seed.kept.ops.len(), &seed.program_name));
    let lockstep = Lockstep::new(Model::new(environment));
    let mut fleet = Fleet::new(vec![WorldRun::with(lockstep, World::new(environment), 0, target, Habits::default())]);
    let limits = Limits { time: None, programs: Some(order.len() as u64) };
    order.into_iter().for_each(|seed| fleet.give(seed.kept.clone()));
    let mut needed = HashSet::new();
    let mut told = |news: &News| {
        if let News::Kept(kept) = news {
            needed.insert(name_of(&kept.program().to_bytes()));
        }
    };
    fleet
        .run(|| Ok(Packed::observed(environment)), limits, &mut |_, _| Next::Continue, &mut told)
        .map_err(Failure::new)?;
    Ok(needed)
}

fn say(dir: &Path, programs: usize, passed: &Passed, removed: usize) {
    let mut text = format!("corpus {}: {programs} programs", dir.display());
    if removed > 0 {
        text.push_str(&format!(", {removed} of them removed, which reach nothing of their own"));
    }
    if let Some(passed) = passed.words() {
        text.push_str(&format!("; passed over: {passed}"));
    }
    eprintln!("{text}");
}

/// The name of a program in a corpus: the digest of its bytes, as libFuzzer names them, so that one program has one name.
pub fn name_of(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of a world program.
pub fn name_of_kept(kept: &Kept) -> String {
    name_of(&Program::World(kept.program()).to_bytes())
}
