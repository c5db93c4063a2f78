//! Statistics of a run over time: one JSON object a line, so that `ptefuzz plot` and any other program can draw them.
//!
//! A file goes on where the run before it ended: totals count on. At 1 MiB it becomes `FILE.1` and a new one begins, so that a month of runs holds two
//! files. What a killed run left of its last line is cut off.

use crate::cli::error::Failure;
use ptefuzz::engine::Progress;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The version of the lines; a reader refuses others.
pub const VERSION: u32 = 1;

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Default)]
pub struct Sample {
    /// The version of the format.
    pub v: u32,
    /// The number of the run in this file, from 1.
    pub run: u64,
    /// The wall clock's time, in seconds since 1970, for people; nothing is computed from it.
    pub at: u64,
    /// What runs.
    pub target: String,
    /// What is held against the model.
    pub subject: String,
    /// Seconds of this run, by a clock that does not jump.
    pub seconds: f64,
    /// Seconds of all runs.
    pub total_seconds: f64,
    /// Programs of all runs.
    pub total_programs: u64,
    /// Site calls of all runs.
    pub total_site_calls: u64,
    /// Site calls of this run.
    pub site_calls: u64,
    /// Site calls a second since the line before.
    pub site_calls_per_second: f64,
    /// Cells reached in this run.
    pub covered: usize,
    /// How many there are to reach, as far as it is known: what `covered` is measured by. Older lines have it not.
    #[serde(default)]
    pub total_cells: Option<usize>,
    /// Programs kept in this run.
    pub corpus: usize,
    /// Different signatures seen in this run.
    pub signatures: usize,
    /// Resident memory in KiB; 0 where the system does not say.
    pub rss_kib: u64,
}

/// The file of a run's statistics.
pub struct Stats {
    path: PathBuf,
    file: File,
    size: u64,
    base: Sample,
    last: Sample,
    next: Duration,
}

/// A file of this size makes room for a new one.
const LARGEST: u64 = 1 << 20;

impl Stats {
    /// Opens or makes the file, and finds where the last run ended.
    ///
    /// # Errors
    ///
    /// A file that cannot be opened, or that another run writes to.
    pub fn open(path: &Path, target: &str, subject: &str, total_cells: Option<usize>) -> Result<Stats, Failure> {
        let failed = |error: &std::io::Error| Failure::io("write", path, error);
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(|error| failed(&error))?;
        if file.try_lock().is_err() {
            return Err(Failure::new(format!("{}: another run writes its statistics there", path.display())));
        }
        let content = std::fs::read(path).map_err(|error| Failure::io("read", path, &error))?;
        let whole = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        if whole < content.len() {
            file.set_len(whole as u64).map_err(|error| failed(&error))?;
        }
        let before = || std::fs::read(rotated(path)).ok().and_then(|content| last_sample(&content));
        let before = last_sample(&content[..whole]).or_else(before).unwrap_or_default();
        let base = Sample {
            v: VERSION,
            run: before.run + 1,
            target: target.to_string(),
            subject: subject.to_string(),
            total_cells,
            total_seconds: before.total_seconds,
            total_programs: before.total_programs,
            total_site_calls: before.total_site_calls,
            ..Sample::default()
        };
        Ok(Stats { path: path.to_path_buf(), file, size: whole as u64, last: base.clone(), base, next: Duration::ZERO })
    }

    /// Writes a line, if it is time to: each second in the first minute, each ten in the first hour, each minute then.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn update(&mut self, progress: &Progress) -> Result<(), Failure> {
        if progress.elapsed < self.next {
            return Ok(());
        }
        let every = match progress.elapsed.as_secs() {
            0..60 => 1,
            60..3600 => 10,
            _ => 60,
        };
        self.next = progress.elapsed + Duration::from_secs(every);
        self.write(progress)
    }

    /// Writes a line now.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn write(&mut self, progress: &Progress) -> Result<(), Failure> {
        let seconds = progress.elapsed.as_secs_f64();
        let (before, base) = (&self.last, &self.base);
        let sample = Sample {
            at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            seconds,
            total_seconds: base.total_seconds + seconds,
            total_programs: base.total_programs + progress.programs,
            total_site_calls: base.total_site_calls + progress.site_calls,
            site_calls: progress.site_calls,
            site_calls_per_second: progress.site_calls.saturating_sub(before.site_calls) as f64
                / (seconds - before.seconds).max(1e-3),
            covered: progress.covered,
            corpus: progress.corpus,
            signatures: progress.signatures,
            rss_kib: resident_kib(),
            ..base.clone()
        };
        let mut line = serde_json::to_vec(&sample).map_err(|error| Failure::new(format!("statistics: {error}")))?;
        line.push(b'\n');
        if self.size + line.len() as u64 > LARGEST {
            self.rotate()?;
        }
        self.file.write_all(&line).map_err(|error| Failure::io("write", &self.path, &error))?;
        self.size += line.len() as u64;
        self.last = sample;
        Ok(())
    }

    fn rotate(&mut self) -> Result<(), Failure> {
        let failed = |error: &std::io::Error| Failure::io("rotate", &self.path, error);
        std::fs::rename(&self.path, rotated(&self.path)).map_err(|error| failed(&error))?;
        self.file = OpenOptions::new().create(true).append(true).open(&self.path).map_err(|error| failed(&error))?;
        let _ = self.file.try_lock();
        self.size = 0;
        Ok(())
    }
}

