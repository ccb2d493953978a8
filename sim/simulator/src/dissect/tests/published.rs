//! Exchanges that another stack made, read with keys that it derived.

use super::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

/// The octets are hexadecimal digits, in lines.
#[derive(Deserialize)]
struct Case {
    suite: String,
    sk_ei: String,
    sk_er: String,
    sk_ai: String,
    sk_ar: String,
    init_request: String,
    init_response: String,
    auth_request: String,
    auth_response: String,
    delete_request: String,
    delete_response: String,
}

fn digits(text: &str) -> String {
    text.split_whitespace().collect()
}

fn octets(text: &str) -> Vec<u8> {
    let digits = digits(text);
    let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
    (0..digits.len()).step_by(2).map(pair).collect()
}

impl Case {
    fn table(&self) -> KeyTable {
        let (encryption, integrity) = match self.suite.as_str() {
            "aes-gcm-x25519" | "aes-gcm-p256" => {
                ("AES-GCM-128 with 16 octet ICV [RFC5282]", "NONE [RFC4306]")
            }
            "aes-ccm8-p256" => ("AES-CCM-128 with 8 octet ICV [RFC5282]", "NONE [RFC4306]"),
            "chacha20-x25519" => ("ChaCha20-Poly1305 [RFC7634]", "NONE [RFC4306]"),
            "aes-cbc-modp2048" => ("AES-CBC-128 [RFC3602]", "HMAC_SHA2_256_128 [RFC4868]"),
            other => panic!("no suite {other}"),
        };
        let spis = digits(&self.auth_request);
        let keys = [&self.sk_ei, &self.sk_er, &self.sk_ai, &self.sk_ar].map(|key| digits(key));
        let [ei, er, ai, ar] = keys;
        let (i, r) = (&spis[..16], &spis[16..32]);
        let row = format!("{i},{r},{ei},{er},\"{encryption}\",{ai},{ar},\"{integrity}\"");
        KeyTable::parse(&row).expect("a row")
    }

    fn capture(&self) -> Vec<u8> {
        let messages = [
            &self.init_request,
            &self.init_response,
            &self.auth_request,
            &self.auth_response,
            &self.delete_request,
            &self.delete_response,
        ];
        let packets: Vec<Vec<u8>> = messages
            .iter()
            .enumerate()
            .map(|(index, message)| packet(index % 2 == 0, [500, 500], &octets(message)))
            .collect();
        pcap(101, &packets)
    }
}

#[test]
fn the_exchanges_of_another_stack_are_drawn_decrypted() {
    let text = include_str!("../../../../../fixtures/ike/exchanges.toml");
    let file: File = toml::from_str(text).expect("the fixture");
    assert!(file.case.len() >= 4);
    for case in &file.case {
        let found = dissect(&case.capture(), &case.table(), &[]).expect("a capture");
        for entry in &found.shown {
            let Kind::Ike(ike) = &entry.kind else { panic!("{entry:?}") };
            assert!(ike.malformed.is_empty(), "{}: {ike:?}", case.suite);
            let opened = ike.decryption == Some(Decryption::Opened);
            assert_eq!(opened, ike.exchange != 34, "{}: {ike:?}", case.suite);
        }
        insta::assert_snapshot!(case.suite.clone(), found.render(false));
    }
}
