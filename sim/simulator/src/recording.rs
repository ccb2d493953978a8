//! Everything that a run leaves behind, kept in memory until it is written.

use crate::checkers::Checkers;
use crate::event::{Actor, Event, direction_name};
use crate::figures::Counter;
use crate::fingerprint::Fingerprint;
use crate::ladder::Ladder;
use crate::observer::{Arrival, Datagram, EspKeyLog, IkeKeyLog, Observer};
use crate::run::{name_of, names};
use crate::scenario::Scenario;
use crate::trace::trace_line;
use vnet::capture::{Capture, CaptureError};
use vnet::link::{Delivery, DropReason, Outcome};

/// The files of a run, and what they were made from.
pub struct Recording {
    pub(crate) counter: Counter,
    pub(crate) checkers: Checkers,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) trace: String,
    pub(crate) ladder: Option<Ladder>,
    pub(crate) ike_keys: Vec<IkeKeyLog>,
    pub(crate) esp_keys: Vec<EspKeyLog>,
    capture: Capture<Vec<u8>>,
    capture_error: Option<CaptureError>,
    name: Box<dyn Fn(u32) -> String>,
}

impl Recording {
    /// An empty one of a run of `scenario`; with a ladder if wanted.
    ///
    /// # Panics
    /// Never: a capture into memory cannot fail to start.
    #[must_use]
    pub fn new(scenario: &Scenario, ladder: Option<Ladder>) -> Self {
        let names = names(scenario);
        Self {
            counter: Counter::new(scenario.nodes()),
            checkers: Checkers::new(scenario),
            fingerprint: Fingerprint::default(),
            trace: String::new(),
            ladder,
            ike_keys: Vec::new(),
            esp_keys: Vec::new(),
            capture: Capture::new(Vec::new(), &["vnet"]).expect("a capture into memory"),
            capture_error: None,
            name: Box::new(move |number| name_of(&names, number)),
        }
    }

    /// The capture as a pcapng file.
    ///
    /// # Errors
    /// [`CaptureError`]: a datagram could not be written, for example because its time stamp is
    /// beyond what the format holds.
    pub(crate) fn finish_capture(&mut self) -> Result<Vec<u8>, CaptureError> {
        let empty = Capture::new(Vec::new(), &["vnet"])?;
        let octets = core::mem::replace(&mut self.capture, empty).finish()?;
        self.capture_error.take().map_or(Ok(octets), Err)
    }
}

/// What a capture says about the fate of a datagram, if it is worth a word.
fn fate_comment(fate: &Outcome) -> String {
    match fate {
        Outcome::Dropped(DropReason::Loss) => ", lost".into(),
        Outcome::Dropped(DropReason::TooBig) => ", dropped: longer than the MTU".into(),
        Outcome::Dropped(DropReason::Outage) => ", dropped: the link is down".into(),
        Outcome::Dropped(DropReason::Listed) => ", dropped: on the list of drops".into(),
        Outcome::Delivered(deliveries) => {
            let original = Delivery::plain(deliveries.original.after());
            let plain = deliveries.duplicate.is_none() && deliveries.original == original;
            if plain { String::new() } else { format!(", {fate}") }
        }
    }
}

impl Observer for Recording {
    fn event(&mut self, event: &Event<'_>) {
        self.counter.event(event);
        self.checkers.event(event);
        self.fingerprint.update(event);
        self.trace.push_str(&trace_line(event, &self.name));
        self.trace.push('\n');
        if let Some(ladder) = &mut self.ladder {
            ladder.event(event);
        }
    }

    fn arrival(&mut self, arrival: &Arrival<'_>) {
        self.checkers.arrival(arrival);
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        self.checkers.datagram(datagram);
        let place = datagram.place;
        let fate = fate_comment(&datagram.fate.outcome);
        let comment = format!(
            "{} {}, number {}{fate}",
            (self.name)(place.link),
            direction_name(place.direction),
            place.index
        );
        let at = vnet::time::Instant::from_micros(datagram.at.micros());
        if let Err(error) = self.capture.write(at, 0, datagram.octets, Some(&comment)) {
            self.capture_error.get_or_insert(error);
        }
        if let Some(ladder) = &mut self.ladder {
            ladder.datagram(datagram);
        }
    }

    fn ike_keys(&mut self, keys: &IkeKeyLog) {
        self.checkers.ike_keys(keys);
        // Both ends show theirs, and a file needs them once.
        if keys.who == Actor::Gateway {
            return;
        }
        self.ike_keys.push(keys.clone());
        if let Some(ladder) = &mut self.ladder {
            ladder.ike_keys(keys);
        }
    }

    fn esp_keys(&mut self, keys: &EspKeyLog) {
        self.checkers.esp_keys(keys);
        if keys.who != Actor::Gateway {
            return;
        }
        self.esp_keys.push(keys.clone());
        if let Some(ladder) = &mut self.ladder {
            ladder.esp_keys(keys);
        }
    }
}
