//! A column of a device in a container: it connects to the reference gateway, at the pace of the clock.

use super::agenda::{Agenda, Told, list};
use super::cases::Case;
use super::cell::{Counterpart, Ran, Run};
use super::container::{self, LastWords, Started, TICK};
use super::sas::SaList;
use crate::gateways::{Plug, Running, Setting};
use crate::outside::Past;
use crate::{Pacer, Portal, Stop};
use anyhow::{Result, ensure};
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
    let file = runner::workspace().join(case.file());
    let mut named = Named::read(&file, &overrides)?;
    named.name.clone_from(&case.name);
    let mut setting = Setting::device(&named.scenario, 0);
    setting.pfs.clone_from(&case.pfs);
    setting.liveness = case.liveness;
    let (mut portal, running) = match container::start(plug, &setting).await? {
        Started::Up(portal, running) => (portal, running),
        Started::Ended(ran) => return Ok(ran),
    };
    let cell = DeviceCell { case, named: &named, overrides: &overrides, running };
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
        let commit = runner::commit();
        let mut recording = Recording::with_device_outside(scenario, keep.ladder(scenario), keep);
        let mut agenda = Agenda::new(self.case);
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
        let past = Past { crossings: Vec::new(), standing, skipped, commit };
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
        let told = agenda.answers().await;
        let LastWords { name, version, log, lists } = container::end(self.running).await;
        let lists = lists.and_then(|(last, raw)| Ok((list(&last)?, raw)));
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
        outcome.report.tell_outside(&name, 0);
        let other = Counterpart::Reference(theirs, their_last);
        let run = Run { version, outcome, other, looks, last, raw, log, tape: None, trouble };
        Ok(Ran::Through(Box::new(run)))
    }
}
