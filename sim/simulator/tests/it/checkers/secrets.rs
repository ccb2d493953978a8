//! Rules of the keys: the same at both ends, and nothing used twice.

use super::support::{Seen, Watched, assert_found, door, ike, with_message};
use crypto::ProtectionKey;
use ike_core::{ExchangeType, Header};
use rstest::rstest;
use simulator::{Actor, Arrival, Behaviours, Checkers, Datagram, EspKeyLog, IkeKeyLog, Observer};
use std::borrow::Cow;
use vnet::ip::{self, protocol};

fn is_esp(octets: &[u8]) -> bool {
    ip::parse(octets).is_ok_and(|datagram| datagram.protocol == protocol::ESP)
}

/// The key with its first octet changed.
fn another(key: &ProtectionKey) -> ProtectionKey {
    let mut encryption = key.encryption().to_vec();
    encryption[0] ^= 1;
    ProtectionKey::new(key.protection(), &encryption, key.integrity()).expect("the same lengths")
}

#[rstest]
fn different_keys_of_an_ike_sa_are_seen(#[values(Actor::Gateway, Actor::Node(0))] end: Actor) {
    let scenario = door(&[]);
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        Seen::IkeKeys(log) if log.who == end => {
            let mut keys = log.keys.clone();
            keys.to_mut().responder = another(&log.keys.responder);
            checkers.ike_keys(&IkeKeyLog { keys, ..log.clone() });
        }
        other => other.show(checkers),
    });
    assert_found(&violations, "same keys", "different keys for IKE SA");
}

/// Says another nonce than the one that its keys are made of.
struct OtherNonce;

impl ike_initiator::Behaviour for OtherNonce {
    fn edit_request(&mut self, exchange: ExchangeType, _: u8, datagram: &mut [u8]) {
        if exchange == ExchangeType::IKE_SA_INIT
            && let Some(last) = datagram.last_mut()
        {
            *last ^= 1;
        }
    }
}

#[test]
fn keys_that_are_not_made_of_what_was_said_are_seen() {
    let scenario = door(&[]);
    let behaviours = Behaviours { node: Box::new(|_| Box::new(OtherNonce)), ..Default::default() };
    let violations = Watched { behaviours, ..Watched::new(&scenario) }.violations();
    assert_found(&violations, "same keys", "different keys for IKE SA");
    assert!(violations.iter().all(|found| found.checker == "same keys"), "{violations:#?}");
}

#[test]
fn keys_may_differ_where_ike_sa_init_was_damaged_on_its_way() {
    let scenario = door(&[]);
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        Seen::Arrival(arrival)
            if ike(arrival.octets).is_some_and(|(header, _)| is_init(&header)) =>
        {
            let octets = with_message(arrival.octets, |message| {
                if let Some(last) = message.last_mut() {
                    *last ^= 1;
                }
            });
            checkers.arrival(&Arrival { octets: &octets, ..*arrival });
        }
        Seen::IkeKeys(log) if log.who == Actor::Gateway => {
            let mut keys = log.keys.clone();
            keys.to_mut().responder = another(&log.keys.responder);
            checkers.ike_keys(&IkeKeyLog { keys, ..log.clone() });
        }
        other => other.show(checkers),
    });
    assert!(!violations.iter().any(|found| found.checker == "same keys"), "{violations:#?}");
}

fn is_init(header: &Header) -> bool {
    header.exchange == ExchangeType::IKE_SA_INIT
}

#[test]
fn different_keys_of_a_child_sa_are_seen() {
    let scenario = door(&[]);
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        Seen::EspKeys(log) if log.who == Actor::Gateway => {
            checkers.esp_keys(&EspKeyLog { key: Cow::Owned(another(&log.key)), ..log.clone() });
        }
        other => other.show(checkers),
    });
    assert_found(&violations, "same keys", "different keys for ESP to 10.64.0.1 under SPI");
    assert_eq!(violations.iter().filter(|found| found.checker == "same keys").count(), 4);
}

/// All IVs of an AEAD are the first one.
struct OneIv;

impl ike_initiator::Behaviour for OneIv {
    fn iv_counter(&mut self, _: u64) -> u64 {
        0
    }
}

