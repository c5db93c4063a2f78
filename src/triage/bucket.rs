//! Buckets: signatures that come from one mistake, with what a maintainer needs to act on it.
//!
//! Every signature's smallest program is minimised, and the call that went wrong is minimised by itself: its cause. Signatures with equal causes
//! are one bucket. So are those that one bug of the museum explains, answer for answer: then the historical mistake is the shared cause.

use super::resemble::Lookalikes;
use super::tally::{Seen, Tally};
use super::{Settings, parallel};
use crate::engine::{Runner, minimize};
use crate::lockstep::{Divergence, Fault, Signature, Subject, Witness};
use crate::program::{Program, RawProgram, Record};
use crate::pte::ClassSet;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// One mistake, as far as its signatures tell.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// The signature that stands for it: a wrong value before a wrong use, then the one that most files show.
    pub signature: Signature,
    /// All of its signatures, that one first.
    pub signatures: Vec<Signature>,
    /// Why there is more than one.
    pub merged: Option<Merged>,
    /// Files that show any of them.
    pub count: u64,
    /// The first file that does, in the order of the paths.
    pub first: String,
    /// The file with the smallest program that does.
    pub smallest: String,
    /// The classes of ptes that it was seen on.
    pub pre_states: ClassSet,
    /// The smallest program that the minimiser makes of that.
    pub reproducer: Program,
    /// The step of it that goes wrong, from 1.
    pub step: usize,
    /// What goes wrong there.
    pub divergence: Divergence,
    /// The wrong call by itself, minimised; a whole program where none by itself is wrong.
    pub cause: Program,
    /// Bugs of the museum that show the same on that call, by slug.
    pub resembles: Vec<&'static str>,
}

/// Why two signatures are in one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    /// Their minimised causes are equal.
    SameCause,
    /// A bug of the museum gives the same wrong answers to the minimised causes of all of them.
    Explained(&'static str),
}

impl Merged {
    /// The reason in words.
    pub fn words(self) -> String {
        match self {
            Merged::SameCause => "the same call by itself shows them all".to_string(),
            Merged::Explained(slug) => format!("{slug} gives the same wrong answers to all of them"),
        }
    }
}

/// A signature with its minimised programs.
struct Minimised<'a> {
    signature: Signature,
    seen: &'a Seen,
    reproducer: Program,
    step: usize,
    divergence: Divergence,
    cause: Program,
    /// Bugs of the museum that show the same signature on the cause.
    resembles: Vec<usize>,
    /// Those that give the same answer, too.
    explained_by: Vec<usize>,
}

/// Sorts the signatures of a tally into buckets, the most files first.
///
/// # Errors
///
/// A subject that cannot be had.
pub fn buckets(tally: &Tally, settings: &Settings<'_>) -> Result<Vec<Bucket>, String> {
    let mut signatures: Vec<(&Signature, &Seen)> = tally.seen.iter().collect();
    signatures.sort_unstable_by_key(|(signature, seen)| (seen.first.0, **signature));
    let queue = std::sync::Mutex::new(signatures.into_iter());
    let parts = parallel(settings.jobs, || {
        let mut subject = settings.subject.build(settings.environment)?;
        let mut runner = Runner::new(settings.environment).reporting_collisions(settings.collisions);
        let mut lookalikes = Lookalikes::new(settings.environment);
        let mut part = Vec::new();
        while let Some((signature, seen)) = super::next_of(&queue) {
            part.extend(minimised(*signature, seen, &mut runner, &mut *subject, &mut lookalikes));
        }
        Ok(part)
    })?;
    let mut all: Vec<Minimised<'_>> = parts.into_iter().flatten().collect();
    all.sort_unstable_by_key(|one| (one.seen.first.0, one.signature));
    let mut buckets: Vec<Bucket> = groups(&all).into_iter().map(|group| bucket(group, tally)).collect();
    buckets.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.signature.cmp(&b.signature)));
    Ok(buckets)
}

/// Minimises what a signature was seen with: a world program where there is one, since it says how to get there.
fn minimised<'a>(
    signature: Signature,
    seen: &'a Seen,
    runner: &mut Runner,
    subject: &mut dyn Subject,
    lookalikes: &mut Lookalikes,
) -> Option<Minimised<'a>> {
    let sample = seen.world.as_ref().or(seen.raw.as_ref())?;
    let reproducer = minimize(runner, subject, &sample.program, signature);
    // A subject that answers otherwise today than before shows nothing now; what was seen then is shown.
    let (step, divergence) =
        shown(runner, subject, &reproducer, signature).unwrap_or((sample.step, sample.divergence.clone()));
    let cause = cause(runner, subject, &divergence).unwrap_or_else(|| reproducer.clone());
    let found = runner.first(&cause, subject).map(|(_, divergence)| divergence);
    let (resembles, explained_by) = match found {
        Some(found) => lookalikes.of(runner, &cause, &found),
        None => (Vec::new(), Vec::new()),
    };
    Some(Minimised { signature, seen, reproducer, step, divergence, cause, resembles, explained_by })
}

