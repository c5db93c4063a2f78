//! The front door for an implementation in Rust: [`check`] fuzzes a [`Subject`] from a test or from a fuzz target.
//!
//! In comes a subject and a budget, out goes nothing, or the smallest program found that shows the first difference, with its explanation.

use crate::engine::{Find, Job, Limits, Next, RawRun, Runner, WorldRun, minimize};
use crate::lockstep::explain::{INDENT, Tone, explain};
use crate::lockstep::{Divergence, Lockstep, Signature, Subject};
use crate::model::Model;
use crate::program::{CallSource, Program};
use crate::world::World;
use std::fmt;
use std::time::Duration;

/// Programs of each kind where nothing else is said: some tenths of a second.
const PROGRAMS: u64 = 2000;

/// Holds a subject against the reference model.
///
/// ```
/// use ptefuzz::packed::Packed;
/// use ptefuzz::pte::Environment;
///
/// ptefuzz::check(Packed::new(Environment::default())).seed(7).programs(200).run();
/// ```
///
/// What differs is a panic whose message starts with the signature, and shows the smallest program that was found and the rule that was broken:
///
/// ```should_panic
/// use ptefuzz::lockstep::PerSite;
/// use ptefuzz::pte::Environment;
/// use ptefuzz::site::{Answer, SiteId};
///
/// // mremap marks every pte alike: wrong for swap ptes, for the special pte, and for none.
/// let mine = PerSite::new(Environment::default())
///     .site(SiteId::MoveSoftDirty, |call| Answer { pte: call.pte | 1 << 11, ..Answer::default() });
/// ptefuzz::check(mine).run();
/// ```
pub fn check<S: Subject>(subject: S) -> Check<S> {
    Check { runner: Runner::new(subject.environment()), subject, seed: 1, programs: PROGRAMS, time: None }
}

/// A check that is about to be run; made by [`check`].
#[derive(Debug)]
pub struct Check<S> {
    subject: S,
    runner: Runner,
    seed: u64,
    programs: u64,
    time: Option<Duration>,
}

/// What was checked when nothing differed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Programs run.
    pub programs: u64,
    /// Site calls compared, those on none left out.
    pub site_calls: u64,
}

/// A difference, as small as it could be made. Its text is for people.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// What it means.
    pub signature: Signature,
    /// The smallest program found that shows it; `ptefuzz replay` reads its text.
    pub program: Program,
    /// The difference that this program shows.
    pub divergence: Divergence,
}

impl<S: Subject> Check<S> {
    /// With this seed; the same seed is the same run.
    #[must_use]
    pub fn seed(self, seed: u64) -> Check<S> {
        Check { seed, ..self }
    }

    /// So many programs of operations on a small mm, and as many of single calls.
    #[must_use]
    pub fn programs(self, programs: u64) -> Check<S> {
        Check { programs, ..self }
    }

    /// Not longer than this for each of the two kinds, whatever the number of programs.
    #[must_use]
    pub fn time(self, time: Duration) -> Check<S> {
        Check { time: Some(time), ..self }
    }

    /// Runs, and panics with the counterexample if there is one.
    pub fn run(mut self) -> Checked {
        match self.find() {
            Ok(checked) => checked,
            Err(found) => panic!("{found}"),
        }
    }

    /// Runs.
    ///
    /// # Errors
    ///
    /// The first difference, minimised.
    pub fn find(&mut self) -> Result<Checked, Box<Counterexample>> {
        let environment = self.subject.environment();
        let lockstep = || Lockstep::new(Model::new(environment));
        let sites = self.subject.sites().iter().collect();
        let raw = RawRun::new(lockstep(), CallSource::new(environment, sites, false), self.seed);
        let world = WorldRun::new(lockstep(), World::new(environment), self.seed);
        let mut checked = Checked { programs: 0, site_calls: 0 };
        for mut job in [Job::Raw(Box::new(raw)), Job::World(Box::new(world))] {
            let limits = Limits { time: self.time, programs: Some(self.programs) };
            let progress = job.run(&mut self.subject, limits, &mut |progress| {
                if progress.signatures > 0 { Next::Stop } else { Next::Continue }
            });
            checked.programs += progress.programs;
            checked.site_calls += progress.site_calls;
            let first: Option<Find> = job.finds().sorted().first().map(|find| (*find).clone());
            if let Some(find) = first {
                return Err(Box::new(self.smallest(find.source, find.first)));
            }
        }
        Ok(checked)
    }

