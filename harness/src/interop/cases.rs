//! The cases as data: `harness/interop/cases.toml` for gateways, `harness/interop/device-cases.toml` for devices.

use anyhow::{Context, Result, ensure};
use runner::{Named, workspace};
use serde::Deserialize;
use simulator::scenario::{Bound, Scenario, duration};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The file of the cases at gateways.
const FILE: &str = "harness/interop/cases.toml";
/// The file of the cases of devices.
const DEVICE_FILE: &str = "harness/interop/device-cases.toml";
/// Where their scenarios are.
const SCENARIOS: &str = "scenarios/interop";

/// A case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name: lowercase letters, digits and `-`.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// The standard that says so.
    pub clause: String,
    /// A file of `scenarios/interop`, without its ending.
    pub scenario: String,
    /// What is changed in it: `key=value`.
    #[serde(default)]
    set: Vec<String>,
    /// Events that must be in the trace.
    #[serde(default)]
    pub trace: Vec<Pattern>,
    /// What the gateway must list once all devices sleep for good; of a case for devices, what both ends must list at
    /// the end.
    #[serde(default = "one_of_each", alias = "both")]
    pub gateway: Holdings,
    /// The same at set times.
    #[serde(default)]
    pub looks: Vec<Look>,
    /// Whether it is noted what the gateway does after a device refused its request.
    #[serde(default)]
    pub next: bool,
    /// What a device is told, and when; a case with steps is one for devices.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// The group of a device's new Child SAs: a word of the contract.
    pub pfs: Option<String>,
    /// When a device asks whether a silent gateway lives.
    #[serde(default, deserialize_with = "some_time")]
    pub liveness: Option<Duration>,
}

/// A command to a device.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When, since the start of the run.
    #[serde(deserialize_with = "time")]
    pub at: Duration,
    /// The command, by the contract of docs/gateways.md.
    pub command: String,
    /// Whether it must fail.
    #[serde(default)]
    pub fails: bool,
}

/// Events by their fields.
#[derive(Clone, Debug, Deserialize)]
pub struct Pattern {
    /// How many there must be.
    #[serde(default = "at_least_one")]
    pub count: Bound,
    /// The fields, as in `trace.jsonl`.
    #[serde(flatten)]
    pub fields: BTreeMap<String, String>,
}

/// What a gateway must list. What is absent is not asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holdings {
    /// How many established IKE SAs.
    pub ike: Option<Bound>,
    /// How many half-open ones.
    pub half_open: Option<Bound>,
    /// How many Child SAs.
    pub children: Option<Bound>,
    /// What each Child SA must have carried.
    pub traffic: Option<Traffic>,
    /// The gateway's side of each Child SA.
    pub ts_local: Option<String>,
}

/// What a Child SA carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Traffic {
    /// Something in each direction.
    Both,
}

