//! What catches a damage, and what does not.

use super::*;
use crate::ip::{self, protocol};
use crate::link::DamageKind::{Corrupt, Mangle};
use crate::udp::{self, UdpError};
use rand_chacha::ChaCha20Rng;
use std::net::{IpAddr, SocketAddr};

const ENDS: [[&str; 2]; 2] = [["192.0.2.1", "198.51.100.2"], ["2001:db8::1", "2001:db8::2"]];

fn ends(v6: bool) -> [IpAddr; 2] {
    ENDS[usize::from(v6)].map(|end| end.parse().unwrap())
}

fn rng(seed: u64) -> ChaCha20Rng {
    Streams::new(seed).stream(0, "damage")
}

fn damaged(kind: DamageKind, octets: &[u8], seed: u64) -> (Damage, Vec<u8>) {
    let damage = Damage::draw(kind, octets, &mut rng(seed)).expect("something to damage");
    let mut damaged = octets.to_vec();
    damage.apply(&mut damaged);
    (damage, damaged)
}

fn parsed(octets: &[u8]) -> Result<udp::UdpDatagram<'_>, UdpError> {
    let datagram = ip::parse(octets).expect("an untouched IP header");
    udp::parse(datagram.source, datagram.destination, datagram.payload)
}

fn flipped_bits(a: &[u8], b: &[u8]) -> u32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// Without exception: no accident of the checksum is left to chance.
    #[test]
    fn udp_always_catches_corruption(
        seed: u64,
        v6: bool,
        ports in (any::<u16>(), 1..=u16::MAX),
        payload in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let [from, to] = ends(v6);
        let from = SocketAddr::new(from, ports.0);
        let octets = udp::emit(from, SocketAddr::new(to, ports.1), &payload);
        let (damage, damaged) = damaged(Corrupt, &octets, seed);
        prop_assert_eq!(parsed(&damaged), Err(UdpError::Checksum));
        prop_assert!((1..=4).contains(&flipped_bits(&octets, &damaged)));
        prop_assert!(damage.flips().all(|flip| usize::from(flip.offset) < octets.len()));
    }

    #[test]
    fn udp_never_catches_mangling_and_the_payload_always_changes(
        seed: u64,
        v6: bool,
        ports in (any::<u16>(), 1..=u16::MAX),
        payload in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let [from, to] = ends(v6);
        let from = SocketAddr::new(from, ports.0);
        let octets = udp::emit(from, SocketAddr::new(to, ports.1), &payload);
        let (_, damaged) = damaged(Mangle, &octets, seed);
        let received = parsed(&damaged).expect("a right checksum");
        prop_assert_eq!((received.source_port, received.destination_port), ports);
        prop_assert!((1..=4).contains(&flipped_bits(&payload, received.payload)));
    }

    /// ESP checks itself, so there is nothing to make right again.
    #[test]
    fn other_protocols_lose_bits_behind_the_ip_header(
        seed: u64,
        v6: bool,
        mangle: bool,
        payload in prop::collection::vec(any::<u8>(), 1..60),
    ) {
        let [from, to] = ends(v6);
        let octets = ip::emit(from, to, protocol::ESP, &payload);
        let kind = if mangle { Mangle } else { Corrupt };
        let (damage, damaged) = damaged(kind, &octets, seed);
        let received = ip::parse(&damaged).expect("an untouched IP header");
        prop_assert!((1..=4).contains(&flipped_bits(&payload, received.payload)));
        let mut again = damaged.clone();
        damage.apply(&mut again);
        prop_assert_eq!(again, octets);
    }

    /// Any octets, any damage: no panic.
    #[test]
    fn apply_and_draw_take_anything(
        seed: u64,
        mangle: bool,
        octets in prop::collection::vec(any::<u8>(), 0..80),
        flips in prop::collection::vec((any::<u16>(), any::<u8>()), 0..6),
    ) {
        let kind = if mangle { Mangle } else { Corrupt };
        let drawn = Damage::draw(kind, &octets, &mut rng(seed));
        prop_assert_eq!(drawn.is_some(), !octets.is_empty());
        let flips: Vec<Flip> =
            flips.into_iter().map(|(offset, mask)| Flip { offset: offset % 90, mask }).collect();
        for damage in drawn.into_iter().chain(Damage::new(kind, &flips)) {
            let mut damaged = octets.clone();
            damage.apply(&mut damaged);
        }
    }
}

