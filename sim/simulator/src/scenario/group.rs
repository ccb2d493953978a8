//! Groups of nodes, and what differs from one node to the next.

use super::{Application, Close, Cpu, Link, Listen, Profile, Radio, Restart, Wakes};
use core::ops::Range;
use core::time::Duration;
use data_encoding::HEXLOWER_PERMISSIVE;
use ike_core::{Identity, Psk, Schedule, Suite};

/// Nodes that are alike but for their identity and their key.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name: lowercase letters, digits and `-`, the first a letter; no other group has it.
    pub name: String,
    /// The number of its first node; the nodes of a run are numbered from 0 through all groups.
    pub first: u32,
    /// How many nodes; at least 1.
    pub count: u32,
    /// What its nodes offer.
    pub suite: Suite,
    /// How much of RFC 7296 they do.
    pub profile: Profile,
    /// When they send a request again.
    pub retransmission: Schedule,
    /// Whether they send INITIAL_CONTACT (RFC 7296 2.4).
    pub initial_contact: bool,
    /// How long they stay awake after the last message of the application.
    pub awake: Duration,
    /// How they end their SA.
    pub close: Close,
    /// When they wake.
    pub wakes: Wakes,
    /// What they do when awake.
    pub application: Application,
    /// What they do when an attempt fails.
    pub restart: Restart,
    /// The link that each of them has to the gateway.
    pub link: Link,
    /// Where the gateway sees them.
    pub address: Address,
    /// What they want to reach through their Child SA.
    pub remote: Remote,
    /// How long they take for their work; `None`: no time at all.
    pub cpu: Option<Cpu>,
    /// Their radio; `None`: it takes neither time nor power.
    pub radio: Option<Radio>,
    /// When they listen while they wait. Without a radio it means nothing.
    pub listen: Listen,
    pub(super) identity: IdentityPattern,
    pub(super) psk: PskPattern,
    /// `None`: the gateway does not know them.
    pub(super) gateway_psk: Option<PskPattern>,
}

/// The outer addresses of a group's nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Address {
    /// Each node has one of its own, which is its inner address, too.
    #[default]
    Own,
    /// All nodes of the group, at most [`MAX_SHARED`](super::MAX_SHARED), stand behind a router with one address, and
    /// each comes from a port of its own. Their inner addresses, and those on their links, are their own.
    Shared,
}

/// The responder's traffic selector (TSr) that nodes propose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remote {
    /// The server's address.
    #[default]
    Server,
    /// All addresses of the family.
    Any,
}

impl Group {
    /// The numbers of its nodes.
    #[must_use]
    pub const fn numbers(&self) -> Range<u32> {
        self.first..self.first.saturating_add(self.count)
    }

    /// Whether what arrives at its nodes may have to wait before they look at it.
    #[must_use]
    pub const fn is_delayed(&self) -> bool {
        self.cpu.is_some() || self.radio.is_some()
    }

    /// Who node `number` is. No other node is.
    ///
    /// # Panics
    /// Where the group has no such node.
    #[must_use]
    pub fn identity(&self, number: u32) -> Identity {
        assert!(self.numbers().contains(&number), "group {} has no node {number}", self.name);
        self.identity
            .node(number)
            .expect("the first and the last were checked: the rest is between")
    }

    /// The key that node `number` has.
    ///
    /// # Panics
    /// Where the group has no such node.
    #[must_use]
    pub fn psk(&self, number: u32) -> Psk {
        assert!(self.numbers().contains(&number), "group {} has no node {number}", self.name);
        self.psk.node(number).expect("the longest was checked")
    }

    /// The key that the gateway has on file for node `number`; `None`: it does not know the node's identity.
    ///
    /// # Panics
    /// Where the group has no such node.
    #[must_use]
    pub fn gateway_psk(&self, number: u32) -> Option<Psk> {
        assert!(self.numbers().contains(&number), "group {} has no node {number}", self.name);
        self.gateway_psk.as_ref().map(|psk| psk.node(number).expect("the longest was checked"))
    }
}

/// Where the node's number goes.
const NUMBER: &str = "{n}";
/// Where the group's name goes.
const GROUP: &str = "{group}";

