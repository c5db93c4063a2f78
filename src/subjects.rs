//! Subjects by name: what `--subject` and `PTEFUZZ_SUBJECT` can say, for the commands, the fuzz targets and the museum alike.

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
    /// Packed with these bugs of the museum, in this order.
    Bugs(Vec<&'static Bug>),
}

/// What a name with bugs begins with.
const BUG: &str = "bug:";

impl SubjectName {
    /// The subject in an environment.
    ///
    /// # Errors
    ///
    /// Why it cannot be had: what was found and what was expected.
    pub fn build(&self, environment: Environment) -> Result<Box<dyn Subject>, String> {
        Ok(match self {
            SubjectName::Packed => Box::new(Packed::observed(environment)),
            SubjectName::Model => Box::new(Model::new(environment)),
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
            _ => match text.strip_prefix(BUG) {
                Some(slugs) => slugs.split('+').map(bug).collect::<Result<_, _>>().map(SubjectName::Bugs),
                None => Err("expected packed, model or bug:SLUG[+SLUG...]".to_string()),
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
