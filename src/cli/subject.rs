//! `--subject`, `--special` and `--config`: which implementation is held against the model, and where.

use super::error::Failure;
use clap::Args;
use ptefuzz::lockstep::Subject;
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::pte::{Config, Environment, Special};

/// The environment of a run.
#[derive(Clone, Debug, Args)]
pub struct EnvironmentOptions {
    /// The value of the special pte: 0x4 is the real one, the others make more mistakes visible
    #[arg(long, value_name = "VALUE", default_value = "0x4", value_parser = parse_special)]
    pub special: Special,

    /// The kernel configuration: uffd-wp, no-arch-uffd-wp or no-userfaultfd
    #[arg(long, value_name = "CONFIG", default_value = "uffd-wp", value_parser = parse_config)]
    pub config: Config,
}

impl EnvironmentOptions {
    /// The environment that the options name.
    ///
    /// # Errors
    ///
    /// A shifted special value together with a configuration that has a special value of its own.
    pub fn environment(&self) -> Result<Environment, Failure> {
        match (self.config, self.special) {
            (Config::UffdWp, special) => Ok(Environment::new(special)),
            (config, Special::X86) => Ok(Environment::of(config)),
            (config, special) => Err(Failure::new(format!(
                "--special {}: found together with --config {}, expected --config uffd-wp (the others fix the special value)",
                special.name(),
                config.name()
            ))),
        }
    }
}

fn parse_special(text: &str) -> Result<Special, String> {
    let names = Special::ALL.map(Special::name).join(", ");
    Special::from_name(text).ok_or_else(|| format!("expected one of {names}"))
}

fn parse_config(text: &str) -> Result<Config, String> {
    let names = Config::ALL.map(Config::name).join(", ");
    Config::from_name(text).ok_or_else(|| format!("expected one of {names}"))
}

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
