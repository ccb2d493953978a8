//! By the book: the two exchanges, and what the responder proves.

use crate::verdict::{Outcome, Stop};
use crate::{Case, Device};
use ike_core::{AuthMethod, PayloadType};

pub(super) const CASES: &[Case] = &[Case::responder(
    "basic/handshake",
    &["AU1", "AU3", "HD12"],
    handshake,
    "connects by the book; the responder's AUTH must verify and no payload be critical",
)];

fn handshake(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let request = device.auth_request()?;
    let answer = device.exchange(&request)?;
    let expected = "an answer to IKE_AUTH under the agreed keys";
    device.demand("AU1", answer.is_some(), expected, || "none".into())?;
    let answer = answer.ok_or(Stop::Failed)?;
    // SK is the first payload of this one.
    device
        .demand("HD12", !answer.is_outer_critical(), "no critical flag on SK", || "one".into())?;
    let init = device.response.iter().flat_map(|it| it.parts.clone());
    let parts: Vec<_> = init.chain(answer.parts.clone()).collect();
    let critical = parts.iter().find(|part| part.flags & 0x80 != 0);
    device.demand("HD12", critical.is_none(), "no critical flag in a response", || {
        format!("a critical payload of type {}", critical.map_or(0, |part| part.kind.0))
    })?;
    let id = answer.body(PayloadType::IDR).unwrap_or_default().to_vec();
    let expected = device.expected_proof(&id)?;
    let auth = answer.body(PayloadType::AUTH).unwrap_or_default();
    let method = auth.first().copied();
    let shared = AuthMethod::SHARED_KEY_MIC.0;
    device.demand("AU3", method == Some(shared), "a shared-key AUTH", || format!("{method:?}"))?;
    let data = auth.get(4..).unwrap_or_default();
    device.demand_same("AU3", "AUTH as the shared key gives it", (&expected, data))?;
    let up = device.is_up()?;
    device.demand("AU1", up, "an answer under the agreed keys", || "none".into())
}
