//! What a device sends through the Child SA.

use crate::message::Part;
use crate::peer::{CHILD_SPI, Fate};
use crate::verdict::Outcome;
use crate::{Case, Gateway};
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
        |gateway| {
            gateway.establish()?;
            gateway.demand_growing_sequence("ES2")
        },
        "looks at the sequence numbers of five ESP packets",
    ),
    Case::initiator(
        "esp/transport-unasked",
        &["TS6"],
        transport,
        "says USE_TRANSPORT_MODE to a device that did not; its packets must still be in tunnel mode",
    ),
];

fn keys(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let keys = gateway.sa()?.child(&gateway.setup.suite.esp());
    let expected = "an ESP packet that opens with the keys of the initiator's direction";
    gateway.demand_tunnel("AU9", expected, (CHILD_SPI, keys.initiator))
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
    let keys = gateway.sa()?.child(&gateway.setup.suite.esp());
    gateway.demand_tunnel("TS6", "an IP packet inside ESP", (CHILD_SPI, keys.initiator))
}
