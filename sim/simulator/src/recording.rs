//! Everything that a run leaves behind, kept in memory until it is written.

use crate::backend::Backend;
use crate::event::{Actor, Event, Place, What, direction_name};
use crate::judge::Judge;
use crate::keylog::{NOTHING_DECRYPTS, esp_sa, ikev2_decryption_table};
use crate::ladder::{Ladder, Lifelines};
use crate::observer::{Arrival, Datagram, EspKeyLog, IkeKeyLog, Observer};
use crate::run::{Outcome, name_of, names};
use crate::scenario::Scenario;
use crate::trace::trace_line;
use crate::world::{Placement, Standing};
use ike_core::Instant;
use std::collections::BTreeSet;
use vnet::capture::{Capture, CaptureError};
use vnet::link::{self, Delivery, DropReason};

/// Of which nodes the trace and the capture tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Thinning {
    /// Of all.
    #[default]
    Full,
    /// Of those with a failed attempt, an application that gave up, or a broken rule.
    Failures,
    /// Of none.
    None,
}

/// How much of a run is written down. Figures, checkers and fingerprint always cover all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Of which nodes trace and capture tell.
    pub thinning: Thinning,
    /// Only of this node.
    pub node: Option<u32>,
}

/// Runs of more nodes have no ladder: nobody would read it.
const LADDER_NODES: u32 = 16;

impl Keep {
    /// What has a ladder of any run: of all nodes, or of the first where they are many.
    #[must_use]
    pub fn with_ladder(scenario: &Scenario) -> Self {
        Self { node: (scenario.nodes() > LADDER_NODES).then_some(0), ..Self::default() }
    }

    /// The ladder that is kept of a run: of one node, or of all where they are few.
    #[must_use]
    pub fn ladder(&self, scenario: &Scenario) -> Option<Ladder> {
        match self.node {
            Some(node) => Some(Ladder::only([node].into())),
            None => (scenario.nodes() <= LADDER_NODES).then(Ladder::default),
        }
    }
}

/// A datagram for the capture.
struct Packet {
    node: u32,
    at: vnet::time::Instant,
    octets: Vec<u8>,
    comment: String,
}

/// The files of a run, and what they were made from.
pub struct Recording {
    pub(crate) judge: Judge,
    placement: Placement,
    keep: Keep,
    trace: Vec<(Option<u32>, String)>,
    packets: Vec<Packet>,
    pub(crate) ladder: Option<Ladder>,
    pub(crate) ike_keys: Vec<IkeKeyLog<'static>>,
    pub(crate) esp_keys: Vec<EspKeyLog<'static>>,
    /// IKE SAs that came of rekeying, by the responder's SPI.
    rekeyed: BTreeSet<u64>,
    name: Box<dyn Fn(u32) -> String>,
}

impl Recording {
    /// An empty one of a run of `scenario`; with a ladder if wanted.
    #[must_use]
    pub fn new(scenario: &Scenario, ladder: Option<Ladder>, keep: Keep) -> Self {
        let names = names(scenario);
        Self {
            judge: Judge::new(scenario, Placement::Inside),
            placement: Placement::Inside,
            keep,
            trace: Vec::new(),
            packets: Vec::new(),
            ladder: ladder.map(|ladder| ladder.with_crypto(scenario.crypto)),
            ike_keys: Vec::new(),
            esp_keys: Vec::new(),
            rekeyed: BTreeSet::new(),
            name: Box::new(move |number| name_of(&names, number)),
        }
    }

    /// As [`Recording::new`], of a run whose gateway is outside: what only the gateway knows is neither judged nor
    /// recorded.
    #[must_use]
    pub fn with_gateway_outside(scenario: &Scenario, ladder: Option<Ladder>, keep: Keep) -> Self {
        let (judge, placement) = (Judge::new(scenario, Placement::Outside), Placement::Outside);
        Self { judge, placement, ..Self::new(scenario, ladder, keep) }
    }

    /// As [`Recording::new`], of a run whose device is outside: what only the device knows is neither judged nor
    /// recorded, and all keys are the gateway's.
    #[must_use]
    pub fn with_device_outside(scenario: &Scenario, ladder: Option<Ladder>, keep: Keep) -> Self {
        let placement = Placement::DeviceOutside;
        let judge = Judge::new(scenario, placement);
        Self { judge, placement, ..Self::new(scenario, ladder, keep) }
    }

    /// The verdict and the files, once the run has come to its end like that.
    ///
    /// # Errors
    /// [`CaptureError`]: the run cannot be written as a capture.
    pub fn outcome(
        mut self,
        scenario: &Scenario,
        run: (&str, u64),
        standing: &Standing,
    ) -> Result<Outcome, CaptureError> {
        let report = self.judge.finish(scenario, run, standing);
        let names = names(scenario);
        let heads = |number| Lifelines { node: name_of(&names, number), gateway: "gateway".into() };
        Ok(Outcome {
            report,
            capture: self.capture()?,
            ikev2_decryption_table: match scenario.crypto {
                Backend::Real => ikev2_decryption_table(&self.ike_keys),
                Backend::Modelled => NOTHING_DECRYPTS.to_owned(),
            },
            esp_sa: match scenario.crypto {
                Backend::Real => esp_sa(&self.esp_keys),
                Backend::Modelled => NOTHING_DECRYPTS.to_owned(),
            },
            ladder: self.ladder.as_ref().map(|ladder| ladder.render(&heads)),
            trace: self.trace(),
        })
    }

