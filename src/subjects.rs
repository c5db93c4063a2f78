//! Subjects by name: what `--subject` and `PTEFUZZ_SUBJECT` can say, for the commands, the fuzz targets and the museum alike.

use crate::foreign::Setup;
use crate::lockstep::Subject;
use crate::model::Model;
use crate::museum::{self, Bug, Buggy};
use crate::packed::Packed;
use crate::pte::Environment;
use std::fmt;
use std::str::FromStr;

/// What to hold against the model.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum SubjectName {
    /// The bit-packed implementation, its uses observed.
    #[default]
    Packed,
    /// The model itself.
    Model,
    /// A C library: `foreign:PATH.so`.
    Foreign(Setup),
    /// Packed with these bugs of the museum, in this order.
    Bugs(Vec<&'static Bug>),
}

/// What a name with bugs begins with.
const BUG: &str = "bug:";
/// What the name of a C library begins with.
const FOREIGN: &str = "foreign:";

impl SubjectName {
    /// The environment that the subject was built for; `None` if it can have any.
    ///
    /// # Errors
    ///
    /// Why it cannot be had.
    pub fn environment(&self) -> Result<Option<Environment>, String> {
        match self {
            SubjectName::Foreign(setup) => setup.environment().map(Some),
            SubjectName::Packed | SubjectName::Model | SubjectName::Bugs(_) => Ok(None),
        }
    }

    /// The subject in an environment.
    ///
    /// # Errors
    ///
    /// Why it cannot be had: what was found and what was expected.
    pub fn build(&self, environment: Environment) -> Result<Box<dyn Subject>, String> {
        Ok(match self {
            SubjectName::Packed => Box::new(Packed::observed(environment)),
            SubjectName::Model => Box::new(Model::new(environment)),
            SubjectName::Foreign(setup) => {
                let subject = setup.open()?;
                if subject.environment() != environment {
                    return Err(format!(
                        "{self}: found a library for {}, expected {environment}",
                        subject.environment()
                    ));
                }
                subject
            }
            SubjectName::Bugs(bugs) => Box::new(Buggy::with_all(environment, bugs.iter().copied())),
        })
    }
}

impl fmt::Display for SubjectName {
    /// The name as it is written on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SubjectName::Packed => f.write_str("packed"),
            SubjectName::Model => f.write_str("model"),
            SubjectName::Foreign(setup) => write!(f, "{FOREIGN}{}", setup.library.display()),
            SubjectName::Bugs(bugs) => {
                let slugs: Vec<_> = bugs.iter().map(|bug| bug.slug).collect();
                write!(f, "{BUG}{}", slugs.join("+"))
            }
        }
    }
}

impl FromStr for SubjectName {
    type Err = String;

    /// Reads a name; the error says which there are.
    fn from_str(text: &str) -> Result<SubjectName, String> {
        match text {
            "packed" => Ok(SubjectName::Packed),
            "model" => Ok(SubjectName::Model),
            _ => match (text.strip_prefix(BUG), text.strip_prefix(FOREIGN)) {
                (Some(slugs), _) => slugs.split('+').map(bug).collect::<Result<_, _>>().map(SubjectName::Bugs),
                (_, Some(path)) if !path.is_empty() => Ok(SubjectName::Foreign(Setup::new(path))),
                _ => Err("expected packed, model, bug:SLUG[+SLUG...] or foreign:PATH.so".to_string()),
            },
        }
    }
}

/// The bug with this slug or id; the error names the nearest.
fn bug(name: &str) -> Result<&'static Bug, String> {
    museum::find(name).ok_or_else(|| {
        format!("found {name:?}, expected a bug of `ptefuzz museum --list` such as {}", museum::near(name).join(", "))
    })
}
