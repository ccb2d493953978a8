//! Traffic selectors with full freedom over every field.

use crate::message::Part;
use core::net::{IpAddr, Ipv4Addr};
use ike_core::PayloadType;
use ike_core::payload::TrafficSelectors;

/// A traffic selector to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorDraft {
    /// Its type: 7 IPv4, 8 IPv6.
    pub kind: u8,
    /// The IP protocol.
    pub protocol: u8,
    /// First and last port.
    pub ports: (u16, u16),
    /// The octets of first and last address.
    pub range: Vec<u8>,
    /// In the place of the right length.
    pub length: Option<u16>,
}

impl SelectorDraft {
    /// All traffic between two IPv4 addresses.
    #[must_use]
    pub fn v4(first: Ipv4Addr, last: Ipv4Addr) -> Self {
        let range = [first.octets(), last.octets()].concat();
        Self { kind: 7, protocol: 0, ports: (0, u16::MAX), range, length: None }
    }

    /// Those of a payload.
    #[must_use]
    pub fn of(part: &Part) -> Vec<Self> {
        let Ok(selectors) = TrafficSelectors::parse(&part.view()) else { return Vec::new() };
        let octets = |address: IpAddr| match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        let draft = |selector: ike_core::TrafficSelector| Self {
            kind: if selector.start().is_ipv4() { 7 } else { 8 },
            protocol: selector.protocol,
            ports: selector.ports,
            range: [octets(selector.start()), octets(selector.end())].concat(),
            length: None,
        };
        selectors.iter().map(draft).collect()
    }

    fn octets(&self) -> Vec<u8> {
        let right = u16::try_from(8 + self.range.len()).unwrap_or(u16::MAX);
        let [high, low] = self.length.unwrap_or(right).to_be_bytes();
        let mut octets = vec![self.kind, self.protocol, high, low];
        octets.extend(self.ports.0.to_be_bytes());
        octets.extend(self.ports.1.to_be_bytes());
        octets.extend(&self.range);
        octets
    }
}

/// A TSi or TSr payload of these selectors.
#[must_use]
pub fn ts_part(whose: PayloadType, selectors: &[SelectorDraft]) -> Part {
    let count = u8::try_from(selectors.len()).unwrap_or(u8::MAX);
    let mut body = vec![count, 0, 0, 0];
    selectors.iter().for_each(|selector| body.extend(selector.octets()));
    Part::raw(whose, &body)
}
