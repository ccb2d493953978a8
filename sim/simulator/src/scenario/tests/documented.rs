//! `docs/scenario.md` against what is read.

use super::{LEAST, read, with};
use crate::scenario::{FIGURES, schema};
use ike_core::{Schedule, Suite};
use serde::de::{Deserialize, Deserializer, Visitor, value::Error};
use serde::forward_to_deserialize_any;

const DOCUMENT: &str = include_str!("../../../../../docs/scenario.md");

/// Notes which keys a struct asks for, and gives it nothing.
struct Keys<'a>(&'a mut Vec<&'static str>);

impl<'de> Deserializer<'de> for Keys<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("nothing here"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.extend(keys);
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn keys_of<'de, T: Deserialize<'de>>() -> Vec<&'static str> {
    let mut keys = Vec::new();
    assert!(T::deserialize(Keys(&mut keys)).is_err(), "it was given nothing");
    assert!(!keys.is_empty());
    keys
}

/// The names in the first column of the document's tables, below the heading.
fn rows(heading: &str) -> Vec<&'static str> {
    let level = heading.split(' ').next().map_or(0, str::len);
    let lines = DOCUMENT.lines().skip_while(|line| *line != heading).skip(1);
    let ends = |line: &str| {
        let marks = line.bytes().take_while(|mark| *mark == b'#').count();
        (1..=level).contains(&marks)
    };
    let rows = lines.take_while(|line| !ends(line)).filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).collect()
}

fn assert_rows(heading: &str, mut expected: Vec<&str>) {
    let mut rows = rows(heading);
    // Some kinds of application have keys of the same name.
    for names in [&mut rows, &mut expected] {
        names.sort_unstable();
        names.dedup();
    }
    assert_eq!(rows, expected, "under {heading:?}");
}

#[test]
fn every_key_is_documented_and_no_other() {
    assert_rows("## The run", keys_of::<schema::Scenario>());
    let link = [
        keys_of::<schema::Link>(),
        keys_of::<schema::GilbertElliott>(),
        keys_of::<schema::QueueLimits>(),
        keys_of::<schema::LossTrace>(),
        keys_of::<schema::Outage>(),
        keys_of::<schema::Listed>(),
    ];
    assert_rows("## `[link]`", link.concat());
    assert_rows("### `queue`", keys_of::<schema::QueueLimits>());
    assert_rows("### `gilbert_elliott`", keys_of::<schema::GilbertElliott>());
    assert_rows("### `loss_trace`", keys_of::<schema::LossTrace>());
    assert_rows("### `outages`", keys_of::<schema::Outage>());
    assert_rows("### `drops`", keys_of::<schema::Listed>());
    assert_rows("### `cookies`", keys_of::<schema::Cookies>());
    assert_rows("### `requests`", keys_of::<schema::Request>());
    assert_rows("### `child`", keys_of::<schema::Child>());
    assert_rows("## `[[forger]]`", keys_of::<schema::Forger>());
    assert_rows("### `wakes`", keys_of::<schema::Wakes>());
    assert_rows("### `application`", keys_of::<schema::Application>());
    assert_rows("### `restart`", keys_of::<schema::Restart>());
    let presets = schema::presets();
    let names = presets.cpu.keys().map(String::as_str);
    let cpu = [keys_of::<schema::Cpu>(), keys_of::<schema::GroupTimes>(), names.collect()];
    assert_rows("### `cpu`", cpu.concat());
    let names = presets.radio.keys().map(String::as_str);
    assert_rows("### `radio`", [keys_of::<schema::Radio>(), names.collect()].concat());
    assert_rows("### `listen`", keys_of::<schema::Windows>());
    let presets = Schedule::PRESETS.iter().map(|(name, _)| *name);
    let retransmission = keys_of::<schema::Retransmission>().into_iter().chain(presets);
    let retransmission = retransmission.chain(keys_of::<schema::Jitter>()).collect();
    assert_rows("### `retransmission`", retransmission);
    let suites = Suite::ALL.iter().map(|suite| suite.name());
    assert_rows("### Suites", suites.clone().collect());
    let gateway = [
        keys_of::<schema::Gateway>(),
        keys_of::<schema::Cookies>(),
        keys_of::<schema::Request>(),
        keys_of::<schema::Child>(),
        suites.collect(),
    ];
    assert_rows("## `[gateway]`", gateway.concat());
    for key in keys_of::<schema::Node>() {
        assert!(rows("## `[[node]]`").contains(&key), "{key}");
    }
}

#[test]
fn a_direction_of_a_link_has_the_first_keys_of_a_link() {
    let (link, direction) = (keys_of::<schema::Link>(), keys_of::<schema::LinkDirection>());
    assert_eq!(link[..direction.len()], direction);
    let number = [(13, "thirteen")].into_iter().collect::<std::collections::BTreeMap<_, _>>();
    assert_eq!(
        DOCUMENT.matches(&format!("table of the {} keys above", number[&direction.len()])).count(),
        2
    );
}

#[test]
fn every_figure_is_documented_with_its_meaning() {
    assert_rows("## `[expect]`", FIGURES.iter().map(|(name, _)| *name).collect());
    for (name, meaning) in FIGURES {
        let row = format!("| `{name}` | {meaning} |");
        assert!(DOCUMENT.contains(&row), "{row}");
    }
}

#[test]
fn every_example_is_right() {
    let blocks = DOCUMENT.split("```toml\n").skip(1);
    let examples: Vec<&str> = blocks.filter_map(|block| block.split("```").next()).collect();
    assert!(examples.len() >= 8);
    for example in examples {
        let text = if example.contains("description") {
            example.to_owned()
        } else if example.starts_with("[[node]]") {
            format!("{LEAST}{example}")
        } else if example.starts_with('[') {
            with(example, "")
        } else {
            with("", example)
        };
        read(&text);
    }
}

/// Shows that the check above can fail.
#[test]
fn a_key_without_a_row_is_noticed() {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Another {
        #[expect(dead_code, reason = "only its name is read")]
        undocumented_key: u8,
    }
    assert_eq!(keys_of::<Another>(), ["undocumented-key"]);
    assert!(!rows("## The run").contains(&"undocumented-key"));
}
