//! The program `diff`: the first event in which two runs differ, with what led to it.
//!
//! Exit status: 0 the runs are the same, 1 they differ, 2 bad input.
#![forbid(unsafe_code)]

use anyhow::{Context, Result};
use clap::Parser;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Names the first event in which two runs differ.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask diff", bin_name = "cargo xtask diff")]
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
    let arguments = Arguments::parse();
    match shown(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
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
            (None, None) => return Ok(None),
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

/// The lines of a trace.
struct Trace {
    path: PathBuf,
    lines: Lines<BufReader<File>>,
}

impl Trace {
    fn open(run: &Path) -> Result<Self> {
        let path = if run.is_dir() { run.join("trace.jsonl") } else { run.to_owned() };
        let file =
            File::open(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
        Ok(Self { path, lines: BufReader::new(file).lines() })
    }

    fn next(&mut self) -> Result<Option<String>> {
        let line = self.lines.next().transpose();
        line.with_context(|| format!("{}: cannot be read as text", self.path.display()))
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

#[cfg(test)]
mod tests;
