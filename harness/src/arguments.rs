//! How the programs read their arguments: what is wrong, and what was expected.

use anyhow::{Context, Result};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use core::net::{IpAddr, SocketAddr};
use data_encoding::HEXLOWER_PERMISSIVE;
use ike_core::{Identity, MAX_PSK, Psk, Schedule, Suite, TrafficSelector};
use ike_initiator::Profile;
use ike_responder::CookiePolicy;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use std::time::Duration;

pub use simulator::scenario::duration;

/// The port of IKE (RFC 7296 2).
pub const IKE_PORT: u16 = 500;

/// `ADDRESS` or `ADDRESS:PORT`, with brackets around an IPv6 address that has a port.
///
/// # Errors
/// What was expected.
pub fn endpoint(text: &str, port: u16) -> Result<SocketAddr, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().map(|ip: IpAddr| SocketAddr::new(ip, port));
    let endpoint: SocketAddr = address.or_else(|_| text.parse()).map_err(|_| {
        "expected an address such as 192.0.2.1, 192.0.2.1:500, 2001:db8::1 or [2001:db8::1]:500"
    })?;
    // An IPv4 address in IPv6 clothes would make IPv6 selectors for an IPv4 tunnel.
    Ok(match endpoint.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(v4.into(), endpoint.port()),
        IpAddr::V6(_) => endpoint,
    })
}

/// Who listens: [`endpoint`] at port 500 unless it says otherwise.
///
/// # Errors
/// As [`endpoint`].
pub fn ike_endpoint(text: &str) -> Result<SocketAddr, String> {
    endpoint(text, IKE_PORT)
}

/// Who is called: [`ike_endpoint`] with a port that somebody can listen at.
///
/// # Errors
/// As [`endpoint`], or the port is 0.
pub fn peer_endpoint(text: &str) -> Result<SocketAddr, String> {
    match ike_endpoint(text)? {
        nobody if nobody.port() == 0 => Err("nobody listens at port 0: expected 1 to 65535".into()),
        somebody => Ok(somebody),
    }
}

/// Who calls: [`endpoint`] at a port of the kernel's choice unless it says otherwise.
///
/// # Errors
/// As [`endpoint`].
pub fn local_endpoint(text: &str) -> Result<SocketAddr, String> {
    endpoint(text, 0)
}

/// A text as it is, or octets after `hex:`.
///
/// # Errors
/// What was expected.
pub fn psk(text: &str) -> Result<Psk, String> {
    let decoded = match text.strip_prefix("hex:") {
        Some(digits) => HEXLOWER_PERMISSIVE
            .decode(digits.as_bytes())
            .map_err(|_| "expected pairs of hexadecimal digits after hex:")?,
        None => text.as_bytes().to_vec(),
    };
    Psk::new(&decoded)
        .ok_or_else(|| format!("expected a secret of 1 to {MAX_PSK} octets, as text or hex:DIGITS"))
}

/// An identity: `door.example`, `user@door.example`, `keyid:00ff`, `192.0.2.7`.
///
/// # Errors
/// What was expected.
pub fn identity(text: &str) -> Result<Identity, String> {
    text.parse().map_err(|error: ike_core::IdentityError| error.to_string())
}

/// `IDENTITY=SECRET`; the identity ends at the first equals sign.
///
/// # Errors
/// What was expected.
pub fn credential(text: &str) -> Result<(Identity, Psk), String> {
    let (who, secret) =
        text.split_once('=').ok_or("expected IDENTITY=SECRET, such as door.example=hex:00ff")?;
    Ok((identity(who)?, psk(secret)?))
}

/// An address, or a network as `ADDRESS/BITS`: all its traffic.
///
/// # Errors
/// What was expected.
pub fn network(text: &str) -> Result<TrafficSelector, String> {
    let expected = "expected an address or a network such as 10.1.0.0/16 or 2001:db8::/32";
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| expected)?;
    let Some(bits) = bits else { return Ok(TrafficSelector::host(address)) };
    let bits: u8 = bits.parse().map_err(|_| expected)?;
    TrafficSelector::network(address, bits)
        .ok_or_else(|| format!("{address} has fewer than {bits} bits"))
}

/// `never`, `always`, or above how many half-open SAs.
///
/// # Errors
/// What was expected.
pub fn cookies(text: &str) -> Result<CookiePolicy, String> {
    match text {
        "never" => Ok(CookiePolicy::Never),
        "always" => Ok(CookiePolicy::Always),
        number => number
            .parse()
            .map(CookiePolicy::Above)
            .map_err(|_| "expected never, always, or a number of half-open IKE SAs".into()),
    }
}

