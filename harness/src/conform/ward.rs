//! A real gateway in containers, one for each way in which the cases want it set up.

use super::halt::Halt;
use super::hub::Hub;
use super::owner::Owner;
use super::settle;
use crate::gateways::{Plug, Role as PlugRole, Running, Setting, StartError, bridge_address};
use crate::{Portal, gateways};
use anyhow::{Context, Result, bail};
use conformance::{Case, Implementation, Job, Role, Setup, Subject, Unsupported};
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use ike_core::{Identity, Psk, Suite};
use simulator::Addresses;
use simulator::scenario::{Cookies, Family};

/// How long a container that is ready may take to show itself at the portal.
const HELLO: Duration = Duration::from_secs(10);

/// What one container is set up for.
struct Room {
    suite: Suite,
    cookies: bool,
    identity: Identity,
    /// The peers, with their keys. No two keys of one identity.
    credentials: Vec<(Identity, Psk)>,
    door: Option<Door>,
}

/// What came of starting it.
enum Door {
    Open { hub: Hub, owner: Owner },
    Unsupported(String),
}

impl Room {
    fn of(setup: &Setup) -> Self {
        Self {
            suite: setup.suite,
            cookies: setup.cookies,
            identity: setup.identity.clone(),
            credentials: Vec::new(),
            door: None,
        }
    }

    /// Whether a case with this setup can take place here.
    fn suits(&self, setup: &Setup) -> bool {
        self.suite == setup.suite
            && self.cookies == setup.cookies
            && self.identity == setup.identity
            && self
                .credentials
                .iter()
                .all(|(who, key)| *who != setup.peer || key.as_slice() == setup.psk.as_slice())
    }

    fn knows(&self, setup: &Setup) -> bool {
        self.credentials.iter().any(|(who, _)| *who == setup.peer)
    }

    fn setting(&self, ends: (IpAddr, IpAddr)) -> Setting {
        Setting {
            suites: vec![self.suite],
            cookies: if self.cookies { Cookies::Always } else { Cookies::Never },
            credentials: self.credentials.clone(),
            ..Setting::new(PlugRole::Responder, ends, self.identity.clone())
        }
    }
}

/// A real gateway in containers.
pub struct Ward {
    plug: &'static Plug,
    rooms: Vec<Room>,
    addresses: (IpAddr, IpAddr),
    halt: Halt,
}

impl Ward {
    /// A gateway of which no container runs yet.
    #[must_use]
    pub fn new(plug: &'static gateways::Plug, halt: Halt) -> Self {
        let addresses = Addresses::new(Family::Ipv4);
        let addresses = (addresses.gateway(), addresses.server());
        Self { plug, rooms: Vec::new(), addresses, halt }
    }

    /// The rooms that these jobs need.
    pub fn plan(&mut self, setups: Vec<Setup>) {
        for setup in setups {
            let found = self.rooms.iter().position(|room| room.suits(&setup));
            let at = found.unwrap_or_else(|| {
                self.rooms.push(Room::of(&setup));
                self.rooms.len() - 1
            });
            if !self.rooms[at].knows(&setup) {
                self.rooms[at].credentials.push((setup.peer, setup.psk));
            }
        }
    }

    /// How the jobs of a plan want it.
    #[must_use]
    pub fn setups(&self, jobs: &[Job<'_>]) -> Vec<Setup> {
        jobs.iter().map(|job| self.setup(job.case, job.profile)).collect()
    }

    /// Starts a container for each room.
    ///
    /// # Errors
    /// Docker is not there, or one does not start though it can do what is asked.
    pub async fn open(&mut self) -> Result<()> {
        for room in &mut self.rooms {
            let bridge = SocketAddr::new(bridge_address()?, 0);
            let mut portal = Portal::bind(bridge).await.with_context(|| bridge.to_string())?;
            let setting = room.setting(self.addresses);
            let door = match Running::start(self.plug, &setting, portal.local()?).await {
                Ok(running) => {
                    let hello = tokio::time::timeout(HELLO, portal.peer()).await;
                    hello.with_context(|| format!("{} is not at its portal", self.plug.name))?;
                    let owner = Owner::new(running);
                    Door::Open { hub: Hub::open(portal, owner.clone(), self.halt.clone()), owner }
                }
                Err(StartError::Unsupported(reason)) => Door::Unsupported(reason),
                Err(error) => bail!("{}: {error}", self.plug.name),
            };
            room.door = Some(door);
        }
        Ok(())
    }

    /// What the implementation calls itself, if any of it runs.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.rooms.iter().find_map(|room| match &room.door {
            Some(Door::Open { owner, .. }) => Some(owner.version()),
            _ => None,
        })
    }

    /// Ends all containers; what each said, by the suite that it had.
    pub async fn close(&mut self) -> Vec<(String, String)> {
        let mut logs = Vec::new();
        for (number, room) in self.rooms.iter_mut().enumerate() {
            if let Some(Door::Open { hub, owner }) = room.door.take() {
                drop(hub);
                logs.push((format!("{number}-{}", room.suite.name()), owner.log()));
                owner.end().await;
            }
        }
        logs
    }
}

impl Implementation for Ward {
    fn name(&self) -> &str {
        self.plug.name
    }

    fn role(&self) -> Role {
        Role::Responder
    }

    fn place(&self, case: &Case, setup: &mut Setup) {
        let number = settle::number(case, setup.profile);
        settle::device(setup, number, self.addresses);
        setup.peers = vec![gateways::nodes_network(Family::Ipv4)];
    }

    fn start(&self, setup: &Setup) -> Result<Box<dyn Subject>, Unsupported> {
        if self.halt.is_called() {
            return Err(Unsupported("stopped".into()));
        }
        if !setup.groups.is_empty() {
            return Err(Unsupported(
                "the contract of containers has no groups beside a suite's".into(),
            ));
        }
        let room = self.rooms.iter().find(|room| room.suits(setup) && room.knows(setup));
        match room.and_then(|room| room.door.as_ref()) {
            Some(Door::Open { hub, .. }) => {
                hub.subject(setup.path, Some((setup.peer.clone(), self.addresses.1)))
            }
            Some(Door::Unsupported(reason)) => Err(Unsupported(reason.clone())),
            None => Err(Unsupported("no container was started for such a case".into())),
        }
    }
}
