//! What our own stacks never send.

use super::*;
use rstest::rstest;

const PORTS: [u16; 2] = [500, 500];
const REQUEST: u8 = 0x08;
const RESPONSE: u8 = 0x20;

/// KE of Curve25519 with a public value of 32 octets, and a nonce.
const KE: (u8, &[u8], bool) = (34, &[0, 31, 0, 0, 7, 7, 7, 7], false);
const NONCE: (u8, &[u8], bool) = (40, &[9; 16], false);
const COOKIE: (u8, &[u8], bool) = (41, &[0, 0, 0x40, 6, 1, 2, 3, 4], false);

fn ike(entry: &Entry) -> &Ike {
    match &entry.kind {
        Kind::Ike(ike) => ike,
        other => panic!("{other:?}"),
    }
}

fn one(message: &[u8]) -> Entry {
    entries(&[packet(true, PORTS, message)]).remove(0)
}

#[test]
fn a_capture_with_a_bit_of_everything_is_drawn() {
    let init = message(34, REQUEST, &[KE, NONCE]);
    let with_cookie = message(34, REQUEST, &[COOKIE, KE, NONCE]);
    let sk: (u8, &[u8], bool) = (46, &[0xee; 40], false);
    let auth = [&[0; 4][..], &message(35, REQUEST, &[sk])].concat();
    let skf = |number: u8| {
        let body = [&[0, number, 0, 2][..], &[0xee; 40]].concat();
        [&[0; 4][..], &message(35, RESPONSE, &[(53, &body, false)])].concat()
    };
    let esp = |sequence: u8| [0xc0, 0xff, 0xee, 1, 0, 0, 0, sequence, 1, 2, 3, 4].to_vec();
    let mut other_nonce = message(35, REQUEST, &[sk]);
    other_nonce[40] ^= 1;
    let mut wrong_checksum = packet(false, PORTS, &message(37, RESPONSE, &[]));
    wrong_checksum[26] ^= 1;
    let mut fragment = packet(true, PORTS, &[0; 64]);
    fragment[6] = 0x20;
    let icmp = vnet::ip::emit([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), 1, &[3, 3, 0, 0]);
    let nat = [33_000, 4500];
    let packets = [
        packet(true, PORTS, &init),
        packet(true, PORTS, &init),
        packet(false, PORTS, &message(34, RESPONSE, &[COOKIE])),
        packet(true, PORTS, &with_cookie),
        packet(false, PORTS, &message(34, RESPONSE, &[KE, NONCE])),
        packet(true, nat, &auth),
        packet(false, nat, &skf(1)),
        packet(false, nat, &skf(2)),
        packet(true, nat, &[&[0; 4][..], &other_nonce].concat()),
        packet(true, nat, &esp(1)),
        packet(false, nat, &esp(1)),
        packet(true, nat, &esp(2)),
        packet(true, nat, &[0xff]),
        fragment,
        packet(true, PORTS, &message(37, REQUEST, &[(41, &[0, 9, 0x40, 1], false)])),
        wrong_checksum,
        packet(
            true,
            PORTS,
            &message(250, REQUEST, &[(200, b"new", true), (43, b"who\x1b", false)]),
        ),
        icmp,
        packet(true, [53, 53], b"dns"),
    ];
    let mut file = pcap(101, &packets);
    file.extend([1, 2, 3]);
    let found = dissect(&file, &KeyTable::default(), &[]).expect("a capture");
    insta::assert_snapshot!(found.render(false));
}

#[test]
fn an_octet_from_a_stranger_does_not_steer_the_terminal() {
    let message =
        message(34, REQUEST, &[(43, b"a vendor", false), (35, b"\x02\0\0\0\x1b[2J", false)]);
    let found = dissect(&pcap(101, &[packet(true, PORTS, &message)]), &KeyTable::default(), &[]);
    let text = found.expect("a capture").render(false);
    assert!(text.contains("V \"a vendor\"") && !text.contains('\u{1b}'), "{text}");
}