/// A duration that is not zero.
///
/// # Errors
/// What was expected.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("expected a duration longer than zero".into()),
        duration => Ok(duration),
    }
}

/// The name of a suite.
#[must_use]
pub fn suite() -> impl TypedValueParser<Value = Suite> {
    PossibleValuesParser::new(Suite::ALL.map(Suite::name)).try_map(|name| name.parse::<Suite>())
}

/// The name of a profile.
#[must_use]
pub fn profile() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name))
        .try_map(|name| name.parse::<Profile>())
}

/// The name of a retransmission schedule.
#[must_use]
pub fn schedule() -> impl TypedValueParser<Value = Schedule> {
    PossibleValuesParser::new(Schedule::PRESETS.map(|(name, _)| name))
        .try_map(|name| Schedule::preset(&name).ok_or("no such schedule"))
}

/// The generator of a seed, or of 32 octets of the operating system.
///
/// # Errors
/// The operating system has no randomness.
pub fn generator(seed: Option<u64>) -> Result<ChaCha20Rng> {
    if let Some(seed) = seed {
        return Ok(ChaCha20Rng::seed_from_u64(seed));
    }
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).context("the operating system's randomness")?;
    Ok(ChaCha20Rng::from_seed(octets))
}

/// A responder's seed from [`generator`].
///
/// # Errors
/// As [`generator`].
pub fn responder_seed(seed: Option<u64>) -> Result<[u8; 32]> {
    let mut octets = [0; 32];
    generator(seed)?.fill_bytes(&mut octets);
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("192.0.2.1", "192.0.2.1:500")]
    #[case("192.0.2.1:4500", "192.0.2.1:4500")]
    #[case("2001:db8::1", "[2001:db8::1]:500")]
    #[case("[2001:db8::1]", "[2001:db8::1]:500")]
    #[case("[2001:db8::1]:4500", "[2001:db8::1]:4500")]
    #[case("::ffff:192.0.2.1", "192.0.2.1:500")]
    fn an_endpoint_may_leave_its_port_to_the_protocol(#[case] text: &str, #[case] is: &str) {
        assert_eq!(ike_endpoint(text).map(|endpoint| endpoint.to_string()), Ok(is.into()));
    }

    #[rstest]
    #[case("gateway.example")]
    #[case("192.0.2.1:")]
    #[case("192.0.2.1:65536")]
    #[case("")]
    fn what_is_no_endpoint_is_told_what_one_looks_like(#[case] text: &str) {
        let error = ike_endpoint(text).expect_err("no endpoint");
        assert!(error.starts_with("expected an address such as"), "{error}");
    }

    #[test]
    fn nobody_can_be_called_at_port_0() {
        assert_eq!(peer_endpoint("192.0.2.1").map(|peer| peer.port()), Ok(500));
        for text in ["192.0.2.1:0", "[2001:db8::1]:0"] {
            assert!(peer_endpoint(text).is_err_and(|error| error.contains("port 0")), "{text}");
            assert!(ike_endpoint(text).is_ok(), "the kernel chooses");
        }
    }

    #[test]
    fn a_secret_is_text_or_octets() {
        let is = |text: &str| psk(text).map(|psk| psk.as_slice().to_vec());
        assert_eq!(is("secret"), Ok(b"secret".to_vec()));
        assert_eq!(is("hex:00fF"), Ok(vec![0, 255]));
        for wrong in ["", "hex:", "hex:0", "hex:0g", &"a".repeat(MAX_PSK + 1)] {
            assert!(is(wrong).is_err_and(|error| error.starts_with("expected")), "{wrong}");
        }
    }

    #[test]
    fn a_secret_may_have_an_equals_sign_an_identity_not() {
        let (who, secret) = credential("door.example=a=b").expect("a credential");
        assert_eq!(
            (who.to_string().as_str(), secret.as_slice()),
            ("fqdn:door.example", &b"a=b"[..])
        );
        assert!(credential("door.example").is_err() && credential("=secret").is_err());
    }

    #[test]
    fn a_network_is_an_address_with_its_bits() {
        assert_eq!(
            network("10.1.2.3/16").map(|net| net.to_string()),
            Ok("10.1.0.0-10.1.255.255".into())
        );
        assert_eq!(network("2001:db8::1").map(|net| net.to_string()), Ok("2001:db8::1".into()));
        for wrong in ["10.1.0.0/33", "10.1.0.0/", "10.1/16", "/8"] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_octets_and_none_gives_fresh_ones() {
        let octets = |seed| responder_seed(seed).expect("randomness");
        assert_eq!(octets(Some(7)), octets(Some(7)));
        assert_ne!(octets(Some(7)), octets(Some(8)));
        assert_ne!(octets(None), octets(None));
    }
}
