//! What a device sends through the Child SA.

use crate::peer::CHILD_SPI;
use crate::subject::{Packet, Wire, Wish};
use crate::verdict::{Outcome, Stop};
use crate::{Case, Gateway};
use crypto::RustCrypto;
use esp::{Inbound, ReplayWindow};
use ike_core::Suite;

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
