//! Points in time and paths, as the machines see them: arguments, never looked up.
//!
//! What a machine hands out to be sent is here, too: its octets are in the caller's buffer.

use core::fmt;
use core::net::SocketAddr;
use core::ops::Add;
use core::time::Duration;

/// Microseconds since an epoch that the caller chose; it must not go backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// `us` microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(us: u64) -> Self {
        Self(us)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// The time since `earlier`; zero if that is later.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let us = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(us))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// The two ends of a UDP flow, as seen from here. A message is answered on the path it came by
/// (RFC 7296 2.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's address and port.
    pub remote: SocketAddr,
}

/// A datagram to send: its octets are the first `len` of the buffer that was lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// From where to where.
    pub path: Path,
    /// Octets of the UDP payload.
    pub len: usize,
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn time_ends_where_its_number_does() {
        let (start, end) = (Instant::from_micros(5), Instant::from_micros(u64::MAX));
        assert_eq!(start + Duration::from_micros(7), Instant::from_micros(12));
        assert_eq!(start + Duration::MAX, end);
        assert_eq!(start.saturating_duration_since(end), Duration::ZERO);
        assert_eq!(end.saturating_duration_since(start), Duration::from_micros(u64::MAX - 5));
        assert_eq!(Instant::from_micros(3_000_042).to_string(), "3.000042");
    }
}
