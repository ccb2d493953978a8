//! A case: a script, and what it judges.

use crate::subject::Implementation;
use crate::verdict::{Finding, Outcome, Stop};
use crate::{Device, Gateway, Log, Profile, Registry, Requirement, Session, Setup};
use core::fmt;
use core::str::FromStr;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The tester is its gateway.
    Initiator,
    /// The tester is a device.
    Responder,
}

impl Role {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Initiator, Self::Responder];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initiator => "initiator",
            Self::Responder => "responder",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| "expected initiator or responder".to_owned())
    }
}

/// What a case does, by the role of its subject.
#[derive(Clone, Copy, Debug)]
pub enum Script {
    /// The tester is the gateway of an initiator.
    Initiator(fn(&mut Gateway) -> Outcome),
    /// The tester is the device of a responder.
    Responder(fn(&mut Device) -> Outcome),
}

/// A case.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Theme and name: `cookie/first-payload`. Unique within its role.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// The requirements that it judges.
    pub judges: &'static [&'static str],
    /// The profiles in which it makes sense; a requirement has its own.
    pub profiles: &'static [Profile],
    /// What it changes of the usual setup.
    pub setup: fn(&mut Setup),
    /// What it does.
    pub script: Script,
}

impl Case {
    /// A case for initiators, in all profiles, with the usual setup.
    #[must_use]
    pub const fn initiator(
        name: &'static str,
        judges: &'static [&'static str],
        script: fn(&mut Gateway) -> Outcome,
        about: &'static str,
    ) -> Self {
        let script = Script::Initiator(script);
        Self { name, about, judges, profiles: &Profile::ALL, setup: |_| {}, script }
    }

    /// A case for responders, in all profiles, with the usual setup.
    #[must_use]
    pub const fn responder(
        name: &'static str,
        judges: &'static [&'static str],
        script: fn(&mut Device) -> Outcome,
        about: &'static str,
    ) -> Self {
        let script = Script::Responder(script);
        Self { name, about, judges, profiles: &Profile::ALL, setup: |_| {}, script }
    }

    /// The same with another setup.
    #[must_use]
    pub const fn with(mut self, setup: fn(&mut Setup)) -> Self {
        self.setup = setup;
        self
    }

    /// The same in these profiles only.
    #[must_use]
    pub const fn only(mut self, profiles: &'static [Profile]) -> Self {
        self.profiles = profiles;
        self
    }

    /// The role of its subject.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self.script {
            Script::Initiator(_) => Role::Initiator,
            Script::Responder(_) => Role::Responder,
        }
    }

    /// The requirements that it judges and that bind its subject in this profile.
    #[must_use]
    pub fn binding<'r>(&self, registry: &'r Registry, profile: Profile) -> Vec<&'r Requirement> {
        if !self.profiles.contains(&profile) {
            return Vec::new();
        }
        let known = self.judges.iter().filter_map(|id| registry.get(id));
        known.filter(|requirement| requirement.binds_in(self.role(), profile)).collect()
    }
}

/// A case that has run.
#[derive(Clone, Debug)]
pub struct Run {
    /// One for each requirement that binds.
    pub findings: Vec<Finding>,
    /// What crossed.
    pub log: Log,
}

/// A script that panics is a mistake of ours. In a run of many minutes it must not take the other verdicts with it.
fn guarded(script: impl FnOnce() -> Outcome) -> Outcome {
    catch_unwind(AssertUnwindSafe(script)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
        Err(Stop::Inconclusive(format!("the case is wrong: {text}")))
    })
}

/// Runs a case against an implementation in a profile; `None`: nothing of it binds there.
#[must_use]
pub fn run(
    case: &Case,
    implementation: &dyn Implementation,
    (registry, profile): (&Registry, Profile),
) -> Option<Run> {
    let binding = case.binding(registry, profile);
    if binding.is_empty() {
        return None;
    }
    let setup = implementation.setup(case, profile);
    let subject = match implementation.start(&setup) {
        Ok(subject) => subject,
        Err(unsupported) => {
            let ended = Err(Stop::Unsupported(unsupported.0));
            let finding = |requirement: &&Requirement| Finding::of(requirement, &[], &ended);
            let findings = binding.iter().map(finding).collect();
            return Some(Run { findings, log: Log::default() });
        }
    };
    let session = Session::new(case, setup, subject);
    let (session, ended) = match case.script {
        Script::Initiator(script) => {
            let mut gateway = Gateway::new(session);
            let ended = guarded(|| script(&mut gateway));
            (gateway.peer.session, ended)
        }
        Script::Responder(script) => {
            let mut device = Device::new(session);
            let ended = guarded(|| script(&mut device));
            (device.peer.session, ended)
        }
    };
    let (findings, log) = session.finish(ended, &binding);
    Some(Run { findings, log })
}
