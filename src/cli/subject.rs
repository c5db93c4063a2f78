//! `--subject`: which implementation is held against the model.

use ptefuzz::lockstep::Subject;
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::pte::Environment;

/// What to hold against the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectName {
    /// The bit-packed implementation, its uses observed.
    Packed,
    /// The model itself.
    Model,
}

impl SubjectName {
    /// The name on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            SubjectName::Packed => "packed",
            SubjectName::Model => "model",
        }
    }

    /// The subject in an environment.
    pub fn build(&self, environment: Environment) -> Box<dyn Subject> {
        match self {
            SubjectName::Packed => Box::new(Packed::observed(environment)),
            SubjectName::Model => Box::new(Model::new(environment)),
        }
    }
}

/// Parses `--subject`.
///
/// # Errors
///
/// The names that there are.
pub fn parse_subject(text: &str) -> Result<SubjectName, String> {
    match text {
        "packed" => Ok(SubjectName::Packed),
        "model" => Ok(SubjectName::Model),
        _ => Err("expected packed or model".to_string()),
    }
}
