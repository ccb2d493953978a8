//! A column of a gateway in a container, at the pace of the clock.

use super::cases::Case;
use super::cell::{Ran, Run};
use super::sas::SaList;
use super::witness::{Both, Witness};
use crate::gateways::{Plug, Running, Setting, StartError, bridge_address};
use crate::outside::{self, Past};
use crate::{Pacer, Portal, Stop};
use anyhow::{Context, Result, bail, ensure};
use core::net::SocketAddr;
use core::time::Duration;
use ike_core::Instant;
use runner::Named;
use simulator::scenario::{RequestKind, Scenario};
use simulator::{Ask, Keep, Recording, World};
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::{JoinHandle, LocalSet, spawn_local};

/// How long a container that is ready may take to show itself at the portal.
const HELLO: Duration = Duration::from_secs(10);
/// How often it is looked whether something is to be done beside the packets.
const TICK: Duration = Duration::from_millis(50);
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
fn version(running: &Running) -> String {
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
        let run = Run { version, outcome, witness, looks, last, raw, log, tape, trouble };
        Ok(Ran::Through(Box::new(run)))
    }
}

fn list(answer: &str) -> Result<SaList> {
    serde_json::from_str(answer).with_context(|| format!("its list of SAs: {answer}"))
}

/// Something to be asked of the gateway at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Task {
    /// Its list of SAs, for the look of that number.
    Look(usize),
    /// A command of the contract.
    Command(String),
}

type Answer = JoinHandle<Result<String>>;

/// What is to be asked, and what was.
struct Agenda {
    due: BTreeMap<Instant, Vec<Task>>,
    asked: Vec<(Task, Answer)>,
    looks: usize,
    identities: Vec<String>,
}

/// What the gateway answered.
enum Told {
    Lists { looks: Vec<SaList>, trouble: Vec<String> },
    Unsupported(String),
}

impl Agenda {
    fn new(case: &Case, scenario: &Scenario) -> Self {
        let mut due: BTreeMap<Instant, Vec<Task>> = BTreeMap::new();
        for (index, look) in case.looks.iter().enumerate() {
            due.entry(Instant::default() + look.at).or_default().push(Task::Look(index));
        }
        let nodes = scenario.groups.iter();
        let identities = nodes.flat_map(|group| group.numbers().map(|n| group.identity(n)));
        Self {
            due,
            asked: Vec::new(),
            looks: case.looks.len(),
            identities: identities.map(|identity| identity.to_string()).collect(),
        }
    }

    fn next(&self) -> Option<Instant> {
        self.due.keys().next().copied()
    }

    /// Asks what is due, and does not wait for the answers: the world goes on meanwhile.
    fn perform(&mut self, now: Instant, running: &Rc<Running>) {
        while let Some((at, tasks)) = self.due.pop_first() {
            if at > now {
                self.due.insert(at, tasks);
                return;
            }
            for task in tasks {
                let command = match &task {
                    Task::Look(_) => "sas".to_owned(),
                    Task::Command(command) => command.clone(),
                };
                let running = Rc::clone(running);
                let answer = spawn_local(async move { running.control(&command).await });
                self.asked.push((task, answer));
            }
        }
    }

    /// What the scenario's gateway asks a device now.
    fn ask(&mut self, now: Instant, ask: Ask) {
        let index = usize::try_from(ask.node).unwrap_or(usize::MAX);
        let Some(identity) = self.identities.get(index) else { return };
        let command = match ask.kind {
            RequestKind::Liveness => "liveness".to_owned(),
            RequestKind::NewChild => "new-child".to_owned(),
            RequestKind::RekeyChild => "rekey-child".to_owned(),
            RequestKind::RekeyIke => "rekey-ike".to_owned(),
            RequestKind::Delete => format!("delete {identity}"),
        };
        self.due.entry(now).or_default().push(Task::Command(command));
    }

    async fn answers(self) -> Told {
        let (mut looks, mut trouble) = (vec![None; self.looks], Vec::new());
        for (task, answer) in self.asked {
            let answer = answer.await.map_err(anyhow::Error::from).and_then(|answer| answer);
            match (task, answer) {
                (Task::Look(index), Ok(answer)) => match list(&answer) {
                    Ok(list) => looks[index] = Some(list),
                    Err(error) => trouble.push(format!("{error:#}")),
                },
                (Task::Command(command), Ok(answer)) => {
                    if let Some(reason) = answer.strip_prefix("unsupported: ") {
                        return Told::Unsupported(reason.to_owned());
                    }
                    if answer != "ok" {
                        trouble.push(format!("{command}: the gateway says {answer:?}"));
                    }
                }
                (_, Err(error)) => trouble.push(format!("{error:#}")),
            }
        }
        Told::Lists { looks: looks.into_iter().flatten().collect(), trouble }
    }
}
