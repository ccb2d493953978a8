//! From what a file says to what it means: defaults, and what values must be beside each other.

mod node;

use super::text::{FromText, Text, alternatives};
use super::{
    Bound, Cookies, Expect, FIGURES, Family, Gateway, Link, LinkDirection, Scenario, schema,
};
use core::ops::Range;
use core::time::Duration;
use ike_core::{Identity, Suite};
use toml::Spanned;

/// What is wrong with the value at a place of the text.
pub(super) struct Fault {
    /// Where it is, in octets of the text.
    pub(super) span: Range<usize>,
    /// What is wrong with it.
    pub(super) message: String,
}

fn fault<T>(place: &Spanned<T>, message: impl Into<String>) -> Fault {
    Fault { span: place.span(), message: message.into() }
}

/// The value in the file, or else the default.
fn or<T>(value: Option<Text<T>>, default: T) -> T {
    value.map_or(default, |Text(value)| value)
}

/// The longest description, in characters: it is printed as one line.
const MAX_DESCRIPTION: usize = 200;

/// The scenario that `raw` means.
pub(super) fn scenario(raw: schema::Scenario) -> Result<Scenario, Fault> {
    let description = raw.description.get_ref();
    if description.trim().is_empty()
        || description.contains(char::is_control)
        || description.chars().count() > MAX_DESCRIPTION
    {
        let message = format!("expected one line of 1 to {MAX_DESCRIPTION} characters");
        return Err(fault(&raw.description, message));
    }
    let family = or(raw.family, Family::default());
    let Text(schema::Positive(duration)) = raw.duration;
    Ok(Scenario {
        duration,
        seed: raw.seed.map_or(1, schema::Number::get),
        family,
        link: link(raw.link.unwrap_or_default(), family)?,
        gateway: gateway(raw.gateway.unwrap_or_default())?,
        groups: node::groups(raw.node, duration)?,
        expect: expect(raw.expect)?,
        description: raw.description.into_inner(),
    })
}

fn link(raw: schema::Link, family: Family) -> Result<Link, Fault> {
    let both = schema::LinkDirection {
        delay: raw.delay,
        jitter: raw.jitter,
        loss: raw.loss,
        mtu: raw.mtu,
    };
    let both = direction(both, LinkDirection::default(), family)?;
    Ok(Link {
        towards: direction(raw.towards.unwrap_or_default(), both, family)?,
        back: direction(raw.back.unwrap_or_default(), both, family)?,
    })
}

/// `raw` with `default` for what it does not say.
fn direction(
    raw: schema::LinkDirection,
    default: LinkDirection,
    family: Family,
) -> Result<LinkDirection, Fault> {
    let mtu = match raw.mtu {
        None => default.mtu,
        Some(place) => {
            let (mtu, mtus) = (place.get_ref().get(), family.mtus());
            if !mtus.contains(&mtu) {
                let (low, high) = mtus.into_inner();
                let message = format!(
                    "{mtu} is out of range: expected an integer from {low} to {high} with this family"
                );
                return Err(fault(&place, message));
            }
            mtu
        }
    };
    Ok(LinkDirection {
        delay: or(raw.delay, default.delay),
        jitter: or(raw.jitter, default.jitter),
        loss: or(raw.loss, default.loss),
        mtu,
    })
}

fn gateway(raw: schema::Gateway) -> Result<Gateway, Fault> {
    let suites = match raw.suites {
        None => Suite::ALL.to_vec(),
        Some(place) => suites(&place)?,
    };
    let span =
        |value: Option<Text<schema::Positive>>| value.map(|Text(schema::Positive(span))| span);
    Ok(Gateway {
        identity: or(raw.identity, Identity::from_text("gw.example").expect("a name")),
        suites,
        cookies: or(raw.cookies, Cookies::default()),
        liveness: span(raw.liveness),
        half_open_timeout: span(raw.half_open_timeout).unwrap_or(Duration::from_secs(30)),
        delete_after: span(raw.delete_after),
    })
}

fn suites(place: &Spanned<Vec<Spanned<Text<Suite>>>>) -> Result<Vec<Suite>, Fault> {
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

fn expect(raw: schema::Expect) -> Result<Expect, Fault> {
    let known = |(name, bound): (Spanned<String>, Bound)| match FIGURES
        .iter()
        .find(|(figure, _)| figure == name.get_ref())
    {
        Some((figure, _)) => Ok((*figure, bound)),
        None => Err(fault(&name, unknown_figure(name.get_ref()))),
    };
    raw.0.into_iter().map(known).collect::<Result<_, _>>().map(Expect)
}

/// So many letters to change make another name of a figure.
const NEAR: usize = 3;

fn unknown_figure(name: &str) -> String {
    let mut near: Vec<(usize, &str)> = FIGURES
        .iter()
        .map(|(figure, _)| (strsim::osa_distance(name, figure), *figure))
        .filter(|(distance, figure)| *distance <= NEAR || part_of(name, figure))
        .collect();
    near.sort_unstable();
    near.truncate(3);
    let near: Vec<String> = near.iter().map(|(_, figure)| format!(r#""{figure}""#)).collect();
    if near.is_empty() {
        return format!(r#""{name}" is not a figure: expected one of those in docs/scenario.md"#);
    }
    format!(r#""{name}" is not a figure: did you mean {}?"#, alternatives(&near))
}

/// Whether one has the other inside, as far as that tells anything.
fn part_of(a: &str, b: &str) -> bool {
    a.len() > NEAR && b.contains(a) || a.contains(b)
}
