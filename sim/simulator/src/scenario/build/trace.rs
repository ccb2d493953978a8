//! `loss_trace`: in the scenario, or in a file beside it.

use super::super::schema;
use super::{Fault, Run, Text, fault};
use core::time::Duration;
use toml::Spanned;
use vnet::link::LossTrace;

/// The first line of a file.
const HEAD: &str = "seconds,fate";

pub(super) fn recorded(
    place: &Spanned<schema::LossTrace>,
    run: Run<'_>,
) -> Result<LossTrace, Fault> {
    let schema::LossTrace { spans, file, repeat } = place.get_ref();
    let repeat = repeat.unwrap_or(false);
    match (spans, file) {
        (Some(spans), None) => written(spans, repeat),
        (None, Some(file)) => {
            let name = file.get_ref();
            let whole = |message| (None, message);
            plain(name)
                .and_then(|()| (run.files)(name))
                .map_err(whole)
                .and_then(|text| read(&text, repeat))
                .map_err(|(line, message)| {
                    let line = line.map_or_else(String::new, |line| format!(":{line}"));
                    fault(file, format!("{name}{line}: {message}"))
                })
        }
        _ => Err(fault(place, "expected either `spans` or a `file`")),
    }
}

fn written(spans: &schema::List<Text<schema::Span>>, repeat: bool) -> Result<LossTrace, Fault> {
    if spans.get_ref().is_empty() {
        return Err(fault(spans, "the list is empty: expected at least one span"));
    }
    let each = spans.get_ref().iter().map(|span| {
        let &Text(schema::Span { length, loses }) = span.get_ref();
        (length, loses)
    });
    let message = "the spans are too long: expected less than virtual time all together";
    LossTrace::new(each, repeat).ok_or_else(|| fault(spans, message))
}

/// Whether the name is that of a file beside the scenario or in a folder beside it: then the scenario means the same
/// wherever both are put.
fn plain(name: &str) -> Result<(), String> {
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    if name.split('/').all(part) && !name.contains(['\\', ':']) {
        return Ok(());
    }
    Err("expected the name of a file beside the scenario, such as \"traces/link.csv\"".into())
}

/// The trace in a file: after the head, a line for each probe, with the time and whether it was `received` or `lost`. What
/// became of a probe holds until the next, and of the last one for as long as of the one before. Lines that are empty
/// or begin with `#` say nothing. The error has the number of the line, if it is about one.
fn read(text: &str, repeat: bool) -> Result<LossTrace, (Option<usize>, String)> {
    let says = |(_, line): &(usize, &str)| !line.is_empty() && !line.starts_with('#');
    let mut lines = (1..).zip(text.lines().map(str::trim)).filter(says);
    match lines.next() {
        Some((_, HEAD)) => {}
        Some((number, line)) => {
            return Err((Some(number), format!("\"{line}\": expected the head, \"{HEAD}\"")));
        }
        None => return Err((None, format!("nothing is in it: expected \"{HEAD}\" and probes"))),
    }
    let mut spans: Vec<(Duration, bool)> = Vec::new();
    let mut last: Option<(Duration, bool)> = None;
    for (number, line) in lines {
        let (at, lost) = probe(line).map_err(|message| (Some(number), message))?;
        if let Some((before, fate)) = last {
            let span = at.checked_sub(before).filter(|span| !span.is_zero()).ok_or_else(|| {
                (Some(number), format!("\"{line}\": expected a later time than the probe before"))
            })?;
            spans.push((span, fate));
        }
        last = Some((at, lost));
    }
    let (Some(&(span, _)), Some((_, lost))) = (spans.last(), last) else {
        return Err((None, "expected two probes or more".into()));
    };
    spans.push((span, lost));
    let long = "the probes take too long: expected less than virtual time all together";
    LossTrace::new(spans, repeat).ok_or_else(|| (None, long.into()))
}

/// When, and whether it was lost.
fn probe(line: &str) -> Result<(Duration, bool), String> {
    let expected = || {
        format!(
            "\"{line}\": expected seconds with at most six decimals, a comma, and `received` or `lost`"
        )
    };
    let (at, fate) = line.split_once(',').ok_or_else(expected)?;
    let lost = match fate {
        "received" => false,
        "lost" => true,
        _ => return Err(expected()),
    };
    Ok((seconds(at).ok_or_else(expected)?, lost))
}

/// `12.040`, to the microsecond and without a float.
fn seconds(text: &str) -> Option<Duration> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if !digits(whole) || !digits(part) || part.len() > 6 {
        return None;
    }
    let micros: u64 = format!("{part:0<6}").parse().ok()?;
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(micros).map(Duration::from_micros)
}

#[cfg(test)]
mod tests;
