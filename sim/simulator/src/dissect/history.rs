//! Which messages were there before.

use super::Repeats;
use ike_core::payload::{KeyExchange, Notify, Payload, Payloads};
use ike_core::{ExchangeType, HEADER_LEN, Header, NotifyType, PayloadType};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// What makes a message the same one as another: where it goes, what its header says, and what may
/// lawfully differ between two with equal headers.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    conversation: usize,
    /// Version, exchange, flags.
    head: (u8, u8, u8),
    spis: (u64, u64),
    message_id: u32,
    from_first: bool,
    variant: Vec<u8>,
}

/// The messages of one identity. Anybody can make a capture of many different ones: they are found by their octets, in an
/// order, so that no choice of octets makes that slow.
struct Variants<O> {
    seen: BTreeMap<O, Copy>,
    /// The packet of the first.
    first: u64,
    /// All of them, repetitions among them.
    messages: u32,
}

/// In which packet octets were seen first, and how often.
struct Copy {
    packet: u64,
    times: u32,
}

impl<O: Ord> Variants<O> {
    const fn new(first: u64) -> Self {
        Self { seen: BTreeMap::new(), first, messages: 0 }
    }

    fn add(&mut self, packet: u64, octets: O) -> Option<Repeats> {
        let before = self.messages;
        self.messages += 1;
        match self.seen.entry(octets) {
            Entry::Occupied(mut place) => {
                let copy = place.get_mut();
                copy.times += 1;
                Some(Repeats { packet: copy.packet, identical: true, times: copy.times - 1 })
            }
            Entry::Vacant(place) => {
                place.insert(Copy { packet, times: 1 });
                (before > 0).then_some(Repeats {
                    packet: self.first,
                    identical: false,
                    times: before,
                })
            }
        }
    }
}

/// The messages of a capture so far.
#[derive(Default)]
pub(super) struct History {
    seen: BTreeMap<Identity, Variants<Vec<u8>>>,
}

impl History {
    /// Takes in a message and tells whether it repeats one.
    pub(super) fn add(
        &mut self,
        (conversation, from_first): (usize, bool),
        packet: u64,
        header: &Header,
        message: &[u8],
    ) -> Option<Repeats> {
        let identity = Identity {
            conversation,
            head: (header.version, header.exchange.0, header.flags.0),
            spis: (header.spi_i.0, header.spi_r.0),
            message_id: header.message_id,
            from_first,
            variant: variant(header, message),
        };
        let variants = self.seen.entry(identity).or_insert_with(|| Variants::new(packet));
        variants.add(packet, message.to_vec())
    }
}

/// RFC 7296 2.6 and 1.2: an IKE_SA_INIT request comes again with a cookie or another group, under the same
/// header; its answers differ likewise. RFC 7383 2.5: the fragments of a message share their header.
fn variant(header: &Header, message: &[u8]) -> Vec<u8> {
    let mut variant = Vec::new();
    let init = header.exchange == ExchangeType::IKE_SA_INIT;
    for payload in Payloads::new(header.next_payload, &message[HEADER_LEN..], HEADER_LEN) {
        let Ok(payload) = payload else { break };
        match payload.kind {
            PayloadType::SKF => variant.extend(payload.body.iter().take(4)),
            PayloadType::N if init => variant.extend(notified(&payload).unwrap_or_default()),
            PayloadType::KE if init => {
                let group = KeyExchange::parse(&payload).map(|ke| ke.group.to_be_bytes());
                variant.extend(group.unwrap_or_default());
            }
            _ => {}
        }
    }
    variant
}

fn notified(payload: &Payload<'_>) -> Option<Vec<u8>> {
    let notify = Notify::parse(payload).ok()?;
    let tells = matches!(notify.kind, NotifyType::COOKIE | NotifyType::INVALID_KE_PAYLOAD);
    tells.then(|| [&notify.kind.0.to_be_bytes()[..], notify.data].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::Cell;
    use core::cmp::Ordering;

    /// Octets that count how often any of them are compared.
    struct Counted<'a>([u8; 4], &'a Cell<u64>);

    impl Ord for Counted<'_> {
        fn cmp(&self, other: &Self) -> Ordering {
            self.1.set(self.1.get() + 1);
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Counted<'_> {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    impl PartialEq for Counted<'_> {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other).is_eq()
        }
    }

    impl Eq for Counted<'_> {}

    #[test]
    fn many_different_messages_of_one_header_are_compared_a_few_times_each() {
        let compared = Cell::new(0);
        let mut variants = Variants::new(1);
        let messages = 20_000_u32;
        for number in 0..messages {
            let octets = Counted(number.to_be_bytes(), &compared);
            let repeats = variants.add(u64::from(number) + 1, octets);
            let told = repeats.map(|it| (it.packet, it.identical, it.times));
            assert_eq!(told, (number > 0).then_some((1, false, number)));
        }
        let again = variants.add(30_000, Counted([0, 0, 0, 7], &compared)).expect("seen before");
        assert_eq!((again.packet, again.identical, again.times), (8, true, 1));
        // A tree of 20,000 is a few nodes deep, of eleven each: each with each would be 200 million.
        assert!(compared.get() < 64 * u64::from(messages), "{}", compared.get());
    }
}