/// A text in which a node's number goes to some places: what is before, between and behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Numbered {
    pieces: Vec<Box<str>>,
    /// What is read as hexadecimal digits has the number as four octets, other text in decimal.
    hexadecimal: bool,
}

impl Numbered {
    fn new(pattern: &str, hexadecimal: bool) -> Self {
        Self { pieces: pattern.split(NUMBER).map(Into::into).collect(), hexadecimal }
    }

    fn node(&self, number: u32) -> String {
        let digits = if self.hexadecimal { format!("{number:08x}") } else { number.to_string() };
        self.pieces.join(&digits)
    }
}

/// The text of an identity with `{n}` where a node's number goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IdentityPattern {
    text: String,
    numbered: Numbered,
}

impl IdentityPattern {
    /// The pattern of a group's identities.
    pub(super) fn new(text: &str, group: &str) -> Result<Self, String> {
        let left = text.replace(NUMBER, "").replace(GROUP, "");
        if left.contains(['{', '}']) {
            return Err(format!(
                r#""{text}" has braces around something else: expected {{n}} or {{group}}"#
            ));
        }
        let text = text.replace(GROUP, group);
        let numbered = Numbered::new(&text, text.starts_with("keyid:"));
        Ok(Self { text, numbered })
    }

    /// Whether each node's differs.
    pub(super) fn is_numbered(&self) -> bool {
        self.text.contains(NUMBER)
    }

    /// The identity of a node.
    pub(super) fn node(&self, number: u32) -> Result<Identity, String> {
        let text = self.numbered.node(number);
        text.parse().map_err(|error| format!(r#""{text}" is not an identity: {error}"#))
    }

    /// The identities of all of a group's nodes are such, and of one kind. Each text grows with the
    /// number, so what holds for the first and for the last holds between.
    pub(super) fn check(&self, first: u32, last: u32) -> Result<(), String> {
        let (low, high) = (self.node(first)?, self.node(last)?);
        if low.kind() == high.kind() {
            return Ok(());
        }
        Err(format!(
            r#""{}" stands for {low} but also for {high}: expected one kind of identity"#,
            self.text
        ))
    }

    /// Whether a look at both is enough to see that they never stand for the same identity: one text
    /// begins or ends in a way that the other never can.
    pub(super) fn visibly_differs(&self, other: &Self) -> bool {
        let (Some((start, end)), Some((other_start, other_end))) = (self.ends(), other.ends())
        else {
            return false;
        };
        let starts = start.starts_with(other_start) || other_start.starts_with(start);
        let stops = end.ends_with(other_end) || other_end.ends_with(end);
        !(starts && stops)
    }

    /// What is before the first number and after the last. `None` unless it is a name: addresses and
    /// hexadecimal digits have many spellings, so their text proves nothing.
    fn ends(&self) -> Option<(&str, &str)> {
        let name = self.text.strip_prefix("fqdn:").unwrap_or(&self.text);
        if name.contains([':', '@']) {
            return None;
        }
        Some((name.split(NUMBER).next()?, name.rsplit(NUMBER).next()?))
    }
}

/// The text of a key, or `hex:` and its digits, with `{n}` where a node's number goes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PskPattern(Numbered);

impl PskPattern {
    /// The pattern of a group's keys, which holds up to the number `last`.
    pub(super) fn new(text: &str, group: &str, last: u32) -> Result<Self, String> {
        let text = text.replace(GROUP, group);
        let pattern = Self(match text.strip_prefix("hex:") {
            Some(digits) => Numbered::new(digits, true),
            None => Numbered::new(&text, false),
        });
        pattern.node(last)?;
        Ok(pattern)
    }

    /// The key of a node.
    pub(super) fn node(&self, number: u32) -> Result<Psk, String> {
        let limit = || format!("a key has 1 to {} octets", ike_core::MAX_PSK);
        let text = self.0.node(number);
        if !self.0.hexadecimal {
            return Psk::new(text.as_bytes()).ok_or_else(limit);
        }
        let wrong = |_| "hex: is followed by pairs of hexadecimal digits";
        let octets = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(wrong)?;
        Psk::new(&octets).ok_or_else(limit)
    }
}

/// Redacted: it is a secret with a number in it.
impl core::fmt::Debug for PskPattern {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PskPattern(..)")
    }
}
