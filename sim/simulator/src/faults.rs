//! What links and forgers did in a run, read from its trace, so that another run can have it again.

use crate::scenario::Forgery;
use core::fmt;
use data_encoding::HEXLOWER_PERMISSIVE;
use ike_core::Instant;
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use vnet::link::{Direction, Outcome};

/// The fate of each datagram by its link, its direction and its index there; and what was injected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    links: BTreeMap<(u32, Direction), BTreeMap<u64, Outcome>>,
    /// In the order of time.
    injections: Vec<Injection>,
}

/// A datagram that a forger puts on the far end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Injection {
    pub(crate) at: Instant,
    pub(crate) link: u32,
    pub(crate) direction: Direction,
    pub(crate) kind: Forgery,
    /// From the IP header on.
    pub(crate) packet: Vec<u8>,
}

/// A line of a trace that does not tell a fate as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultsError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for FaultsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}

impl core::error::Error for FaultsError {}

impl Faults {
    /// Reads a `trace.jsonl` for a run of so many nodes: its `sent` events say what each link decided, its `injected`
    /// events what forgers did; other events are passed over, so a file of such lines made by hand will do.
    ///
    /// # Errors
    /// [`FaultsError`] at the first line that is no event; a `sent` event without its place and fate, or of a datagram
    /// that has a fate already; an `injected` event without its time, place, kind and octets; or either on a
    /// link that the run does not have.
    pub fn parse(trace: &str, nodes: u32) -> Result<Self, FaultsError> {
        let mut faults = Self::default();
        for (index, line) in trace.lines().enumerate() {
            faults.read(line, nodes).map_err(|message| FaultsError { line: index + 1, message })?;
        }
        // Lines of one time stay in their order.
        faults.injections.sort_by_key(|injection| injection.at);
        Ok(faults)
    }