#[test]
fn an_iv_that_comes_twice_under_a_key_is_seen() {
    let scenario = door(&[("node.door.close", "delete")]);
    let behaviours = Behaviours { node: Box::new(|_| Box::new(OneIv)), ..Default::default() };
    let violations = Watched { behaviours, ..Watched::new(&scenario) }.violations();
    assert_found(&violations, "reuse", "INFORMATIONAL 2 of IKE SA");
    // Once in each of the two wakes, and nothing else is wrong with them.
    assert_eq!(violations.len(), 2, "{violations:#?}");
}

#[rstest]
#[case::as_it_was(0, "follows")]
#[case::with_another_number(100, "has the IV")]
fn an_esp_packet_that_is_sealed_twice_alike_is_seen(#[case] later: u8, #[case] what: &str) {
    let scenario = door(&[]);
    let mut packets = 0;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| {
        seen.show(checkers);
        let Seen::Datagram(datagram) = seen else { return };
        packets += u32::from(is_esp(datagram.octets));
        if packets == 3 && is_esp(datagram.octets) {
            let mut octets = datagram.octets.to_vec();
            // The last octet of the sequence number, behind the IPv4 header and the SPI.
            octets[27] += later;
            checkers.datagram(&Datagram { octets: &octets, ..*datagram });
        }
    });
    assert_found(&violations, "reuse", what);
}

#[test]
fn an_esp_packet_without_a_key_is_seen() {
    let scenario = door(&[]);
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        Seen::EspKeys(_) => {}
        other => other.show(checkers),
    });
    assert_found(&violations, "reuse", "of which there is no key");
}

#[test]
fn a_key_that_comes_back_for_another_sa_is_seen_after_its_own_is_gone() {
    let scenario = door(&[("node.door.close", "delete")]);
    let mut first: Option<IkeKeyLog<'_>> = None;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        Seen::IkeKeys(log) => {
            // The second wake has the keys of the first.
            let keys = first.get_or_insert_with(|| log.to_kept()).keys.clone();
            checkers.ike_keys(&IkeKeyLog { keys, ..log.clone() });
        }
        other => other.show(checkers),
    });
    assert_found(&violations, "reuse", "has a key that was used for another purpose");
}

#[test]
fn one_key_for_both_directions_is_seen() {
    let scenario = door(&[]);
    let mut first: Option<Cow<'_, ProtectionKey>> = None;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        Seen::EspKeys(log) => {
            let key = first.get_or_insert_with(|| log.to_kept().key).clone();
            checkers.esp_keys(&EspKeyLog { key, ..log.clone() });
        }
        other => other.show(checkers),
    });
    assert_found(&violations, "reuse", "has a key that was used for another purpose");
}

#[test]
fn spis_and_nonces_of_an_earlier_wake_are_seen() {
    // The same run twice: nothing of the second one is new.
    let scenario = door(&[]);
    let mut checkers = Checkers::new(&scenario);
    for reused in [0, 2] {
        Watched::new(&scenario).run(&mut checkers, &mut |seen, checkers| seen.show(checkers));
        let used = |what: &str| what.contains("were used in an earlier attempt");
        let found = checkers.violations();
        let found = found.iter().filter(|found| found.checker == "reuse" && used(&found.what));
        // One for each wake: the gateway's SPI and nonce answer the same attempt as before.
        assert_eq!(found.count(), reused);
    }
}

#[test]
fn a_nonce_or_an_spi_that_changes_within_an_attempt_is_seen() {
    let scenario = door(&[("link.loss", "100%")]);
    let mut sent = 0;
    let violations = Watched::new(&scenario).doctored(&mut |seen, checkers| match seen {
        Seen::Datagram(datagram) => {
            sent += 1;
            let octets = with_message(datagram.octets, |message| {
                message[0] ^= u8::from(sent == 2);
            });
            assert!(ike(&octets).is_some());
            checkers.datagram(&Datagram { octets: &octets, ..*datagram });
        }
        other => other.show(checkers),
    });
    assert_found(&violations, "reuse", "is not that of the attempt so far");
}
