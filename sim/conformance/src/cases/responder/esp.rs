//! What a responder sends through the Child SA.

use crate::verdict::Outcome;
use crate::{Case, Device};
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
        |device| {
            device.establish()?;
            device.demand_growing_sequence("ES2")
        },
        "looks at the sequence numbers of five ESP packets",
    ),
];

fn keys(device: &mut Device) -> Outcome {
    device.establish()?;
    let keys = device.sa()?.child(&device.setup.suite.esp());
    let child = (device.child_spi, keys.responder);
    let expected = "an ESP packet that opens with the keys of the responder's direction";
    device.demand_tunnel("AU9", expected, child)
}
