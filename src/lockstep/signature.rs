//! Signatures: what a divergence means, so that a thousand of them fall into as many buckets as there are mistakes.

use super::laws::LAWS;
use super::parts::{AuxKind, ENTRY_PARTS, aux_kind, outcome_part, pte_parts, words};
use crate::pte::{Class, Classification};
use crate::site::{Failure, SITES, SiteId, Uses, outcome_parts, totals_names};
use crate::world::CONSERVATION;
use std::fmt;

/// Where a divergence was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// A call of this site.
    Site(SiteId),
    /// A range call of this site.
    Range(SiteId),
    /// The predicates.
    Classify,
    /// A whole world program.
    Program,
}

/// What was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The pte afterwards.
    Pte,
    /// The outcome.
    Outcome,
    /// The auxiliary word.
    Aux,
    /// A use of a pte outside the expected set.
    Use,
    /// A range's aggregate, by its index.
    Total(u8),
    /// A predicate or decoded field, by its column; 255 is the class.
    Predicate(u8),
    /// A law that model and subject break alike, by its index in [`LAWS`].
    Law(u16),
    /// Two states share one encoding.
    Collision,
    /// A conservation law, by its index in [`CONSERVATION`].
    Conservation(u8),
    /// There was no answer at all.
    Failed(Failure),
}

/// The meaning of a divergence: place, what was wrong, and which parts went wrong in which direction.
///
/// Its text is the bucket's name, such as `move_soft_dirty/pte/special->swap`, `fork[]/total/rss_swap` or `zap/timeout`; the state before and
/// the program are not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signature {
    /// Where.
    pub place: Place,
    /// What.
    pub fault: Fault,
    /// The right pte's class and the wrong one's, for ptes. Where they are the same: present for every mapped pte, swap for every other.
    pub classes: Option<(Class, Class)>,
    /// What only the right word has, reduced to parts.
    pub right: u64,
    /// What only the wrong word has, reduced to parts.
    pub wrong: u64,
}

impl Signature {
    /// The site that it speaks of.
    pub fn site(&self) -> Option<SiteId> {
        match self.place {
            Place::Site(site) | Place::Range(site) => Some(site),
            Place::Classify | Place::Program => None,
        }
    }

    /// The name of the place: `fork`, `fork[]` for a range, or `classify`.
    pub fn place_name(&self) -> String {
        match self.place {
            Place::Site(site) => SITES[site as usize].name.to_string(),
            Place::Range(site) => format!("{}[]", SITES[site as usize].name),
            Place::Classify => "classify".to_string(),
            Place::Program => "program".to_string(),
        }
    }

    /// The signature with nothing in it that a shell or a file system minds, cut to 120 characters.
    pub fn file_stem(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+') { c } else { '_' };
        self.to_string().chars().map(plain).take(120).collect()
    }

    /// What differed, in the words of the signature.
    pub fn difference(&self) -> String {
        let mut words = match self.fault {
            Fault::Pte => self.pte_words(),
            Fault::Outcome => match self.site() {
                Some(site) => words(outcome_parts(&SITES[site as usize]).map(outcome_part), self.right, self.wrong),
                None => Vec::new(),
            },
            Fault::Aux => match self.site().map(aux_kind) {
                Some(AuxKind::Parts(parts)) => words(parts.iter().copied(), self.right, self.wrong),
                _ => self.pte_words(),
            },
            Fault::Use => {
                Uses(self.wrong).iter().map(|(kind, class)| format!("{}:{}", kind.name(), class.name())).collect()
            }
            Fault::Total(index) => {
                let names = self.site().map_or(&[][..], totals_names);
                vec![names.get(index as usize).map_or_else(|| format!("total{index}"), |n| n.to_string())]
            }
            Fault::Predicate(255) => self.pte_words(),
            Fault::Predicate(column) => {
                let name = Classification::COLUMNS.get(column as usize).unwrap_or(&"?");
                let number = self.right == self.wrong;
                vec![if number { format!("~{name}") } else { format!("{name}:{}->{}", self.right, self.wrong) }]
            }
            Fault::Law(index) => vec![LAWS.get(index as usize).map_or("?", |law| law.name).to_string()],
            Fault::Conservation(index) => {
                let name = CONSERVATION.get(index as usize).map_or("?", |law| law.name);
                vec![format!("{name}:{}", if self.wrong != 0 { "too-many-counted" } else { "too-few-counted" })]
            }
            Fault::Failed(failure) => return failure.detail(),
            Fault::Collision => self.classes.iter().map(|(_, class)| class.name().to_string()).collect(),
        };
        if words.is_empty() {
            words.push("same".to_string());
        }
        words.join("+").replace("++", "+").replace("+-", "-").replace("+~", "~")
    }

    fn pte_words(&self) -> Vec<String> {
        let Some((right, wrong)) = self.classes else {
            return words(ENTRY_PARTS.iter().copied(), self.right, self.wrong);
        };
        let mut text = words(pte_parts(right).iter().copied(), self.right, self.wrong);
        if right != wrong {
            text.insert(0, format!("{}->{}", right.name(), wrong.name()));
        }
        text
    }

    fn fault_name(&self) -> &'static str {
        match self.fault {
            Fault::Pte => "pte",
            Fault::Outcome => "outcome",
            Fault::Aux => "aux",
            Fault::Use => "use",
            Fault::Total(_) => "total",
            Fault::Predicate(_) => "predicate",
            Fault::Law(_) => "law",
            Fault::Collision => "collision",
            Fault::Conservation(_) => "conservation",
            Fault::Failed(failure) => failure.name(),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.place_name(), self.fault_name())?;
        match self.difference() {
            difference if difference.is_empty() => Ok(()),
            difference => write!(f, "/{difference}"),
        }
    }
}
