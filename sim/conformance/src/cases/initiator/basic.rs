//! By the book: the two exchanges, and what the requests say.

use super::common::accepts_each_auth;
use crate::peer::{Fate, Side};
use crate::verdict::Outcome;
use crate::{Case, Gateway};
use ike_core::{AuthMethod, PayloadType, Psk};

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "basic/handshake",
        &["AU1", "AU3", "RT10"],
        handshake,
        "connects by the book; the device's AUTH must verify, its Message IDs be 0 and 1",
    ),
    Case::initiator(
        "basic/psk-64",
        &["AU5"],
        |gateway| accepts_each_auth(gateway, "AU5", &[("a secret of 64 octets", |_| {})]),
        "connects with a secret of 64 octets",
    )
    .with(|setup| setup.psk = Psk::new(&[0xa5; 64]).expect("a secret that fits")),
    Case::initiator(
        "basic/psk-zero-octets",
        &["AU5"],
        |gateway| accepts_each_auth(gateway, "AU5", &[("a secret with zeros", |_| {})]),
        "connects with a secret that has zero octets",
    )
    .with(|setup| setup.psk = Psk::new(b"\0a\0b\0").expect("a secret that fits")),
];

fn handshake(gateway: &mut Gateway) -> Outcome {
    let init = gateway.wake()?;
    let answer = gateway.init_answer()?;
    gateway.send_init(&answer)?;
    let asked = gateway.expect_auth();
    let expected = "an IKE_AUTH request under the agreed keys";
    gateway.demand("AU1", asked.is_ok(), expected, || "none".into())?;
    let asked = asked?;
    let ids = (init.header.message_id, asked.header.message_id);
    gateway.demand("RT10", ids == (0, 1), "Message IDs 0 and 1", || format!("{ids:?}"))?;
    let id = asked.body(PayloadType::IDI).unwrap_or_default();
    let psk = &gateway.setup.psk;
    let proof = gateway.sa()?.proof(Side::Initiator, psk, &init.packet.octets, id);
    let auth = asked.body(PayloadType::AUTH).unwrap_or_default();
    let method = auth.first().copied();
    let shared = AuthMethod::SHARED_KEY_MIC.0;
    gateway.demand("AU3", method == Some(shared), "a shared-key AUTH", || format!("{method:?}"))?;
    let data = auth.get(4..).unwrap_or_default();
    gateway.demand_same("AU3", "AUTH as the shared key gives it", (&proof, data))?;
    let answer = gateway.auth_answer()?;
    gateway.send_draft(&answer)?;
    let fate = gateway.fate()?;
    gateway.demand("AU1", fate == Fate::Up, "a device that is up", || format!("{fate:?}"))
}
