//! An awake node: a stack, an initiator, an application, and ESP between them and the radio.

mod duty;

use super::address::Addresses;
use super::behaviour::NodeBehaviour;
use super::shared::{Core, IKE_PORT};
use super::tunnel::{Tunnel, TunnelKeys};
use super::{from_net, to_net};
use crate::app::{App, NODE_PORT, Output, SERVER_PORT};
use crate::event::{Actor, PacketDrop, What};
use crate::observer::{EspKeyLog, IkeKeyLog};
use crate::scenario::{Application, Close, Group, Remote};
use core::net::SocketAddr;
use crypto::Crypto;
use duty::Duty;
use ike_core::{Header, Identity, IkeSpi, Instant, Path, Psk, Selectors, TrafficSelector};
use ike_initiator::{ChildSa, Config, Event, Initiator, MAX_REQUEST, StateName};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use std::borrow::Cow;
use vnet::host::{Host, HostConfig, MTU_RANGE, PingPort, UdpPort};
use vnet::ip::{self, protocol};
use vnet::link::Direction;
use vnet::random::LazyStream;
use vnet::udp;

/// What the stream is for from which a node draws its SPIs, nonces and keys of a wake.
pub(super) const NODE_KEYS: &str = "node ike";

/// What an awake node is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The initiator works on the SAs.
    Connecting,
    /// An attempt failed; the next one starts then.
    HoldOff { until: Instant },
    /// The application works.
    Running,
    /// The application is through; something may still come.
    Resting { until: Instant },
    /// A Delete is on its way.
    Closing,
    /// Nothing is left to do.
    Over,
}

/// What the application speaks through: only that takes a buffer.
#[derive(Clone, Copy)]
enum AppPort {
    Udp(UdpPort),
    Ping(PingPort),
}

pub(crate) struct Awake<'a, C: Crypto> {
    number: u32,
    group: &'a Group,
    host: Host,
    ike_port: UdpPort,
    app_port: AppPort,
    crypto: C,
    initiator: Initiator<C, NodeBehaviour>,
    rng: ChaCha20Rng,
    /// A retransmission draws from here, so that losing a datagram changes no key.
    jitter_rng: LazyStream,
    /// Most suites count their IVs.
    esp_rng: LazyStream,
    tunnel: Option<Tunnel<C>>,
    app: App,
    duty: Duty<'a>,
    phase: Phase,
    attempts: u8,
    /// The request that was sent last and how often.
    last_request: (Vec<u8>, u32),
    /// The IKE SA whose keys the observer has seen.
    logged: Option<(IkeSpi, IkeSpi)>,
}

/// A node's initiator, as its group has it.
pub(super) fn config(
    addresses: Addresses,
    number: u32,
    group: &Group,
    credentials: (Identity, Psk),
) -> Config {
    let (node, gateway) = (addresses.node(number), addresses.gateway());
    let path =
        Path { local: SocketAddr::new(node, IKE_PORT), remote: SocketAddr::new(gateway, IKE_PORT) };
    let mut config = Config::new(path, credentials.0, credentials.1).suite(group.suite);
    let server = addresses.server();
    let remote = match group.remote {
        Remote::Server => TrafficSelector::host(server),
        Remote::Any => TrafficSelector::network(server, 0).expect("a prefix of no bits"),
    };
    config.remote = Selectors::from_iter([remote]);
    config.profile = group.profile;
    config.schedule = group.retransmission;
    config.initial_contact = group.initial_contact;
    config.delete_on_close = group.close == Close::Delete;
    config
}

