//! A session: one target in one environment against one subject, with everything that is used again from input to input.

use super::cells::{count, count_classified, count_range};
use super::{Cells, Settings, Target};
use crate::engine::Coverage;
use crate::lockstep::{BATCH, Divergence, KnownSignatures, Lockstep, SiteSet, Subject, Tally, Witness};
use crate::model::Model;
use crate::packed::{Packed, Watch};
use crate::program::{Step, into_domain};
use crate::pte::{Classification, Environment, X86_64};
use crate::site::{Answer, Call, RANGE_MAX, RangeAnswer, RangeCall, SiteId};
use crate::subjects::SubjectName;
use crate::world::World;

/// Places at which a range's entries may start in their buffer, so that every alignment and tail is met.
const STARTS: usize = 8;

/// Runs any byte string as a program of one target.
///
/// ```
/// use ptefuzz::target::{CELLS, Session, Settings, Target};
///
/// let target = Target::by_name("sequence").unwrap();
/// let mut session = Session::new(target, &Settings::default()).unwrap();
/// let mut cells = Box::new([0; CELLS]);
/// assert!(session.run(b"any bytes at all", &mut cells).is_empty());
/// assert!(session.run(b"ptefuzz 1\nvma 0..16 anon rw\nwrite 3\n", &mut cells).is_empty());
/// assert!(cells.iter().any(|count| *count > 0));
/// ```
pub struct Session {
    target: &'static Target,
    lockstep: Lockstep,
    world: World,
    held: Held,
    checks: SiteSet,
    pub(super) known: KnownSignatures,
    found: Vec<(usize, Divergence)>,
    calls: Vec<(usize, Call)>,
    entries: Box<Entries>,
}

/// The subject. The hot loop is compiled for packed and for everything else once.
enum Held {
    Packed(Packed<Watch>),
    Other(Box<dyn Subject>),
}

/// Room for a range's entries, wherever they start.
struct Entries {
    ptes: [u64; RANGE_MAX + STARTS],
    params: [[u64; 3]; RANGE_MAX + STARTS],
}

impl Session {
    /// A session of this target, with the subject, the environment and the known signatures of `settings`.
    ///
    /// # Errors
    ///
    /// Why the subject cannot be had.
    pub fn new(target: &'static Target, settings: &Settings) -> Result<Session, String> {
        let environment = settings.environment;
        let held = match settings.subject {
            SubjectName::Packed => Held::Packed(Packed::observed(environment)),
            _ => Held::Other(settings.subject.build(environment)?),
        };
        Ok(Session { known: settings.known.clone(), ..Session::with(target, environment, held) })
    }

    /// A session of this target against any subject, in the subject's environment, with nothing known.
    pub fn against(target: &'static Target, subject: Box<dyn Subject>) -> Session {
        let environment = subject.environment();
        Session::with(target, environment, Held::Other(subject))
    }

    fn with(target: &'static Target, environment: Environment, held: Held) -> Session {
        let sites = match &held {
            Held::Packed(packed) => packed.sites(),
            Held::Other(subject) => subject.sites(),
        };
        Session {
            target,
            lockstep: Lockstep::new(Model::new(environment)),
            world: World::new(environment),
            held,
            checks: target.checks.iter().copied().filter(|site| sites.contains(*site)).collect(),
            known: KnownSignatures::default(),
            found: Vec::new(),
            calls: Vec::with_capacity(BATCH),
            entries: Box::new(Entries { ptes: [0; RANGE_MAX + STARTS], params: [[0; 3]; RANGE_MAX + STARTS] }),
        }
    }

    /// The target.
    pub fn target(&self) -> &'static Target {
        self.target
    }

    /// What was checked since the session began.
    pub fn tally(&self) -> &Tally {
        self.lockstep.tally()
    }

    /// Runs an input and gives the divergences that are not known, each with its step from 1, in the order of the steps. What was reached is counted
    /// up in `cells`.
    ///
    /// An input without text and without divergence allocates nothing once buffers have grown.
    pub fn run(&mut self, input: &[u8], cells: &mut Cells) -> &[(usize, Divergence)] {
        self.found.clear();
        let bytes = self.target.menu.bytes(input);
        let Session { target, lockstep, world, held, checks, found, calls, entries, .. } = self;
        let mut run = Run { target, lockstep, world, checks: *checks, found, calls, entries, cells };
        match held {
            Held::Packed(packed) => run.bytes(packed, &bytes),
            Held::Other(subject) => run.bytes(&mut **subject, &bytes),
        }
        if !self.found.is_empty() {
            let known = &self.known;
            self.found.retain(|(_, divergence)| !known.contains(&divergence.signature));
            self.found.sort_by_key(|(step, _)| *step);
        }
        &self.found
    }
}

/// One input's run.
struct Run<'a> {
    target: &'static Target,
    lockstep: &'a mut Lockstep,
    world: &'a mut World,
    checks: SiteSet,
    found: &'a mut Vec<(usize, Divergence)>,
    calls: &'a mut Vec<(usize, Call)>,
    entries: &'a mut Entries,
    cells: &'a mut Cells,
}

