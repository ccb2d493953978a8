//! The figures of a run, counted from its events.

use crate::energy::{Energy, Totals};
use crate::event::{Actor, Event, What};
use crate::observer::Observer;
use ike_core::Operation;
use serde::Serialize;
use std::collections::BTreeSet;
use vnet::link::{DamageKind, DropReason as LinkDrop, Outcome};

/// What happened to one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NodeFigures {
    /// Times it woke.
    pub wakes: u64,
    /// Times it began to connect.
    pub attempts: u64,
    /// Attempts that ended with an IKE SA and its Child SA.
    pub established: u64,
    /// Attempts that it gave up.
    pub failed: u64,
    /// Times it sent an IKE request again.
    pub ike_retransmissions: u64,
    /// Wakes whose application did all it wanted.
    pub application_completed: u64,
    /// Wakes whose application gave up.
    pub application_failed: u64,
    /// Time spent awake, in microseconds.
    pub awake_us: u64,
    /// Whether it slept when the run ended.
    pub asleep: bool,
    /// Why the last attempt failed, if one did.
    pub last_failure: Option<String>,
    #[serde(skip)]
    awake_since_us: Option<u64>,
}

impl NodeFigures {
    /// What tables of nodes show, with the heads of the columns.
    #[must_use]
    pub const fn columns(&self) -> [(&'static str, u64); 7] {
        [
            ("wakes", self.wakes),
            ("attempts", self.attempts),
            ("established", self.established),
            ("failed", self.failed),
            ("resent", self.ike_retransmissions),
            ("app done", self.application_completed),
            ("app failed", self.application_failed),
        ]
    }
}

/// What happened in a run. Counts, unless the name says otherwise; the names are those of
/// [`crate::scenario::FIGURES`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "scenario::FIGURES says what each counts")]
pub struct Figures {
    pub nodes: u64,
    pub wakes: u64,
    pub attempts: u64,
    pub established: u64,
    pub failed: u64,
    pub ike_requests: u64,
    pub ike_retransmissions: u64,
    pub ike_datagrams: u64,
    pub esp_packets_sent: u64,
    pub esp_packets_received: u64,
    pub application_sent: u64,
    pub application_received: u64,
    pub application_repeated: u64,
    pub application_completed: u64,
    pub application_failed: u64,
    pub ping_requests: u64,
    pub ping_replies: u64,
    pub datagrams_sent: u64,
    pub datagrams_delivered: u64,
    pub datagrams_lost: u64,
    pub datagrams_duplicated: u64,
    pub datagrams_reordered: u64,
    pub datagrams_corrupted: u64,
    pub datagrams_mangled: u64,
    pub datagrams_injected: u64,
    pub dropped: u64,
    pub diffie_hellman_gateway: u64,
    pub half_open_peak: u64,
    pub gateway_sas_at_end: u64,
    pub nodes_asleep_at_end: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy_uj: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handshake_energy_uj: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radio_on_us: Option<u64>,
}

impl Figures {
    /// A datagram entered a link, which decided so.
    fn sent(&mut self, fate: &Outcome) {
        self.datagrams_sent += 1;
        self.datagrams_duplicated += fate.deliveries().skip(1).count() as u64;
        for delivery in fate.deliveries() {
            self.datagrams_reordered += u64::from(delivery.reordered);
            match delivery.damage.map(|damage| damage.kind()) {
                Some(DamageKind::Corrupt) => self.datagrams_corrupted += 1,
                Some(DamageKind::Mangle) => self.datagrams_mangled += 1,
                None => {}
            }
        }
    }

    /// What nodes with a radio took.
    pub(crate) fn took(&mut self, totals: &Totals) {
        let handshakes = [&totals.established, &totals.failed].map(|of| of.usage.total());
        self.energy_uj = Some(totals.usage.total().microjoules());
        self.handshake_energy_uj = Some(handshakes.into_iter().sum::<Energy>().microjoules());
        self.radio_on_us = Some(totals.usage.times.radio_on_us());
    }

    /// The figure of that name. `None`: there is no such figure, or no node has what it is about.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<u64> {
        // The names are those of the fields, so the serializer knows them.
        serde_json::to_value(self).ok()?.get(name)?.as_u64()
    }
}

/// Counts while a run goes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter {
    pub(crate) figures: Figures,
    pub(crate) nodes: Vec<NodeFigures>,
    half_open: BTreeSet<u64>,
}

impl Counter {
    pub(crate) fn new(nodes: u32) -> Self {
        let count = usize::try_from(nodes).expect("a node's number fits");
        let asleep = NodeFigures { asleep: true, ..NodeFigures::default() };
        Self {
            figures: Figures { nodes: nodes.into(), ..Figures::default() },
            nodes: vec![asleep; count],
            half_open: BTreeSet::new(),
        }
    }

