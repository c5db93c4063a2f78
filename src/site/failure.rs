//! How a subject can fail to answer a call at all: it crashed, it ended its process, it never returned, it wrote where it must not, it refused.
//!
//! A failure travels in an [`Answer`], in bits of its uses that no use has, so that the comparison meets it where it meets any other
//! difference and pays nothing for it while there is none.

use super::{Answer, Uses};
use std::fmt;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Failure {
    /// The process was killed by this signal.
    Crash(u8),
    /// The process ended by itself with this exit code.
    Exit(u8),
    /// The call did not return in time.
    Timeout,
    /// It wrote beside the answer that it was given to write to, or into one that it was given before.
    Scribble,
    /// `ptefuzz_apply()` returned this number for a call inside the site's domain, of a site that it has.
    Refused(i8),
    /// The library cannot be loaded any more.
    Gone,
}

/// The bit of [`Uses`] that says that an answer is none.
const FAILED: u64 = 1 << 63;

impl Failure {
    /// The word in signatures, such as `crash`.
    pub const fn name(self) -> &'static str {
        match self {
            Failure::Crash(_) => "crash",
            Failure::Exit(_) => "exit",
            Failure::Timeout => "timeout",
            Failure::Scribble => "scribble",
            Failure::Refused(_) => "refused",
            Failure::Gone => "gone",
        }
    }

    /// What a signature says of it beside the name: the signal, the exit code, the number returned; nothing where there is no more to say.
    pub fn detail(self) -> String {
        match self {
            Failure::Crash(signal) => signal_name(signal),
            Failure::Exit(code) => code.to_string(),
            Failure::Refused(code) => code.to_string(),
            Failure::Timeout | Failure::Scribble | Failure::Gone => String::new(),
        }
    }

    const fn to_word(self) -> u64 {
        let (kind, detail) = match self {
            Failure::Crash(signal) => (0, signal),
            Failure::Exit(code) => (1, code),
            Failure::Timeout => (2, 0),
            Failure::Scribble => (3, 0),
            Failure::Refused(code) => (4, code as u8),
            Failure::Gone => (5, 0),
        };
        FAILED | kind << 8 | detail as u64
    }

    const fn from_word(word: u64) -> Option<Failure> {
        if word & FAILED == 0 {
            return None;
        }
        Some(match word >> 8 & 0xff {
            0 => Failure::Crash(word as u8),
            1 => Failure::Exit(word as u8),
            2 => Failure::Timeout,
            3 => Failure::Scribble,
            4 => Failure::Refused(word as i8),
            _ => Failure::Gone,
        })
    }
}

impl fmt::Display for Failure {
    /// In words, as a trace shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Crash(signal) => write!(f, "no answer: the process was killed by {}", signal_name(*signal)),
            Failure::Exit(code) => write!(f, "no answer: the library ended the process, exit code {code}"),
            Failure::Timeout => f.write_str("no answer: the call did not return in time"),
            Failure::Scribble => f.write_str("the call wrote beside the answer that it was given to write to"),
            Failure::Refused(-1) => {
                f.write_str("no answer: it returned -1 (no such site), but it has answered calls of this site")
            }
            Failure::Refused(-2) => {
                f.write_str("no answer: it returned -2 (outside the domain), but the call is inside the site's domain")
            }
            Failure::Refused(code) => write!(f, "no answer: it returned {code}, expected 0, -1 or -2"),
            Failure::Gone => f.write_str("no answer: the library could not be loaded again"),
        }
    }
}

impl Answer {
    /// In the place of an answer: why there is none.
    pub const fn failed(failure: Failure) -> Answer {
        Answer { pte: 0, outcome: 0, aux: 0, uses: Uses(failure.to_word()) }
    }

    /// Why this is no answer; `None` if it is one.
    pub const fn failure(&self) -> Option<Failure> {
        Failure::from_word(self.uses.0)
    }
}

/// The name of a signal.
fn signal_name(signal: u8) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return format!("signal-{signal}"),
    };
    name.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pte::Class;
    use crate::site::Use;

    #[test]
    fn every_failure_survives_the_way_through_an_answer() {
        let failures = [
            Failure::Crash(11),
            Failure::Exit(255),
            Failure::Timeout,
            Failure::Scribble,
            Failure::Refused(-2),
            Failure::Refused(7),
            Failure::Gone,
        ];
        for failure in failures {
            assert_eq!(Answer::failed(failure).failure(), Some(failure));
        }
    }

    #[test]
    fn no_set_of_uses_looks_like_a_failure() {
        let all = Class::ALL.into_iter().chain([Class::BadType]);
        let uses = all.flat_map(|class| Use::ALL.map(|kind| Uses::one(kind, class))).fold(Uses::NONE, Uses::and);
        assert_eq!(Answer { uses, ..Answer::default() }.failure(), None);
    }
}
