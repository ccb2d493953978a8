//! What convinces a responder, and what it proves.

use crate::message::Part;
use crate::peer::seen;
use crate::verdict::{Outcome, Stop};
use crate::{Case, Device};
use ike_core::{ExchangeType, HEADER_LEN, NotifyType, PayloadType};
use std::collections::BTreeSet;

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "proving/auth",
        &["AU6", "ER1"],
        auth,
        "flips octets of AUTH; the answer is a protected AUTHENTICATION_FAILED",
    ),
    Case::responder("proving/ivs", &["AU11"], ivs, "compares the IVs of all protected answers"),
    Case::responder(
        "proving/initial-contact",
        &["PO7"],
        initial_contact,
        "connects again with INITIAL_CONTACT; the older SA is gone",
    ),
];

fn auth(device: &mut Device) -> Outcome {
    for at in [0, 8, 31] {
        device.restart();
        device.reach_auth()?;
        let mut request = device.auth_request()?;
        request.part(PayloadType::AUTH).body[4 + at] ^= 1;
        let answer = device.exchange(&request)?;
        let taken = answer.as_ref().is_some_and(|it| it.body(PayloadType::AUTH).is_some());
        let expected = format!("no AUTH after octet {at} was flipped");
        device.demand("AU6", !taken, &expected, || "one".into())?;
        let wanted = [(NotifyType::AUTHENTICATION_FAILED, Vec::new())];
        let right = answer.as_ref().is_some_and(|answer| answer.notifies() == wanted);
        device.demand("ER1", right, "a protected AUTHENTICATION_FAILED", || {
            answer.map_or("nothing that opens".to_owned(), |answer| answer.summary())
        })?;
    }
    Ok(())
}

fn ivs(device: &mut Device) -> Outcome {
    let mut messages = vec![device.establish()?.packet];
    for _ in 0..3 {
        let request = device.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
        let nothing = || Stop::Inconclusive("no answer to INFORMATIONAL".into());
        messages.push(device.exchange(&request)?.ok_or_else(nothing)?.packet);
    }
    let mut known = BTreeSet::new();
    for message in messages {
        // SK is the first payload; behind its generic header is the IV.
        let iv = message.octets.get(HEADER_LEN + 4..HEADER_LEN + 12).unwrap_or_default().to_vec();
        let found = ike_decode::hex(&iv);
        device.demand("AU11", known.insert(iv), "another IV", || format!("{found} again"))?;
    }
    Ok(())
}

fn initial_contact(device: &mut Device) -> Outcome {
    device.establish()?;
    let request = device.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    let old = device.seal(&request)?;
    device.restart();
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    request.payloads().push(Part::notify(NotifyType::INITIAL_CONTACT, &[]));
    let nothing = || Stop::Inconclusive("no answer to IKE_AUTH".into());
    device.exchange(&request)?.ok_or_else(nothing)?;
    // What the responder says to end the older SA is not the answer to its request.
    let _ = device.overhear();
    device.send(&old)?;
    let span = device.patience.answer;
    let packets = device.listen(span);
    device.demand("PO7", packets.is_empty(), "silence under the older SA", || seen(&packets))
}
