//! A gateway's own list of its SAs, as its control port tells it (docs/gateways.md).

use serde::{Deserialize, Serialize};
use simulator::{GatewayChild, GatewaySa};

/// All that the gateway has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaList {
    /// Its IKE SAs.
    pub ike: Vec<IkeSa>,
}

/// How far an IKE SA is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// IKE_AUTH was not done yet.
    HalfOpen,
    /// The peer is authenticated.
    Established,
}

/// An IKE SA. What a gateway does not tell is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IkeSa {
    /// Who the peer is, as an identity is written in a scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_address: Option<String>,
    /// The initiator's SPI, 16 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spi_i: Option<String>,
    /// The responder's SPI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spi_r: Option<String>,
    /// How far it is.
    pub state: State,
    /// Its Child SAs.
    #[serde(default)]
    pub children: Vec<ChildSa>,
}

/// A Child SA.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildSa {
    /// The SPI of packets that the gateway receives, eight hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spi_in: Option<String>,
    /// The SPI of packets that it sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spi_out: Option<String>,
    /// Octets that it received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub octets_in: Option<u64>,
    /// Octets that it sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub octets_out: Option<u64>,
    /// The gateway's side of the tunnel.
    #[serde(default)]
    pub ts_local: Vec<String>,
    /// The peer's side.
    #[serde(default)]
    pub ts_remote: Vec<String>,
}

impl SaList {
    /// The IKE SAs that are so far.
    pub fn in_state(&self, state: State) -> impl Iterator<Item = &IkeSa> {
        self.ike.iter().filter(move |sa| sa.state == state)
    }

    /// All Child SAs.
    pub fn children(&self) -> impl Iterator<Item = &ChildSa> {
        self.ike.iter().flat_map(|sa| &sa.children)
    }
}

impl From<Vec<GatewaySa>> for SaList {
    fn from(list: Vec<GatewaySa>) -> Self {
        Self { ike: list.into_iter().map(IkeSa::from).collect() }
    }
}

impl From<GatewaySa> for IkeSa {
    fn from(sa: GatewaySa) -> Self {
        Self {
            remote_id: sa.identity.map(|identity| identity.to_string()),
            remote_address: Some(sa.remote.to_string()),
            spi_i: Some(format!("{:016x}", sa.spis.0.0)),
            spi_r: Some(format!("{:016x}", sa.spis.1.0)),
            state: if sa.established { State::Established } else { State::HalfOpen },
            children: sa.children.into_iter().map(ChildSa::from).collect(),
        }
    }
}

impl From<GatewayChild> for ChildSa {
    fn from(child: GatewayChild) -> Self {
        let text =
            |list: &[ike_core::TrafficSelector]| list.iter().map(ToString::to_string).collect();
        Self {
            spi_in: Some(format!("{:08x}", child.spi_in)),
            spi_out: Some(format!("{:08x}", child.spi_out)),
            octets_in: Some(child.octets_in),
            octets_out: Some(child.octets_out),
            ts_local: text(&child.local),
            ts_remote: text(&child.remote),
        }
    }
}