#[rstest]
#[case::header(&message(34, REQUEST, &[])[..20], 20, "a header of 28 octets")]
fn what_is_too_short_for_a_header_says_so(
    #[case] octets: &[u8],
    #[case] at: usize,
    #[case] expected: &str,
) {
    let Kind::Malformed { what, octets: len, offset, reason } = one(octets).kind else {
        panic!("not malformed");
    };
    assert_eq!((what.as_str(), len, offset, reason.as_str()), ("IKE", 20, at, expected));
}

/// A message with an octet changed.
fn spoiled(at: usize, octet: u8) -> Vec<u8> {
    let mut message = message(34, REQUEST, &[KE, NONCE]);
    message[at] = octet;
    message
}

#[rstest]
#[case::length(&spoiled(27, 99), &[(None, 24, "a length of 60 octets, not 99")])]
#[case::payload_length(&spoiled(31, 99), &[(None, 30, "a payload length within the message")])]
#[case::chain_too_long(
    &spoiled(40, 33), &[(None, 60, "a generic payload header")]
)]
#[case::ke(
    &message(34, REQUEST, &[(34, &[0], false)]),
    &[(Some("KE"), 32, "a KE payload of 4 octets or more")]
)]
#[case::notify(
    &message(37, REQUEST, &[(41, &[1, 8, 0, 4, 1], false)]),
    &[(Some("N"), 33, "an SPI within the Notify payload")]
)]
#[case::fragment(
    &message(35, REQUEST, &[(53, &[0, 3, 0, 2], false)]),
    &[(Some("SKF"), 32, "a fragment number from 1 to the total")]
)]
#[case::configuration(
    &message(35, REQUEST, &[(47, &[1, 0, 0, 0, 0, 1, 0, 9, 1], false)]),
    &[(Some("CP"), 36, "an attribute within the CP payload")]
)]
fn what_is_malformed_is_told_with_offset_and_reason(
    #[case] message: &[u8],
    #[case] expected: &[(Option<&str>, usize, &str)],
) {
    let entry = one(message);
    let found: Vec<_> = ike(&entry)
        .malformed
        .iter()
        .map(|part| (part.payload.as_deref(), part.offset, part.reason.as_str()))
        .collect();
    assert_eq!(found, expected);
    assert!(entry.label().ends_with(", malformed"), "{}", entry.label());
    let below = format!("malformed at octet {}: {}", expected[0].1, expected[0].2);
    assert!(entry.lines().iter().any(|line| line.ends_with(&below)), "{:?}", entry.lines());
}

#[rstest]
#[case::exchange(&message(43, REQUEST, &[]), "IKE_INTERMEDIATE request 1, 28 octets", &[])]
#[case::unknown_exchange(&message(250, REQUEST, &[]), "0xfa request 1, 28 octets", &[])]
#[case::critical(
    &message(37, REQUEST, &[(200, b"new", true), (201, b"newer", false)]),
    "INFORMATIONAL request 1, 44 octets",
    &["0xc8 critical, 3 octets", "0xc9 5 octets"]
)]
#[case::notifies(
    &message(37, REQUEST, &[(41, &[0, 0, 0x40, 0x0c], false), (41, &[0, 0, 0x9c, 0x40, 7], false)]),
    "INFORMATIONAL request 1, 45 octets",
    &["N MOBIKE_SUPPORTED", "N 0x9c40 07"]
)]
#[case::others(
    &message(35, REQUEST, &[
        (47, &[1, 0, 0, 0, 0, 1, 0, 0, 0, 99, 0, 1, 7], false), (48, &[2, 0, 0, 5, 26], false),
        (42, &[3, 4, 0, 1, 0xc0, 0xff, 0xee, 1], false), (39, &[14, 0, 0, 0, 1], false),
    ]),
    "IKE_AUTH request 1, 75 octets",
    &["CP CFG_REQUEST INTERNAL_IP4_ADDRESS attribute 99=07", "EAP response type 26, 5 octets",
      "D ESP c0ffee01", "AUTH DIGITAL_SIGNATURE"]
)]
fn what_is_unusual_or_unknown_is_shown(
    #[case] message: &[u8],
    #[case] label: &str,
    #[case] lines: &[&str],
) {
    let entry = one(message);
    assert_eq!(
        (entry.label().as_str(), entry.lines()),
        (label, lines.iter().map(|l| (*l).to_owned()).collect())
    );
}

