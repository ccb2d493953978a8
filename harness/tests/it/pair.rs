//! A responder and an initiator in one process.

use core::cell::{Cell, RefCell};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use harness::arguments::{generator, responder_seed};
use harness::{Outcome, Plan, Recorder, Service, Stop, Summary, Wire, connect, respond};
use ike_core::{Identity, Psk, Schedule};
use ike_initiator::Config;
use simulator::Side;
use std::io;
use std::rc::Rc;
use std::time::Duration;

pub(crate) const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What is printed.
#[derive(Clone, Default)]
pub(crate) struct Screen(Rc<RefCell<Vec<u8>>>);

impl Screen {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).expect("UTF-8")
    }
}

impl io::Write for Screen {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A wish to stop that comes true when somebody raises the flag.
#[derive(Clone, Default)]
pub(crate) struct Flag(Rc<Cell<bool>>);

impl Flag {
    pub(crate) fn raise(&self) {
        self.0.set(true);
    }

    pub(crate) fn stop(&self) -> Stop {
        let flag = self.clone();
        Stop::when(async move { until(|| flag.0.get()).await })
    }
}

/// Waits until something is so.
pub(crate) async fn until(so: impl Fn() -> bool) {
    while !so() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Runs to the end; a minute is a hang.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        tokio::time::timeout(Duration::from_secs(60), future).await.expect("no hang")
    })
}

/// Who is about to meet.
pub(crate) struct Pair {
    pub(crate) gateway: ike_responder::Config,
    pub(crate) node: Config,
    pub(crate) stay: Duration,
    pub(crate) seed: Option<u64>,
    pub(crate) gateway_wire: Wire,
    pub(crate) node_wire: Wire,
    pub(crate) gateway_screen: Screen,
    pub(crate) node_screen: Screen,
    /// Ends the initiator's stay.
    pub(crate) leave: Flag,
}

/// How it went.
pub(crate) struct Met {
    pub(crate) outcome: Outcome,
    pub(crate) summary: Summary,
    pub(crate) node: String,
    pub(crate) gateway: String,
}

pub(crate) fn identity(text: &str) -> Identity {
    text.parse().expect("an identity")
}

pub(crate) fn psk(text: &str) -> Psk {
    Psk::new(text.as_bytes()).expect("a key")
}

impl Pair {
    /// Both at one address, knowing the same secret; `None` where the machine has no such address.
    pub(crate) async fn at(address: IpAddr) -> Option<Self> {
        let gateway_wire = Wire::listen(SocketAddr::new(address, 0)).await.ok()?;
        let remote = gateway_wire.local();
        let node_wire = Wire::connect(None, remote).await.expect("a socket to this machine");
        let mut gateway = ike_responder::Config::new(identity("gateway.example"));
        gateway.credentials.insert(identity("door.example"), psk("secret"));
        let path = node_wire.path_to(remote);
        let mut node = Config::new(path, identity("door.example"), psk("secret"));
        // A busy machine must not make it send again what is about to be answered.
        node.schedule = Schedule { first: Duration::from_secs(3_600), ..Schedule::RFC7296 };
        Some(Self {
            gateway,
            node,
            stay: Duration::ZERO,
            seed: None,
            gateway_wire,
            node_wire,
            gateway_screen: Screen::default(),
            node_screen: Screen::default(),
            leave: Flag::default(),
        })
    }

    pub(crate) async fn new() -> Self {
        Self::at(LOCALHOST).await.expect("an IPv4 loopback address")
    }

    /// They meet; the gateway goes when the initiator is through.
    pub(crate) async fn meet(self) -> Met {
        let (over, leave) = (Flag::default(), self.leave);
        let recorder = |side, identity: &Identity, screen: &Screen| {
            Recorder::new(side, identity, Box::new(screen.clone()))
        };
        let mut at_gateway = recorder(Side::Gateway, &self.gateway.identity, &self.gateway_screen);
        let mut at_node = recorder(Side::Node, &self.node.identity, &self.node_screen);
        let seed = responder_seed(self.seed).expect("randomness");
        let service = Service { config: self.gateway, seed, once: None };
        let rng = generator(self.seed).expect("randomness");
        let plan = Plan { config: self.node, stay: self.stay, rng };
        let served = async {
            let mut stop = over.stop();
            respond(self.gateway_wire, service, &mut at_gateway, &mut stop).await
        };
        let connected = async {
            let mut stop = leave.stop();
            let outcome = connect(self.node_wire, plan, &mut at_node, &mut stop).await;
            over.raise();
            outcome
        };
        let (summary, outcome) = tokio::join!(served, connected);
        Met {
            outcome: outcome.expect("a usable configuration"),
            summary: summary.expect("a screen"),
            node: self.node_screen.text(),
            gateway: self.gateway_screen.text(),
        }
    }
}