/// What a gateway must list at a time.
#[derive(Clone, Debug, Deserialize)]
pub struct Look {
    /// When, since the start of the run.
    #[serde(deserialize_with = "time")]
    pub at: Duration,
    /// What.
    #[serde(flatten)]
    pub holdings: Holdings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

const fn at_least_one() -> Bound {
    Bound { min: Some(1), max: None }
}

fn one_of_each() -> Holdings {
    Holdings {
        ike: Some(Bound::exactly(1)),
        children: Some(Bound::exactly(1)),
        traffic: Some(Traffic::Both),
        ..Holdings::default()
    }
}

fn time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    duration(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn some_time<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    time(from).map(Some)
}

/// The shipped cases, in order.
///
/// # Errors
/// The file cannot be read or understood, or a case is wrong.
pub fn shipped() -> Result<Vec<Case>> {
    read(FILE, |case| {
        ensure!(case.steps.is_empty(), "{}: steps are for devices", case.name);
        Ok(())
    })
}

/// The shipped cases for devices, in order.
///
/// # Errors
/// The file cannot be read or understood, or a case is wrong.
pub fn shipped_for_devices() -> Result<Vec<Case>> {
    read(DEVICE_FILE, |case| {
        ensure!(
            !case.steps.is_empty(),
            "{}: expected steps: a device does nothing by itself",
            case.name
        );
        let nodes = case.scenario()?.nodes();
        ensure!(nodes == 1, "{}: a device is the only node, the scenario has {nodes}", case.name);
        Ok(())
    })
}

fn read(file: &str, check: impl Fn(&Case) -> Result<()>) -> Result<Vec<Case>> {
    let path = workspace().join(file);
    let text = std::fs::read_to_string(&path).with_context(|| format!("{file}: cannot be read"))?;
    let cases = parse(&text).with_context(|| file.to_owned())?;
    cases.iter().try_for_each(check).with_context(|| file.to_owned())?;
    Ok(cases)
}

/// The cases of a text.
///
/// # Errors
/// What is wrong, and where.
pub fn parse(text: &str) -> Result<Vec<Case>> {
    let file: File = toml::from_str(text)?;
    let mut names = BTreeSet::new();
    for case in &file.case {
        let name = &case.name;
        let good = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        ensure!(good && !name.is_empty(), "{name:?}: expected lowercase letters, digits and -");
        ensure!(names.insert(name), "{name}: there are two cases of that name");
        ensure!(case.set.iter().all(|set| set.contains('=')), "{name}: set: expected key=value");
        let blank = case.trace.iter().any(|pattern| !pattern.fields.contains_key("event"));
        ensure!(!blank, "{name}: trace: expected the name of an event");
    }
    Ok(file.case)
}

impl Case {
    /// What is changed in the scenario.
    #[must_use]
    pub fn overrides(&self) -> Vec<(String, String)> {
        let pairs = self.set.iter().filter_map(|set| set.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// The file of its scenario, as a person in the root of the workspace types it.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{SCENARIOS}/{}.toml", self.scenario)
    }

    /// Its scenario.
    ///
    /// # Errors
    /// The file cannot be read, or is no scenario with these changes.
    pub fn scenario(&self) -> Result<Scenario> {
        let named = Named::read(&workspace().join(self.file()), &self.overrides());
        named.map(|named| named.scenario).with_context(|| format!("case {}", self.name))
    }

    /// The command that runs it against a gateway, or with a device.
    #[must_use]
    pub fn command(&self, gateway: &str) -> String {
        if let Some(device) = gateway.strip_suffix(super::device::SUFFIX) {
            return format!("cargo xtask interop --device {device} --case {}", self.name);
        }
        let mut command = format!("cargo xtask simulate {}", self.file());
        if gateway != super::reference::NAME {
            command.push_str(&format!(" --gateway {gateway}"));
        }
        for set in &self.set {
            command.push_str(&format!(" --set '{set}'"));
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str =
        "[[case]]\nname = \"a\"\ntitle = \"t\"\nclause = \"c\"\nscenario = \"door\"\n";

    #[test]
    fn every_shipped_case_has_a_scenario_that_says_what_to_expect() {
        let mut cases = shipped().expect("cases");
        assert!(cases.len() > 40, "{}", cases.len());
        cases.extend(shipped_for_devices().expect("cases of devices"));
        for case in &cases {
            let scenario = case.scenario().expect("a scenario");
            assert!(!scenario.expect.is_empty(), "{}", case.name);
            let late = case.looks.iter().find(|look| look.at >= scenario.duration);
            assert!(late.is_none(), "{}: a look after the end", case.name);
            assert!(!case.title.is_empty() && case.clause.contains("RFC"), "{}", case.name);
        }
    }

    #[test]
    fn a_case_that_says_nothing_of_the_gateway_wants_one_of_each() {
        let cases = parse(ONE).expect("a case");
        let holdings = &cases[0].gateway;
        let one = Some(Bound::exactly(1));
        assert_eq!((holdings.ike, holdings.children), (one, one));
        assert_eq!(holdings.traffic, Some(Traffic::Both));
        let none = parse(&format!("{ONE}gateway = {{}}")).expect("a case");
        assert!(none[0].gateway.ike.is_none() && none[0].gateway.traffic.is_none());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |text: &str| format!("{:#}", parse(text).expect_err("a mistake"));
        assert!(wrong(&format!("{ONE}{ONE}")).contains("two cases of that name"));
        assert!(wrong(&ONE.replace("\"a\"", "\"A b\"")).contains("lowercase"));
        assert!(wrong(&format!("{ONE}set = [\"x\"]")).contains("expected key=value"));
        assert!(wrong(&format!("{ONE}trace = [{{ who = \"x\" }}]")).contains("name of an event"));
        assert!(wrong(&format!("{ONE}sets = []")).contains("unknown field"));
        assert!(wrong(&format!("{ONE}looks = [{{ at = \"3\" }}]")).contains("3"));
    }

    #[test]
    fn a_case_can_be_run_by_hand() {
        let cases = parse(&format!("{ONE}set = ['link.drops.back=[1]']")).expect("a case");
        let tail = "scenarios/interop/door.toml --set 'link.drops.back=[1]'";
        assert_eq!(cases[0].command("reference"), format!("cargo xtask simulate {tail}"));
        let outside = cases[0].command("strongswan");
        assert!(outside.contains("door.toml --gateway strongswan --set"), "{outside}");
    }
}
