//! What a bug of the museum is: one wrong function in the place of one site, and what people should know about it.

use crate::packed::{Packed, Watch};
use crate::site::{Answer, Call, RangeAnswer, RangeCall, SiteId};

/// What stands in the place of one site's function.
pub type WrongSite = fn(&mut Packed<Watch>, &Call) -> Answer;
/// What stands in the place of one site's range.
pub type WrongRange = fn(&mut Packed<Watch>, &RangeCall<'_>, &mut RangeAnswer<'_>) -> bool;

/// How the range form of a bug's site is wrong.
#[derive(Clone, Copy, Debug)]
pub enum Ranges {
    /// Packed's loop over the wrong function: what a mistake in one pte's function is.
    Entries,
    /// A loop of its own, where counters span entries or where the mistake is in the loop.
    Whole(WrongRange),
}

/// Where a bug can be read about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The commit that fixed it, as far as its id is known from a record.
    Commit(&'static str),
    /// A message in a list archive, by its id or by its author and date.
    Message(&'static str),
}

/// One bug: data, and a function of a few lines.
#[derive(Clone, Copy, Debug)]
pub struct Bug {
    /// Its number in the list of candidates: H hunk reverts, M history, R callers that the patch missed; a letter behind it where one fix
    /// mended several sites.
    pub id: &'static str,
    /// Its name.
    pub slug: &'static str,
    /// The site that it makes wrong.
    pub site: SiteId,
    /// What that site does then.
    pub wrong: WrongSite,
    /// What the site's ranges do then.
    pub ranges: Ranges,
    /// The mistake in one line.
    pub mistake: &'static str,
    /// What it did, or does, to users.
    pub harm: &'static str,
    /// Where and when it was fixed.
    pub fixed: &'static str,
    /// Where that can be read.
    pub source: Source,
    /// Its CVE number.
    pub cve: Option<&'static str>,
    /// Other entries of the list of candidates that are the same bug here.
    pub also: &'static [&'static str],
    /// The mistake is in the loop of a range alone, so that no single call shows it.
    pub loop_only: bool,
    /// Why no world program shows it; nothing where one does.
    pub raw_only: Option<&'static str>,
}

/// The message of RFC 07/30, whose hunks the H bugs take back.
const RFC07: Source = Source::Message("20210115170907.24498-8-peterx@redhat.com");

/// The message of version 3 of the patch (05/27 of the series), which converts callers that the RFC missed.
const MISSED: Source = Source::Message("20210527202117.30689-1-peterx@redhat.com");

impl Bug {
    /// A hunk of RFC 07/30 taken back.
    pub(super) const fn hunk(id: &'static str, slug: &'static str, site: SiteId, wrong: WrongSite) -> Bug {
        Bug {
            id,
            slug,
            site,
            wrong,
            ranges: Ranges::Entries,
            mistake: "",
            harm: "",
            fixed: "RFC 07/30 itself, of January 2021; no release ever had the special pte",
            source: RFC07,
            cve: None,
            also: &[],
            loop_only: false,
            raw_only: None,
        }
    }

    /// A caller that RFC 07/30 missed, in the place of its corrected form.
    pub(super) const fn missed(id: &'static str, slug: &'static str, site: SiteId, wrong: WrongSite) -> Bug {
        Bug {
            fixed: "version 3 of the patch (05/27 of the series), May 2021, after a question in the review of the RFC",
            source: MISSED,
            ..Bug::hunk(id, slug, site, wrong)
        }
    }

    /// What went wrong in the kernel's history.
    pub(super) const fn past(id: &'static str, slug: &'static str, site: SiteId, wrong: WrongSite) -> Bug {
        Bug { fixed: "", ..Bug::hunk(id, slug, site, wrong) }
    }

    /// Whether `name` is its slug or its id.
    pub fn is(&self, name: &str) -> bool {
        self.slug == name || self.id.eq_ignore_ascii_case(name)
    }
}

impl PartialEq for Bug {
    /// Whether it is that bug: ids are unique.
    fn eq(&self, other: &Bug) -> bool {
        self.id == other.id
    }
}

impl Eq for Bug {}