    fn wants(&self, node: Option<u32>) -> bool {
        self.keep.thinning != Thinning::None
            && self.keep.node.is_none_or(|only| node.is_none_or(|node| node == only))
    }

    fn capture_packet(&mut self, place: Place, at: Instant, octets: &[u8], what: &str) {
        let way = direction_name(place.direction);
        self.packets.push(Packet {
            node: place.link,
            at: vnet::time::Instant::from_micros(at.micros()),
            octets: octets.to_vec(),
            comment: format!("{} {way}, {what}", (self.name)(place.link)),
        });
    }

    /// Whether a node's part is written once the run is over.
    fn is_written(&self, node: Option<u32>, failed: &BTreeSet<u32>) -> bool {
        self.keep.thinning == Thinning::Full || node.is_none_or(|node| failed.contains(&node))
    }

    /// The nodes that something went wrong with.
    fn failed(&self) -> BTreeSet<u32> {
        let figures = (0..).zip(&self.judge.jury.counter.nodes);
        let unlucky = figures
            .filter(|(_, node)| node.failed + node.application_failed > 0)
            .map(|(number, _)| number);
        unlucky.chain(self.judge.jury.checkers.nodes()).collect()
    }

    /// The trace, a line an event.
    pub(crate) fn trace(&self) -> String {
        let failed = self.failed();
        let lines = self.trace.iter().filter(|(node, _)| self.is_written(*node, &failed));
        lines.flat_map(|(_, line)| [line.as_str(), "\n"]).collect()
    }

    /// The capture as a pcapng file.
    ///
    /// # Errors
    /// [`CaptureError`]: a datagram could not be written, for example because its time stamp is
    /// beyond what the format holds.
    pub(crate) fn capture(&self) -> Result<Vec<u8>, CaptureError> {
        let failed = self.failed();
        let mut capture = Capture::new(Vec::new(), &["vnet"])?;
        for packet in &self.packets {
            if self.is_written(Some(packet.node), &failed) {
                capture.write(packet.at, 0, &packet.octets, Some(&packet.comment))?;
            }
        }
        capture.finish()
    }
}

/// What a capture says about the fate of a datagram, if it is worth a word.
fn fate_comment(fate: &link::Outcome) -> String {
    match fate {
        link::Outcome::Dropped(DropReason::Loss) => ", lost".into(),
        link::Outcome::Dropped(DropReason::TooBig) => ", dropped: longer than the MTU".into(),
        link::Outcome::Dropped(DropReason::QueueFull) => ", dropped: the queue is full".into(),
        link::Outcome::Dropped(DropReason::Traced) => ", lost as recorded".into(),
        link::Outcome::Dropped(DropReason::GilbertElliott) => {
            ", lost by the state of the link".into()
        }
        link::Outcome::Dropped(DropReason::Outage) => ", dropped: the link is down".into(),
        link::Outcome::Dropped(DropReason::Listed) => ", dropped: on the list of drops".into(),
        link::Outcome::Delivered(deliveries) => {
            let original = Delivery::plain(deliveries.original.after());
            let plain = deliveries.duplicate.is_none() && deliveries.original == original;
            if plain { String::new() } else { format!(", {fate}") }
        }
    }
}

impl Observer for Recording {
    fn event(&mut self, event: &Event<'_>) {
        self.judge.event(event);
        if let What::Responder(ike_responder::Event::Rekeyed { spi_r, .. }) = &event.what {
            self.rekeyed.insert(spi_r.0);
        }
        let node = event.node();
        if self.wants(node) {
            self.trace.push((node, trace_line(event, &self.name)));
        }
        if let What::Injected { place, kind, packet } = event.what
            && self.wants(Some(place.link))
        {
            let what = format!("injected {} by a forger: {kind}", place.index);
            self.capture_packet(place, event.at, packet, &what);
        }
        if let Some(ladder) = &mut self.ladder {
            ladder.event(event);
        }
    }

    fn arrival(&mut self, arrival: &Arrival<'_>) {
        self.judge.arrival(arrival);
    }

    fn taken(&mut self, arrival: &Arrival<'_>) {
        self.judge.taken(arrival);
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        self.judge.datagram(datagram);
        let place = datagram.place;
        if self.wants(Some(place.link)) {
            let fate = fate_comment(&datagram.fate.outcome);
            let what = format!("number {}{fate}", place.index);
            self.capture_packet(place, datagram.at, datagram.octets, &what);
        }
        if let Some(ladder) = &mut self.ladder {
            ladder.datagram(datagram);
        }
    }

    fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) {
        self.judge.ike_keys(keys);
        // Both ends show theirs, and a file needs them once. No node of ours rekeys an IKE SA: what came
        // of that only the gateway shows.
        let shown_twice = self.placement != Placement::DeviceOutside && keys.who == Actor::Gateway;
        if shown_twice && !self.rekeyed.remove(&keys.spis.1.0) {
            return;
        }
        self.ike_keys.push(keys.to_kept());
        if let Some(ladder) = &mut self.ladder {
            ladder.ike_keys(keys);
        }
    }

    fn esp_keys(&mut self, keys: &EspKeyLog<'_>) {
        self.judge.esp_keys(keys);
        // A node has them later than the gateway, whose first packets it may miss; but a gateway outside shows none.
        if self.placement == Placement::Inside && keys.who != Actor::Gateway {
            return;
        }
        self.esp_keys.push(keys.to_kept());
        if let Some(ladder) = &mut self.ladder {
            ladder.esp_keys(keys);
        }
    }
}