#[rstest]
#[case(0x10, "IKE version 1.0, exchange 34, 60 octets", "not decoded: not version 2")]
#[case(0x31, "IKE version 3.1, exchange 34, 60 octets", "not decoded: not version 2")]
#[case(0x21, "IKE_SA_INIT request 0, 60 octets", "minor version 1")]
fn another_version_is_told(#[case] version: u8, #[case] label: &str, #[case] line: &str) {
    let entry = one(&spoiled(17, version));
    assert_eq!(entry.label(), label);
    assert_eq!(entry.lines()[0], line);
}

#[test]
fn a_message_that_comes_again_is_told_from_one_that_only_looks_so() {
    let auth = message(35, REQUEST, &[(46, &[1; 40], false)]);
    let mut sealed_again = auth.clone();
    sealed_again[59] ^= 1;
    let mut of_the_other = auth.clone();
    of_the_other[19] = 0;
    let packets = [
        packet(true, PORTS, &auth),
        packet(true, PORTS, &auth),
        packet(true, PORTS, &sealed_again),
        packet(true, PORTS, &auth),
        packet(false, PORTS, &of_the_other),
    ];
    let found = entries(&packets);
    let labels: Vec<String> = found.iter().map(Entry::label).collect();
    let auth = "IKE_AUTH request 1, 72 octets";
    let expected = [
        auth.to_owned(),
        format!("{auth}, retransmission 1"),
        format!("{auth}, not as in 1"),
        format!("{auth}, retransmission 2"),
        auth.to_owned(),
    ];
    assert_eq!(labels, expected);
    assert_eq!(
        ike(&found[2]).repeats.map(|again| (again.identical, again.times)),
        Some((false, 2))
    );
    // A cookie, another group and another fragment are no repetition.
    let other_group: (u8, &[u8], bool) = (34, &[0, 19, 0, 0, 7, 7, 7, 7], false);
    let fragment = |n| message(35, REQUEST, &[(53, &[0, n, 0, 2, 1], false)]);
    let packets = [
        message(34, REQUEST, &[KE, NONCE]),
        message(34, REQUEST, &[COOKIE, KE, NONCE]),
        message(34, REQUEST, &[other_group, NONCE]),
        fragment(1),
        fragment(2),
    ];
    for entry in entries(&packets.map(|message| packet(true, PORTS, &message))) {
        assert!(ike(&entry).repeats.is_none(), "{}", entry.label());
    }
}

#[test]
fn what_udp_port_4500_carries_is_told_apart() {
    let nat = [33_000, 4500];
    let marked = [&[0; 4][..], &message(37, REQUEST, &[])].concat();
    let packets = [
        packet(true, nat, &marked),
        packet(true, nat, &[1, 2, 3, 4, 0, 0, 0, 7, 8]),
        packet(true, nat, &[0xff]),
        packet(true, nat, &[1, 2, 3]),
        packet(true, nat, &[0; 4]),
    ];
    let found = entries(&packets);
    let labels: Vec<String> = found.iter().map(Entry::label).collect();
    let expected = [
        "INFORMATIONAL request 1, 28 octets",
        "ESP 01020304, sequence 7, 9 octets",
        "NAT keep-alive",
        "ESP, 3 octets, malformed",
        "IKE, 0 octets, malformed",
    ];
    assert_eq!(labels, expected);
    assert!(matches!(found[1].kind, Kind::Esp { in_udp: true, .. }));
}

