//! Groups of nodes: what differs between nodes, and their schedules.

use super::super::group::{IdentityPattern, PskPattern};
use super::super::{
    Address, Close, Group, Link, MAX_NODES, MAX_SHARED, Profile, Remote, Restart, schema,
};
use super::{Fault, Run, Text, application, fault, hardware, link, or, wakes};
use core::ops::Range;
use core::time::Duration;
use ike_core::{Identity, Jitter, Schedule, Suite};
use schema::{JitterWord, Number, Or, Positive, Preset, WholePercent};
use std::collections::BTreeSet;
use toml::Spanned;

/// The longest name of a group, so that default identities fit.
const MAX_NAME: usize = 32;

/// The groups of a run. A group that says nothing about its link has `link`.
pub(super) fn groups(
    nodes: schema::List<schema::Node>,
    link: &Link,
    run: Run<'_>,
) -> Result<Vec<Group>, Fault> {
    if nodes.get_ref().is_empty() {
        return Err(fault(&nodes, "expected at least one group of nodes"));
    }
    let mut groups: Vec<Group> = Vec::new();
    for node in nodes.into_inner() {
        let identity = node.get_ref().identity.as_ref().map(Spanned::span);
        let span = identity.unwrap_or_else(|| node.span());
        let made = group(node, &groups, link, run)?;
        if let Some(message) = groups.iter().find_map(|other| same_identity(other, &made)) {
            return Err(Fault { span, message });
        }
        groups.push(made);
    }
    Ok(groups)
}

fn group(
    node: Spanned<schema::Node>,
    before: &[Group],
    link: &Link,
    run: Run<'_>,
) -> Result<Group, Fault> {
    let span = node.span();
    let raw = node.into_inner();
    let name = name(&raw.name, before)?;
    let first = before.last().map_or(0, |group| group.numbers().end);
    let count = count(raw.count.as_ref(), &span, first)?;
    let numbers = first..first + count;
    let default = Spanned::new(span.clone(), String::from("{group}-{n} shared secret"));
    let psk_text = raw.psk.unwrap_or(default);
    let gateway_text = gateway_psk(raw.gateway_psk.as_ref(), raw.known.unwrap_or(true), &psk_text)?;
    let suite = or(raw.suite, Suite::default());
    let link = raw.link.map_or_else(|| Ok(link.clone()), |raw| link::link(raw, link, run))?;
    Ok(Group {
        identity: identity(raw.identity.as_ref(), &span, &name, &numbers)?,
        psk: psk(&psk_text, &name, numbers.end - 1)?,
        gateway_psk: gateway_text.map(|text| psk(text, &name, numbers.end - 1)).transpose()?,
        first,
        count,
        suite,
        profile: or(raw.profile, Profile::default()),
        retransmission: retransmission(raw.retransmission)?,
        initial_contact: raw.initial_contact.unwrap_or(true),
        awake: or(raw.awake, Duration::from_secs(5)),
        close: or(raw.close, Close::default()),
        wakes: wakes::wakes(&raw.wakes, count, run)?,
        application: application::application(raw.application, count, run)?,
        restart: raw.restart.map_or_else(Restart::default, restart),
        address: address(raw.address.as_ref(), count)?,
        remote: or(raw.remote, Remote::default()),
        cpu: raw.cpu.map(|place| hardware::cpu(place, suite)).transpose()?,
        listen: hardware::listen(raw.listen, raw.radio.is_some())?,
        radio: raw.radio.map(|place| hardware::radio(place, &link)).transpose()?,
        link,
        name,
    })
}

