//! No octets are too strange to be shown.

use super::*;
use proptest::prelude::*;

/// A packet that gets as far as IKE, or ESP, before it is odd.
fn odd_packet() -> impl Strategy<Value = Vec<u8>> {
    let payloads = prop::collection::vec(
        (any::<u8>(), prop::collection::vec(any::<u8>(), 0..40), any::<bool>()),
        0..4,
    );
    let ports = prop::sample::select(vec![[500, 500], [4500, 4500], [1024, 4500], [9, 9]]);
    let damage = prop::collection::vec((any::<usize>(), any::<u8>()), 0..4);
    (any::<u8>(), any::<u8>(), payloads, ports, damage).prop_map(
        |(exchange, flags, payloads, ports, damage)| {
            let payloads: Vec<(u8, &[u8], bool)> =
                payloads.iter().map(|(kind, body, c)| (*kind, &body[..], *c)).collect();
            let mut message = message(exchange, flags, &payloads);
            if ports.contains(&4500) && flags & 1 == 0 {
                message.splice(0..0, [0; 4]);
            }
            let len = message.len();
            damage.iter().for_each(|(at, octet)| message[at % len] = *octet);
            packet(flags & 2 == 0, ports, &message)
        },
    )
}

fn show(file: &[u8], keys: &KeyTable) {
    if let Ok(found) = dissect(file, keys, &[9]) {
        let text = found.render(true);
        assert!(text.contains("packets: "), "{text}");
        serde_json::to_string(&found).expect("a document");
    }
}

proptest! {
    #[test]
    fn any_octets_are_shown(
        link_type in prop::sample::select(vec![0_u32, 1, 101, 113, 276, 9]),
        packets: Vec<Vec<u8>>,
    ) {
        show(&pcap(link_type, &packets), &KeyTable::default());
    }

    #[test]
    fn any_message_is_shown(packets in prop::collection::vec(odd_packet(), 1..6)) {
        let gcm = "\"AES-GCM-128 with 16 octet ICV [RFC5282]\"";
        let (i, r, key) = ("11".repeat(8), "22".repeat(8), "5a".repeat(20));
        let row = format!("{i},{r},{key},{key},{gcm},,,\"NONE [RFC4306]\"");
        show(&pcap(101, &packets), &KeyTable::parse(&row).expect("a row"));
    }

    #[test]
    fn any_table_is_read_or_refused(text in "(\"|,|#|\n|[0-9a-f]{0,16}|AES-CBC-128 \\[RFC3602\\]){0,24}") {
        let _ = KeyTable::parse(&text);
    }
}