#[test]
fn an_sk_payload_says_why_it_stays_shut() {
    let message = message(35, REQUEST, &[(46, &[1; 40], false)]);
    let file = pcap(101, &[packet(true, PORTS, &message)]);
    let row = |cipher: &str, octets: usize| {
        let key = "5a".repeat(octets);
        let text = format!(
            "{},{},{key},{key},\"{cipher}\",,,\"NONE [RFC4306]\"",
            "11".repeat(8),
            "22".repeat(8)
        );
        KeyTable::parse(&text).expect("a row")
    };
    let lines = |keys: &KeyTable| dissect(&file, keys, &[]).expect("a capture").shown[0].lines();
    assert_eq!(lines(&KeyTable::default()), ["SK  (no keys)"]);
    let gcm192 = "AES-GCM-192 with 16 octet ICV [RFC5282]";
    assert_eq!(lines(&row(gcm192, 28)), [format!("SK  not decrypted: {gcm192}")]);
    let wrong = row("AES-GCM-128 with 16 octet ICV [RFC5282]", 20);
    assert_eq!(lines(&wrong), ["SK  does not open with the keys of the table"]);
    // A snapshot length that cuts the message is the capture's fault, not the message's.
    let mut whole = packet(true, PORTS, &message);
    whole.truncate(70);
    let cut = dissect(&pcap(101, &[whole]), &wrong, &[]).expect("a capture");
    assert_eq!(cut.shown[0].label(), "IKE_AUTH request 1, 72 octets");
    let told = ["SK  not decrypted: not all of it was captured", "only 42 octets were captured"];
    assert_eq!(cut.shown[0].lines(), told);
}

#[test]
fn sides_ports_and_others_are_found() {
    let response = message(34, RESPONSE, &[]);
    // The capture begins with an answer: the initiator stands on the left all the same.
    let found = dissect(&pcap(101, &[packet(false, PORTS, &response)]), &KeyTable::default(), &[]);
    let found = found.expect("a capture");
    let sides = (found.conversations[0].left.as_str(), found.conversations[0].right.as_str());
    assert_eq!((sides, found.shown[0].from_left), (("192.0.2.2", "192.0.2.1"), false));
    // On one machine, ports tell the ends apart.
    let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let own = [
        vnet::udp::emit(at(40_000), at(5500), &message(34, REQUEST, &[])),
        vnet::udp::emit(at(5500), at(40_000), &response),
        vnet::udp::emit(at(53), at(40_000), b"dns"),
    ];
    let file = pcap(101, &own);
    let found = dissect(&file, &KeyTable::default(), &[5500]).expect("a capture");
    assert_eq!(found.conversations[0].left, "127.0.0.1:40000");
    let ways: Vec<bool> = found.shown.iter().map(|entry| entry.from_left).collect();
    assert_eq!((ways, found.others.get("UDP port 53")), (vec![true, false], Some(&1)));
    let found = dissect(&file, &KeyTable::default(), &[]).expect("a capture");
    assert_eq!(
        found.render(false),
        "packets: 3; no IKE, no ESP; not shown: 1 UDP port 53, 2 UDP port 5500\n"
    );
}

/// Every key that the document can have is explained.
#[test]
fn the_document_is_documented() {
    fn keys(value: &serde_json::Value, found: &mut std::collections::BTreeSet<String>) {
        match value {
            serde_json::Value::Object(object) => {
                for (key, value) in object {
                    found.insert(key.clone());
                    if key != "others" {
                        keys(value, found);
                    }
                }
            }
            serde_json::Value::Array(list) => list.iter().for_each(|value| keys(value, found)),
            _ => {}
        }
    }
    let again = message(37, REQUEST, &[COOKIE, (200, &[], false)]);
    let mut fragment = packet(true, PORTS, &again);
    fragment[6] = 0x20;
    let packets = [
        packet(true, PORTS, &again),
        packet(true, PORTS, &again),
        packet(true, PORTS, &spoiled(31, 99)),
        packet(true, PORTS, &[1]),
        packet(true, [4500, 4500], &[1; 20]),
        packet(true, [4500, 4500], &[0xff]),
        fragment,
    ];
    let mut file = pcap(101, &packets);
    file.push(0);
    let found = dissect(&file, &KeyTable::default(), &[]).expect("a capture");
    let mut all = std::collections::BTreeSet::new();
    keys(&serde_json::to_value(&found).expect("a document"), &mut all);
    assert!(all.len() > 40, "{all:?}");
    let page = include_str!("../../../../../docs/decode.md");
    let missing: Vec<&String> =
        all.iter().filter(|key| !page.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "docs/decode.md says nothing about {missing:?}");
}
