//! The gateway and the forgers.

use super::super::{
    ChildPolicy, Cookies, Forger, Gateway, GatewaySelectors, Request, RequestKind, schema,
};
use super::{Fault, Run, Text, fault, or};
use core::time::Duration;
use ike_core::Suite;
use schema::{ChildError, Number, Or, Positive};
use toml::Spanned;

/// Half-open IKE SAs, should the file not say.
const HALF_OPEN_LIMIT: u32 = 20_000;

pub(super) fn gateway(raw: schema::Gateway, run: Run<'_>) -> Result<Gateway, Fault> {
    let suites = match raw.suites {
        None => Suite::ALL.to_vec(),
        Some(place) => suites(&place)?,
    };
    Ok(Gateway {
        identity: or(raw.identity, "gw.example".parse().expect("a name")),
        suites,
        cookies: raw.cookies.map_or_else(Cookies::default, cookies),
        liveness: raw.liveness.map(|place| run.period(&place, 1, run.end)).transpose()?,
        half_open_timeout: span(raw.half_open_timeout).unwrap_or(Duration::from_secs(30)),
        half_open_limit: raw.half_open_limit.map_or(HALF_OPEN_LIMIT, Number::get),
        half_open_per_address: raw.half_open_per_address.map(Number::get),
        service_time: span(raw.service_time),
        ike_lifetime: span(raw.ike_lifetime),
        child_lifetime: span(raw.child_lifetime),
        idle_timeout: span(raw.idle_timeout),
        delete_after: span(raw.delete_after),
        requests: requests(&raw.requests.unwrap_or_default(), run)?,
        crashes: raw.crashes.map_or(Ok(Vec::new()), |place| run.times(&place))?,
        child: match raw.child {
            None | Some(Or::Text(schema::Accept)) => ChildPolicy::Accept,
            Some(Or::Table(schema::Child { refuse: Text(ChildError(error)) })) => {
                ChildPolicy::Refuse(error)
            }
        },
        selectors: or(raw.selectors, GatewaySelectors::default()),
    })
}

fn span(value: Option<Text<Positive>>) -> Option<Duration> {
    value.map(|Text(Positive(span))| span)
}

fn cookies(raw: Or<Cookies, schema::Cookies>) -> Cookies {
    match raw {
        Or::Text(cookies) => cookies,
        Or::Table(table) => Cookies::Above {
            half_open: table.above.get(),
            per_address: table.per_address.map(Number::get),
        },
    }
}

fn requests(raw: &[schema::Request], run: Run<'_>) -> Result<Vec<Request>, Fault> {
    raw.iter().map(|raw| request(raw, run)).collect()
}

fn request(raw: &schema::Request, run: Run<'_>) -> Result<Request, Fault> {
    let (Text(kind), Text(Positive(after))) = (raw.kind, raw.after);
    let every = match &raw.every {
        Some(place) if kind == RequestKind::Delete => {
            return Err(fault(place, "an IKE SA is deleted once: expected no `every`"));
        }
        place => place.as_ref().map(|place| run.period(place, 1, run.end)).transpose()?,
    };
    Ok(Request { kind, after, every })
}

pub(super) fn forgers(raw: Vec<schema::Forger>, run: Run<'_>) -> Result<Vec<Forger>, Fault> {
    raw.iter().map(|raw| forger(raw, run)).collect()
}

fn forger(raw: &schema::Forger, run: Run<'_>) -> Result<Forger, Fault> {
    let from = raw.from.as_ref().map_or(Ok(Duration::ZERO), |place| run.time(place))?;
    let until = match &raw.until {
        None => run.end,
        Some(place) => later(place, from)?,
    };
    let (Text(kind), Text(target)) = (raw.kind, raw.target);
    let every = run.period(&raw.every, 1, until - from)?;
    Ok(Forger { kind, target, every, from, until })
}

/// The time at `place`, which is an `until`.
pub(super) fn later(place: &Spanned<Text<Duration>>, from: Duration) -> Result<Duration, Fault> {
    let &Text(until) = place.get_ref();
    if until <= from {
        let message =
            format!("{until:?} is not later than `from`, {from:?}: expected a later time");
        return Err(fault(place, message));
    }
    Ok(until)
}

fn suites(place: &schema::List<Text<Suite>>) -> Result<Vec<Suite>, Fault> {
    let mut suites = Vec::new();
    for suite in place.get_ref() {
        let &Text(known) = suite.get_ref();
        if suites.contains(&known) {
            return Err(fault(
                suite,
                format!(r#""{known}" is listed twice: expected each suite once"#),
            ));
        }
        suites.push(known);
    }
    if suites.is_empty() {
        return Err(fault(place, "the list is empty: expected at least one suite"));
    }
    Ok(suites)
}
