//! A real implementation as the device: a container for each case, which connects when it is told.

use super::halt::Halt;
use super::hub::{self, Hub, PATIENCE};
use super::owner::Owner;
use super::settle;
use crate::Portal;
use crate::gateways::{Peer, Plug, Role as PlugRole, Running, Setting, StartError, bridge_address};
use anyhow::Result;
use conformance::{Case, Implementation, Packet, Patience, Role, Setup, Subject, Unsupported};
use conformance::{Wire, Wish};
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use ike_core::{Instant, Path};
use simulator::Addresses;
use simulator::scenario::Family;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::runtime::Handle;

/// How long a container that is ready may take to show itself at the portal.
const HELLO: Duration = Duration::from_secs(10);
/// The longest that a daemon waits before it sends a request again, and until it gives up: 42 s and 165 s of strongSwan.
const RETRANSMISSION: Duration = Duration::from_secs(60);
const GIVE_UP: Duration = Duration::from_secs(300);

/// The logs of the containers, by the number of the case.
type Logs = Arc<Mutex<BTreeMap<u32, String>>>;

/// A real implementation as the device.
pub struct Squad {
    plug: &'static Plug,
    /// Where the portals are.
    bridge: SocketAddr,
    name: String,
    addresses: Addresses,
    runtime: Handle,
    halt: Halt,
    logs: Logs,
    version: OnceLock<String>,
}

impl Squad {
    /// A device of which no container runs yet.
    ///
    /// # Errors
    /// Docker is not there.
    ///
    /// # Panics
    /// Outside a runtime.
    pub fn new(plug: &'static Plug, halt: Halt) -> Result<Self> {
        Ok(Self {
            plug,
            bridge: SocketAddr::new(bridge_address()?, 0),
            name: format!("{}{}", plug.name, crate::interop::device::SUFFIX),
            addresses: Addresses::new(Family::Ipv4),
            runtime: Handle::current(),
            halt,
            logs: Logs::default(),
            version: OnceLock::new(),
        })
    }

    /// What the implementation calls itself, if any of it ran.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.version.get().cloned()
    }

    /// What each container said, by the name of its case.
    #[must_use]
    pub fn logs(&self) -> Vec<(String, String)> {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |(number, log): (&u32, &String)| {
            let (case, profile) = settle::case(*number)?;
            Some((format!("{}-{}", profile.name(), case.name.replace('/', "-")), log.clone()))
        };
        logs.iter().filter_map(named).collect()
    }

    async fn enter(&self, setup: &Setup) -> Result<Recruit, Unsupported> {
        let unsupported = |error: std::io::Error| Unsupported(format!("no portal: {error}"));
        let mut portal = Portal::bind(self.bridge).await.map_err(unsupported)?;
        let at = portal.local().map_err(unsupported)?;
        let setting = setting(setup, self.addresses.server());
        let running = match Running::start(self.plug, &setting, at).await {
            Ok(running) => running,
            Err(StartError::Unsupported(reason)) => return Err(Unsupported(reason)),
            Err(error) => return Err(Unsupported(format!("no container: {error}"))),
        };
        if tokio::time::timeout(HELLO, portal.peer()).await.is_err() {
            return Err(Unsupported(format!("{} is not at its portal", self.plug.name)));
        }
        self.version.get_or_init(|| running.version().to_owned());
        let owner = Owner::new(running);
        let hub = Hub::open(portal, owner.clone(), self.halt.clone());
        Ok(Recruit {
            inner: hub.subject(setup.path, None)?,
            owner,
            number: hub::numbered(setup.path.remote.ip()),
            logs: Arc::clone(&self.logs),
        })
    }
}

/// The device of a case, which connects on command.
fn setting(setup: &Setup, server: IpAddr) -> Setting {
    let ends = (setup.path.remote.ip(), server);
    let peer = Peer { address: setup.path.local.ip(), identity: setup.peer.clone(), start: false };
    Setting {
        suites: vec![setup.suite],
        groups: setup.groups.clone(),
        initial_contact: setup.initial_contact,
        peer: Some(peer),
        credentials: vec![(setup.peer.clone(), setup.psk.clone())],
        ..Setting::new(PlugRole::Initiator, ends, setup.identity.clone())
    }
}

impl Implementation for Squad {
    fn name(&self) -> &str {
        &self.name
    }

    fn role(&self) -> Role {
        Role::Initiator
    }

    fn place(&self, case: &Case, setup: &mut Setup) {
        let number = settle::number(case, setup.profile);
        let gateway: IpAddr = self.addresses.gateway();
        settle::gateway(setup, number, (gateway, self.addresses.server()));
    }

    fn start(&self, setup: &Setup) -> Result<Box<dyn Subject>, Unsupported> {
        if self.halt.is_called() {
            return Err(Unsupported("stopped".into()));
        }
        Ok(Box::new(self.runtime.block_on(self.enter(setup))?))
    }
}

/// What one case has: a container, and what passes through its portal.
struct Recruit {
    inner: Box<dyn Subject>,
    owner: Owner,
    number: Option<u32>,
    logs: Logs,
}

impl Subject for Recruit {
    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn patience(&self) -> Patience {
        Patience { retransmission: RETRANSMISSION, give_up: GIVE_UP, ..PATIENCE }
    }

    fn give(&mut self, path: Path, wire: Wire, octets: &[u8]) -> Result<(), Unsupported> {
        self.inner.give(path, wire, octets)
    }

    fn receive(&mut self, until: Instant) -> Option<Packet> {
        self.inner.receive(until)
    }

    fn wish(&mut self, wish: Wish) -> Result<(), Unsupported> {
        self.inner.wish(wish)
    }
}

impl Drop for Recruit {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
            logs.insert(number, self.owner.log());
        }
        self.owner.kill();
    }
}