impl Run<'_> {
    fn bytes<S: Subject + ?Sized>(&mut self, subject: &mut S, bytes: &[u8]) {
        if self.target.is_world() {
            self.operations(subject, bytes);
        } else {
            self.records(subject, bytes);
        }
    }

    fn operations<S: Subject + ?Sized>(&mut self, subject: &mut S, bytes: &[u8]) {
        let Run { target, lockstep, world, checks, found, cells, .. } = self;
        let (tree, ops) = target.menu.ops(bytes);
        world.run(tree, ops);
        let trace = world.trace();
        let mut only = Only { subject, sites: *checks };
        let mut seen = |call: &Call, class, answer: &Answer| count(cells, Coverage::cell(call, class, answer));
        lockstep.trace(&mut only, trace, &mut seen, &mut |op, divergence| found.push((op as usize + 1, divergence)));
        for record in &trace.ranges {
            count_range(cells, &trace.range(record), &record.totals, |pte| world.model().class(pte));
        }
        if let Err(lost) = world.conserved() {
            found.push((bytes.len() / 8, Divergence::lost(world.model().environment(), lost)));
        }
    }

    fn records<S: Subject + ?Sized>(&mut self, subject: &mut S, bytes: &[u8]) {
        let mut records = self.target.menu.records(bytes);
        let mut only = Only { subject, sites: self.checks };
        for step in 1.. {
            // Every range starts at another place, so that vector code meets every alignment.
            let start = step % STARTS;
            let Entries { ptes, params } = &mut *self.entries;
            let Some(record) = records.next(&mut ptes[start..], &mut params[start..]) else { break };
            match record {
                Step::Call(call) => self.call(&mut only, step, call),
                Step::Classify(pte) => self.classify(&mut only, step, pte),
                Step::Range { site, budgets, len } => {
                    let Run { lockstep, found, cells, .. } = self;
                    let (ptes, params) = (&ptes[start..start + len], &params[start..start + len]);
                    let call = RangeCall { site, ptes, params, budgets };
                    if !only.sites.contains(site) {
                        continue;
                    }
                    if lockstep.range(&mut only, &call, &mut |divergence| found.push((step, divergence))) {
                        count_range(cells, &call, lockstep.totals(), |pte| lockstep.model().class(pte));
                    }
                }
            }
        }
        self.ask(&mut only);
    }

    /// Puts a call to those that are asked together.
    fn call<S: Subject + ?Sized>(&mut self, subject: &mut Only<'_, S>, step: usize, call: Call) {
        if !subject.sites.contains(call.site) {
            return;
        }
        self.calls.push((step, call));
        if self.calls.len() == BATCH {
            self.ask(subject);
        }
    }

    /// Asks the calls that were put together.
    fn ask<S: Subject + ?Sized>(&mut self, subject: &mut Only<'_, S>) {
        let Run { lockstep, found, calls, cells, .. } = self;
        let mut batch = [Call { site: SiteId::ChangeProt, pte: 0, p: [0; 3] }; BATCH];
        batch.iter_mut().zip(calls.iter()).for_each(|(to, (_, call))| *to = *call);
        let mut seen = |call: &Call, class, answer: &Answer| count(cells, Coverage::cell(call, class, answer));
        let mut report = |divergence: Divergence| {
            // Calls are pure: of two that are equal the first one shows it as well.
            let is_it = |call: &Call| matches!(&divergence.witness, Witness::Call { call: of, .. } if of == call);
            let step = calls.iter().find(|(_, call)| is_it(call)).map_or(0, |(step, _)| *step);
            found.push((step, divergence));
        };
        lockstep.calls(subject, &batch[..calls.len().min(BATCH)], &mut seen, &mut report);
        calls.clear();
    }

    /// Asks the predicates, and then the other direction: what was decoded is encoded again.
    fn classify<S: Subject + ?Sized>(&mut self, subject: &mut Only<'_, S>, step: usize, pte: u64) {
        let Run { lockstep, found, cells, .. } = self;
        count_classified(cells, pte, lockstep.model().class(pte));
        lockstep.classify(subject, pte, &mut |divergence| found.push((step, divergence)));
        let said = lockstep.model().classify(pte);
        if self.target.menu.sites.contains(&SiteId::SwpEntryToPte)
            && let Some(call) = encoded_again(pte, &said)
        {
            self.call(subject, step, call);
        }
    }
}

/// The call that makes a pte of what was decoded from one; none of a pte that holds nothing.
fn encoded_again(pte: u64, said: &Classification) -> Option<Call> {
    let mut call = if said.has_swap_entry {
        Call { site: SiteId::SwpEntryToPte, pte, p: [said.swp_type as u64, said.swp_offset, 0] }
    } else if said.present {
        Call { site: SiteId::PfnPte, pte, p: [said.pfn, pte & !X86_64.pfn, 0] }
    } else {
        return None;
    };
    into_domain(&mut call);
    Some(call)
}

/// A subject of which only some sites are compared.
struct Only<'a, S: ?Sized> {
    subject: &'a mut S,
    sites: SiteSet,
}

impl<S: Subject + ?Sized> Subject for Only<'_, S> {
    #[inline]
    fn answer(&mut self, calls: &[Call], answers: &mut [Answer]) {
        self.subject.answer(calls, answers);
    }

    fn environment(&self) -> Environment {
        self.subject.environment()
    }

    #[inline]
    fn sites(&self) -> SiteSet {
        self.sites
    }

    fn classify(&mut self, pte: u64) -> Option<Classification> {
        self.subject.classify(pte)
    }

    #[inline]
    fn range(&mut self, call: &RangeCall<'_>, answer: &mut RangeAnswer<'_>) -> bool {
        self.subject.range(call, answer)
    }
}
