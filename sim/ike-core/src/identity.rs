//! Identities and pre-shared keys, with their maxima.

use crate::{IdType, payload::Identification};
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;
use crypto::Secret;
use heapless::Vec;

/// The longest identity, in octets.
pub const MAX_IDENTITY: usize = 64;
/// The longest pre-shared key, in octets (RFC 7296 2.15 wants at least 64).
pub const MAX_PSK: usize = 128;

const FIXED_PART: usize = 4;

/// Why a text is not an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityError {
    /// More than [`MAX_IDENTITY`] octets, or none.
    Length,
    /// What follows `keyid:` is not pairs of hexadecimal digits.
    NotHex,
    /// What follows `ipv4:` or `ipv6:` is not such an address.
    NotAnAddress,
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => write!(f, "an identity has 1 to {MAX_IDENTITY} octets"),
            Self::NotHex => f.write_str("keyid: is followed by pairs of hexadecimal digits"),
            Self::NotAnAddress => f.write_str("ipv4: and ipv6: are followed by such an address"),
        }
    }
}

impl core::error::Error for IdentityError {}

/// Who somebody is: kept as the body of an ID payload, which is what AUTH covers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(Vec<u8, { MAX_IDENTITY + FIXED_PART }>);

impl Identity {
    /// An identity of any kind.
    ///
    /// # Errors
    /// [`IdentityError::Length`].
    pub fn new(kind: IdType, data: &[u8]) -> Result<Self, IdentityError> {
        if data.is_empty() || data.len() > MAX_IDENTITY {
            return Err(IdentityError::Length);
        }
        let mut body = Vec::new();
        body.extend_from_slice(&[kind.0, 0, 0, 0]).map_err(|_| IdentityError::Length)?;
        body.extend_from_slice(data).map_err(|_| IdentityError::Length)?;
        Ok(Self(body))
    }

    /// A domain name, without a terminator (RFC 7296 3.5).
    ///
    /// # Errors
    /// [`IdentityError::Length`].
    pub fn fqdn(name: &str) -> Result<Self, IdentityError> {
        Self::new(IdType::ID_FQDN, name.as_bytes())
    }

    /// A mail address, without a terminator (RFC 7296 3.5).
    ///
    /// # Errors
    /// [`IdentityError::Length`].
    pub fn rfc822(address: &str) -> Result<Self, IdentityError> {
        Self::new(IdType::ID_RFC822_ADDR, address.as_bytes())
    }

    /// Octets that mean something to the two ends only: what suits devices (RFC 7815 A.5).
    ///
    /// # Errors
    /// [`IdentityError::Length`].
    pub fn key_id(octets: &[u8]) -> Result<Self, IdentityError> {
        Self::new(IdType::ID_KEY_ID, octets)
    }

    /// An address.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        let made = match address {
            IpAddr::V4(v4) => Self::new(IdType::ID_IPV4_ADDR, &v4.octets()),
            IpAddr::V6(v6) => Self::new(IdType::ID_IPV6_ADDR, &v6.octets()),
        };
        made.expect("an address is shorter than an identity may be")
    }

    /// The identity in a received payload; its reserved octets are not part of it.
    ///
    /// # Errors
    /// [`IdentityError::Length`].
    pub fn from_payload(payload: &Identification<'_>) -> Result<Self, IdentityError> {
        Self::new(payload.id_type(), payload.data())
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> IdType {
        IdType(self.0[0])
    }

    /// Its octets.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.0[FIXED_PART..]
    }

    /// The body of its ID payload.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0
    }
}

/// `fqdn:NAME`, `rfc822:USER@NAME`, `keyid:HEX`, `ipv4:ADDRESS`, `ipv6:ADDRESS`; without a prefix an
/// address, a text with `@` inside, or else a name.
impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let (kind, value) = text.split_once(':').unwrap_or(("", text));
        match kind {
            "fqdn" => Self::fqdn(value),
            "rfc822" => Self::rfc822(value),
            "keyid" => Self::key_id(&from_hex(value)?),
            "ipv4" => value
                .parse::<Ipv4Addr>()
                .map(|address| Self::address(address.into()))
                .map_err(|_| IdentityError::NotAnAddress),
            "ipv6" => value
                .parse::<Ipv6Addr>()
                .map(|address| Self::address(address.into()))
                .map_err(|_| IdentityError::NotAnAddress),
            _ => match text.parse::<IpAddr>() {
                Ok(address) => Ok(Self::address(address)),
                Err(_) if text.contains('@') => Self::rfc822(text),
                Err(_) => Self::fqdn(text),
            },
        }
    }
}

fn from_hex(digits: &str) -> Result<Vec<u8, MAX_IDENTITY>, IdentityError> {
    if !digits.len().is_multiple_of(2) {
        return Err(IdentityError::NotHex);
    }
    let mut octets = Vec::new();
    for pair in digits.as_bytes().chunks_exact(2) {
        let digit = |octet: u8| char::from(octet).to_digit(16).ok_or(IdentityError::NotHex);
        let octet = digit(pair[0])? << 4 | digit(pair[1])?;
        octets.push(octet.to_be_bytes()[3]).map_err(|_| IdentityError::Length)?;
    }
    Ok(octets)
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = self.data();
        // A peer chose these octets: they must not steer the terminal that shows them.
        let text =
            core::str::from_utf8(data).ok().filter(|text| !text.chars().any(char::is_control));
        match (self.kind(), text) {
            (IdType::ID_FQDN, Some(name)) => write!(f, "fqdn:{name}"),
            (IdType::ID_RFC822_ADDR, Some(address)) => write!(f, "rfc822:{address}"),
            (IdType::ID_IPV4_ADDR, _) if data.len() == 4 => {
                write!(f, "ipv4:{}", Ipv4Addr::new(data[0], data[1], data[2], data[3]))
            }
            (IdType::ID_IPV6_ADDR, _) if data.len() == 16 => {
                let octets: [u8; 16] = data.try_into().map_err(|_| fmt::Error)?;
                write!(f, "ipv6:{}", Ipv6Addr::from(octets))
            }
            (kind, _) => {
                if kind == IdType::ID_KEY_ID {
                    f.write_str("keyid:")?;
                } else {
                    write!(f, "{kind}:")?;
                }
                data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A pre-shared key of 1 to [`MAX_PSK`] octets; wiped on drop, redacted in `Debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Psk(Secret<MAX_PSK>);

impl Psk {
    /// The key; `None` where it has no octet or more than [`MAX_PSK`].
    #[must_use]
    pub fn new(octets: &[u8]) -> Option<Self> {
        if octets.is_empty() { None } else { Secret::new(octets).map(Self) }
    }

    /// The octets, without a terminator (RFC 7296 2.15).
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }
}

#[cfg(test)]
mod tests;
