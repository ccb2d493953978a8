//! `--set key=value`: changes to a document before it is read.

use super::ScenarioError;
use super::source::{Path, Step};
use toml::{Table, Value};

/// A document that overrides have changed.
pub(super) struct Changed {
    /// The document, written anew.
    pub(super) text: String,
    /// Where each override went, and how it was typed.
    places: Vec<(Path, String)>,
}

impl Changed {
    /// The message that names the override to blame for what is wrong at `path`: the last one that went there, or
    /// else all of them, for without them the file was right.
    pub(super) fn blame(&self, path: &Path, message: &str) -> String {
        let here =
            self.places.iter().rev().find(|(place, _)| !path.is_empty() && place.overlaps(path));
        let typed: Vec<&str> = match here {
            Some((_, typed)) => vec![typed],
            None => self.places.iter().map(|(_, typed)| typed.as_str()).collect(),
        };
        let typed = typed.join(" ");
        match here {
            _ if path.is_empty() => format!("{typed}: {message}"),
            Some((place, _)) if place == path => format!("{typed}: {message}"),
            _ => format!("{typed}: {path}: {message}"),
        }
    }
}

/// `text` with the values of `overrides` at their keys.
///
/// # Errors
/// A key that leads nowhere. Whether the schema has it shows when the result is read.
pub(super) fn apply(
    file: &str,
    text: &str,
    overrides: &[(String, String)],
) -> Result<Changed, ScenarioError> {
    let error =
        |message| ScenarioError { file: file.to_owned(), line: None, column: None, message };
    let table: Table =
        text.parse().map_err(|parse: toml::de::Error| error(parse.message().to_owned()))?;
    let mut document = Value::Table(table);
    let mut places = Vec::new();
    for (key, value) in overrides {
        let typed = format!("--set {key}={value}");
        let path = value_of(value)
            .and_then(|value| set(&mut document, key, value))
            .map_err(|message| error(format!("{typed}: {message}")))?;
        places.push((path, typed));
    }
    let text = toml::to_string(&document).map_err(|write| error(write.to_string()))?;
    Ok(Changed { text, places })
}

/// The value that was typed. What the schema has no use for is taken as text, so that nobody needs to quote `5%`
/// for a shell, nor `1.8`. What begins as quotes, arrays and tables do is meant as such: half of one is no text.
fn value_of(typed: &str) -> Result<Value, String> {
    match typed.trim().parse::<Value>() {
        Err(error) if is_marked(typed) => {
            let expected = "expected TOML behind a quote or bracket, or a text in quotes";
            let what = error.message().trim().replace('\n', ", ");
            Err(format!("{what}: {expected}"))
        }
        Ok(Value::Float(_) | Value::Datetime(_)) | Err(_) => Ok(Value::String(typed.to_owned())),
        Ok(value) => Ok(value),
    }
}

/// Whether it begins with what only TOML begins with.
fn is_marked(typed: &str) -> bool {
    typed.trim_start().starts_with(['"', '\'', '[', '{'])
}

/// What is typed after `--set KEY=` for that text, whatever it looks like.
#[must_use]
pub fn as_text(text: &str) -> String {
    match value_of(text) {
        Ok(Value::String(read)) if read == text => text.to_owned(),
        _ => Value::String(text.to_owned()).to_string(),
    }
}

/// Puts the value at the dotted key, and says where that was. Tables on the way are made.
fn set(document: &mut Value, key: &str, value: Value) -> Result<Path, String> {
    let mut path = Path::default();
    let mut place = document;
    for name in key.split('.') {
        if name.is_empty() {
            return Err(String::from("expected keys with single dots between, such as link.loss"));
        }
        open(place, &path);
        place = match place {
            Value::Table(table) => {
                path.0.push(Step::Key(name.to_owned()));
                table.entry(name).or_insert_with(|| Value::Table(Table::new()))
            }
            Value::Array(array) => {
                let index = index_of(array, name).ok_or_else(|| no_element(&path, array, name))?;
                path.0.push(Step::Index(index, name_of(&array[index]).map(str::to_owned)));
                &mut array[index]
            }
            _ => return Err(format!("{path} is a single value: expected no key `{name}` in it")),
        };
    }
    *place = value;
    Ok(path)
}

/// Makes a table of a word where the schema takes either, so that a key can be set inside.
fn open(place: &mut Value, path: &Path) {
    let [.., Step::Key(key)] = path.0.as_slice() else { return };
    let Value::String(word) = place else { return };
    let mut table = Table::new();
    match key.as_str() {
        "retransmission" => drop(table.insert(String::from("preset"), Value::String(word.clone()))),
        "jitter" if word == "none" || word == "full" => {}
        "cookies" | "child" => {}
        _ => return,
    }
    *place = Value::Table(table);
}

fn name_of(element: &Value) -> Option<&str> {
    element.get("name")?.as_str()
}

/// The element of that name, or else of that number.
fn index_of(array: &[Value], name: &str) -> Option<usize> {
    let number = || name.parse().ok().filter(|index| *index < array.len());
    array.iter().position(|element| name_of(element) == Some(name)).or_else(number)
}

fn no_element(path: &Path, array: &[Value], name: &str) -> String {
    let names: Vec<&str> = array.iter().filter_map(name_of).collect();
    let last = array.len().saturating_sub(1);
    match names.as_slice() {
        [] => format!("{path} has no `{name}`: expected a number up to {last}"),
        names => format!(
            "{path} has no `{name}`: expected a number up to {last}, or one of {}",
            names.join(", ")
        ),
    }
}
