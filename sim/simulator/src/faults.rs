//! What links did in a run, read from its trace, so that another run can have it again.

use core::fmt;
use serde_json::Value;
use std::collections::BTreeMap;
use vnet::link::{Direction, Outcome};

/// The fate of each datagram by its link, its direction and its index there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    links: BTreeMap<(u32, Direction), BTreeMap<u64, Outcome>>,
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
    /// Reads a `trace.jsonl`: its `sent` events say what each link decided; other events are passed
    /// over, so a file of `sent` lines made by hand will do.
    ///
    /// # Errors
    /// [`FaultsError`] at the first line that is no JSON object, or a `sent` event without its place
    /// and fate.
    pub fn parse(trace: &str) -> Result<Self, FaultsError> {
        let mut faults = Self::default();
        for (index, line) in trace.lines().enumerate() {
            let error =
                |message: &str| FaultsError { line: index + 1, message: message.to_owned() };
            let event: Value = serde_json::from_str(line)
                .map_err(|_| error("not an event of a trace: expected a JSON object"))?;
            if event["event"] != "sent" {
                continue;
            }
            let link = event["link"].as_u64().and_then(|link| u32::try_from(link).ok());
            let direction = match event["direction"].as_str() {
                Some("towards") => Some(Direction::Towards),
                Some("back") => Some(Direction::Back),
                _ => None,
            };
            let place = (link, direction, event["index"].as_u64());
            let (Some(link), Some(direction), Some(number)) = place else {
                return Err(error("a sent event without link, direction and index"));
            };
            let fate =
                event["fate"].as_str().ok_or_else(|| error("a sent event without a fate"))?;
            let fate: Outcome = fate.parse().map_err(|fault| error(&format!("{fault}")))?;
            faults.links.entry((link, direction)).or_default().insert(number, fate);
        }
        Ok(faults)
    }

    /// The fates of each link and direction.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (u32, Direction, &BTreeMap<u64, Outcome>)> {
        self.links.iter().map(|((link, direction), table)| (*link, *direction, table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str =
        r#"{"event":"sent","link":3,"direction":"back","index":7,"fate":"dropped loss"}"#;

    #[test]
    fn only_what_was_sent_is_read() {
        let trace = format!("{{\"event\":\"woke\"}}\n{SENT}\n");
        let faults = Faults::parse(&trace).expect("a trace");
        let tables: Vec<_> = faults.tables().collect();
        assert_eq!(tables.len(), 1);
        assert_eq!((tables[0].0, tables[0].1), (3, Direction::Back));
        assert_eq!(tables[0].2.get(&7).map(ToString::to_string), Some("dropped loss".into()));
    }

    #[test]
    fn a_line_that_is_no_event_is_named() {
        let line = |text: &str| Faults::parse(text).expect_err("a bad line").line;
        assert_eq!(line(&format!("{SENT}\nnonsense")), 2);
        assert_eq!(line(&SENT.replace("\"link\":3,", "")), 1);
        assert_eq!(line(&SENT.replace("dropped loss", "gone")), 1);
    }
}
