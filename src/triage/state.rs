//! What the last triage of a directory found, so that the next one says what is new, known and gone.
//!
//! A small JSON file, one entry for each subject and environment: another subject's run says nothing about this one's buckets.

use super::{Settings, Triage};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The version of the file's format.
const VERSION: u32 = 1;

/// A bucket of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Its signatures, the leading one first.
    pub signatures: Vec<String>,
    /// How many files showed it.
    pub count: u64,
}

/// The buckets of earlier runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    #[serde(rename = "ptefuzz-triage")]
    version: u32,
    runs: BTreeMap<String, Vec<Past>>,
}

impl Default for History {
    fn default() -> History {
        History { version: VERSION, runs: BTreeMap::new() }
    }
}

/// Why a state file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryError(String);

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HistoryError {}

/// What a run says beside an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Whether there was an earlier run.
    pub compared: bool,
    /// For each bucket, whether none of its signatures was there before.
    pub new: Vec<bool>,
    /// Buckets of before of which no signature is seen now, not even as a known one.
    pub gone: Vec<Past>,
}

impl History {
    /// Reads the text of a state file.
    ///
    /// # Errors
    ///
    /// Text that is no state file, or one of another version.
    pub fn from_json(text: &str) -> Result<History, HistoryError> {
        let error = |found: String| HistoryError(format!("{found}, expected a state file of ptefuzz triage"));
        let history: History = serde_json::from_str(text).map_err(|e| error(e.to_string()))?;
        if history.version != VERSION {
            return Err(error(format!("found version {}", history.version)));
        }
        Ok(history)
    }

    /// The text of the file.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    fn key(settings: &Settings<'_>) -> String {
        let collisions = if settings.collisions { ", colliding offsets" } else { "" };
        format!("{}, {}{collisions}", settings.subject, settings.environment)
    }

    /// Holds a run against the earlier one with the same subject and environment.
    pub fn news(&self, settings: &Settings<'_>, triage: &Triage) -> News {
        let past = self.runs.get(&History::key(settings));
        let before: BTreeSet<&str> =
            past.into_iter().flatten().flat_map(|bucket| &bucket.signatures).map(String::as_str).collect();
        let texts = |bucket: &super::Bucket| bucket.signatures.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut now: BTreeSet<String> = triage.known.iter().map(|(signature, _)| signature.to_string()).collect();
        let mut new = Vec::new();
        for bucket in &triage.buckets {
            let signatures = texts(bucket);
            new.push(!signatures.iter().any(|signature| before.contains(signature.as_str())));
            now.extend(signatures);
        }
        let is_gone = |bucket: &&Past| !bucket.signatures.iter().any(|signature| now.contains(signature));
        let gone = past.into_iter().flatten().filter(is_gone).cloned().collect();
        News { compared: past.is_some(), new, gone }
    }

    /// Takes a run in, in place of the earlier one. Buckets that this run suppressed as known stay as they were.
    pub fn record(&mut self, settings: &Settings<'_>, triage: &Triage) {
        let suppressed: BTreeSet<String> = triage.known.iter().map(|(signature, _)| signature.to_string()).collect();
        let run = self.runs.entry(History::key(settings)).or_default();
        run.retain(|bucket| bucket.signatures.iter().any(|signature| suppressed.contains(signature)));
        let now = triage.buckets.iter().map(|bucket| Past {
            signatures: bucket.signatures.iter().map(ToString::to_string).collect(),
            count: bucket.count,
        });
        run.extend(now);
    }
}