    fn node(&mut self, number: u32, at_us: u64, what: &What<'_>) {
        let all = &mut self.figures;
        let Some(node) = usize::try_from(number).ok().and_then(|index| self.nodes.get_mut(index))
        else {
            return;
        };
        let count = |all: &mut u64, one: &mut u64| {
            *all += 1;
            *one += 1;
        };
        match what {
            What::Woke { .. } => {
                count(&mut all.wakes, &mut node.wakes);
                (node.asleep, node.awake_since_us) = (false, Some(at_us));
            }
            What::Slept => {
                node.asleep = true;
                let since = node.awake_since_us.take().unwrap_or(at_us);
                node.awake_us += at_us - since;
            }
            What::Attempt { .. } => count(&mut all.attempts, &mut node.attempts),
            What::Request { transmission: 0, .. } => all.ike_requests += 1,
            What::Request { .. } => {
                count(&mut all.ike_retransmissions, &mut node.ike_retransmissions);
            }
            What::ApplicationCompleted => {
                count(&mut all.application_completed, &mut node.application_completed);
            }
            What::ApplicationFailed { .. } => {
                count(&mut all.application_failed, &mut node.application_failed);
            }
            What::ApplicationSent { text, .. } if text.starts_with("echo request") => {
                all.ping_requests += 1;
            }
            What::ApplicationReceived { text } if text.starts_with("echo reply") => {
                all.ping_replies += 1;
            }
            What::Initiator(ike_initiator::Event::Established { .. }) => {
                count(&mut all.established, &mut node.established);
            }
            What::Initiator(ike_initiator::Event::Failed(reason)) => {
                count(&mut all.failed, &mut node.failed);
                node.last_failure = Some(reason.to_string());
            }
            _ => {}
        }
    }

    fn responder(&mut self, event: &ike_responder::Event) {
        use ike_responder::Event as E;
        match event {
            E::Operation { operation: Operation::DiffieHellman(_), .. } => {
                self.figures.diffie_hellman_gateway += 1;
            }
            E::HalfOpen { sa, .. } => {
                self.half_open.insert(sa.spi_r().0);
                let now = self.half_open.len() as u64;
                self.figures.half_open_peak = self.figures.half_open_peak.max(now);
            }
            E::Established { sa, .. } | E::Closed { sa, .. } => {
                self.half_open.remove(&sa.spi_r().0);
            }
            E::Dropped { .. } => self.figures.dropped += 1,
            _ => {}
        }
    }

    /// The figures at the end of the run, at that time.
    pub(crate) fn finish(&mut self, end_us: u64, gateway_sas: usize) {
        for node in &mut self.nodes {
            if let Some(since) = node.awake_since_us.take() {
                node.awake_us += end_us - since;
            }
        }
        self.figures.gateway_sas_at_end = gateway_sas as u64;
        self.figures.nodes_asleep_at_end =
            self.nodes.iter().filter(|node| node.asleep).count() as u64;
    }
}

impl Observer for Counter {
    fn event(&mut self, event: &Event<'_>) {
        let figures = &mut self.figures;
        match &event.what {
            What::Sent { fate, .. } => figures.sent(fate),
            What::Arrived { .. } => figures.datagrams_delivered += 1,
            What::Injected { .. } => {
                figures.datagrams_injected += 1;
                figures.datagrams_delivered += 1;
            }
            What::Lost {
                reason: LinkDrop::Loss | LinkDrop::GilbertElliott | LinkDrop::Traced,
                ..
            } => figures.datagrams_lost += 1,
            What::Request { .. } | What::Message { .. } => figures.ike_datagrams += 1,
            What::EspSent { .. } | What::EspHandedIn { .. } => figures.esp_packets_sent += 1,
            What::EspReceived { .. } | What::InnerHandedIn { .. } => {
                figures.esp_packets_received += 1
            }
            What::ApplicationSent { repeated, .. } => {
                figures.application_sent += 1;
                figures.application_repeated += u64::from(*repeated);
            }
            What::ApplicationReceived { .. } => figures.application_received += 1,
            What::PacketDropped { .. } | What::Initiator(ike_initiator::Event::Dropped(_)) => {
                figures.dropped += 1
            }
            What::Responder(event) => self.responder(event),
            _ => {}
        }
        if let Actor::Node(number) = event.who {
            self.node(number, event.at.micros(), &event.what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::FIGURES;

    #[test]
    fn every_figure_that_a_scenario_may_name_is_counted() {
        let mut figures = Figures::default();
        figures.took(&Totals::default());
        let value = serde_json::to_value(figures).expect("numbers");
        let mut counted: Vec<&str> =
            value.as_object().expect("a struct").keys().map(String::as_str).collect();
        let mut named: Vec<&str> = FIGURES.iter().map(|(name, _)| *name).collect();
        counted.sort_unstable();
        named.sort_unstable();
        assert_eq!(counted, named);
    }
}
