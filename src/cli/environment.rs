//! The options `--config` and `--special`, and the environment that they choose.

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use ptefuzz::pte::{Config, Environment, Special};

use super::error::Failure;

/// Which kernel a run stands for.
#[derive(Args, Clone, Copy, Debug)]
pub struct EnvironmentOptions {
    /// Kernel configuration: userfaultfd write protection in full, without the architecture's part, or no userfaultfd
    /// [default: uffd-wp]
    #[arg(long, value_name = "CONFIG", value_parser = config_parser())]
    config: Option<Config>,
    /// Special value: the real one, or one that makes more mistakes visible by what it decodes to [default: 0x4 with uffd-wp]
    #[arg(long, value_name = "SPECIAL", value_parser = special_parser())]
    special: Option<Special>,
}

impl EnvironmentOptions {
    /// Whether anything was said.
    pub fn is_given(self) -> bool {
        self.config.is_some() || self.special.is_some()
    }

    fn config(self) -> Config {
        self.config.unwrap_or(Config::UffdWp)
    }

    /// The options as they are written, each with a space before it; those that are the default are left out.
    pub fn arguments(self) -> String {
        let mut text = String::new();
        if self.config() != Config::UffdWp {
            text.push_str(&format!(" --config {}", self.config().name()));
        }
        if let Some(special) = self.special.filter(|special| *special != Special::X86) {
            text.push_str(&format!(" --special {}", special.name()));
        }
        text
    }

    /// The environment chosen.
    ///
    /// # Errors
    ///
    /// A special value together with a configuration that has its own.
    pub fn environment(self) -> Result<Environment, Failure> {
        match (self.config(), self.special) {
            (Config::UffdWp, special) => Ok(Environment::new(special.unwrap_or(Special::X86))),
            (config, None) => Ok(Environment::of(config)),
            (config, Some(special)) => Err(Failure::new(format!(
                "--special {}: found together with --config {}, expected --config uffd-wp, the only one that can choose",
                special.name(),
                config.name()
            ))),
        }
    }
}

fn config_parser() -> impl TypedValueParser<Value = Config> {
    PossibleValuesParser::new(Config::ALL.map(Config::name))
        .map(|name| Config::from_name(&name).unwrap_or(Config::UffdWp))
}

fn special_parser() -> impl TypedValueParser<Value = Special> {
    PossibleValuesParser::new(Special::ALL.map(Special::name))
        .map(|name| Special::from_name(&name).unwrap_or(Special::X86))
}

/// The name of an environment's special value; a value that has none, as a number.
pub fn special_name(environment: Environment) -> String {
    match environment.special {
        None => "none".to_string(),
        Some(value) => match Special::ALL.into_iter().find(|special| special.value() == value) {
            Some(special) if environment.has_uffd_wp() => special.name().to_string(),
            _ => format!("{value:#x}"),
        },
    }
}