/// The damage depends on the form, so that a model of the cryptography has the same.
#[test]
fn the_damage_does_not_depend_on_the_contents() {
    let [from, to] = ends(false).map(|end| SocketAddr::new(end, 500));
    let [a, b] = [0x00, 0xa7].map(|octet| udp::emit(from, to, &[octet; 50]));
    for kind in [Corrupt, Mangle] {
        for seed in 0..100 {
            assert_eq!(
                Damage::draw(kind, &a, &mut rng(seed)),
                Damage::draw(kind, &b, &mut rng(seed))
            );
        }
    }
}

#[rstest]
#[case::corrupt_header_and_payload(Corrupt, (20..24).chain(28..33).collect())]
#[case::mangle_payload(Mangle, (28..33).collect())]
fn every_octet_that_may_change_does_so_at_times(
    #[case] kind: DamageKind,
    #[case] wanted: Vec<u16>,
) {
    let [from, to] = ends(false).map(|end| SocketAddr::new(end, 500));
    let octets = udp::emit(from, to, b"hello");
    let mut offsets = BTreeSet::new();
    let mut counts = BTreeSet::new();
    for seed in 0..400 {
        let (damage, _) = damaged(kind, &octets, seed);
        offsets.extend(damage.flips().map(|flip| flip.offset));
        counts.insert(damage.flips().map(|flip| flip.mask.count_ones()).sum::<u32>());
    }
    assert!(offsets.iter().eq(&wanted), "{offsets:?}");
    assert!(counts.iter().eq(&[1, 2, 3, 4]), "{counts:?}");
}

#[rstest]
#[case::mangle_of_empty_udp(Mangle, udp::emit(([192, 0, 2, 1], 1).into(), ([192, 0, 2, 2], 2).into(), b""))]
#[case::corrupt_of_empty_ip(Corrupt, ip::emit([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), 50, b""))]
#[case::no_octets(Corrupt, Vec::new())]
fn where_nothing_can_change_there_is_no_damage(#[case] kind: DamageKind, #[case] octets: Vec<u8>) {
    assert_eq!(Damage::draw(kind, &octets, &mut rng(1)), None);
    let always = DirectionConfig {
        corrupt: if kind == Corrupt { Probability::ALWAYS } else { Probability::NEVER },
        mangle: if kind == Mangle { Probability::ALWAYS } else { Probability::NEVER },
        ..direction(1, 0, 0)
    };
    let mut link = link(1, always);
    let fate = link.transmit(Instant::ZERO, Direction::Back, &octets);
    assert_eq!(fate.outcome, plain_ms(1));
    let account = link.accounting(Direction::Back);
    assert_eq!((account.corrupted, account.mangled), (0, 0));
}

/// Over IPv4 a checksum of 0 means "none" (RFC 768); a computed one would change what the sender meant.
#[test]
fn mangling_gives_no_checksum_to_a_datagram_without_one() {
    let [from, to] = ends(false).map(|end| SocketAddr::new(end, 500));
    let mut octets = udp::emit(from, to, b"hello");
    octets[26..28].fill(0);
    let (_, damaged) = damaged(Mangle, &octets, 1);
    assert_eq!(damaged[26..28], [0, 0]);
    assert!(parsed(&damaged).is_ok_and(|datagram| datagram.payload != b"hello"));
}

#[rstest]
#[case::none(&[], false)]
#[case::one(&[(5, 1)], true)]
#[case::four(&[(1, 1), (2, 0xff), (9, 3), (65_535, 0x80)], true)]
#[case::five(&[(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)], false)]
#[case::empty_mask(&[(1, 1), (2, 0)], false)]
#[case::same_octet(&[(1, 1), (1, 2)], false)]
#[case::descending(&[(2, 1), (1, 2)], false)]
fn a_damage_has_one_to_four_flips_in_ascending_order(
    #[case] flips: &[(u16, u8)],
    #[case] good: bool,
) {
    let flips: Vec<Flip> = flips.iter().map(|&(offset, mask)| Flip { offset, mask }).collect();
    let damage = Damage::new(Corrupt, &flips);
    assert_eq!(damage.is_some(), good);
    assert!(damage.is_none_or(|damage| damage.flips().eq(flips)));
}
