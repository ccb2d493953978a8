//! What a device sends through the Child SA.

use crate::message::Part;
use crate::peer::{CHILD_SPI, Fate};
use crate::subject::{Packet, Wire, Wish};
use crate::verdict::{Outcome, Stop};
use crate::{Case, Gateway};
use crypto::RustCrypto;
use esp::{Inbound, Opened, ReplayWindow};
use ike_core::{NotifyType, Suite};

pub(super) const CASES: &[Case] = &[
    Case::initiator("esp/keys", &["AU9"], keys, "opens an ESP packet of the device's"),
    Case::initiator(
        "esp/keys-cbc",
        &["AU9"],
        keys,
        "opens an ESP packet under AES-CBC, whose integrity key comes behind the cipher's",
    )
    .with(|setup| setup.suite = Suite::AesCbcModp2048),
    Case::initiator(
        "esp/sequence",
        &["ES2"],
        sequence,
        "looks at the sequence numbers of five ESP packets",
    ),
    Case::initiator(
        "esp/transport-unasked",
        &["TS6"],
        transport,
        "says USE_TRANSPORT_MODE to a device that did not; its packets must still be in tunnel mode",
    ),
];

/// The device's next ESP packet.
fn packet(gateway: &mut Gateway) -> Outcome<Packet> {
    gateway.wish(Wish::Send)?;
    let within = gateway.patience.answer;
    let packets = gateway.listen(within);
    let esp = packets.into_iter().find(|packet| packet.wire == Wire::Esp);
    esp.ok_or_else(|| Stop::Inconclusive("the device sent no ESP packet".into()))
}

fn keys(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let mut octets = packet(gateway)?.octets;
    let keys = gateway.sa()?.child(&gateway.setup.suite.esp());
    let mut inbound = Inbound::new(CHILD_SPI, keys.initiator, ReplayWindow::default());
    let opened = inbound.open(&RustCrypto, &mut octets).map(|_| ());
    let expected = "an ESP packet that opens with the keys of the initiator's direction";
    gateway.demand("AU9", opened.is_ok(), expected, || match opened {
        Ok(()) => "one that does".into(),
        Err(error) => error.to_string(),
    })
}

fn transport(gateway: &mut Gateway) -> Outcome {
    let asked = gateway.reach_auth()?;
    let unasked = asked.notify(NotifyType::USE_TRANSPORT_MODE).is_none();
    gateway.demand("TS6", unasked, "no wish for transport mode", || asked.summary())?;
    let mut answer = gateway.auth_answer()?;
    answer.payloads().push(Part::notify(NotifyType::USE_TRANSPORT_MODE, &[]));
    gateway.send_draft(&answer)?;
    if gateway.fate()? != Fate::Up {
        // A device that will not have that ends (RFC 7296 1.3.1).
        return Ok(());
    }
    let mut octets = packet(gateway)?.octets;
    let keys = gateway.sa()?.child(&gateway.setup.suite.esp());
    let mut inbound = Inbound::new(CHILD_SPI, keys.initiator, ReplayWindow::default());
    let opened = inbound.open(&RustCrypto, &mut octets);
    let tunnel = matches!(opened, Ok(Opened::Packet { .. }));
    let found = opened.err().map_or_else(|| "a dummy".to_owned(), |error| error.to_string());
    gateway.demand("TS6", tunnel, "an IP packet inside ESP", || found)
}

fn sequence(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let mut highest = 0;
    for _ in 0..5 {
        let packet = packet(gateway)?;
        let number = packet.octets.get(4..8).and_then(|octets| octets.try_into().ok());
        let number = number.map_or(0, u32::from_be_bytes);
        let expected = format!("a sequence number above {highest}");
        gateway.demand("ES2", number > highest, &expected, || number.to_string())?;
        highest = number;
    }
    Ok(())
}
