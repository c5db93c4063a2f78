//! The library itself, loaded into this process: its functions, what it says of itself, and its answers.
//!
//! Runs in the child, or in the main process where the user wanted that.

use super::abi::{
    ABI_VERSION, ApplyFunction, CLASSIFY_WORDS, ClassifyFunction, NumberFunction, RESULT_WORDS, RawClassify,
    SetReporterFunction, SpecialFunction,
};
use super::guard::Guard;
use super::used::class_of_used;
use crate::model::Model;
use crate::pte::{Classification, Config, Environment};
use crate::site::{Answer, Call, Failure, Use, Uses};
use libloading::os::unix::{Library as Loaded, RTLD_LOCAL, RTLD_NOW};
use std::cell::RefCell;
use std::ffi::c_char;
use std::path::Path;

/// A loaded library.
#[derive(Debug)]
pub struct Library {
    apply: ApplyFunction,
    classify: Option<ClassifyFunction>,
    reports: bool,
    model: Model,
    results: Guard<RESULT_WORDS>,
    classifications: Guard<CLASSIFY_WORDS>,
    // Last, so that its functions outlive their pointers.
    _loaded: Loaded,
}

/// Uses that one call can report before the rest is dropped.
const MOST_REPORTS: usize = 4096;

thread_local! {
    /// What the library reported during the call that runs on this thread.
    static REPORTED: RefCell<Vec<(u32, u64)>> = const { RefCell::new(Vec::new()) };
}

/// The reporter that libraries are given.
extern "C" fn report(kind: u32, pte: u64, _place: *const c_char) {
    REPORTED.with(|reported| {
        if let Ok(mut reported) = reported.try_borrow_mut()
            && reported.len() < MOST_REPORTS
        {
            reported.push((kind, pte));
        }
    });
}

impl Library {
    /// Loads a library and asks it what it was built for.
    ///
    /// # Errors
    ///
    /// What the loader says, a function that is missing, another version of the ABI, a configuration or special value that cannot be.
    pub fn load(path: &Path) -> Result<Library, String> {
        // SAFETY: this runs the library's constructors. To run the library is what the user asked for; its child process is the protection.
        let loaded = unsafe { Loaded::open(Some(path), RTLD_NOW | RTLD_LOCAL) }
            .map_err(|error| format!("cannot load: {}", loader_words(&error)))?;
        // SAFETY: the header gives these names these types.
        let (version, apply, classify, config, special, set_reporter) = unsafe {
            (
                symbol::<NumberFunction>(&loaded, "ptefuzz_abi_version"),
                symbol::<ApplyFunction>(&loaded, "ptefuzz_apply"),
                symbol::<ClassifyFunction>(&loaded, "ptefuzz_classify"),
                symbol::<NumberFunction>(&loaded, "ptefuzz_config"),
                symbol::<SpecialFunction>(&loaded, "ptefuzz_special"),
                symbol::<SetReporterFunction>(&loaded, "ptefuzz_set_reporter"),
            )
        };
        let missing = |name: &str| {
            format!("found no {name}(), expected a library that exports ptefuzz_abi_version() and ptefuzz_apply()")
        };
        let version = version.ok_or_else(|| missing("ptefuzz_abi_version"))?;
        let apply = apply.ok_or_else(|| missing("ptefuzz_apply"))?;
        // SAFETY: functions of the library, called as the header says.
        let (version, config, special) =
            unsafe { (version(), config.map(|function| function()), special.map(|function| function())) };
        if version != ABI_VERSION {
            return Err(format!(
                "found a library for version {version} of the ABI, expected {ABI_VERSION} (`ptefuzz header` prints its header)"
            ));
        }
        let environment = environment(config, special)?;
        if let Some(set_reporter) = set_reporter {
            // SAFETY: as the header says; the reporter lives as long as the program.
            unsafe { set_reporter(report) };
        }
        let no_memory = |error: std::io::Error| format!("cannot map memory for its answers: {error}");
        Ok(Library {
            apply,
            classify,
            reports: set_reporter.is_some(),
            model: Model::new(environment),
            results: Guard::new().map_err(no_memory)?,
            classifications: Guard::new().map_err(no_memory)?,
            _loaded: loaded,
        })
    }

    /// What it was built for.
    pub fn environment(&self) -> Environment {
        self.model.environment()
    }

    /// Whether it has predicates.
    pub fn classifies(&self) -> bool {
        self.classify.is_some()
    }