    fn read(&mut self, line: &str, nodes: u32) -> Result<(), String> {
        let no_event =
            || String::from("not an event of a trace: expected a JSON object with `event`");
        let event: Value = serde_json::from_str(line).map_err(|_| no_event())?;
        match event["event"].as_str().ok_or_else(no_event)? {
            "sent" => self.sent(&event, nodes),
            "injected" => {
                let injection = injected(&event)?;
                has_link(injection.link, nodes)?;
                self.injections.push(injection);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn sent(&mut self, event: &Value, nodes: u32) -> Result<(), String> {
        let ((link, direction), Some(number)) =
            (place(event).ok_or(NO_PLACE)?, event["index"].as_u64())
        else {
            return Err(NO_PLACE.to_owned());
        };
        has_link(link, nodes)?;
        let fate = event["fate"].as_str().ok_or("a sent event without a fate")?;
        let fate: Outcome = fate.parse().map_err(|fault| format!("{fault}"))?;
        match self.links.entry((link, direction)).or_default().entry(number) {
            Entry::Vacant(place) => {
                place.insert(fate);
                Ok(())
            }
            Entry::Occupied(_) => Err(format!(
                "a line before says what became of index {number} there: expected one fate of a datagram"
            )),
        }
    }

    /// The fates of each link and direction.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (u32, Direction, &BTreeMap<u64, Outcome>)> {
        self.links.iter().map(|((link, direction), table)| (*link, *direction, table))
    }

    /// What was injected, in the order of time.
    pub(crate) fn injections(&self) -> &[Injection] {
        &self.injections
    }
}

/// Each node has the link of its number.
fn has_link(link: u32, nodes: u32) -> Result<(), String> {
    if link < nodes {
        return Ok(());
    }
    Err(format!("the run has no link {link}: expected one from 0 to {}", nodes.saturating_sub(1)))
}

const NO_PLACE: &str = "a sent event without link, direction and index";

/// The link of an event, and the way.
fn place(event: &Value) -> Option<(u32, Direction)> {
    let link = event["link"].as_u64().and_then(|link| u32::try_from(link).ok())?;
    let direction = match event["direction"].as_str()? {
        "towards" => Direction::Towards,
        "back" => Direction::Back,
        _ => return None,
    };
    Some((link, direction))
}

fn injected(event: &Value) -> Result<Injection, &'static str> {
    let (link, direction) = place(event).ok_or("an injected event without link and direction")?;
    let at = event["at_us"].as_u64().ok_or("an injected event without at_us")?;
    let kind = event["kind"].as_str().and_then(Forgery::from_name).ok_or(
        "an injected event without a kind: expected garbage, forged-error, forged-response or replay",
    )?;
    let from_hex = |digits: &str| HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok();
    let packet = event["packet"].as_str().and_then(from_hex).ok_or(
        "an injected event without a packet: expected an even number of hexadecimal digits",
    )?;
    Ok(Injection { at: Instant::from_micros(at), link, direction, kind, packet })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str =
        r#"{"event":"sent","link":3,"direction":"back","index":7,"fate":"dropped loss"}"#;

    #[test]
    fn only_what_was_sent_is_read() {
        let trace = format!("{{\"event\":\"woke\"}}\n{SENT}\n");
        let faults = Faults::parse(&trace, 4).expect("a trace");
        let tables: Vec<_> = faults.tables().collect();
        assert_eq!(tables.len(), 1);
        assert_eq!((tables[0].0, tables[0].1), (3, Direction::Back));
        assert_eq!(tables[0].2.get(&7).map(ToString::to_string), Some("dropped loss".into()));
    }

    const INJECTED: &str = r#"{"at_us":9,"event":"injected","link":3,"direction":"back","kind":"replay","packet":"45fF"}"#;

    #[test]
    fn what_was_injected_is_read_in_the_order_of_time() {
        let earlier = INJECTED.replace(":9", ":8").replace("replay", "garbage");
        let faults = Faults::parse(&format!("{INJECTED}\n{earlier}\n{SENT}"), 4).expect("a trace");
        let one = |at, kind| Injection {
            at: Instant::from_micros(at),
            link: 3,
            direction: Direction::Back,
            kind,
            packet: vec![0x45, 0xff],
        };
        assert_eq!(faults.injections(), [one(8, Forgery::Garbage), one(9, Forgery::Replay)]);
        assert_eq!(faults.tables().count(), 1);
    }

    #[test]
    fn an_injection_that_says_too_little_is_named() {
        let message = |from: &str, to: &str| {
            Faults::parse(&INJECTED.replace(from, to), 4).expect_err("a bad line").message
        };
        assert!(message("\"at_us\":9,", "").contains("without at_us"));
        assert!(message("back", "up").contains("without link and direction"));
        assert!(message("replay", "noise").contains("expected garbage, forged-error"));
        assert!(message("45fF", "45f").contains("hexadecimal digits"));
        assert!(message("45fF", "45é").contains("hexadecimal digits"));
    }

    #[test]
    fn a_line_that_is_no_event_is_named() {
        let line = |text: &str| Faults::parse(text, 4).expect_err("a bad line").line;
        assert_eq!(line(&format!("{SENT}\nnonsense")), 2);
        assert_eq!(line(&SENT.replace("\"link\":3,", "")), 1);
        assert_eq!(line(&SENT.replace("dropped loss", "gone")), 1);
    }

    #[test]
    fn what_is_no_event_or_says_a_thing_twice_is_refused() {
        let said = |text: &str, nodes| match Faults::parse(text, nodes) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        };
        for no_event in ["7", "[]", "null", "\"sent\"", "{}", r#"{"event":1}"#, ""] {
            let text = format!("{SENT}\n{no_event}\n");
            assert_eq!(
                said(&text, 4),
                "2: not an event of a trace: expected a JSON object with `event`"
            );
        }
        let twice = format!("{SENT}\n{}\n{SENT}", SENT.replace("back", "towards"));
        assert_eq!(
            said(&twice, 4),
            "3: a line before says what became of index 7 there: expected one fate of a datagram"
        );
        assert_eq!(
            said(&twice.replace(":7", ":8"), 3),
            "1: the run has no link 3: expected one from 0 to 2"
        );
        assert_eq!(said(INJECTED, 3), "1: the run has no link 3: expected one from 0 to 2");
    }
}
