//! What a responder sends through the Child SA.

use crate::subject::{Packet, Wire, Wish};
use crate::verdict::{Outcome, Stop};
use crate::{Case, Device};
use crypto::RustCrypto;
use esp::{Inbound, ReplayWindow};
use ike_core::Suite;

pub(super) const CASES: &[Case] = &[
    Case::responder("esp/keys", &["AU9"], keys, "opens an ESP packet of the responder's"),
    Case::responder(
        "esp/keys-cbc",
        &["AU9"],
        keys,
        "opens an ESP packet under AES-CBC, whose integrity key comes behind the cipher's",
    )
    .with(|setup| setup.suite = Suite::AesCbcModp2048),
    Case::responder(
        "esp/sequence",
        &["ES2"],
        sequence,
        "looks at the sequence numbers of five ESP packets",
    ),
];

/// The responder's next ESP packet.
fn packet(device: &mut Device) -> Outcome<Packet> {
    device.wish(Wish::Send)?;
    let within = device.patience.answer;
    let packets = device.listen(within);
    let esp = packets.into_iter().find(|packet| packet.wire == Wire::Esp);
    esp.ok_or_else(|| Stop::Inconclusive("the responder sent no ESP packet".into()))
}

fn keys(device: &mut Device) -> Outcome {
    device.establish()?;
    let mut octets = packet(device)?.octets;
    let keys = device.sa()?.child(&device.setup.suite.esp());
    let spi = device.child_spi;
    let mut inbound = Inbound::new(spi, keys.responder, ReplayWindow::default());
    let opened = inbound.open(&RustCrypto, &mut octets).map(|_| ());
    let expected = "an ESP packet that opens with the keys of the responder's direction";
    device.demand("AU9", opened.is_ok(), expected, || match opened {
        Ok(()) => "one that does".into(),
        Err(error) => error.to_string(),
    })
}

fn sequence(device: &mut Device) -> Outcome {
    device.establish()?;
    let mut highest = 0;
    for _ in 0..5 {
        let packet = packet(device)?;
        let number = packet.octets.get(4..8).and_then(|octets| octets.try_into().ok());
        let number = number.map_or(0, u32::from_be_bytes);
        let expected = format!("a sequence number above {highest}");
        device.demand("ES2", number > highest, &expected, || number.to_string())?;
        highest = number;
    }
    Ok(())
}
