//! The registry of requirements: `docs/conformance/requirements.toml`.

use crate::{Profile, Role};
use core::fmt;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeSet;

/// Who must do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binds {
    /// The minimal initiator.
    Initiator,
    /// The responder that serves it.
    Responder,
    /// Both.
    Both,
}

impl Binds {
    /// Whether it binds a subject of this role.
    #[must_use]
    pub fn role(self, role: Role) -> bool {
        self == Self::Both
            || match role {
                Role::Initiator => self == Self::Initiator,
                Role::Responder => self == Self::Responder,
            }
    }

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initiator => "initiator",
            Self::Responder => "responder",
            Self::Both => "both",
        }
    }
}

/// How strongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Level {
    /// An absolute demand.
    #[serde(rename = "MUST")]
    Must,
    /// A demand with exceptions for good reasons.
    #[serde(rename = "SHOULD")]
    Should,
    /// A permission, or an option that has demands of its own.
    #[serde(rename = "MAY")]
    May,
    /// Lower-case advice.
    #[serde(rename = "advice")]
    Advice,
}

impl Level {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
            Self::Advice => "advice",
        }
    }
}

/// One demand.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Its name: `RT2`.
    pub id: String,
    /// The RFC that demands it.
    pub rfc: u16,
    /// Where, and where else it stands.
    pub section: String,
    /// Who must do it.
    pub binds: Binds,
    /// How strongly.
    pub level: Level,
    /// In which profiles; all unless it says so.
    #[serde(default = "all_profiles", deserialize_with = "profiles")]
    pub profiles: Vec<Profile>,
    /// The demand.
    pub demand: String,
    /// Why there is no case, where there is none. How it is judged is what its cases say of themselves.
    #[serde(default)]
    no_case: NoCase,
}

/// Why there is no case: for all whom it binds, or by role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum NoCase {
    /// There are cases.
    #[default]
    Unsaid,
    All(String),
    Each(Reasons),
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reasons {
    initiator: Option<String>,
    responder: Option<String>,
}

impl Reasons {
    const fn of(&self, role: Role) -> Option<&String> {
        match role {
            Role::Initiator => self.initiator.as_ref(),
            Role::Responder => self.responder.as_ref(),
        }
    }
}

impl<'de> Deserialize<'de> for NoCase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NoCaseVisitor)
    }
}

struct NoCaseVisitor;

impl<'de> Visitor<'de> for NoCaseVisitor {
    type Value = NoCase;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reason, or one for each role")
    }

    fn visit_str<E: serde::de::Error>(self, reason: &str) -> Result<NoCase, E> {
        Ok(NoCase::All(reason.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NoCase, A::Error> {
        Reasons::deserialize(MapAccessDeserializer::new(map)).map(NoCase::Each)
    }
}

impl Requirement {
    /// Whether it binds a subject of this role in this profile.
    #[must_use]
    pub fn binds_in(&self, role: Role, profile: Profile) -> bool {
        self.binds.role(role) && self.profiles.contains(&profile)
    }

    /// Why no case judges it for subjects of this role, if it binds them and none does.
    #[must_use]
    pub fn no_case(&self, role: Role) -> Option<&str> {
        let reason = match &self.no_case {
            NoCase::Unsaid => None,
            NoCase::All(reason) => Some(reason),
            NoCase::Each(reasons) => reasons.of(role),
        };
        reason.filter(|_| self.binds.role(role)).map(String::as_str)
    }
}

fn all_profiles() -> Vec<Profile> {
    Profile::ALL.to_vec()
}

fn profiles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Profile>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(|name| name.parse().map_err(serde::de::Error::custom)).collect()
}

/// What is wrong with a registry, or with a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryError(pub(crate) String);

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for RegistryError {}

/// All demands, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    requirements: Vec<Requirement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    requirement: Vec<toml::Spanned<Requirement>>,
}

/// `docs/conformance/requirements.toml`.
const OURS: &str = include_str!("../../../docs/conformance/requirements.toml");

impl Registry {
    /// The registry of this repository.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn ours() -> Result<Self, RegistryError> {
        Self::parse(OURS)
    }

    /// Reads a registry.
    ///
    /// # Errors
    /// The line and what was expected there.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let file: File = toml::from_str(text).map_err(|error| RegistryError(error.to_string()))?;
        let mut ids = BTreeSet::new();
        let mut requirements = Vec::new();
        for entry in file.requirement {
            let line = line_of(text, entry.span().start);
            let entry = entry.into_inner();
            if let Some(wrong) = wrong(&entry) {
                return Err(RegistryError(format!("line {line}: {}: {wrong}", entry.id)));
            }
            if !ids.insert(entry.id.clone()) {
                let id = &entry.id;
                return Err(RegistryError(format!("line {line}: {id}: expected an id of its own")));
            }
            requirements.push(entry);
        }
        Ok(Self { requirements })
    }

    /// The requirement of that name.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|requirement| requirement.id == id)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Requirement] {
        &self.requirements
    }
}

pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|octet| **octet == b'\n').count() + 1
}

fn wrong(entry: &Requirement) -> Option<&'static str> {
    if entry.id.is_empty() || !entry.id.bytes().all(|octet| octet.is_ascii_alphanumeric()) {
        return Some("expected an id of letters and digits");
    }
    if entry.demand.trim().is_empty() || entry.section.trim().is_empty() {
        return Some("expected a demand and a section");
    }
    if entry.profiles.is_empty() {
        return Some("expected at least one profile");
    }
    match &entry.no_case {
        NoCase::Unsaid => None,
        NoCase::All(reason) => wrong_reason(reason),
        NoCase::Each(reasons) => wrong_reasons(entry.binds, reasons),
    }
}

fn wrong_reasons(binds: Binds, reasons: &Reasons) -> Option<&'static str> {
    let given = Role::ALL.map(|role| (role, reasons.of(role)));
    if given.iter().all(|(_, reason)| reason.is_none()) {
        return Some("expected initiator or responder in no_case");
    }
    if given.iter().any(|(role, reason)| reason.is_some() && !binds.role(*role)) {
        return Some("expected only roles that it binds in no_case");
    }
    given.iter().filter_map(|(_, reason)| *reason).find_map(|reason| wrong_reason(reason))
}

/// A reason says why a requirement cannot be judged, or is not to be. That nobody has done it is none.
fn wrong_reason(reason: &str) -> Option<&'static str> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Some("expected a reason in no_case");
    }
    let start = reason.to_lowercase();
    if ["no case", "not yet", "todo", "to be "].iter().any(|it| start.starts_with(it)) {
        return Some("expected a reason in no_case, which a case that is missing is not");
    }
    let words = reason.split_whitespace().count();
    (words < LEAST_WORDS).then_some("expected a reason of four words or more in no_case")
}

/// Fewer say nothing.
const LEAST_WORDS: usize = 4;

#[cfg(test)]
mod tests;
