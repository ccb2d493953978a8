//! Verdicts and their evidence.

use crate::Requirement;
use crate::subject::Unsupported;
use core::fmt;
use serde::{Deserialize, Serialize};

/// What a case says of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It was judged and holds.
    Passed,
    /// The subject, or whoever drives it, cannot do what the case needs. Never a pass.
    Unsupported,
    /// The case did not get as far as to judge it.
    Inconclusive,
    /// It was judged and does not hold.
    Failed,
}

impl Verdict {
    /// All, the best first.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Unsupported, Self::Inconclusive, Self::Failed];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unsupported => "unsupported",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a script ended before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A check failed; it is on the list.
    Failed,
    /// Nobody can do what the case needs.
    Unsupported(String),
    /// The subject did not get to where the case begins.
    Inconclusive(String),
}

/// What a script returns.
pub type Outcome<T = ()> = Result<T, Stop>;

impl From<Unsupported> for Stop {
    fn from(error: Unsupported) -> Self {
        Self::Unsupported(error.0)
    }
}

/// A demand that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What should have been.
    pub expected: String,
    /// What was.
    pub found: String,
    /// The message that shows it, by its place in the log.
    pub message: Option<usize>,
    /// Where in the message, in octets from its start.
    pub offset: Option<usize>,
}

/// One check of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    requirement: &'static str,
    failure: Option<Failure>,
}

impl Check {
    /// It passed if there is no failure.
    pub(crate) const fn new(requirement: &'static str, failure: Option<Failure>) -> Self {
        Self { requirement, failure }
    }
}

/// What a case says of one requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The requirement.
    pub requirement: String,
    /// What it comes to.
    pub verdict: Verdict,
    /// Of a failure.
    pub failure: Option<Failure>,
    /// Why it is unsupported or inconclusive.
    pub reason: String,
}

impl Finding {
    /// A requirement holds if it was checked, and every check of it held.
    pub(crate) fn of(requirement: &Requirement, checks: &[Check], ended: &Outcome) -> Self {
        let of = || checks.iter().filter(|check| check.requirement == requirement.id);
        let finding = |verdict, failure, reason: &str| Self {
            requirement: requirement.id.clone(),
            verdict,
            failure,
            reason: reason.to_owned(),
        };
        if let Some(failure) = of().find_map(|check| check.failure.clone()) {
            return finding(Verdict::Failed, Some(failure), "");
        }
        match ended {
            Err(Stop::Unsupported(reason)) => finding(Verdict::Unsupported, None, reason),
            Err(Stop::Inconclusive(reason)) => finding(Verdict::Inconclusive, None, reason),
            Err(Stop::Failed) => {
                finding(Verdict::Inconclusive, None, "another requirement of the case failed")
            }
            Ok(()) if of().next().is_some() => finding(Verdict::Passed, None, ""),
            Ok(()) => finding(Verdict::Inconclusive, None, "the case did not check it"),
        }
    }

    /// What it says, in one line: what a baseline is compared with.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.failure {
            Some(failure) => {
                let offset = failure.offset.map(|at| format!(" at octet {at}")).unwrap_or_default();
                format!("expected {}{offset}, found {}", failure.expected, failure.found)
            }
            None => self.reason.clone(),
        }
    }
}
