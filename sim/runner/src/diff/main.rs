//! The program `diff`: the first event in which two runs differ, with what led to it.
//!
//! Exit status: 0 the runs are the same, 1 they differ, 2 bad input.
#![forbid(unsafe_code)]

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use serde::Deserialize;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Names the first event in which two runs differ.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask diff",
    bin_name = "cargo xtask diff",
    after_help = "Exit status: 0 the runs are the same, 1 they differ, 2 bad input."
)]
struct Arguments {
    /// The folder of a run, or its trace.jsonl.
    first: PathBuf,
    /// The folder of another run, or its trace.jsonl.
    second: PathBuf,
    /// How many common events are shown before the difference, and how many of each run behind.
    #[arg(long, default_value_t = 5)]
    context: usize,
}

fn main() -> ExitCode {
    runner::status(shown(&Arguments::parse()))
}

/// Whether the runs are the same.
fn shown(arguments: &Arguments) -> Result<bool> {
    let difference = diff(arguments)?;
    runner::say(difference.as_deref().unwrap_or("The runs are the same.\n"))?;
    Ok(difference.is_none())
}

fn diff(arguments: &Arguments) -> Result<Option<String>> {
    let (mut first, mut second) = (Trace::open(&arguments.first)?, Trace::open(&arguments.second)?);
    let mut before = VecDeque::new();
    for event in 1_u64.. {
        match (first.next()?, second.next()?) {
            (None, None) => {
                ensure!(event > 1, "{}", first.nothing());
                return Ok(None);
            }
            (Some(one), Some(two)) if one == two => {
                if before.len() == arguments.context {
                    before.pop_front();
                }
                if arguments.context > 0 {
                    before.push_back(one);
                }
            }
            (one, two) => {
                let mut text = format!("The runs differ from event {event} on.\n");
                for line in &before {
                    let _ = writeln!(text, "  {line}");
                }
                text.push_str(&first.rest('-', one, arguments.context)?);
                text.push_str(&second.rest('+', two, arguments.context)?);
                return Ok(Some(text));
            }
        }
    }
    unreachable!("a trace has fewer than 2^64 events");
}

/// The longest line of a trace, in octets: what an event says is a few datagrams at most.
const MOST_LINE: u64 = 1 << 20;

/// What every line of a trace has.
#[derive(Deserialize)]
struct AnyEvent {
    #[serde(rename = "event")]
    _name: String,
}

/// The lines of a trace.
struct Trace {
    path: PathBuf,
    octets: BufReader<File>,
    /// How many lines were read.
    line: u64,
}

impl Trace {
    fn open(run: &Path) -> Result<Self> {
        let path = if run.is_dir() { run.join("trace.jsonl") } else { run.to_owned() };
        let file =
            File::open(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
        Ok(Self { path, octets: BufReader::new(file), line: 0 })
    }

    /// The next event, as it is written.
    fn next(&mut self) -> Result<Option<String>> {
        let (path, mut octets) = (self.path.display(), Vec::new());
        let mut line = self.octets.by_ref().take(MOST_LINE);
        line.read_until(b'\n', &mut octets).with_context(|| format!("{path}: cannot be read"))?;
        if octets.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        let event = octets.strip_suffix(b"\n").unwrap_or(&octets);
        let event = str::from_utf8(event).ok().filter(|text| is_event(text));
        let Some(event) = event else {
            let expected = "expected a JSON object with `event`, as in the trace.jsonl of a run";
            bail!("{path}:{}: not an event of a trace: {expected}", self.line);
        };
        Ok(Some(event.to_owned()))
    }

    /// Two files without a line are the same, and tell nothing of any run.
    fn nothing(&self) -> String {
        let path = self.path.display();
        format!("{path}: no events: expected a run whose trace was kept, as `--trace full` does")
    }

    /// What this run has from the difference on.
    fn rest(&mut self, mark: char, here: Option<String>, context: usize) -> Result<String> {
        let Some(here) = here else {
            return Ok(format!("{mark} {} ends here\n", self.path.display()));
        };
        let mut text = format!("{mark} {here}\n");
        for _ in 0..context {
            match self.next()? {
                Some(line) => {
                    let _ = writeln!(text, "{mark} {line}");
                }
                None => break,
            }
        }
        Ok(text)
    }
}

fn is_event(text: &str) -> bool {
    text.starts_with('{') && serde_json::from_str::<AnyEvent>(text).is_ok()
}

#[cfg(test)]
mod tests;
