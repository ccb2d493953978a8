//! A scenario whose gateway is a real one: what it can be asked for, the run, and what it leaves behind.

use crate::{Pacer, Portal, Stop};
use anyhow::{Context as _, Result, bail};
use ike_core::Instant;
use runner::{Named, files, quoted};
use simulator::scenario::{Backend, Gateway as Policy, GatewaySelectors, Scenario};
use simulator::{Ask, Crossing, Keep, Outcome, Recording, Standing, Tape, World};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// What a scenario has that says nothing about half-open SAs (docs/scenario.md).
const HALF_OPEN_TIMEOUT: Duration = Duration::from_secs(30);

/// How a scenario is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where all randomness of nodes and links comes from.
    pub seed: u64,
    /// How much is written down.
    pub keep: Keep,
    /// Whether time in which all nodes sleep is jumped over.
    pub skip_idle: bool,
    /// Who asks the gateway for the requests that the scenario has it send, if anybody can.
    pub asks: Option<UnboundedSender<Ask>>,
}

/// What the gateway tells of itself; what it cannot tell is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Its name and version.
    pub gateway: String,
    /// What it wrote while it ran.
    pub log: Option<String>,
    /// Its SAs, as JSON.
    pub sas: Option<String>,
    /// Its SAs, in its own words.
    pub raw: Option<String>,
}

/// A run that is over.
pub struct Finished {
    /// What the world saw.
    pub outcome: Outcome,
    /// What crossed the portal.
    pub tape: Tape,
    /// Whether somebody ended it early.
    pub stopped: bool,
}

