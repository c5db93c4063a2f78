//! Signatures that are known already: a text file of them, so that a run that keeps finding one bug still shows the others.
//!
//! In comes a file with one signature a line; `fuzz`, `triage` and the fuzz targets ask it for each signature that they see. What is known is
//! counted and not reported.
//!
//! ```text
//! # mremap treats the special pte as a swap entry: fixed in our tree, not released yet
//! move_soft_dirty/pte/special->swap
//! move_soft_dirty[]/*              # everything that this range shows
//! ```

use super::Signature;
use crate::site::SITES;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// A set of known signatures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownSignatures {
    whole: BTreeSet<String>,
    prefixes: Vec<String>,
}

/// What is wrong with a file of known signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownError {
    /// The line, from 1; 0 if the file could not be read.
    pub line: usize,
    /// What was found and what was expected.
    pub message: String,
}

impl fmt::Display for KnownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}

impl std::error::Error for KnownError {}

impl KnownSignatures {
    /// Reads the text of a file: one signature a line, `#` begins a comment, a `*` at the end stands for any rest.
    ///
    /// # Errors
    ///
    /// The first line that is no signature.
    pub fn from_text(text: &str) -> Result<KnownSignatures, KnownError> {
        let mut known = KnownSignatures::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or("").trim();
            if line.is_empty() {
                continue;
            }
            check(line).map_err(|message| KnownError { line: index + 1, message })?;
            match line.strip_suffix('*') {
                Some(prefix) => known.prefixes.push(prefix.to_string()),
                None => {
                    known.whole.insert(line.to_string());
                }
            }
        }
        Ok(known)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or is no text, and the first line that is no signature.
    pub fn read(path: &Path) -> Result<KnownSignatures, KnownError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| KnownError { line: 0, message: format!("cannot read: {error}") })?;
        KnownSignatures::from_text(&text)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.prefixes.is_empty()
    }

    /// Whether a signature is known. It is written out for that: ask once for each signature, not once for each divergence.
    pub fn contains(&self, signature: &Signature) -> bool {
        !self.is_empty() && self.contains_text(&signature.to_string())
    }

    /// Whether the signature of this text is known.
    pub fn contains_text(&self, signature: &str) -> bool {
        self.whole.contains(signature) || self.prefixes.iter().any(|prefix| signature.starts_with(prefix.as_str()))
    }
}

/// A line is a place, a kind and a difference, or the start of that and `*`; a `*` anywhere else matches nothing and is a mistake.
fn check(line: &str) -> Result<(), String> {
    let (body, open) = line.strip_suffix('*').map_or((line, false), |body| (body, true));
    let parts: Vec<&str> = body.splitn(3, '/').collect();
    let whole = parts.len() == 3 && parts.iter().all(|part| !part.is_empty());
    if body.contains('*') || body.contains(char::is_whitespace) || !whole && !open {
        return Err(format!(
            "found \"{line}\", expected a signature such as move_soft_dirty/pte/special->swap, or the start of one and *"
        ));
    }
    let name = parts[0].strip_suffix("[]").unwrap_or(parts[0]);
    let known = matches!(name, "classify" | "program") || SITES.iter().any(|site| site.name == name);
    if parts.len() > 1 && !known {
        return Err(format!("found the place \"{name}\", expected a site, a site and [], classify or program"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_known_and_nothing_else() {
        let text = "# a comment\n\n  move_soft_dirty/pte/special->swap  # why\nfork[]/*\r\n";
        let known = KnownSignatures::from_text(text).expect("a file");
        assert!(known.contains_text("move_soft_dirty/pte/special->swap"));
        assert!(known.contains_text("fork[]/total/rss_swap"));
        assert!(!known.contains_text("move_soft_dirty/pte/special->swapped"));
        assert!(!known.contains_text("move_soft_dirty[]/pte/special->swap"));
        assert!(!known.contains_text("fork/pte/-write"));
        assert!(!known.is_empty());
    }

    #[test]
    fn nothing_is_known_where_nothing_is_listed() {
        let known = KnownSignatures::from_text("# only words\n").expect("a file");
        assert!(known.is_empty());
        assert!(!known.contains_text("fork/pte/-write"));
    }

    #[test]
    fn a_line_that_is_no_signature_is_refused_with_its_number() {
        let lines = ["fork", "fork/pte", "frok/pte/-write", "fork/*/-write", "fork pte", "fork//x", "/pte/x", "frok/*"];
        for line in lines {
            let error = KnownSignatures::from_text(&format!("# one\n{line}\n")).expect_err(line);
            assert_eq!(error.line, 2, "{line}");
            assert!(error.message.starts_with("found"), "{error}");
        }
        assert_eq!(KnownSignatures::read(Path::new("/nowhere/at/all")).map_err(|e| e.line), Err(0));
    }

    #[test]
    fn every_signature_of_a_site_can_be_listed() {
        use crate::lockstep::{Fault, Place};
        use crate::site::SiteId;
        for site in SiteId::ALL {
            for place in [Place::Site(site), Place::Range(site)] {
                let signature = Signature { place, fault: Fault::Pte, classes: None, right: 2, wrong: 4 };
                let known = KnownSignatures::from_text(&signature.to_string()).expect("a signature");
                assert!(known.contains(&signature));
                assert!(!known.contains(&Signature { wrong: 0, ..signature }));
            }
        }
    }
}
