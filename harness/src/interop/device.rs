//! A column of a device in a container: it connects to the reference gateway, at the pace of the clock.

use super::agenda::{Agenda, Told, list};
use super::cases::Case;
use super::cell::{Counterpart, Ran, Run};
use super::plugged::{HELLO, TICK, version};
use super::sas::SaList;
use crate::gateways::{Plug, Running, Setting, StartError, bridge_address};
use crate::outside::Past;
use crate::{Pacer, Portal, Stop};
use anyhow::{Context, Result, bail, ensure};
use core::net::SocketAddr;
use ike_core::Instant;
use runner::Named;
use simulator::{Keep, Recording, World};
use std::rc::Rc;
use tokio::task::LocalSet;

/// What a column of a device has behind the implementation's name.
pub const SUFFIX: &str = "-device";

/// Runs a case with an implementation as the device.
///
/// # Errors
/// The case is wrong, Docker is not there, or somebody ended it.
pub async fn run(case: &Case, plug: &Plug, stop: &mut Stop) -> Result<Ran> {
    let overrides = case.overrides();
    let file = super::cases::root().join(case.file());
    let mut named = Named::read(&file, &overrides)?;
    named.name.clone_from(&case.name);
    let mut setting = Setting::device(&named.scenario, 0);
    setting.pfs.clone_from(&case.pfs);
    setting.liveness = case.liveness;
    let address = SocketAddr::new(bridge_address()?, 0);
    let mut portal =
        Portal::bind(address).await.with_context(|| format!("no portal at {address}"))?;
    let running = match Running::start(plug, &setting, portal.local()?).await {
        Ok(running) => running,
        Err(StartError::Unsupported(reason)) => {
            return Ok(Ran::Unsupported { version: String::new(), reason, log: String::new() });
        }
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
    let cell = DeviceCell { case, named: &named, overrides: &overrides, running: running.into() };
    LocalSet::new().run_until(cell.run(&mut portal, stop)).await
}

struct DeviceCell<'a> {
    case: &'a Case,
    named: &'a Named,
    overrides: &'a [(String, String)],
    running: Rc<Running>,
}

impl DeviceCell<'_> {
    async fn run(self, portal: &mut Portal, stop: &mut Stop) -> Result<Ran> {
        let scenario = &self.named.scenario;
        let keep = Keep::default();
        let mut recording = Recording::with_device_outside(scenario, keep.ladder(scenario), keep);
        let mut agenda = Agenda::new(self.case, scenario);
        let mut world = World::with_device_outside(scenario, scenario.seed, &mut recording);
        portal.drain();
        let mut pacer = Pacer::start(false, None);
        let end = Instant::default() + scenario.duration;
        let mut looks = Vec::new();
        while world.now() < end {
            let tick = (world.now() + TICK).min(end);
            let next = agenda.next().map_or(tick, |at| at.clamp(world.now(), tick));
            ensure!(pacer.until(&mut world, next, portal, stop).await, "stopped before its end");
            // The gateway tells its list when the device is asked for its own.
            for look in self.case.looks.iter().skip(looks.len()) {
                if Instant::default() + look.at <= world.now() {
                    looks.push(SaList::from(world.gateway_list()));
                }
            }
            agenda.perform(world.now(), &self.running);
        }
        let last = SaList::from(world.gateway_list());
        let (standing, skipped) = (world.standing(), pacer.skipped());
        drop(world);
        let past = Past { crossings: Vec::new(), standing, skipped };
        self.finish(past, recording, (looks, last), agenda).await
    }

    /// Asks the device for the last time and puts all together.
    async fn finish(
        self,
        past: Past,
        recording: Recording,
        (theirs, their_last): (Vec<SaList>, SaList),
        agenda: Agenda,
    ) -> Result<Ran> {
        let version = version(&self.running);
        let lists = async {
            let last = list(&self.running.control("sas").await?)?;
            Ok::<_, anyhow::Error>((last, self.running.control("raw").await?))
        };
        let lists = lists.await;
        let told = agenda.answers().await;
        let device = self.running.version().to_owned();
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
        let (looks, trouble) = match told {
            Told::Lists { looks, trouble } => (looks, trouble),
            Told::Unsupported(reason) => return Ok(Ran::Unsupported { version, reason, log }),
        };
        let seed = self.named.scenario.seed;
        let (mut outcome, _) = past.finish(self.named, self.overrides, seed, recording)?;
        outcome.report.tell_outside(&device, 0);
        let other = Counterpart::Reference(theirs, their_last);
        let run = Run { version, outcome, other, looks, last, raw, log, tape: None, trouble };
        Ok(Ran::Through(Box::new(run)))
    }
}
