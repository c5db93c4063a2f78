//! The options `--subject`, `--in-process` and `--call-time`, and what a user should know of the subject that they choose.

use super::environment::EnvironmentOptions;
use super::error::Failure;
use super::fuzz::parse_time;
use clap::Args;
use ptefuzz::lockstep::{SiteSet, Subject};
use ptefuzz::pte::{Classification, Environment};
use ptefuzz::site::{Answer, Call, Failure as Failed, RangeAnswer, RangeCall};
use ptefuzz::subjects::SubjectName;
use std::fmt::Write;
use std::sync::Mutex;
use std::time::Duration;

/// What is held against the model.
#[derive(Args, Clone, Debug)]
pub struct SubjectOptions {
    /// What to hold against the model: packed, model, bug:SLUG[+SLUG...] (see `ptefuzz museum`) or foreign:PATH.so, a C library (see
    /// `ptefuzz header`)
    #[arg(long, value_name = "SUBJECT", default_value = "packed")]
    pub subject: SubjectName,

    /// Run a foreign library in this process: faster, and its crash is the end
    #[arg(long)]
    in_process: bool,

    /// Processor time that one call of a foreign library may take
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_time)]
    call_time: Duration,
}

impl SubjectOptions {
    /// The subject's name, with everything that was said about it.
    pub fn name(&self) -> SubjectName {
        match self.subject.clone() {
            SubjectName::Foreign(setup) => SubjectName::Foreign(ptefuzz::foreign::Setup {
                in_process: self.in_process,
                call_time: self.call_time.max(Duration::from_millis(10)),
                ..setup
            }),
            name => name,
        }
    }

    /// The subject in an environment.
    ///
    /// # Errors
    ///
    /// A library that cannot be loaded or was built for another environment.
    pub fn build(&self, environment: Environment) -> Result<Box<dyn Subject>, Failure> {
        self.name().build(environment).map_err(Failure::new)
    }

    /// The environment that was asked for, or else the one that the subject was built for.
    ///
    /// # Errors
    ///
    /// Options that contradict each other, or a library that cannot be loaded.
    pub fn environment(&self, options: EnvironmentOptions) -> Result<Environment, Failure> {
        match self.name().environment().map_err(Failure::new)? {
            Some(environment) if !options.is_given() => Ok(environment),
            _ => options.environment(),
        }
    }

    /// The options as they are written, each with a space before it; those that are the default are left out.
    pub fn arguments(&self) -> String {
        let mut text = String::new();
        if self.subject != SubjectName::Packed {
            let _ = write!(text, " --subject {}", self.subject);
        }
        if self.in_process {
            text.push_str(" --in-process");
        }
        if self.call_time != Duration::from_secs(1) {
            let _ = write!(text, " --call-time {}ms", self.call_time.as_millis());
        }
        text
    }
}

/// What subjects have to say at their ends, each thing once.
type Notes = Mutex<Vec<String>>;

/// A subject whose remarks are written down when a run is through with it.
pub struct Remarking<'a> {
    subject: Box<dyn Subject>,
    notes: &'a Notes,
}

impl<'a> Remarking<'a> {
    /// Where remarks go.
    pub fn notes() -> Notes {
        Mutex::new(Vec::new())
    }

    /// A subject whose remarks go there.
    pub fn new(subject: Box<dyn Subject>, notes: &'a Notes) -> Remarking<'a> {
        Remarking { subject, notes }
    }

    /// The remarks as lines.
    pub fn text(notes: &Notes) -> String {
        notes.lock().map(|notes| note_text(&notes)).unwrap_or_default()
    }
}

impl Drop for Remarking<'_> {
    fn drop(&mut self) {
        if let Ok(mut notes) = self.notes.lock() {
            for remark in self.subject.remarks() {
                if !notes.contains(&remark) {
                    notes.push(remark);
                }
            }
        }
    }
}

impl Subject for Remarking<'_> {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        self.subject.answer(calls, answers)
    }

    fn environment(&self) -> Environment {
        self.subject.environment()
    }

    fn sites(&self) -> SiteSet {
        self.subject.sites()
    }

    fn classify(&mut self, pte: u64) -> Option<Classification> {
        self.subject.classify(pte)
    }

    fn batch(&self) -> usize {
        self.subject.batch()
    }

    fn prepare(&mut self, ptes: &mut dyn Iterator<Item = u64>) {
        self.subject.prepare(ptes)
    }

    fn take_failure(&mut self) -> Option<Failed> {
        self.subject.take_failure()
    }

    fn remarks(&self) -> Vec<String> {
        self.subject.remarks()
    }

    fn range(&mut self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
        self.subject.range(call, answer)
    }
}

/// A subject's remarks as lines.
pub fn remark_text(subject: &dyn Subject) -> String {
    note_text(&subject.remarks())
}

/// Remarks, folded at 80 columns.
fn note_text(remarks: &[String]) -> String {
    let mut text = String::new();
    for remark in remarks {
        let options = textwrap::Options::new(80).initial_indent("note: ").subsequent_indent("      ");
        text.push_str(&textwrap::fill(remark, options));
        text.push('\n');
    }
    text
}
