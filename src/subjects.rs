//! Subjects by name: what `--subject` and `PTEFUZZ_SUBJECT` can say, for the commands, the fuzz targets and the museum alike.

use crate::lockstep::Subject;
use crate::model::Model;
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
}

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
        })
    }
}

impl fmt::Display for SubjectName {
    /// The name as it is written on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SubjectName::Packed => "packed",
            SubjectName::Model => "model",
        })
    }
}

impl FromStr for SubjectName {
    type Err = String;

    /// Reads a name; the error says which there are.
    fn from_str(text: &str) -> Result<SubjectName, String> {
        match text {
            "packed" => Ok(SubjectName::Packed),
            "model" => Ok(SubjectName::Model),
            _ => Err("expected packed or model".to_string()),
        }
    }
}
