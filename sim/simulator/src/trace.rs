//! One line of `trace.jsonl` for each event.

use crate::event::{Actor, Event, Fields};
use core::fmt::Display;
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};

struct Line(Map<String, Value>);

impl Fields for Line {
    fn number(&mut self, key: &'static str, value: u64) {
        self.0.insert(key.to_owned(), value.into());
    }

    fn text(&mut self, key: &'static str, value: &dyn Display) {
        self.0.insert(key.to_owned(), value.to_string().into());
    }

    // Not a number: JSON readers lose the low bits of 64.
    fn opaque(&mut self, key: &'static str, value: u64) {
        self.0.insert(key.to_owned(), format!("{value:016x}").into());
    }

    fn octets(&mut self, key: &'static str, value: &[u8]) {
        self.0.insert(key.to_owned(), HEXLOWER.encode(value).into());
    }
}

/// The event as a JSON object in one line; `name` is that of a node.
#[must_use]
pub fn trace_line(event: &Event<'_>, name: &dyn Fn(u32) -> String) -> String {
    let mut line = Line(Map::new());
    line.number("at_us", event.at.micros());
    line.text("who", &actor_name(event.who, name));
    line.word("event", event.what.name());
    event.what.fields(&mut line);
    Value::Object(line.0).to_string()
}

/// An actor's name; `name` is that of a node.
pub(crate) fn actor_name(who: Actor, name: &dyn Fn(u32) -> String) -> String {
    match who {
        Actor::Node(number) => name(number),
        Actor::Gateway => "gateway".to_owned(),
        Actor::Server => "server".to_owned(),
        Actor::Forger => "forger".to_owned(),
    }
}
