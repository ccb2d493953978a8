//! The text of a scenario, and where in it a mistake is.

use super::build::{self, Fault};
use super::overrides::Changed;
use super::{Files, Scenario, ScenarioError, in_plain_words, schema};
use core::cell::RefCell;
use core::fmt;
use core::ops::Range;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue, Deserializer};

/// A text that should be a scenario.
pub(super) struct Source<'a> {
    file: &'a str,
    text: &'a str,
    /// Where the text comes from, if not from the file as it is.
    changed: Option<&'a Changed>,
}

impl<'a> Source<'a> {
    /// The text of a file.
    pub(super) const fn file(file: &'a str, text: &'a str) -> Self {
        Self { file, text, changed: None }
    }

    /// The text that overrides made of a file.
    pub(super) fn overridden(file: &'a str, changed: &'a Changed) -> Self {
        Self { file, text: &changed.text, changed: Some(changed) }
    }

    /// The scenario, which may name some of `files`.
    pub(super) fn read(&self, files: &Files<'_>) -> Result<Scenario, ScenarioError> {
        let used = RefCell::new(BTreeMap::new());
        let kept = |name: &str| {
            files(name).inspect(|text| {
                used.borrow_mut().insert(name.to_owned(), text.clone());
            })
        };
        let scenario = self.build(&kept)?;
        Ok(Scenario { files: used.into_inner(), ..scenario })
    }

    fn build(&self, files: &Files<'_>) -> Result<Scenario, ScenarioError> {
        let table = DeTable::parse(self.text).map_err(|error| self.not_toml(&error))?;
        schema::Scenario::deserialize(Deserializer::from(table.clone()))
            .map_err(|error| Fault {
                span: error.span().unwrap_or_default(),
                message: in_plain_words(error.message()),
            })
            .and_then(|raw| build::scenario(raw, files))
            .map_err(|fault| self.error(&fault, table.get_ref()))
    }

    fn not_toml(&self, error: &toml::de::Error) -> ScenarioError {
        let (line, column) = position(self.text, error.span().unwrap_or_default().start);
        let message = format!("not TOML: {}", error.message());
        ScenarioError {
            file: self.file.to_owned(),
            line: Some(line),
            column: Some(column),
            message,
        }
    }

    fn error(&self, fault: &Fault, table: &DeTable<'_>) -> ScenarioError {
        let path = Path::of(table, &fault.span);
        let (place, message) = match self.changed {
            Some(changed) => (None, changed.blame(&path, &fault.message)),
            None if path.is_empty() => (None, fault.message.clone()),
            None => {
                let place = position(self.text, fault.span.start);
                (Some(place), format!("{path}: {}", fault.message))
            }
        };
        let (line, column) = place.unzip();
        ScenarioError { file: self.file.to_owned(), line, column, message }
    }
}

/// The line and the character in it, both from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// The keys from the root of a document to a place in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<Step>);

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a table, by a key.
    Key(String),
    /// Into an array; its name, too, if the element is a table that has one.
    Index(usize, Option<String>),
}

impl Path {
    /// The path to the innermost key or value that has all of `span`.
    fn of(table: &DeTable<'_>, span: &Range<usize>) -> Self {
        let mut search = Search { span, here: Vec::new(), found: Vec::new(), length: usize::MAX };
        if !span.is_empty() {
            search.table(table);
        }
        Self(search.found)
    }

    /// Whether it leads nowhere but to the root.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one is inside the other, or both are the same.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }
}

/// As it is written in an override: `node.door.wakes.at.1`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(".")?;
            }
            match step {
                Step::Key(name) | Step::Index(_, Some(name)) => f.write_str(name)?,
                Step::Index(index, None) => write!(f, "{index}")?,
            }
        }
        Ok(())
    }
}

/// A walk through a document for the shortest span around another.
struct Search<'a> {
    span: &'a Range<usize>,
    here: Vec<Step>,
    found: Vec<Step>,
    length: usize,
}

impl Search<'_> {
    fn table(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            self.here.push(Step::Key(key.get_ref().to_string()));
            self.offer(&key.span());
            self.value(value);
            self.here.pop();
        }
    }

    fn value(&mut self, value: &toml::Spanned<DeValue<'_>>) {
        self.offer(&value.span());
        match value.get_ref() {
            DeValue::Table(table) => self.table(table),
            DeValue::Array(array) => {
                for (index, element) in array.iter().enumerate() {
                    let name = element.get_ref().as_table().and_then(|table| table.get("name"));
                    let name = name.and_then(|name| name.get_ref().as_str());
                    self.here.push(Step::Index(index, name.map(str::to_owned)));
                    self.value(element);
                    self.here.pop();
                }
            }
            _ => {}
        }
    }

    /// Takes the place where the walk is if it is around the span, and no longer than the last one.
    fn offer(&mut self, place: &Range<usize>) {
        let around = place.start <= self.span.start && self.span.end <= place.end;
        if around && place.len() <= self.length {
            self.length = place.len();
            self.found.clone_from(&self.here);
        }
    }
}
