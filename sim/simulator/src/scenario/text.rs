//! How single values are read: each type says what it expects and what was wrong.

mod plain;
mod table;
mod words;

pub use plain::in_plain_words;
pub(super) use table::{Tables, from_tables};

use super::{Bound, Rate, units};
use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;
use ike_core::{Factor, Identity};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// What a quoted text can stand for.
pub(super) trait FromText: Sized {
    /// What is expected, to follow the word "expected".
    const EXPECTED: &'static str;
    /// Whether an unquoted integer is read like its digits.
    const INTEGERS: bool = false;
    /// The value; the error says what is wrong and what was expected.
    fn from_text(text: &str) -> Result<Self, String>;
}

/// A value that is written as text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<T>(pub(super) T);

struct TextVisitor<T>(PhantomData<T>);

impl<T: FromText> Visitor<'_> for TextVisitor<T> {
    type Value = Text<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<T>, E> {
        T::from_text(text).map(Text).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Text<T>, E> {
        if !T::INTEGERS {
            return Err(E::invalid_type(serde::de::Unexpected::Signed(value), &self));
        }
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Text<T>, E> {
        if !T::INTEGERS {
            return Err(E::invalid_type(serde::de::Unexpected::Unsigned(value), &self));
        }
        self.visit_str(&value.to_string())
    }
}

impl<'de, T: FromText> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor(PhantomData))
    }
}

/// An integer from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Number<MIN, MAX> {
    /// The integer, in the type that `MAX` fits.
    ///
    /// # Panics
    /// Where it does not.
    pub(super) fn get<T: TryFrom<u64>>(self) -> T {
        T::try_from(self.0).ok().expect("MAX fits the type")
    }
}

struct NumberVisitor<const MIN: u64, const MAX: u64>;

impl<const MIN: u64, const MAX: u64> Visitor<'_> for NumberVisitor<MIN, MAX> {
    type Value = Number<MIN, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an integer from {MIN} to {MAX}")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        match u64::try_from(value) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::custom(out_of_range(&value, MIN, MAX))),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        if (MIN..=MAX).contains(&value) {
            return Ok(Number(value));
        }
        Err(E::custom(out_of_range(&value, MIN, MAX)))
    }
}

fn out_of_range(value: &dyn fmt::Display, min: u64, max: u64) -> String {
    format!("{value} is out of range: expected an integer from {min} to {max}")
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Number<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// A word or, for more detail, a table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Or<T, U> {
    /// The word.
    Text(T),
    /// The table.
    Table(U),
}

struct OrVisitor<T, U>(PhantomData<(T, U)>);

impl<'de, T: FromText, U: Deserialize<'de>> Visitor<'de> for OrVisitor<T, U> {
    type Value = Or<T, U>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} or a table", T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::from_text(text).map(Or::Text).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        U::deserialize(MapAccessDeserializer::new(map)).map(Or::Table)
    }
}

impl<'de, T: FromText, U: Deserialize<'de>> Deserialize<'de> for Or<T, U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OrVisitor(PhantomData))
    }
}

impl FromText for String {
    const EXPECTED: &'static str = "text";

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl FromText for Duration {
    const EXPECTED: &'static str = units::DURATION;

    fn from_text(text: &str) -> Result<Self, String> {
        units::duration(text)
    }
}

/// A duration that is not zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Positive(pub(super) Duration);

impl FromText for Positive {
    const EXPECTED: &'static str = units::DURATION;

    fn from_text(text: &str) -> Result<Self, String> {
        match units::duration(text)? {
            Duration::ZERO => {
                Err(format!(r#""{text}" is too short: expected a duration longer than zero"#))
            }
            duration => Ok(Self(duration)),
        }
    }
}

impl FromText for Rate {
    const EXPECTED: &'static str = units::RATE;

    fn from_text(text: &str) -> Result<Self, String> {
        units::rate(text)
    }
}

/// A percentage without a fraction.
#[derive(Clone, Copy, Debug)]
pub(super) struct WholePercent(pub(super) u8);

impl FromText for WholePercent {
    const EXPECTED: &'static str = units::RATE;

    fn from_text(text: &str) -> Result<Self, String> {
        units::whole_percent(text).map(Self)
    }
}

impl FromText for Factor {
    const EXPECTED: &'static str = units::FACTOR;
    const INTEGERS: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        units::factor(text)
    }
}

impl FromText for Identity {
    const EXPECTED: &'static str = r#"an identity such as "gw.example" or "keyid:00ff""#;

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error| format!(r#""{text}" is not an identity: {error}"#))
    }
}

/// The value of a known word.
pub(super) fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    words.iter().find(|(known, _)| *known == text).map(|(_, value)| *value).ok_or_else(|| {
        let quoted: Vec<String> = words.iter().map(|(known, _)| format!(r#""{known}""#)).collect();
        format!(r#""{text}" is not known: expected {}"#, alternatives(&quoted))
    })
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn alternatives(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// `3`, or `">= 3"`, `"<= 4"`, `"> 0"`, `"< 3"`, `"2..=5"`.
impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor::<Self>(PhantomData)).map(|Text(bound)| bound)
    }
}

impl FromText for Bound {
    const EXPECTED: &'static str = r#"an integer, or a bound such as ">= 3", "<= 4" or "2..=5""#;
    const INTEGERS: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || format!(r#""{text}" is not a bound: expected {}"#, Self::EXPECTED);
        let number = |digits: &str| {
            let digits = digits.trim();
            let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
            digits.parse::<u64>().ok().filter(|_| plain).ok_or_else(wrong)
        };
        let bound = if let Some(digits) = text.strip_prefix(">=") {
            Self { min: Some(number(digits)?), max: None }
        } else if let Some(digits) = text.strip_prefix("<=") {
            Self { min: None, max: Some(number(digits)?) }
        } else if let Some(digits) = text.strip_prefix('>') {
            Self { min: Some(number(digits)?.checked_add(1).ok_or_else(wrong)?), max: None }
        } else if let Some(digits) = text.strip_prefix('<') {
            let max = number(digits)?.checked_sub(1);
            Self {
                min: None,
                max: Some(max.ok_or_else(|| format!(r#""{text}" holds for no figure"#))?),
            }
        } else if let Some((min, max)) = text.split_once("..=") {
            Self { min: Some(number(min)?), max: Some(number(max)?) }
        } else {
            Self::exactly(number(text)?)
        };
        match (bound.min, bound.max) {
            (Some(min), Some(max)) if min > max => Err(format!(r#""{text}" holds for no figure"#)),
            _ => Ok(bound),
        }
    }
}