    /// Answers one call.
    pub fn answer(&mut self, call: &Call) -> Answer {
        let [p0, p1, p2] = call.p;
        let out = self.results.lend();
        // SAFETY: a function of the library, called as the header says, with memory of its own to write to.
        let code = unsafe { (self.apply)(call.site as u32, call.pte, p0, p1, p2, out) };
        let mut uses = if self.reports { self.reported(call) } else { Uses::NONE };
        if call.row().uses.is_empty() {
            // The primitives take any value: nothing is expected of them.
            uses = Uses::NONE;
        }
        let Some([pte, outcome, aux]) = self.results.take() else { return Answer::failed(Failure::Scribble) };
        match code {
            0 => Answer { pte, outcome, aux, uses },
            _ => Answer::failed(Failure::Refused(code.clamp(i8::MIN as i32, i8::MAX as i32) as i8)),
        }
    }

    /// Answers everything that the predicates say of a pte.
    ///
    /// # Errors
    ///
    /// Why there is no answer; `None` if the library has no predicates.
    pub fn classify(&mut self, pte: u64) -> Result<[u64; CLASSIFY_WORDS], Option<Failure>> {
        let classify = self.classify.ok_or(None)?;
        let out = self.classifications.lend();
        // SAFETY: a function of the library, called as the header says, with memory of its own to write to.
        unsafe { classify(pte, out) };
        REPORTED.with(|reported| reported.borrow_mut().clear());
        self.classifications.take().ok_or(Some(Failure::Scribble))
    }

    /// What was reported during this call, by the class of the pte.
    fn reported(&self, call: &Call) -> Uses {
        REPORTED.with(|reported| {
            let mut uses = Uses::NONE;
            for (kind, pte) in reported.borrow_mut().drain(..) {
                // enum ptefuzz_use counts from 1.
                if let Some(kind) = (kind as usize).checked_sub(1).and_then(|index| Use::ALL.get(index)) {
                    uses = uses.and(Uses::one(*kind, class_of_used(&self.model, call, *kind, pte)));
                }
            }
            uses
        })
    }
}

/// The words of a classification as the record that is compared.
pub fn classification(words: [u64; CLASSIFY_WORDS]) -> Classification {
    RawClassify::from_words(words).to_classification()
}

/// A function of the library by its name.
///
/// # Safety
///
/// `T` is the function's type.
unsafe fn symbol<T: Copy>(loaded: &Loaded, name: &str) -> Option<T> {
    // SAFETY: the caller's.
    unsafe { loaded.get::<T>(name).ok().map(|symbol| *symbol) }
}

fn loader_words(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |source| source.to_string())
}

/// The environment that a library's two numbers name.
fn environment(config: Option<u32>, special: Option<u64>) -> Result<Environment, String> {
    let number = config.unwrap_or(0);
    let config = Config::ALL
        .into_iter()
        .find(|c| *c as u32 == number)
        .ok_or_else(|| format!("ptefuzz_config() says {number}, expected 0, 1 or 2 (enum ptefuzz_configuration)"))?;
    let natural = Environment::of(config);
    match (config, special) {
        (_, None) | (Config::NoUserfaultfd, _) => Ok(natural),
        (Config::NoArchUffdWp, Some(0)) => Ok(natural),
        (Config::NoArchUffdWp, Some(value)) => Err(format!(
            "ptefuzz_special() says {value:#x}, expected 0x0, the special value of configuration {}",
            config.name()
        )),
        (Config::UffdWp, Some(value)) if value & 0x101 == 0 && value & !0x60 != 0 => {
            Ok(Environment { config, special: Some(value) })
        }
        (Config::UffdWp, Some(value)) => {
            Err(format!("ptefuzz_special() says {value:#x}, expected a value that is neither none nor present"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pte::Special;

    #[test]
    fn a_library_that_says_nothing_is_built_for_x86_64_as_it_is() {
        assert_eq!(environment(None, None), Ok(Environment::default()));
    }

    #[test]
    fn a_library_says_what_it_was_built_for() {
        assert_eq!(environment(Some(1), Some(0)), Ok(Environment::of(Config::NoArchUffdWp)));
        assert_eq!(environment(Some(2), Some(77)), Ok(Environment::of(Config::NoUserfaultfd)));
        assert_eq!(environment(Some(0), Some(6)), Ok(Environment::new(Special::SoftDirty)));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_was_expected() {
        for (config, special) in [(Some(3), None), (Some(1), Some(4)), (None, Some(1)), (None, Some(0x60))] {
            let error = environment(config, special).expect_err("refused");
            assert!(error.contains("says") && error.contains("expected"), "{error}");
        }
    }
}
