//! What a host is made of.

use core::fmt;
use core::net::IpAddr;
use core::ops::RangeInclusive;

/// The most addresses that a host can have.
pub const MAX_ADDRESSES: usize = smoltcp::config::IFACE_MAX_ADDR_COUNT;

/// The MTUs that a host can have, in octets: from the smallest that IPv6 allows (RFC 8200 5) to jumbo frames.
pub const MTU_RANGE: RangeInclusive<usize> = 1280..=9000;

/// What a host is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostConfig {
    /// Own addresses with their prefix lengths in bits; both families may be mixed.
    pub addresses: Vec<(IpAddr, u8)>,
    /// The longest IP packet, in octets.
    pub mtu: usize,
    /// The seed of the stack's own random numbers.
    pub seed: u64,
}

/// Why a host cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigError {
    /// More addresses than [`MAX_ADDRESSES`].
    TooManyAddresses(usize),
    /// An address that no host can have as its own.
    NotUnicast(IpAddr),
    /// A prefix longer than the address.
    Prefix(IpAddr, u8),
    /// Not in [`MTU_RANGE`].
    Mtu(usize),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyAddresses(count) => {
                write!(f, "{count} addresses, at most {MAX_ADDRESSES} are possible")
            }
            Self::NotUnicast(address) => write!(f, "{address} is no unicast address"),
            Self::Prefix(address, prefix) => write!(f, "{address} with a prefix of {prefix} bits"),
            Self::Mtu(mtu) => {
                write!(f, "MTU {mtu} is not in {}..={}", MTU_RANGE.start(), MTU_RANGE.end())
            }
        }
    }
}

impl core::error::Error for ConfigError {}

impl HostConfig {
    /// Whether a host can be made of it.
    ///
    /// # Errors
    /// [`ConfigError`]: the first fault.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !MTU_RANGE.contains(&self.mtu) {
            return Err(ConfigError::Mtu(self.mtu));
        }
        if self.addresses.len() > MAX_ADDRESSES {
            return Err(ConfigError::TooManyAddresses(self.addresses.len()));
        }
        for &(address, prefix) in &self.addresses {
            if !is_unicast(address) {
                return Err(ConfigError::NotUnicast(address));
            }
            if prefix > if address.is_ipv4() { 32 } else { 128 } {
                return Err(ConfigError::Prefix(address, prefix));
            }
        }
        Ok(())
    }
}

fn is_unicast(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    !(address.is_unspecified() || address.is_multicast() || broadcast)
}
