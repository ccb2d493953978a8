//! Stateless cookies (RFC 7296 2.6).

use crate::random::Seed;
use core::net::IpAddr;
use crypto::{Secret, constant_time_eq};
use ike_core::{IkeSpi, Instant};
use sha2::{Digest, Sha256};

/// A secret is new for so long, and good for as long again.
const PERIOD_US: u64 = 60_000_000;

/// One octet of version, then the hash.
const COOKIE_LEN: usize = 33;

/// What a cookie is bound to.
pub(crate) struct Asker<'a> {
    pub(crate) address: IpAddr,
    pub(crate) spi_i: IkeSpi,
    pub(crate) nonce: &'a [u8],
}

/// The cookie for this request now.
pub(crate) fn make(seed: &Seed, now: Instant, asker: &Asker<'_>) -> [u8; COOKIE_LEN] {
    of_period(seed, now.micros() / PERIOD_US, asker)
}

/// Whether the cookie was made for this request, in this period or the one before.
pub(crate) fn is_valid(seed: &Seed, now: Instant, asker: &Asker<'_>, cookie: &[u8]) -> bool {
    let current = now.micros() / PERIOD_US;
    let good = |period| constant_time_eq(&of_period(seed, period, asker), cookie);
    good(current) || current.checked_sub(1).is_some_and(good)
}

/// Version | SHA-256(Ni | IPi | SPIi | secret): the construction that RFC 7296 2.6 suggests. Nothing in it says where Ni
/// ends, so each family has its own secret: an asker over IPv4 could else choose Ni so that it is the end of an IPv6 address.
fn of_period(seed: &Seed, period: u64, asker: &Asker<'_>) -> [u8; COOKIE_LEN] {
    let address = asker.address.to_canonical();
    let secret: Secret<32> = seed.cookie_secret(address, period);
    let mut hash = Sha256::new_with_prefix(asker.nonce);
    match address {
        IpAddr::V4(v4) => hash.update(v4.octets()),
        IpAddr::V6(v6) => hash.update(v6.octets()),
    }
    hash.update(asker.spi_i.to_octets());
    hash.update(secret.as_slice());
    let mut cookie = [0; COOKIE_LEN];
    cookie[0] = period.to_be_bytes()[7];
    cookie[1..].copy_from_slice(&hash.finalize());
    cookie
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv4Addr, Ipv6Addr};

    fn asker(address: u32, spi: u64, nonce: &[u8]) -> Asker<'_> {
        Asker { address: Ipv4Addr::from(address).into(), spi_i: IkeSpi(spi), nonce }
    }

    #[test]
    fn a_cookie_is_good_for_one_asker_only() {
        let seed = Seed::new([1; 32]);
        let now = Instant::from_micros(5);
        let cookie = make(&seed, now, &asker(1, 2, &[3; 16]));
        assert!(is_valid(&seed, now, &asker(1, 2, &[3; 16]), &cookie));
        for other in [asker(9, 2, &[3; 16]), asker(1, 9, &[3; 16]), asker(1, 2, &[9; 16])] {
            assert!(!is_valid(&seed, now, &other, &cookie));
        }
        assert!(!is_valid(&Seed::new([2; 32]), now, &asker(1, 2, &[3; 16]), &cookie));
        assert!(!is_valid(&seed, now, &asker(1, 2, &[3; 16]), &cookie[..32]));
        assert!(!is_valid(&seed, now, &asker(1, 2, &[3; 16]), &[]));
    }

    #[test]
    fn a_cookie_over_ipv4_is_none_for_an_ipv6_address_with_the_same_octets() {
        let seed = Seed::new([1; 32]);
        let now = Instant::from_micros(5);
        let address = Ipv6Addr::from([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10, 0, 1, 7]);
        let victim = Asker { address: address.into(), spi_i: IkeSpi(2), nonce: &[1; 16] };
        // The nonce of 28 octets ends with twelve of that address.
        let cookie = make(&seed, now, &asker(0x0a00_0107, 2, &[1; 28]));
        assert!(!is_valid(&seed, now, &victim, &cookie));
    }

    #[test]
    fn a_cookie_ends_with_the_period_after_its_own() {
        let seed = Seed::new([1; 32]);
        let who = asker(1, 2, &[3; 16]);
        let cookie = make(&seed, Instant::from_micros(PERIOD_US - 1), &who);
        assert!(is_valid(&seed, Instant::from_micros(2 * PERIOD_US - 1), &who, &cookie));
        assert!(!is_valid(&seed, Instant::from_micros(2 * PERIOD_US), &who, &cookie));
    }
}
