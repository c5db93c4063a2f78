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
    #[arg(long, value_name = "CONFIG", default_value = Config::UffdWp.name(), value_parser = config_parser())]
    config: Config,
    /// Special value: the real one, or one that makes more mistakes visible by what it decodes to [default: 0x4 with uffd-wp]
    #[arg(long, value_name = "SPECIAL", value_parser = special_parser())]
    special: Option<Special>,
}

impl EnvironmentOptions {
    /// The name of the configuration.
    pub fn config_name(self) -> &'static str {
        self.config.name()
    }

    /// The name of the special value; in the configurations that have their own, that.
    pub fn special_name(self) -> &'static str {
        match (self.special, self.config) {
            (Some(special), _) => special.name(),
            (None, Config::UffdWp) => Special::X86.name(),
            (None, Config::NoArchUffdWp) => "0x0",
            (None, Config::NoUserfaultfd) => "none",
        }
    }

    /// The options as they are written, each with a space before it; those that are the default are left out.
    pub fn arguments(self) -> String {
        let mut text = String::new();
        if self.config != Config::UffdWp {
            text.push_str(&format!(" --config {}", self.config.name()));
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
        match (self.config, self.special) {
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