impl<'a, C: Crypto + Clone> Awake<'a, C> {
    /// A node that has just woken for the `wake`-th time; nothing is left of the wake before.
    pub(crate) fn new(
        (core, crypto): (&Core<'_>, &C),
        number: u32,
        group: &'a Group,
        wake: u32,
    ) -> Self {
        let consumer = super::per_wake(number, wake);
        let address = core.addresses.node(number);
        let mtu = core.links[super::index(number)].config(Direction::Towards).mtu;
        let mut host = Host::new(HostConfig {
            addresses: vec![(address, if address.is_ipv4() { 32 } else { 128 })],
            mtu: mtu.clamp(*MTU_RANGE.start(), *MTU_RANGE.end()),
            seed: core.stream(consumer, "node stack").next_u64(),
        });
        let behaviour = core.node_behaviour(number);
        let credentials = (group.identity(number), group.psk(number));
        let config = config(core.addresses, number, group, credentials);
        let initiator = Initiator::with_behaviour(config, crypto.clone(), behaviour)
            .expect("one selector on each side and an identity within its maximum");
        Self {
            number,
            group,
            ike_port: host.bind_udp(IKE_PORT).expect("the first port of the host"),
            app_port: match group.application {
                Application::Ping(_) => {
                    AppPort::Ping(host.bind_ping(NODE_PORT).expect("the first identifier"))
                }
                _ => AppPort::Udp(host.bind_udp(NODE_PORT).expect("another port")),
            },
            host,
            crypto: crypto.clone(),
            initiator,
            rng: core.stream(consumer, NODE_KEYS),
            jitter_rng: core.lazy_stream(consumer, "node jitter"),
            esp_rng: core.lazy_stream(consumer, "node esp"),
            tunnel: None,
            app: App::new(&group.application, number, wake),
            duty: Duty::new(group, core.now),
            phase: Phase::Connecting,
            attempts: 0,
            last_request: (Vec::new(), 0),
            logged: None,
        }
    }

    fn who(&self) -> Actor {
        Actor::Node(self.number)
    }

    pub(crate) fn initiator_state(&self) -> StateName {
        self.initiator.state()
    }

    pub(crate) fn wants_to_sleep(&self) -> bool {
        self.phase == Phase::Over && self.duty.is_done()
    }

    pub(crate) fn connect(&mut self, core: &mut Core<'_>) {
        self.attempts += 1;
        self.phase = Phase::Connecting;
        core.emit(self.who(), What::Attempt { number: self.attempts });
        self.initiator
            .connect(core.now, &mut self.rng)
            .expect("the initiator is idle or closed before each attempt");
    }

    /// When something must be done next.
    pub(crate) fn next_time(&mut self, core: &Core<'_>) -> Option<Instant> {
        let duty = self.duty.next_time(core.now, self.hears());
        if self.duty.is_busy() {
            return duty;
        }
        let phase = match self.phase {
            Phase::HoldOff { until } | Phase::Resting { until } => Some(until),
            Phase::Connecting | Phase::Running | Phase::Closing | Phase::Over => None,
        };
        let app = self.app.poll_timeout().filter(|_| self.phase == Phase::Running);
        let stack = self.host.poll_at(to_net(core.now)).map(from_net);
        let ike = self.initiator.poll_timeout();
        ike.into_iter().chain(phase).chain(app).chain(stack).chain(duty).min()
    }

    pub(crate) fn handle_timeout(&mut self, core: &mut Core<'_>) {
        if let Some(task) = self.duty.finish(core.now) {
            // What was received comes first: it may be the answer that a timeout is about.
            self.go_on(core, task);
            self.pass_all(core);
        }
        if self.duty.is_busy() {
            return;
        }
        self.initiator.handle_timeout(core.now, &mut self.jitter_rng);
        match self.phase {
            Phase::HoldOff { until } if until <= core.now => self.connect(core),
            Phase::Running => self.app.handle_timeout(core.now),
            Phase::Resting { until } if until <= core.now => self.close(core),
            _ => {}
        }
    }

    fn close(&mut self, core: &Core<'_>) {
        self.phase = Phase::Closing;
        self.initiator.close(core.now, &mut self.rng);
    }

    fn unprotect(&mut self, core: &mut Core<'_>, packet: Vec<u8>) -> Result<Vec<u8>, PacketDrop> {
        let who = self.who();
        let outer = ip::parse(&packet).map_err(PacketDrop::Ip)?;
        match outer.protocol {
            protocol::ESP => {
                let start = ip::header_len(&packet);
                let payload = start..start + outer.payload.len();
                let tunnel = self
                    .tunnel
                    .as_mut()
                    .filter(|tunnel| esp::spi_of(outer.payload) == Some(tunnel.spi_in()))
                    .ok_or(PacketDrop::NoSa)?;
                tunnel.open(core, who, (packet, payload))
            }
            protocol::UDP => {
                let datagram = udp::parse(outer.source, outer.destination, outer.payload)
                    .map_err(PacketDrop::Udp)?;
                if datagram.destination_port == IKE_PORT {
                    Ok(packet)
                } else {
                    Err(PacketDrop::NotProtected)
                }
            }
            _ => Err(PacketDrop::NotProtected),
        }
    }

    fn pass_all(&mut self, core: &mut Core<'_>) {
        while !self.duty.is_busy() {
            self.poll_stack(core);
            let mut busy = self.pass_received(core);
            busy |= self.pass_events(core);
            busy |= self.pass_requests(core);
            busy |= self.pass_outputs(core);
            if !busy {
                return;
            }
        }
    }

    /// What the stack received, to the initiator and the application.
    fn pass_received(&mut self, core: &mut Core<'_>) -> bool {
        let mut busy = false;
        while let Some(mut received) = self.host.receive_udp(self.ike_port) {
            busy = true;
            let local = SocketAddr::new(received.to, IKE_PORT);
            let path = Path { local, remote: received.from };
            self.initiator.handle_datagram(core.now, path, &mut received.payload, &mut self.rng);
            self.log_keys(core);
        }
        match self.app_port {
            AppPort::Udp(port) => {
                while let Some(received) = self.host.receive_udp(port) {
                    busy = true;
                    let text = String::from_utf8_lossy(&received.payload);
                    self.heard(core, &text);
                    self.app.handle_message(core.now, &text);
                }
            }
            AppPort::Ping(port) => {
                while let Some(echo) = self.host.receive_ping(port) {
                    busy = true;
                    self.heard(core, &format!("echo reply {}", echo.sequence));
                    self.app.handle_echo(core.now, echo.sequence);
                }
            }
        }
        busy
    }

    fn heard(&mut self, core: &mut Core<'_>, text: &str) {
        core.emit(self.who(), What::ApplicationReceived { text });
        if let Phase::Resting { until } = &mut self.phase {
            *until = core.now + self.group.awake;
        }
    }

    /// What the initiator wants sent, through the stack.
    fn pass_requests(&mut self, core: &mut Core<'_>) -> bool {
        let mut busy = false;
        let mut buffer = [0; MAX_REQUEST];
        while !self.duty.is_busy()
            && let Some(transmit) = self.initiator.poll_transmit(core.now, &mut buffer)
        {
            busy = true;
            let message = &buffer[..transmit.len];
            self.note_message(core, message);
            self.host
                .send_udp(self.ike_port, transmit.path.remote, message)
                .expect("a short message to the gateway's address");
            self.poll_stack(core);
        }
        busy
    }

    fn note_message(&mut self, core: &mut Core<'_>, message: &[u8]) {
        let Ok(header) = Header::parse(message) else { return };
        let (exchange, message_id) = (header.exchange, header.message_id);
        if header.flags.is_response() {
            core.emit(self.who(), What::Message { exchange, message_id, response: true });
            return;
        }
        let (last, sent) = &mut self.last_request;
        let transmission = if last == message { *sent } else { 0 };
        *sent = transmission + 1;
        if transmission == 0 {
            last.clear();
            last.extend_from_slice(message);
        }
        core.emit(self.who(), What::Request { exchange, message_id, transmission });
    }

    /// What the initiator reports.
    fn pass_events(&mut self, core: &mut Core<'_>) -> bool {
        let mut busy = false;
        while !self.duty.is_busy()
            && let Some(event) = self.initiator.poll_event()
        {
            busy = true;
            core.emit(self.who(), What::Initiator(&event));
            match event {
                Event::Operation(operation) => self.duty.work(core, self.who(), operation),
                Event::Established { .. } => self.start(core),
                Event::ChildClosed => {
                    self.tunnel = None;
                    self.app.stop();
                }
                Event::Closed(_) => self.closed(core),
                _ => {}
            }
        }
        busy
    }

    fn start(&mut self, core: &mut Core<'_>) {
        let Some(child) = self.initiator.take_child_keys() else { return };
        self.log_child_keys(core, &child);
        core.router.takes_spi(self.number, child.spi_in);
        self.tunnel = Some(Tunnel::new(
            self.crypto.clone(),
            &TunnelKeys {
                spi_in: child.spi_in,
                spi_out: child.spi_out,
                inbound: &child.inbound,
                outbound: &child.outbound,
                local: &child.local,
                remote: &child.remote,
            },
        ));
        self.phase = Phase::Running;
        self.app.start(core.now);
    }

    /// The SA or the attempt is over: again by the restart policy, or to sleep.
    fn closed(&mut self, core: &mut Core<'_>) {
        self.tunnel = None;
        self.app.stop();
        self.duty.stop_listening();
        let restart = &self.group.restart;
        self.phase = match self.phase {
            Phase::Connecting | Phase::Running if self.attempts < restart.attempts => {
                Phase::HoldOff { until: core.now + restart.hold_off_after(self.attempts) }
            }
            Phase::Connecting => {
                let reason = "no attempt led to a Child SA";
                core.emit(self.who(), What::ApplicationFailed { reason });
                Phase::Over
            }
            Phase::Running => {
                let reason = "the Child SA went away";
                core.emit(self.who(), What::ApplicationFailed { reason });
                Phase::Over
            }
            _ => Phase::Over,
        };
    }

    /// What the application wants, through the stack.
    fn pass_outputs(&mut self, core: &mut Core<'_>) -> bool {
        let mut busy = false;
        while !self.duty.is_busy()
            && let Some(output) = self.app.poll_output()
        {
            busy = true;
            match output {
                Output::Send { text, repeated } => {
                    core.emit(self.who(), What::ApplicationSent { text: &text, repeated });
                    self.say(core, &text);
                }
                Output::Ping { sequence, payload, repeated } => {
                    let text = format!("echo request {sequence}");
                    core.emit(self.who(), What::ApplicationSent { text: &text, repeated });
                    self.ping(core, sequence, payload);
                }
                Output::Completed => self.rest(core, What::ApplicationCompleted),
                Output::Failed(reason) => self.rest(core, What::ApplicationFailed { reason }),
            }
            self.poll_stack(core);
        }
        busy
    }

    fn say(&mut self, core: &Core<'_>, text: &str) {
        let AppPort::Udp(port) = self.app_port else { unreachable!("a ping has nothing to say") };
        let to = SocketAddr::new(core.addresses.server(), SERVER_PORT);
        self.host
            .send_udp(port, to, text.as_bytes())
            .expect("a short message to the server's address");
    }

    fn ping(&mut self, core: &mut Core<'_>, sequence: u16, payload: u16) {
        let AppPort::Ping(port) = self.app_port else { unreachable!("only a ping does that") };
        let data: Vec<u8> = (0..payload).map(|index| index.to_be_bytes()[1]).collect();
        let sent = self.host.send_ping(port, core.addresses.server(), sequence, &data);
        if sent.is_err() {
            core.emit(self.who(), What::PacketDropped { reason: PacketDrop::TooBig });
        }
    }

    fn rest(&mut self, core: &mut Core<'_>, what: What<'_>) {
        core.emit(self.who(), what);
        self.phase = Phase::Resting { until: core.now + self.group.awake };
    }

    /// Lets the stack work and sends what comes out of it: IKE as it is, all else through the tunnel.
    fn poll_stack(&mut self, core: &mut Core<'_>) {
        self.host.poll(to_net(core.now));
        while let Some(packet) = self.host.take_outgoing() {
            match self.protect(core, packet) {
                Ok(packet) => {
                    if let Some(packet) = self.duty.send(packet) {
                        self.enter_link(core, packet);
                    }
                }
                Err(reason) => core.emit(self.who(), What::PacketDropped { reason }),
            }
        }
    }

    fn protect(&mut self, core: &mut Core<'_>, packet: Vec<u8>) -> Result<Vec<u8>, PacketDrop> {
        let who = self.who();
        let inner = ip::parse(&packet).map_err(PacketDrop::Ip)?;
        let gateway = core.addresses.gateway();
        let is_ike = || {
            inner.protocol == protocol::UDP
                && udp::parse(inner.source, inner.destination, inner.payload)
                    .is_ok_and(|datagram| datagram.source_port == IKE_PORT)
        };
        if inner.destination == gateway && is_ike() {
            return Ok(packet);
        }
        let outer = (core.addresses.node(self.number), gateway);
        let tunnel = self.tunnel.as_mut().ok_or(PacketDrop::NoSa)?;
        tunnel.seal(core, who, (&packet, outer), &mut self.esp_rng)
    }

    /// Shows the observer the keys of a new IKE SA.
    fn log_keys(&mut self, core: &mut Core<'_>) {
        let Some((suite, spis, keys)) = self.initiator.ike_keys() else { return };
        if self.logged != Some(spis) {
            self.logged = Some(spis);
            let (who, keys) = (Actor::Node(self.number), Cow::Borrowed(keys));
            core.observer.ike_keys(&IkeKeyLog { who, spis, suite, keys });
        }
    }

    fn log_child_keys(&self, core: &mut Core<'_>, child: &ChildSa) {
        let Some(ike) = self.logged else { return };
        let (node, gateway) = (core.addresses.node(self.number), core.addresses.gateway());
        let logs = [
            (node, gateway, child.spi_out, &child.outbound),
            (gateway, node, child.spi_in, &child.inbound),
        ];
        for (source, destination, spi, key) in logs {
            let (who, key) = (self.who(), Cow::Borrowed(key));
            core.observer.esp_keys(&EspKeyLog { who, ike, source, destination, spi, key });
        }
    }
}