    /// Runs one input of a fuzzing engine, any bytes at all, and panics if it shows a difference. The whole of a cargo-fuzz target:
    ///
    /// ```text
    /// #![no_main]
    /// use std::cell::RefCell;
    /// thread_local!(static CHECK: RefCell<ptefuzz::Check<MyPtes>> = RefCell::new(ptefuzz::check(MyPtes::new())));
    /// libfuzzer_sys::fuzz_target!(|data: &[u8]| CHECK.with_borrow_mut(|check| check.bytes(data)));
    /// ```
    pub fn bytes(&mut self, input: &[u8]) {
        let program = Program::from_bytes_total(input);
        if let Some((_, divergence)) = self.runner.first(&program, &mut self.subject) {
            let signature = divergence.signature;
            panic!("{}", Counterexample { signature, program, divergence });
        }
    }

    fn smallest(&mut self, program: Program, divergence: Divergence) -> Counterexample {
        let signature = divergence.signature;
        let program = minimize(&mut self.runner, &mut self.subject, &program, signature);
        let shown = self.runner.all(&program, &mut self.subject);
        let divergence = shown.into_iter().map(|(_, d)| d).find(|d| d.signature == signature).unwrap_or(divergence);
        Counterexample { signature, program, divergence }
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n\nthe smallest program found that shows it:", self.signature)?;
        for line in self.program.to_text().lines() {
            writeln!(f, "    {line}")?;
        }
        writeln!(f)?;
        for line in explain(&self.divergence).iter().filter(|line| line.tone != Tone::Title) {
            let label = format!("  {}", line.label);
            writeln!(f, "{label:INDENT$}{}", line.text)?;
        }
        Ok(())
    }
}

impl std::error::Error for Counterexample {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockstep::PerSite;
    use crate::packed::Packed;
    use crate::pte::Environment;
    use crate::site::{Answer, SiteId};

    fn wrong() -> PerSite {
        let mark = |call: &crate::site::Call| Answer { pte: call.pte | 1 << 11, ..Answer::default() };
        PerSite::new(Environment::default()).site(SiteId::MoveSoftDirty, mark)
    }

    #[test]
    fn a_right_subject_is_checked_with_both_kinds_of_programs() {
        let checked = check(Packed::new(Environment::default())).programs(50).run();
        assert_eq!(checked.programs, 100);
        assert!(checked.site_calls > 500);
    }

    #[test]
    fn a_difference_comes_back_as_small_as_it_can_be() {
        let found = check(wrong()).seed(3).find().expect_err("a difference");
        let text = found.to_string();
        assert!(text.starts_with("move_soft_dirty/pte/"), "{text}");
        assert!(text.contains("rule") && text.contains("ptefuzz 1"), "{text}");
        let Program::Raw(program) = &found.program else { panic!("{text}") };
        assert_eq!(program.records.len(), 1);
    }

    #[test]
    fn the_same_seed_finds_the_same() {
        let text = |seed| check(wrong()).seed(seed).find().expect_err("a difference").to_string();
        assert_eq!(text(5), text(5));
    }

    #[test]
    fn any_bytes_are_a_program_and_a_difference_in_one_is_a_panic() {
        check(Packed::new(Environment::default())).bytes(b"");
        check(Packed::new(Environment::default())).bytes(&[0xa5; 300]);
        let program = check(wrong()).find().expect_err("a difference").program.to_bytes();
        let caught = std::panic::catch_unwind(|| check(wrong()).bytes(&program));
        let message = caught.expect_err("a panic");
        let text = message.downcast_ref::<String>().expect("a message");
        assert!(text.starts_with("move_soft_dirty/pte/"), "{text}");
    }
}