/// Whether a gateway outside can do all that the scenario says of the gateway. `takes_orders`: somebody can ask it for
/// requests of its own.
///
/// # Errors
/// What only the reference gateway does, by the keys of the scenario; with `skip_idle` also the gateway's own timers,
/// whose clock would not see the time that is skipped.
pub fn check(scenario: &Scenario, skip_idle: bool, takes_orders: bool) -> Result<()> {
    if scenario.crypto != Backend::Real {
        let name = scenario.crypto.name();
        bail!(r#"crypto = "{name}": no gateway outside has it (--gateway reference)"#);
    }
    let policy = &scenario.gateway;
    let only_ours: [(&str, bool); 3] = [
        ("service_time", policy.service_time.is_some()),
        ("crashes", !policy.crashes.is_empty()),
        (r#"selectors = "widen""#, policy.selectors == GatewaySelectors::Widen),
    ];
    if let Some((key, _)) = only_ours.iter().find(|(_, set)| *set) {
        bail!("gateway.{key}: only the reference gateway does that (--gateway reference)");
    }
    let orders = [
        ("requests", !policy.requests.is_empty()),
        ("delete_after", policy.delete_after.is_some()),
    ];
    if let Some((key, _)) = orders.iter().find(|(_, set)| *set && !takes_orders) {
        bail!(
            "gateway.{key}: nobody can tell a gateway that somebody brings what to ask its peers"
        );
    }
    if let Some(key) = own_timer(policy).filter(|_| skip_idle) {
        bail!(
            "--skip-idle: the scenario sets gateway.{key}, which is about the gateway's own clock"
        );
    }
    Ok(())
}

/// A timer of the gateway that runs on while nodes sleep, if the scenario is about one.
fn own_timer(policy: &Policy) -> Option<&'static str> {
    let timers = [
        ("liveness", policy.liveness.is_some()),
        ("ike_lifetime", policy.ike_lifetime.is_some()),
        ("child_lifetime", policy.child_lifetime.is_some()),
        ("idle_timeout", policy.idle_timeout.is_some()),
        ("half_open_timeout", policy.half_open_timeout != HALF_OPEN_TIMEOUT),
    ];
    timers.iter().find(|(_, set)| *set).map(|(key, _)| *key)
}

/// Runs the scenario at the pace of the clock with whoever is behind the portal.
///
/// # Errors
/// The run cannot be written as a capture.
pub async fn run(
    named: &Named,
    overrides: &[(String, String)],
    options: &Options,
    portal: &mut Portal,
    stop: &mut Stop,
) -> Result<Finished> {
    let (scenario, keep) = (&named.scenario, options.keep);
    // Of the sources as they are now: they may change while it runs.
    let commit = runner::commit();
    let mut recording = Recording::with_gateway_outside(scenario, keep.ladder(scenario), keep);
    let mut world = World::with_gateway_outside(scenario, options.seed, &mut recording);
    let end = Instant::default() + scenario.duration;
    portal.drain();
    let mut pacer = Pacer::start(options.skip_idle, options.asks.clone());
    let stopped = !pacer.until(&mut world, end, portal, stop).await;
    let (crossings, standing) = (world.crossings().to_vec(), world.standing());
    drop(world);
    let past = Past { crossings, standing, skipped: pacer.skipped(), commit };
    let (outcome, tape) = past.finish(named, overrides, options.seed, recording)?;
    Ok(Finished { outcome, tape, stopped })
}

/// What is left of a world whose time is over.
pub struct Past {
    /// What crossed the portal.
    pub crossings: Vec<Crossing>,
    /// How it stood at its end.
    pub standing: Standing,
    /// Virtual time that was skipped.
    pub skipped: Duration,
    /// The commit of the checkout when the run began.
    pub commit: Option<String>,
}

impl Past {
    /// The files of the run and what crossed the portal.
    ///
    /// # Errors
    /// The run cannot be written as a capture.
    pub fn finish(
        self,
        named: &Named,
        overrides: &[(String, String)],
        seed: u64,
        recording: Recording,
    ) -> Result<(Outcome, Tape)> {
        let overrides: Vec<String> =
            overrides.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let run = (named.name.as_str(), seed);
        let outcome = recording.outcome(&named.scenario, run, &self.standing);
        let mut outcome = outcome.context("the capture")?;
        outcome.report.overrides.clone_from(&overrides);
        outcome.report.commit = self.commit;
        let tape = Tape {
            gateway: String::new(),
            scenario: named.name.clone(),
            text: named.text.clone(),
            files: named.scenario.files.clone(),
            overrides,
            seed,
            end: self.standing.at,
            skipped_us: u64::try_from(self.skipped.as_micros()).unwrap_or(u64::MAX),
            crossings: self.crossings,
        };
        Ok((outcome, tape))
    }
}

impl Finished {
    /// Fills in which gateway it was.
    pub fn was(&mut self, gateway: &str) {
        gateway.clone_into(&mut self.tape.gateway);
        self.outcome.report.tell_outside(gateway, self.tape.skipped_us);
    }

    /// What crossed the portal, in the folder of the run.
    #[must_use]
    pub fn recording(folder: &Path) -> PathBuf {
        folder.join("recording.jsonl")
    }

    /// The command that has the run in `folder` again.
    #[must_use]
    pub fn replay(folder: &Path) -> String {
        let path = Self::recording(folder).display().to_string();
        format!("cargo xtask simulate --recording {}", quoted(&path))
    }

    /// Writes all files into `folder`; of what the gateway does not tell, none is left from an older run.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, folder: &Path, told: &Told) -> Result<()> {
        // A collector sees both ends, and one of them is outside.
        files::write(folder, &self.outcome, &Self::replay(folder), None)?;
        files::replace(&Self::recording(folder), self.tape.to_text().as_bytes())?;
        let texts = [
            ("gateway.log", &told.log),
            ("gateway-sas.json", &told.sas),
            ("gateway-sas.txt", &told.raw),
        ];
        for (name, text) in texts {
            let path = folder.join(name);
            match text {
                Some(text) => files::replace(&path, text.as_bytes())?,
                None if path.exists() => fs::remove_file(&path)
                    .with_context(|| format!("{}: cannot go", path.display()))?,
                None => {}
            }
        }
        Ok(())
    }
}
