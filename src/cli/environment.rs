//! The options `--config` and `--special`, and the environment that they choose.

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use ptefuzz::pte::{Config, Environment, Special};

use super::error::Failure;

/// Which kernel a pte is read for.
#[derive(Args, Clone, Copy, Debug)]
pub struct EnvironmentOptions {
    /// Kernel configuration: userfaultfd write protection in full, without the architecture's part, or no userfaultfd
    #[arg(long, value_name = "CONFIG", default_value = Config::UffdWp.name(), value_parser = config_parser())]
    config: Config,
    /// Special value: the real one, or one shifted so that it decodes to another entry [default: 0x4 with uffd-wp]
    #[arg(long, value_name = "SPECIAL", value_parser = special_parser())]
    special: Option<Special>,
}

impl EnvironmentOptions {
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