/// Where a file goes that has become too large.
pub fn rotated(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".1");
    path.with_file_name(name)
}

fn last_sample(content: &[u8]) -> Option<Sample> {
    content.rsplit(|byte| *byte == b'\n').find_map(|line| serde_json::from_slice(line).ok())
}

/// Resident memory of this process in KiB; 0 where the system does not say.
pub fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("ptefuzz-stats-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).expect("a directory");
        dir.join("stats.jsonl")
    }

    fn progress(seconds: u64) -> Progress {
        Progress {
            elapsed: Duration::from_secs(seconds),
            programs: seconds * 10,
            site_calls: seconds * 1000,
            ..Progress::default()
        }
    }

    fn samples(path: &Path) -> Vec<Sample> {
        let text = std::fs::read_to_string(path).expect("a file");
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }

    #[test]
    fn a_second_run_counts_on_from_where_the_first_was_killed() {
        let path = file("goes-on");
        let mut stats = Stats::open(&path, "sequence", "packed", Some(2747)).expect("a file");
        for second in 0..5 {
            stats.update(&progress(second)).expect("written");
        }
        drop(stats);
        let mut content = std::fs::read(&path).expect("a file");
        content.extend(b"{\"v\":1,\"run\":1,\"at\":17");
        std::fs::write(&path, content).expect("half a line");
        let mut stats = Stats::open(&path, "sequence", "packed", Some(2747)).expect("a file");
        stats.update(&progress(0)).expect("written");
        stats.update(&progress(3)).expect("written");
        let samples = samples(&path);
        assert_eq!(samples.len(), 7);
        assert_eq!(samples.iter().map(|sample| sample.run).collect::<Vec<_>>(), [1, 1, 1, 1, 1, 2, 2]);
        assert_eq!((samples[6].total_programs, samples[6].total_site_calls), (70, 7000));
        assert_eq!((samples[6].seconds, samples[6].total_seconds), (3.0, 7.0));
        assert!((samples[6].site_calls_per_second - 1000.0).abs() < 1.0);
    }

    #[test]
    fn lines_become_rarer_and_a_full_file_makes_room() {
        let path = file("rotates");
        let mut stats = Stats::open(&path, "sequence", "packed", Some(2747)).expect("a file");
        for second in 0..7200 {
            stats.update(&progress(second)).expect("written");
        }
        let hours = samples(&path);
        assert_eq!(hours.len(), 60 + 354 + 60, "a minute of seconds, an hour of tens, an hour of minutes");
        for second in 0..6000 {
            stats.write(&progress(second)).expect("written");
        }
        let sizes = [&path, &rotated(&path)].map(|path| std::fs::metadata(path).expect("both are there").len());
        assert!(sizes.iter().all(|size| (1..=LARGEST).contains(size)), "{sizes:?}");
        assert_eq!(std::fs::read_dir(path.parent().expect("a directory")).expect("it").count(), 2);
        let last = samples(&path).pop().expect("a line");
        drop(stats);
        std::fs::write(&path, "").expect("emptied");
        let next = Stats::open(&path, "sequence", "packed", Some(2747)).expect("a file");
        assert!(
            next.base.run == 2 && next.base.total_seconds > 0.0 && last.run == 1,
            "the older file says where to go on"
        );
    }

    #[test]
    fn two_runs_do_not_write_to_one_file() {
        let path = file("two");
        let _first = Stats::open(&path, "sequence", "packed", Some(2747)).expect("a file");
        assert!(Stats::open(&path, "sequence", "packed", Some(2747)).is_err());
    }
}
