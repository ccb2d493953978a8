//! The TSi and TSr payloads (RFC 7296 3.13).

use super::{Body, Payload};
use crate::{Malformed, PayloadType, TrafficSelector, TsType};
use core::net::IpAddr;

const SELECTOR_HEADER: usize = 8;

/// A TSi or TSr payload to emit.
#[derive(Clone, Copy, Debug)]
pub struct TsRepr<'a> {
    /// [`PayloadType::TSI`] or [`PayloadType::TSR`].
    pub whose: PayloadType,
    /// The selectors, the most specific first where there are several (RFC 7296 2.9).
    pub selectors: &'a [TrafficSelector],
}

fn selector_len(selector: &TrafficSelector) -> usize {
    SELECTOR_HEADER + if selector.start().is_ipv4() { 8 } else { 32 }
}

fn emit_address(address: IpAddr, out: &mut [u8]) {
    match address {
        IpAddr::V4(v4) => out.copy_from_slice(&v4.octets()),
        IpAddr::V6(v6) => out.copy_from_slice(&v6.octets()),
    }
}

impl Body for TsRepr<'_> {
    fn kind(&self) -> PayloadType {
        self.whose
    }

    fn body_len(&self) -> usize {
        4 + self.selectors.iter().map(selector_len).sum::<usize>()
    }

    fn emit(&self, out: &mut [u8]) {
        out[0] = u8::try_from(self.selectors.len()).expect("at most 255 selectors");
        out[1..4].fill(0);
        let mut rest = &mut out[4..];
        for selector in self.selectors {
            let len = selector_len(selector);
            let (here, behind) = rest.split_at_mut(len);
            let kind = if selector.start().is_ipv4() {
                TsType::TS_IPV4_ADDR_RANGE
            } else {
                TsType::TS_IPV6_ADDR_RANGE
            };
            here[0] = kind.0;
            here[1] = selector.protocol;
            here[2..4].copy_from_slice(
                &u16::try_from(len).expect("a selector has 16 or 40 octets").to_be_bytes(),
            );
            here[4..6].copy_from_slice(&selector.ports.0.to_be_bytes());
            here[6..8].copy_from_slice(&selector.ports.1.to_be_bytes());
            let (start, end) = here[SELECTOR_HEADER..].split_at_mut((len - SELECTOR_HEADER) / 2);
            emit_address(selector.start(), start);
            emit_address(selector.end(), end);
            rest = behind;
        }
    }
}

/// A received TSi or TSr payload; its lengths and counts have been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficSelectors<'a>(&'a [u8]);

impl<'a> TrafficSelectors<'a> {
    /// Checks every length, count and range of the body.
    ///
    /// # Errors
    /// [`Malformed`] with the place of the first that is inconsistent.
    pub fn parse(payload: &Payload<'a>) -> Result<Self, Malformed> {
        let Some((&[count, _, _, _], mut rest)) = payload.body.split_first_chunk() else {
            return Err(Malformed::new("a TS payload of 4 octets or more", payload.offset));
        };
        let selectors = rest;
        let mut offset = payload.offset + 4;
        for _ in 0..count {
            let Some((here, behind)) = split_selector(rest) else {
                return Err(Malformed::new("a traffic selector within its payload", offset));
            };
            // A selector of another type is skipped, so its inside is not judged.
            if is_known(here) && parse_selector(here).is_none() {
                return Err(Malformed::new("a traffic selector that is a range", offset));
            }
            offset += here.len();
            rest = behind;
        }
        if rest.is_empty() {
            Ok(Self(selectors))
        } else {
            Err(Malformed::new("the end of the TS payload", offset))
        }
    }

    /// Whether there is a selector of another type than the two address ranges: a responder ignores
    /// it (RFC 7815 A.11), an initiator that never proposed one has got more than it asked for.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        let mut rest = self.0;
        while let Some((here, behind)) = split_selector(rest) {
            if !is_known(here) {
                return true;
            }
            rest = behind;
        }
        false
    }

    /// The selectors of the two address types, in order; others are skipped (RFC 7815 A.11).
    pub fn iter(&self) -> impl Iterator<Item = TrafficSelector> + use<'a> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (here, behind) = split_selector(rest)?;
            rest = behind;
            Some(here)
        })
        .filter_map(parse_selector)
    }
}

fn split_selector(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[_, _, high, low], _) = octets.split_first_chunk()?;
    let len = usize::from(u16::from_be_bytes([high, low]));
    if len < 4 { None } else { octets.split_at_checked(len) }
}

fn is_known(selector: &[u8]) -> bool {
    matches!(TsType(selector[0]), TsType::TS_IPV4_ADDR_RANGE | TsType::TS_IPV6_ADDR_RANGE)
}

fn parse_selector(octets: &[u8]) -> Option<TrafficSelector> {
    let (&[kind, protocol, _, _, s0, s1, e0, e1], addresses) = octets.split_first_chunk()?;
    let (start, end) = match TsType(kind) {
        TsType::TS_IPV4_ADDR_RANGE => pair::<4>(addresses)?,
        TsType::TS_IPV6_ADDR_RANGE => pair::<16>(addresses)?,
        _ => return None,
    };
    let ports = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([e0, e1]));
    TrafficSelector::new(start, end, protocol, ports)
}

fn pair<const N: usize>(octets: &[u8]) -> Option<(IpAddr, IpAddr)>
where
    IpAddr: From<[u8; N]>,
{
    let (start, end) = octets.split_first_chunk::<N>()?;
    let end: [u8; N] = end.try_into().ok()?;
    Some((IpAddr::from(*start), IpAddr::from(end)))
}

#[cfg(test)]
mod tests;