/// Where a program shows a signature.
fn shown(
    runner: &mut Runner,
    subject: &mut dyn Subject,
    program: &Program,
    signature: Signature,
) -> Option<(usize, Divergence)> {
    runner.all(program, subject).into_iter().find(|(_, divergence)| divergence.signature == signature)
}

/// The wrong call by itself, as small as it gets: of a range the entry that is wrong, if it is wrong alone too. None for what only a whole program
/// shows.
fn cause(runner: &mut Runner, subject: &mut dyn Subject, divergence: &Divergence) -> Option<Program> {
    let whole = Program::Raw(divergence.to_raw());
    let mut candidates = Vec::new();
    if let Witness::Range(range) = &divergence.witness
        && let Some(call) = range.index.and_then(|index| range.calls.get(index))
    {
        candidates.push(Program::Raw(RawProgram { records: vec![Record::Call(*call)] }));
    }
    candidates.push(whole);
    candidates.into_iter().find_map(|candidate| {
        let (_, found) = runner.first(&candidate, subject)?;
        Some(minimize(runner, subject, &candidate, found.signature))
    })
}

/// Which signatures belong together, and why.
fn groups<'a, 'b>(all: &'b [Minimised<'a>]) -> Vec<(Vec<&'b Minimised<'a>>, Option<Merged>)> {
    let mut by_cause: BTreeMap<Vec<u8>, Vec<&Minimised<'a>>> = BTreeMap::new();
    for one in all {
        by_cause.entry(one.cause.to_bytes()).or_default().push(one);
    }
    let mut open: Vec<Vec<&Minimised<'a>>> = by_cause.into_values().collect();
    open.sort_by_key(|group| (group[0].seen.first.0, group[0].signature));
    let mut closed = Vec::new();
    // The bug of the museum that explains most of what is left takes that; the first of those that explain as much.
    while let Some((bug, explained)) = best_explanation(&open) {
        let (inside, outside): (Vec<_>, Vec<_>) =
            open.into_iter().enumerate().partition(|(index, _)| explained.contains(index));
        let members = inside.into_iter().flat_map(|(_, group)| group).collect();
        closed.push((members, Some(Merged::Explained(super::resemble::slug(bug)))));
        open = outside.into_iter().map(|(_, group)| group).collect();
    }
    closed.extend(open.into_iter().map(|group| {
        let merged = (group.len() > 1).then_some(Merged::SameCause);
        (group, merged)
    }));
    closed
}

/// The bug that explains most groups, if one explains two or more.
fn best_explanation(open: &[Vec<&Minimised<'_>>]) -> Option<(usize, Vec<usize>)> {
    let mut by_bug: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, group) in open.iter().enumerate() {
        let mut bugs: Vec<usize> = group.iter().flat_map(|one| one.explained_by.iter().copied()).collect();
        bugs.sort_unstable();
        bugs.dedup();
        bugs.into_iter().for_each(|bug| by_bug.entry(bug).or_default().push(index));
    }
    let best = by_bug.into_iter().min_by_key(|(bug, groups)| (Reverse(groups.len()), *bug));
    best.filter(|(_, groups)| groups.len() > 1)
}

fn bucket((members, merged): (Vec<&Minimised<'_>>, Option<Merged>), tally: &Tally) -> Bucket {
    let mut members = members;
    // A wrong value says more than a use that it came from.
    let rank = |one: &Minimised<'_>| (one.signature.fault == Fault::Use, Reverse(one.seen.count), one.signature);
    members.sort_by_key(|one| rank(one));
    let lead = members[0];
    let signatures: Vec<Signature> = members.iter().map(|one| one.signature).collect();
    let shows_one = |set: &Vec<Signature>| signatures.iter().any(|signature| set.binary_search(signature).is_ok());
    let count = tally.sets.iter().filter(|(set, _)| shows_one(set)).map(|(_, count)| count).sum();
    let first = members.iter().min_by_key(|one| one.seen.first.0).map_or("", |one| &one.seen.first.1);
    let smallest = members.iter().filter_map(|one| one.seen.smallest()).min_by_key(|sample| sample.rank());
    let mut resembles: Vec<usize> = members.iter().flat_map(|one| one.resembles.iter().copied()).collect();
    // What explains the whole bucket comes first, then what is alike in most of its signatures.
    let weight = |bug: &usize| members.iter().filter(|one| one.resembles.contains(bug)).count();
    let explains = |bug: &usize| members.iter().filter(|one| one.explained_by.contains(bug)).count();
    resembles.sort_by_key(|bug| (Reverse((explains(bug), weight(bug))), *bug));
    resembles.dedup();
    Bucket {
        signature: lead.signature,
        count,
        first: first.to_string(),
        smallest: smallest.map_or(String::new(), |sample| sample.file.clone()),
        pre_states: ClassSet(members.iter().fold(0, |set, one| set | one.seen.pre_states.0)),
        reproducer: lead.reproducer.clone(),
        step: lead.step,
        divergence: lead.divergence.clone(),
        cause: lead.cause.clone(),
        resembles: resembles.into_iter().map(super::resemble::slug).collect(),
        merged,
        signatures,
    }
}