fn name(place: &Spanned<String>, before: &[Group]) -> Result<String, Fault> {
    let name = place.get_ref();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts || !name.chars().all(plain) || name.len() > MAX_NAME {
        let message = format!(
            r#""{name}" is not a name: expected a lowercase letter, then letters, digits and "-", at most {MAX_NAME}"#
        );
        return Err(fault(place, message));
    }
    if before.iter().any(|group| group.name == *name) {
        return Err(fault(
            place,
            format!(r#""{name}" is taken: expected another name for each group"#),
        ));
    }
    Ok(name.clone())
}

fn count(
    place: Option<&Spanned<schema::Count>>,
    node: &Range<usize>,
    first: u32,
) -> Result<u32, Fault> {
    let count = place.map_or(1, |place| place.get_ref().get());
    if count > MAX_NODES - first {
        let all = u64::from(first) + u64::from(count);
        let message = format!("{all} nodes up to this group: expected at most {MAX_NODES} in all");
        return Err(Fault { span: place.map_or_else(|| node.clone(), Spanned::span), message });
    }
    Ok(count)
}

fn address(place: Option<&Spanned<Text<Address>>>, count: u32) -> Result<Address, Fault> {
    let Some(place) = place else { return Ok(Address::default()) };
    let Text(address) = *place.get_ref();
    if address == Address::Shared && count > MAX_SHARED {
        let message = format!("{count} nodes behind one address: expected at most {MAX_SHARED}");
        return Err(fault(place, message));
    }
    Ok(address)
}

fn identity(
    place: Option<&Spanned<String>>,
    node: &Range<usize>,
    group: &str,
    numbers: &Range<u32>,
) -> Result<IdentityPattern, Fault> {
    let text = place.map_or("{group}-{n}.example", |place| place.get_ref());
    let several = numbers.len() > 1;
    let last = numbers.end - 1;
    let checked = IdentityPattern::new(text, group).and_then(|pattern| {
        if several && !pattern.is_numbered() {
            return Err(format!(
                r#""{text}" is the same for each node: expected {{n}} in it, where their numbers go"#
            ));
        }
        pattern.check(numbers.start, last)?;
        Ok(pattern)
    });
    checked.map_err(|message| Fault {
        span: place.map_or_else(|| node.clone(), Spanned::span),
        message,
    })
}

/// What is wrong if a node of each group has the same identity.
fn same_identity(one: &Group, other: &Group) -> Option<String> {
    if one.identity.visibly_differs(&other.identity) {
        return None;
    }
    let all: BTreeSet<Identity> = one.numbers().map(|number| one.identity(number)).collect();
    let same = other.numbers().map(|number| other.identity(number)).find(|id| all.contains(id))?;
    Some(format!(
        r#"{same} is a node of group "{}", too: expected another identity for each node"#,
        one.name
    ))
}

fn psk(place: &Spanned<String>, group: &str, last: u32) -> Result<PskPattern, Fault> {
    PskPattern::new(place.get_ref(), group, last).map_err(|message| fault(place, message))
}

/// What the gateway has on file: nothing of nodes that it does not know.
fn gateway_psk<'t>(
    place: Option<&'t Spanned<String>>,
    known: bool,
    psk: &'t Spanned<String>,
) -> Result<Option<&'t Spanned<String>>, Fault> {
    match place {
        Some(place) if !known => Err(fault(
            place,
            "the gateway has no key of who is not `known`: expected only one of both",
        )),
        _ => Ok(known.then(|| place.unwrap_or(psk))),
    }
}

/// No schedule waits longer for an answer.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(86_400);

fn retransmission(
    place: Option<Spanned<Or<Preset, schema::Retransmission>>>,
) -> Result<Schedule, Fault> {
    let Some(place) = place else { return Ok(Schedule::RFC7296) };
    let span = place.span();
    let raw = match place.into_inner() {
        Or::Text(Preset(schedule)) => return Ok(schedule),
        Or::Table(raw) => raw,
    };
    let preset = or(raw.preset, Preset(Schedule::RFC7296)).0;
    let schedule = Schedule {
        first: raw.first.map_or(preset.first, |Text(Positive(first))| first),
        factor: or(raw.factor, preset.factor),
        cap: raw.cap.map(|Text(Positive(cap))| cap).or(preset.cap),
        tries: raw.tries.map_or(preset.tries, Number::get),
        jitter: raw.jitter.map_or(Ok(preset.jitter), |place| jitter(&place))?,
        ..preset
    };
    if schedule.first.max(schedule.cap.unwrap_or_default()) > LONGEST_TIMEOUT {
        // The schedule itself would shorten them to that, without a word.
        let message = "a timeout of more than a day: expected `first` and `cap` up to \"1d\"";
        return Err(Fault { span, message: message.to_owned() });
    }
    if schedule.cap.is_some_and(|cap| cap < schedule.first) {
        let message = "the cap is shorter than the first timeout: expected at least that";
        return Err(Fault { span, message: message.to_owned() });
    }
    Ok(schedule)
}

fn jitter(place: &Spanned<Or<JitterWord, schema::Jitter>>) -> Result<Jitter, Fault> {
    let raw = match place.get_ref() {
        Or::Text(JitterWord::None) => return Ok(Jitter::None),
        Or::Text(JitterWord::Full) => return Ok(Jitter::Full),
        Or::Table(raw) => raw,
    };
    match (raw.stretch, raw.shorten) {
        (Some(Text(WholePercent(percent))), None) => Ok(Jitter::Stretch { percent }),
        (None, Some(Text(WholePercent(percent)))) => Ok(Jitter::Shorten { percent }),
        _ => Err(fault(place, "expected either `stretch` or `shorten`")),
    }
}

fn restart(raw: schema::Restart) -> Restart {
    let default = Restart::default();
    Restart {
        attempts: raw.attempts.map_or(default.attempts, Number::get),
        hold_off: or(raw.hold_off, default.hold_off),
        growth: or(raw.growth, default.growth),
    }
}
