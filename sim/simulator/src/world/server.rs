//! The server behind the gateway: a host of its own, reached through the gateway only.

use super::shared::{Alarm, Core, Next};
use super::{from_net, to_net};
use crate::app::{Controller, Output, SERVER_PORT};
use crate::event::{Actor, What};
use crate::scenario::{Application, Scenario};
use core::net::SocketAddr;
use rand_core::Rng;
use vnet::host::{Host, HostConfig, UdpPort};

/// The MTU of the server's own network.
const SERVER_MTU: usize = 1_500;

pub(crate) struct Server<'a> {
    scenario: &'a Scenario,
    host: Host,
    port: UdpPort,
    controller: Controller,
    alarm: Alarm,
}

impl<'a> Server<'a> {
    pub(crate) fn new(scenario: &'a Scenario, core: &Core<'_>) -> Self {
        let address = core.addresses.server();
        let mut host = Host::new(HostConfig {
            addresses: vec![(address, if address.is_ipv4() { 32 } else { 128 })],
            mtu: SERVER_MTU,
            seed: core.stream(0, "server stack").next_u64(),
        });
        let port = host.bind_udp(SERVER_PORT).expect("the first port of the host");
        let (controller, alarm) = (Controller::default(), Alarm::default());
        Self { scenario, host, port, controller, alarm }
    }

    /// An inner packet comes out of the tunnel.
    pub(crate) fn receive(&mut self, core: &mut Core<'_>, packet: Vec<u8>) {
        self.host.deliver(packet);
        self.settle(core);
    }

    pub(crate) fn handle_timeout(&mut self, core: &mut Core<'_>) {
        self.alarm.rang();
        self.controller.handle_timeout(core.now);
        self.settle(core);
    }

    /// The next packet for the tunnel.
    pub(crate) fn take_outgoing(&mut self) -> Option<Vec<u8>> {
        self.host.take_outgoing()
    }

    fn application_of(&self, core: &Core<'_>, from: SocketAddr) -> Option<&'a Application> {
        let number = core.addresses.number(from.ip())?;
        let groups = &self.scenario.groups;
        let group = groups.iter().find(|group| group.numbers().contains(&number))?;
        Some(&group.application)
    }

    fn settle(&mut self, core: &mut Core<'_>) {
        self.host.poll(to_net(core.now));
        while let Some(received) = self.host.receive_udp(self.port) {
            let text = String::from_utf8_lossy(&received.payload);
            core.emit(Actor::Server, What::ApplicationReceived { text: &text });
            if let Some(application) = self.application_of(core, received.from) {
                let message = (received.from, &*text);
                self.controller.handle_message(core.now, message, application);
            }
        }
        while let Some((to, output)) = self.controller.poll_output() {
            if let Output::Send { text, repeated } = output {
                core.emit(Actor::Server, What::ApplicationSent { text: &text, repeated });
                self.send(core, to, text.as_bytes());
            }
        }
        let stack = self.host.poll_at(to_net(core.now)).map(from_net);
        let next = self.controller.poll_timeout().into_iter().chain(stack).min();
        core.set_alarm(&mut self.alarm, next, Next::ServerTimer);
    }

    fn send(&mut self, core: &Core<'_>, to: SocketAddr, payload: &[u8]) {
        // Each datagram is polled out at once, so the buffer has room for the next one.
        self.host.send_udp(self.port, to, payload).expect("a short message to a known address");
        self.host.poll(to_net(core.now));
    }
}
