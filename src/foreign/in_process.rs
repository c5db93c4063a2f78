//! A library in this process (`--in-process`): no copying and no waiting, and a crash of the library is the end of the run.

use super::library::{Library, classification};
use super::{lacking, sample};
use crate::lockstep::{SiteSet, Subject};
use crate::pte::{Classification, Environment};
use crate::site::{Answer, Call, Failure, SiteId};
use std::path::Path;

/// The library as a subject.
#[derive(Debug)]
pub struct InProcess {
    library: Library,
    sites: SiteSet,
    failure: Option<Failure>,
}

impl InProcess {
    /// Loads the library.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn load(path: &Path) -> Result<InProcess, String> {
        let mut library = Library::load(path)?;
        let has = |site: &SiteId| library.answer(&sample(*site)).failure() != Some(Failure::Refused(-1));
        let sites: SiteSet = SiteId::ALL.into_iter().filter(has).collect();
        if sites == SiteSet::EMPTY {
            return Err("ptefuzz_apply() says -1 of every site, expected one that it answers".to_string());
        }
        Ok(InProcess { library, sites, failure: None })
    }
}

impl Subject for InProcess {
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        for (call, answer) in calls.iter().zip(answers) {
            *answer = if self.sites.contains(call.site) { self.library.answer(call) } else { Answer::default() };
        }
    }

    fn environment(&self) -> Environment {
        self.library.environment()
    }

    fn sites(&self) -> SiteSet {
        self.sites
    }

    fn classify(&mut self, pte: u64) -> Option<Classification> {
        match self.library.classify(pte) {
            Ok(words) => Some(classification(words)),
            Err(failure) => {
                self.failure = failure;
                None
            }
        }
    }

    fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    fn remarks(&self) -> Vec<String> {
        lacking(self.sites).into_iter().collect()
    }
}
