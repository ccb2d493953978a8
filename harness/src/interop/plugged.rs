//! A column of a gateway in a container, at the pace of the clock.

use super::agenda::{Agenda, Told, list};
use super::cases::Case;
use super::cell::{Counterpart, Ran, Run};
use super::witness::{Both, Witness};
use crate::gateways::{Plug, Running, Setting, StartError, bridge_address};
use crate::outside::{self, Past};
use crate::{Pacer, Portal, Stop};
use anyhow::{Context, Result, bail, ensure};
use core::net::SocketAddr;
use core::time::Duration;
use ike_core::Instant;
use runner::Named;
use simulator::{Keep, Recording, World};
use std::rc::Rc;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::LocalSet;

/// How long a container that is ready may take to show itself at the portal.
pub(super) const HELLO: Duration = Duration::from_secs(10);
/// How often it is looked whether something is to be done beside the packets.
pub(super) const TICK: Duration = Duration::from_millis(50);
/// How long all devices must have slept before the gateway is asked for the last time.
const GRACE: Duration = Duration::from_millis(400);

/// Runs a case at an implementation.
///
/// # Errors
/// The case is wrong, Docker is not there, or somebody ended it.
pub async fn run(case: &Case, plug: &Plug, stop: &mut Stop) -> Result<Ran> {
    let overrides = case.overrides();
    let file = super::cases::root().join(case.file());
    let mut named = Named::read(&file, &overrides)?;
    named.name.clone_from(&case.name);
    let unsupported =
        |reason| Ran::Unsupported { version: String::new(), reason, log: String::new() };
    outside::check(&named.scenario, false, true).with_context(|| case.name.clone())?;
    let setting = Setting::gateway(&named.scenario);
    let address = SocketAddr::new(bridge_address()?, 0);
    let mut portal =
        Portal::bind(address).await.with_context(|| format!("no portal at {address}"))?;
    let running = match Running::start(plug, &setting, portal.local()?).await {
        Ok(running) => running,
        Err(StartError::Unsupported(reason)) => return Ok(unsupported(reason)),
        Err(StartError::Failed(log)) => {
            let reason = format!("{} did not start", plug.name);
            return Ok(Ran::Broken { version: String::new(), reason, log });
        }
        Err(error) => bail!("{error}"),
    };
    if tokio::time::timeout(HELLO, portal.peer()).await.is_err() {
        let (version, log) = (version(&running), running.log());
        let reason = "its container sent nothing to the portal".into();
        return Ok(Ran::Broken { version, reason, log });
    }
    let cell =
        PluggedCell { case, named: &named, overrides: &overrides, running: Rc::new(running) };
    LocalSet::new().run_until(cell.run(&mut portal, stop)).await
}

/// `6.0.1` of `strongswan 6.0.1`.
pub(super) fn version(running: &Running) -> String {
    let told = running.version();
    told.split_once(' ').map_or(told, |(_, version)| version).to_owned()
}

struct PluggedCell<'a> {
    case: &'a Case,
    named: &'a Named,
    overrides: &'a [(String, String)],
    running: Rc<Running>,
}

impl PluggedCell<'_> {
    async fn run(self, portal: &mut Portal, stop: &mut Stop) -> Result<Ran> {
        let scenario = &self.named.scenario;
        let keep = Keep::default();
        let mut recording = Recording::with_gateway_outside(scenario, keep.ladder(scenario), keep);
        let mut witness = Witness::new(scenario);
        let mut agenda = Agenda::new(self.case, scenario);
        let mut observer = Both(&mut recording, &mut witness);
        let (asks, mut asked) = unbounded_channel();
        let mut world = World::with_gateway_outside(scenario, scenario.seed, &mut observer);
        portal.drain();
        let mut pacer = Pacer::start(false, Some(asks));
        let end = Instant::default() + scenario.duration;
        let mut good_night = None;
        while world.now() < end && good_night.is_none_or(|at: Instant| world.now() < at + GRACE) {
            let tick = (world.now() + TICK).min(end);
            let next = agenda.next().map_or(tick, |at| at.clamp(world.now(), tick));
            ensure!(pacer.until(&mut world, next, portal, stop).await, "stopped before its end");
            while let Ok(ask) = asked.try_recv() {
                agenda.ask(world.now(), ask);
            }
            agenda.perform(world.now(), &self.running);
            good_night = world.sleeps_for_good().then(|| good_night.unwrap_or(world.now()));
        }
        let past = Past {
            crossings: world.crossings().to_vec(),
            standing: world.standing(),
            skipped: pacer.skipped(),
        };
        drop(world);
        self.finish(past, recording, witness, agenda).await
    }

    /// Asks the gateway for the last time and puts all together.
    async fn finish(
        self,
        past: Past,
        recording: Recording,
        witness: Witness,
        agenda: Agenda,
    ) -> Result<Ran> {
        let version = version(&self.running);
        let told = agenda.answers().await;
        let lists = async {
            let last = self.running.control("sas").await?;
            Ok::<_, anyhow::Error>((last, self.running.control("raw").await?))
        };
        let lists = lists.await;
        let gateway = self.running.version().to_owned();
        let log = match Rc::try_unwrap(self.running) {
            Ok(running) => {
                let log = running.log();
                // Whoever cannot be stopped in peace is killed; what it did before counts.
                let _ = running.stop().await;
                log
            }
            Err(running) => running.log(),
        };
        let (last, raw) = match lists {
            Ok(lists) => lists,
            Err(error) => return Ok(Ran::Broken { version, reason: format!("{error:#}"), log }),
        };
        if last.starts_with("unsupported: ") {
            // One side's word alone is no verdict.
            let reason = "it does not tell its SAs".to_owned();
            return Ok(Ran::Unsupported { version, reason, log });
        }
        let last = match list(&last) {
            Ok(last) => last,
            Err(error) => return Ok(Ran::Broken { version, reason: format!("{error:#}"), log }),
        };
        let (looks, trouble) = match told {
            Told::Lists { looks, trouble } => (looks, trouble),
            Told::Unsupported(reason) => return Ok(Ran::Unsupported { version, reason, log }),
        };
        let seed = self.named.scenario.seed;
        let (mut outcome, mut tape) = past.finish(self.named, self.overrides, seed, recording)?;
        outcome.report.tell_outside(&gateway, tape.skipped_us);
        tape.gateway = gateway;
        let tape = Some(tape.to_text());
        let other = Counterpart::Nodes(witness);
        let run = Run { version, outcome, other, looks, last, raw, log, tape, trouble };
        Ok(Ran::Through(Box::new(run)))
    }
}
