//! The ways that are processes of their own: the yardstick under libFuzzer and AFL++.

use super::{Result, Settings};
use ptefuzz::museum::Bug;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Longest input in bytes: that of the target `sequence`.
const MAX_LEN: u32 = 2052;

/// A directory of this run, gone when it is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new(bug: &Bug, seed: u64, way: &str) -> std::result::Result<Scratch, String> {
        let path = std::env::temp_dir().join(format!("versus-{}-{way}-{}-{seed}", std::process::id(), bug.slug));
        std::fs::create_dir_all(path.join("in")).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Scratch(path))
    }

    /// The command with what every harness gets.
    fn command(&self, program: &Path, bug: &Bug) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.0)
            .env("PTEFUZZ_SUBJECT", format!("bug:{}", bug.slug))
            .env("PTEFUZZ_COUNTS", self.0.join("counts"))
            .env("TMPDIR", &self.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// What the harness's processes left: inputs, site calls, and whether the bug's site is in a signature.
    fn counts(&self, bug: &Bug) -> Result {
        let text = std::fs::read_to_string(self.0.join("counts")).unwrap_or_default();
        let mut result = Result::default();
        for line in text.lines() {
            let mut fields = line.split('\t');
            let mut number = || fields.next().and_then(|field| field.parse().ok()).unwrap_or(0u64);
            result.programs += number();
            result.site_calls += number();
            let signature = fields.next().unwrap_or_default();
            result.detected |= signature.split('/').next() == Some(ptefuzz::site::SITES[bug.site as usize].name);
        }
        result
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// libFuzzer from an empty corpus.
pub fn libfuzzer(binary: &Path, bug: &Bug, seed: u64, settings: &Settings) -> std::result::Result<Result, String> {
    let scratch = Scratch::new(bug, seed, "libfuzzer")?;
    let binary = absolute(binary)?;
    let start = Instant::now();
    scratch
        .command(&binary, bug)
        .arg(format!("-runs={}", settings.programs))
        .arg(format!("-max_total_time={}", settings.time.as_secs()))
        .arg(format!("-seed={seed}"))
        .arg(format!("-max_len={MAX_LEN}"))
        .arg("in")
        .status()
        .map_err(|error| format!("{}: {error}", binary.display()))?;
    let seconds = start.elapsed().as_secs_f64();
    ran(Result { seconds, ..scratch.counts(bug) }, &binary)
}

/// AFL++ from one input that means nothing.
pub fn afl(binary: &Path, bug: &Bug, seed: u64, settings: &Settings) -> std::result::Result<Result, String> {
    let scratch = Scratch::new(bug, seed, "afl")?;
    let binary = absolute(binary)?;
    std::fs::write(scratch.0.join("in/seed"), [0; 64]).map_err(|error| format!("seed: {error}"))?;
    let start = Instant::now();
    scratch
        .command(Path::new("cargo"), bug)
        .args(["afl", "fuzz", "-i", "in", "-o", "out"])
        .args(["-s", &seed.to_string(), "-G", &MAX_LEN.to_string()])
        .args(["-E", &settings.programs.to_string(), "-V", &settings.time.as_secs().to_string()])
        .arg("--")
        .arg(&binary)
        .envs([
            ("AFL_NO_UI", "1"),
            ("AFL_SKIP_CPUFREQ", "1"),
            ("AFL_NO_AFFINITY", "1"),
            ("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1"),
            ("AFL_BENCH_UNTIL_CRASH", "1"),
            // A process says what it checked when it ends; else it would go on until it is killed.
            ("AFL_FUZZER_LOOPCOUNT", "1000"),
        ])
        .status()
        .map_err(|error| format!("cargo afl: {error}"))?;
    let seconds = start.elapsed().as_secs_f64();
    let stats = std::fs::read_to_string(scratch.0.join("out/default/fuzzer_stats")).unwrap_or_default();
    let programs = stats
        .lines()
        .find_map(|line| line.strip_prefix("execs_done")?.split(':').nth(1)?.trim().parse().ok())
        .unwrap_or(0);
    // The last process of a run without a find is killed before it can say what it checked; its inputs are in the count of AFL++.
    ran(Result { seconds, programs, ..scratch.counts(bug) }, &binary)
}

fn absolute(path: &Path) -> std::result::Result<PathBuf, String> {
    std::fs::canonicalize(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A run that ran nothing is a mistake in the set-up and no result.
fn ran(result: Result, binary: &Path) -> std::result::Result<Result, String> {
    if result.programs == 0 {
        return Err(format!(
            "{}: ran no input; expected a binary of benches/yardstick, built as docs/FUZZING.md says",
            binary.display()
        ));
    }
    Ok(result)
}
