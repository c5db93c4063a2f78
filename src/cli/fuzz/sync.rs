//! A fleet over a shared directory, in the layout of AFL++: `DIR/NAME/queue/id:NNNNNN,...` and `DIR/NAME/crashes/`, one NAME for each instance.
//!
//! This instance writes what it keeps and finds below its own name, and a thread of its own reads what the others write: queues and crashes in AFL++'s layout,
//! and directories of plain files, as libFuzzer keeps them (`DIR` itself too). What was read is run next by some job. A new file is read again for some rounds,
//! since other engines write theirs in place.

use super::seeds::{Passed, read_seed};
use super::store::{find_program, name_of_kept};
use crate::cli::error::{Failure, remove_leftovers, write_aside};
use ptefuzz::engine::{Door, Find, Kept, News};
use ptefuzz::target::Target;
use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Time between two rounds over the directory.
const EVERY: Duration = Duration::from_secs(2);
/// Rounds that a new file is read again.
const FRESH: u32 = 8;
/// Between two looks whether the run has ended.
const LOOK: Duration = Duration::from_millis(50);

/// Names of programs that need not be written, or not be run: they came from others, or went to them.
type Names = Arc<Mutex<HashSet<String>>>;

/// This instance's part of a fleet.
pub struct Sync {
    queue: PathBuf,
    crashes: PathBuf,
    /// The next number of each.
    next: [u64; 2],
    given: Arc<AtomicU64>,
    names: Names,
    taken: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    _lock: File,
}

impl Sync {
    /// Joins the fleet in a directory under this name, and begins to read what the others have.
    ///
    /// # Errors
    ///
    /// A name that is no plain one or that another run uses, and a directory that cannot be made.
    pub fn join(dir: &Path, name: &str, target: &'static Target, door: Door) -> Result<Sync, Failure> {
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
            return Err(Failure::new(format!("--name: found {name:?}, expected a plain name for a directory")));
        }
        let own = dir.join(name);
        let (queue, crashes) = (own.join("queue"), own.join("crashes"));
        for dir in [&queue, &crashes] {
            std::fs::create_dir_all(dir).map_err(|error| Failure::io("create", dir, &error))?;
            remove_leftovers(dir);
        }
        let path = own.join(".lock");
        let lock = File::create(&path).map_err(|error| Failure::io("create", &path, &error))?;
        if lock.try_lock().is_err() {
            return Err(Failure::new(format!(
                "--name {name}: found it in use in {}, expected another name",
                dir.display()
            )));
        }
        let names = Names::default();
        let next = [next_number(&queue)?, next_number(&crashes)?];
        let (taken, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let mut reader = Reader {
            dir: dir.to_path_buf(),
            own,
            target,
            door,
            names: Arc::clone(&names),
            seen: HashSet::new(),
            fresh: Vec::new(),
        };
        let (counted, stopped) = (Arc::clone(&taken), Arc::clone(&stop));
        // What this name wrote before is where it goes on, and what is there already is run first.
        reader.start(&queue, &crashes);
        taken.store(reader.round(), Relaxed);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Relaxed) {
                let mut waited = Duration::ZERO;
                while waited < EVERY && !stopped.load(Relaxed) {
                    std::thread::sleep(LOOK);
                    waited += LOOK;
                }
                counted.fetch_add(reader.round(), Relaxed);
            }
        });
        Ok(Sync { queue, crashes, next, given: Arc::default(), names, taken, stop, reader: Some(thread), _lock: lock })
    }

    /// Writes what is news to the others.
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
        let new = self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(name_of_kept(kept));
        if new {
            let path = self.queue.join(format!("id:{:06},src:ptefuzz,+cov", self.next[0]));
            write_aside(&path, &kept.program().to_bytes())?;
            self.next[0] += 1;
            self.given.fetch_add(1, Relaxed);
        }
        Ok(())
    }

    fn report(&mut self, find: &Find) -> Result<(), Failure> {
        let text = find_program(find);
        let path = self.crashes.join(format!("id:{:06},src:ptefuzz", self.next[1]));
        write_aside(&path, text.as_bytes())
            .map_err(|failure| failure.with(&format!("the program that should have gone there:\n{text}")))?;
        self.next[1] += 1;
        Ok(())
    }

    /// Programs that this run wrote for others, and that came from them, as they count on.
    pub fn counts(&self) -> Counts {
        Counts { given: Arc::clone(&self.given), taken: Arc::clone(&self.taken) }
    }
}

/// What goes between an instance and the others.
pub struct Counts {
    given: Arc<AtomicU64>,
    taken: Arc<AtomicU64>,
}

impl Counts {
    /// Programs given, and taken.
    pub fn now(&self) -> (u64, u64) {
        (self.given.load(Relaxed), self.taken.load(Relaxed))
    }
}

impl Drop for Sync {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(reader) = self.reader.take() {
            // It has said everything that it had to say.
            let _ = reader.join();
        }
    }
}

/// The number behind the last of a directory, so that the others, who count, go on.
fn next_number(dir: &Path) -> Result<u64, Failure> {
    let entries = std::fs::read_dir(dir).map_err(|error| Failure::io("read", dir, &error))?;
    let number = |name: &str| name.strip_prefix("id:")?.split(',').next()?.parse::<u64>().ok();
    let numbers = entries.flatten().filter_map(|entry| number(entry.file_name().to_str()?));
    Ok(numbers.max().map_or(0, |last| last + 1))
}

/// The thread that reads.
struct Reader {
    dir: PathBuf,
    own: PathBuf,
    target: &'static Target,
    door: Door,
    names: Names,
    seen: HashSet<PathBuf>,
    /// Files that somebody may still write to, each with the rounds that it is read again.
    fresh: Vec<(PathBuf, u32)>,
}

impl Reader {
    fn start(&mut self, queue: &Path, crashes: &Path) {
        for path in files(queue).into_iter().chain(files(crashes)) {
            self.read(&path);
        }
    }

    /// One round: what is new, and again what was new in the last ones. Gives how many programs were handed on.
    fn round(&mut self) -> u64 {
        let mut count = 0;
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.retain_mut(|(path, rounds)| {
            count += self.read(path) as u64;
            *rounds -= 1;
            *rounds > 0
        });
        for dir in self.directories() {
            for path in files(&dir) {
                if self.seen.insert(path.clone()) {
                    count += self.read(&path) as u64;
                    fresh.push((path, FRESH));
                }
            }
        }
        self.fresh = fresh;
        count
    }

    /// Where others keep programs: queues and crashes of AFL++, and directories of plain files.
    fn directories(&self) -> Vec<PathBuf> {
        let mut all = vec![self.dir.clone()];
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if path == self.own || hidden || !path.is_dir() {
                continue;
            }
            let parts = ["queue", "crashes"].map(|part| path.join(part));
            if parts[0].is_dir() { all.extend(parts) } else { all.push(path) }
        }
        all.sort();
        all
    }

    /// Hands a file's program on, if it is one that is not known yet.
    fn read(&self, path: &Path) -> bool {
        let Some(kept) = read_seed(path, self.target, &mut Passed::default()) else { return false };
        let new = self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(name_of_kept(&kept));
        if new {
            self.door.give(kept);
        }
        new
    }
}

/// The files of a directory that are not hidden and no note of AFL++, sorted.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let named = entries.filter(|entry| {
        let name = entry.file_name();
        !name.as_encoded_bytes().starts_with(b".") && name != "README.txt"
    });
    let mut paths: Vec<_> = named.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths
}
