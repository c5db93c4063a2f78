//! `ptefuzz triage`: from a directory of crash files to one page.

use super::Verdict;
use super::environment::EnvironmentOptions;
use super::error::{Failure, print_json, print_out, write_aside};
use super::report::{artifact_name, paint, read_known};
use super::style::{BOLD, DIM, NAME, PLAIN, RIGHT, WRONG};
use anstyle::Style;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ptefuzz::lockstep::explain::{INDENT, Tone, WIDTH, explain};
use ptefuzz::museum;
use ptefuzz::program::Program;
use ptefuzz::subjects::SubjectName;
use ptefuzz::target::Target;
use ptefuzz::triage::report::{Report, counted, html, json, sarif};
use ptefuzz::triage::{Bucket, History, Settings, Triage, triage};
use std::fmt::Write as _;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Sort a directory of crash files into buckets, each with a minimised reproducer
///
/// Replays every program below DIR: ptefuzz's own artifacts, libFuzzer's crash-*, AFL++'s crashes/id:*, text. A bucket is one mistake: its
/// signatures, how many files show it, the smallest reproducer, the wrong step with both answers, the rule that it breaks, and the
/// historical bug that it resembles. A second run on the same directory says what is new, known and gone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz triage finds/
  ptefuzz triage --subject foreign:./mine.so --html page.html out/crashes
  ptefuzz triage --known known.txt --sarif triage.sarif --json finds/
  ptefuzz triage finds/ -o small/     and then: ptefuzz repro small/X.pte

What was found is kept in DIR/.ptefuzz-triage.json for the next run; --state names another file.")]
pub struct Options {
    /// The directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// The implementation that crashed
    #[arg(long, default_value = "packed")]
    subject: SubjectName,

    #[command(flatten)]
    environment: EnvironmentOptions,

    /// Report swap entries that collide with none or special in their encoding
    #[arg(long)]
    allow_colliding_offsets: bool,

    /// The fuzz target that libFuzzer's and AFL++'s files are for [default: the first byte says what they are]
    #[arg(long, value_name = "NAME", value_parser = target)]
    target: Option<&'static Target>,

    /// Count these signatures and report them no more: one a line, # begins a comment, a * at the end stands for any rest
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,

    /// Where the last run's buckets are kept [default: DIR/.ptefuzz-triage.json]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Write each bucket's reproducer into this directory, named after its signature
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// Write one self-contained page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write SARIF 2.1.0 for code scanning
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,

    /// Parallel jobs [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    jobs: Option<u32>,

    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A directory or a list that cannot be read, and what cannot be written.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let environment = options.environment.environment()?;
    let known = read_known(options.known.as_deref())?;
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let show = Show::new();
    let settings = Settings {
        subject: &options.subject,
        environment,
        collisions: options.allow_colliding_offsets,
        target: options.target,
        known: &known,
        jobs: options.jobs.map_or(cores, |jobs| jobs as usize),
        watch: Some(&|files| show.update(files)),
    };
    let state = options.state.clone().unwrap_or_else(|| options.directory.join(STATE));
    let mut history = read_history(&state)?;
    let found = triage(&options.directory, &settings).map_err(|error| Failure::new(error.to_string()))?;
    show.bar.finish_and_clear();
    let news = history.news(&settings, &found);
    history.record(&settings, &found);
    let directory = options.directory.display().to_string();
    let report = Report { directory: &directory, settings: &settings, triage: &found, news: &news };
    write_files(options, &report)?;
    keep_history(options, &state, &history)?;
    let text = page(&report);
    if options.json {
        let _ = write!(anstream::stderr().lock(), "{text}");
        print_json(&json(&report))?;
    } else {
        print_out(&text)?;
    }
    Ok(if found.buckets.is_empty() { Verdict::Clean } else { Verdict::Divergence })
}

fn target(name: &str) -> Result<&'static Target, String> {
    Target::by_name(name).ok_or_else(|| format!("expected one of {}", Target::names()))
}

/// The file that keeps what was found, in the directory itself.
const STATE: &str = ".ptefuzz-triage.json";

fn read_history(path: &Path) -> Result<History, Failure> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(History::default()),
        Err(error) => Err(Failure::io("read", path, &error)),
        Ok(text) => History::from_json(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display()))),
    }
}

