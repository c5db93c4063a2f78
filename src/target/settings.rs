//! What a target is told from outside: environment variables, read once when an engine starts.

use crate::lockstep::KnownSignatures;
use crate::pte::{Config, Environment, Special};
use crate::subjects::SubjectName;
use std::path::Path;

/// The variables that a target reads, each with its meaning.
pub const VARIABLES: [(&str, &str); 4] = [
    ("PTEFUZZ_SUBJECT", "what to hold against the model, as --subject: packed, ..."),
    ("PTEFUZZ_SPECIAL", "the special value, as --special: 0x4, migration, device or soft-dirty"),
    ("PTEFUZZ_CONFIG", "the kernel configuration, as --config: uffd-wp, no-arch-uffd-wp or no-userfaultfd"),
    ("PTEFUZZ_KNOWN", "a file of signatures that do not crash any more, one a line, as --known"),
];

/// Subject, environment and known signatures of a session.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What to hold against the model.
    pub subject: SubjectName,
    /// The environment.
    pub environment: Environment,
    /// Signatures that are not reported.
    pub known: KnownSignatures,
}

impl Settings {
    /// The settings of this process's environment variables.
    ///
    /// # Errors
    ///
    /// The first variable that says something else than it can: its name, what was found and what was expected.
    pub fn from_env() -> Result<Settings, String> {
        Settings::from_variables(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// The settings of these variables; one that is empty counts as not set.
    ///
    /// # Errors
    ///
    /// As [`Settings::from_env`].
    pub fn from_variables(value: impl Fn(&str) -> Option<String>) -> Result<Settings, String> {
        let value = |name: &str| value(name).filter(|value| !value.is_empty());
        let found = |name: &str, found: &str, expected: String| Err(format!("{name}: found {found:?}, {expected}"));
        let mut settings = Settings::default();
        let config = match value("PTEFUZZ_CONFIG") {
            None => Config::UffdWp,
            Some(name) => match Config::from_name(&name) {
                Some(config) => config,
                None => {
                    return found(
                        "PTEFUZZ_CONFIG",
                        &name,
                        format!("expected {}", Config::ALL.map(Config::name).join(" or ")),
                    );
                }
            },
        };
        settings.environment = match (value("PTEFUZZ_SPECIAL"), config) {
            (None, config) => Environment::of(config),
            (Some(name), Config::UffdWp) => match Special::from_name(&name) {
                Some(special) => Environment::new(special),
                None => {
                    return found(
                        "PTEFUZZ_SPECIAL",
                        &name,
                        format!("expected {}", Special::ALL.map(Special::name).join(" or ")),
                    );
                }
            },
            (Some(name), _) => {
                return found(
                    "PTEFUZZ_SPECIAL",
                    &name,
                    "expected PTEFUZZ_CONFIG=uffd-wp with it, the only one that can choose".into(),
                );
            }
        };
        if let Some(name) = value("PTEFUZZ_SUBJECT") {
            settings.subject = match name.parse() {
                Ok(subject) => subject,
                Err(expected) => return found("PTEFUZZ_SUBJECT", &name, expected),
            };
            settings.subject.build(settings.environment).map_err(|error| format!("PTEFUZZ_SUBJECT: {error}"))?;
        }
        if let Some(file) = value("PTEFUZZ_KNOWN") {
            settings.known =
                KnownSignatures::read(Path::new(&file)).map_err(|error| format!("PTEFUZZ_KNOWN: {file}:{error}"))?;
        }
        Ok(settings)
    }

    /// The options that make a command do the same, each with a space before it; those that are the default are left out.
    pub fn arguments(&self) -> String {
        let mut text = String::new();
        if self.subject != SubjectName::default() {
            text.push_str(&format!(" --subject {}", self.subject));
        }
        if self.environment.config != Config::UffdWp {
            text.push_str(&format!(" --config {}", self.environment.config.name()));
        }
        let special = Special::ALL.into_iter().find(|special| Environment::new(*special) == self.environment);
        if let Some(special) = special.filter(|special| *special != Special::X86) {
            text.push_str(&format!(" --special {}", special.name()));
        }
        text
    }
}