/// Keeps the buckets for the next run. A directory that cannot be written to is worth a word, and an error only where the file was asked for.
fn keep_history(options: &Options, path: &Path, history: &History) -> Result<(), Failure> {
    match write_aside(path, history.to_json().as_bytes()) {
        Err(failure) if options.state.is_some() => Err(failure),
        Err(_) => {
            let path = path.display();
            let _ =
                writeln!(anstream::stderr(), "{path}: cannot be written, so the next run will not know what is new");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

fn write_files(options: &Options, report: &Report<'_>) -> Result<(), Failure> {
    if let Some(path) = &options.html {
        write_aside(path, html(report).as_bytes())?;
    }
    if let Some(path) = &options.sarif {
        write_aside(path, format!("{:#}\n", sarif(report)).as_bytes())?;
    }
    if let Some(directory) = &options.output {
        std::fs::create_dir_all(directory).map_err(|error| Failure::io("create", directory, &error))?;
        for bucket in &report.triage.buckets {
            let environment = report.settings.environment;
            let text = format!("{}# {}\n# {environment}\n", bucket.reproducer.to_text(), bucket.signature);
            write_aside(&directory.join(artifact_name(&bucket.signature)), text.as_bytes())?;
        }
    }
    Ok(())
}

/// The page for a terminal, 80 columns wide.
fn page(report: &Report<'_>) -> String {
    let mut text = String::new();
    for (index, bucket) in report.triage.buckets.iter().enumerate() {
        bucket_text(&mut text, report, index, bucket);
    }
    for past in &report.news.gone {
        let signature = past.signatures.first().map_or("", String::as_str);
        painted_field(&mut text, RIGHT, "gone", signature);
        field(&mut text, "", &format!("{} showed it the last time", counted(past.count, "file")));
    }
    for (signature, count) in &report.triage.known {
        painted_field(&mut text, DIM, "listed", &format!("{signature}, {}", counted(*count, "file")));
    }
    broken_text(&mut text, report.triage);
    text.push_str(&summary(report));
    text
}

fn bucket_text(text: &mut String, report: &Report<'_>, index: usize, bucket: &Bucket) {
    let status = match report.status(index) {
        Some("new") => format!("  {WRONG}new{WRONG:#}"),
        Some(_) => format!("  {DIM}known{DIM:#}"),
        None => String::new(),
    };
    let _ = writeln!(text, "{BOLD}{}. {}{BOLD:#}{status}", index + 1, bucket.signature);
    let classes: Vec<_> = bucket.pre_states.iter().map(|class| class.name()).collect();
    field(text, "seen", &format!("in {}, on {}", counted(bucket.count, "file"), classes.join(", ")));
    field(text, "first", &bucket.first);
    field(text, "smallest", &bucket.smallest);
    for (n, signature) in bucket.signatures[1..].iter().enumerate() {
        field(text, if n == 0 { "also" } else { "" }, &signature.to_string());
    }
    if let Some(why) = bucket.merged.filter(|_| bucket.signatures.len() > 1) {
        field(text, "together", &why.words());
    }
    if !bucket.resembles.is_empty() {
        let shown: Vec<_> = bucket.resembles.iter().take(LOOKALIKES).copied().collect();
        let more = match bucket.resembles.len() - shown.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        field(text, "resembles", &format!("{}{more}", shown.join(", ")));
        if let Some(bug) = museum::find(shown[0]) {
            field(text, "", bug.mistake);
            field(text, "fixed", bug.fixed);
        }
    }
    let program = bucket.reproducer.to_text();
    let total = program.lines().count();
    // The wrong step's line; of a raw program none is marked, whose records may take several.
    let wrong = match &bucket.reproducer {
        Program::World(world) => (total + bucket.step).checked_sub(world.ops.len() + 1),
        Program::Raw(_) => None,
    };
    for (n, line) in program.lines().take(LINES).enumerate() {
        let label = if n == 0 { "program" } else { "" };
        let mark = if Some(n) == wrong { WRONG } else { NAME };
        let _ = writeln!(text, "  {label:<10}{mark}{line}{mark:#}");
    }
    if total > LINES {
        field(text, "", &format!("and {} more", counted((total - LINES) as u64, "line")));
    }
    let mut explanation = explain(&bucket.divergence);
    explanation.retain(|line| line.tone != Tone::Title);
    text.push_str(&paint(&explanation));
    text.push('\n');
}

/// Bugs of the museum that are named.
const LOOKALIKES: usize = 4;
/// Lines of a reproducer that are shown.
const LINES: usize = 12;

/// A label and its text, folded.
fn field(text: &mut String, label: &str, value: &str) {
    painted_field(text, PLAIN, label, value);
}

/// The same, with the label in a colour.
fn painted_field(text: &mut String, style: Style, label: &str, value: &str) {
    let options = textwrap::Options::new(WIDTH - INDENT).break_words(true);
    for (n, part) in textwrap::wrap(value, options).iter().enumerate() {
        let _ = writeln!(text, "  {style}{:<10}{style:#}{part}", if n == 0 { label } else { "" });
    }
}

/// Broken files that are named on a terminal.
const BROKEN_SHOWN: usize = 10;

fn broken_text(text: &mut String, found: &Triage) {
    for broken in found.broken_named.iter().take(BROKEN_SHOWN) {
        painted_field(text, WRONG, "broken", &broken.file);
        field(text, "", &broken.reason);
    }
    let more = found.broken.saturating_sub(BROKEN_SHOWN as u64);
    if more > 0 {
        field(text, "", &format!("and {more} more that are no programs"));
    }
}

/// The counts, and what they are of.
fn summary(report: &Report<'_>) -> String {
    let found = report.triage;
    let mut text = format!(
        "{BOLD}{}{BOLD:#} in {}: {} clean, {} broken\n",
        counted(found.buckets.len() as u64, "bucket"),
        counted(found.files, "file"),
        found.clean,
        found.broken
    );
    if report.news.compared {
        let new = report.news.new.iter().filter(|new| **new).count();
        let (known, gone) = (report.news.new.len() - new, report.news.gone.len());
        field(&mut text, "last time", &format!("{new} new since then, {known} known, {gone} gone"));
    }
    if !found.known.is_empty() {
        field(&mut text, "listed", &format!("{} as known", counted(found.known.len() as u64, "signature")));
    }
    field(&mut text, "directory", report.directory);
    field(&mut text, "subject", &format!("{}, {}", report.settings.subject, report.settings.environment));
    text
}

/// The progress display: a line on a terminal that is written over, a line now and then elsewhere.
struct Show {
    bar: ProgressBar,
    next_line: Mutex<Instant>,
}

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

impl Show {
    fn new() -> Show {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        Show { bar, next_line: Mutex::new(Instant::now() + LINE_EVERY) }
    }

    fn update(&self, files: u64) {
        if !self.bar.is_hidden() {
            self.bar.set_message(counted(files, "file"));
            self.bar.tick();
        } else if let Ok(mut next) = self.next_line.try_lock()
            && Instant::now() >= *next
        {
            *next = Instant::now() + LINE_EVERY;
            let _ = writeln!(std::io::stderr().lock(), "{}", counted(files, "file"));
        }
    }
}
