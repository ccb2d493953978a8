//! Extensions that were not asked for: what both must say, a device that did not say it goes without.

use super::common::{accepts_init, afresh, auth_goes_on, is_of, is_up, refuses_each_auth, set_sa};
use crate::message::{Part, ProposalDraft};
use crate::peer::{CHILD_SPI, Opened, seen};
use crate::verdict::Outcome;
use crate::{Case, Draft, Gateway};
use ike_core::{ExchangeType, NotifyType, Suite, TransformType};

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "extensions/ppk",
        &["PK1"],
        ppk,
        "says USE_PPK to a device that did not; IKE_AUTH must go without such a secret",
    ),
    Case::initiator(
        "extensions/intermediate",
        &["KE1"],
        intermediate,
        "says INTERMEDIATE_EXCHANGE_SUPPORTED to a device that did not; IKE_AUTH must come next",
    ),
    Case::initiator(
        "extensions/implicit-iv",
        &["IV1"],
        |gateway| refuses_each_auth(gateway, "IV1", IMPLICIT),
        "answers with an ESP cipher with implicit IVs that was not offered",
    ),
    Case::initiator(
        "extensions/window-size",
        &["NG19"],
        window_size,
        "looks for SET_WINDOW_SIZE in both requests, and says a window of one",
    ),
];

/// ENCR_AES_GCM_16_IIV (RFC 8750 5).
const GCM_IMPLICIT: u16 = 30;

const IMPLICIT: &[super::common::Change] = &[("AES-GCM with implicit IVs", |it: &mut Draft| {
    let mut proposal = ProposalDraft::esp(&Suite::default().esp(), CHILD_SPI);
    proposal.transform(TransformType::ENCR).id = GCM_IMPLICIT;
    set_sa(it, &[proposal]);
})];

/// The IKE_SA_INIT request must not say this status: otherwise the device wants the extension, and says so.
fn says_nothing(
    gateway: &mut Gateway,
    id: &'static str,
    (request, status): (&Opened, NotifyType),
) -> Outcome {
    let says = request.notify(status).is_some();
    if says {
        return Err(crate::Stop::Unsupported(format!("the device says {status} itself")));
    }
    let mut answer = gateway.init_answer()?;
    answer.parts.push(Part::notify(status, &[]));
    gateway.send_init(&answer)?;
    let span = gateway.patience.answer;
    let packets = gateway.listen(span);
    let next = packets.first().is_some_and(|packet| is_of(packet, ExchangeType::IKE_AUTH));
    let expected = format!("IKE_AUTH after {status}");
    gateway.demand(id, next, &expected, || seen(&packets))?;
    let opened = packets.first().and_then(|packet| gateway.open(packet));
    gateway
        .demand(id, opened.is_some(), "one that opens with the usual keys", || "another".into())?;
    gateway.asked = opened;
    Ok(())
}

fn ppk(gateway: &mut Gateway) -> Outcome {
    let request = gateway.wake()?;
    says_nothing(gateway, "PK1", (&request, NotifyType::USE_PPK))?;
    let said: Vec<NotifyType> =
        gateway.asked.iter().flat_map(Opened::notifies).map(|it| it.0).collect();
    let of = |kind: &NotifyType| [NotifyType::PPK_IDENTITY, NotifyType::NO_PPK_AUTH].contains(kind);
    gateway.demand("PK1", !said.iter().any(of), "no word of a PPK", || format!("{said:?}"))?;
    auth_goes_on(gateway, "PK1", "USE_PPK")
}

fn intermediate(gateway: &mut Gateway) -> Outcome {
    let request = gateway.wake()?;
    says_nothing(gateway, "KE1", (&request, NotifyType::INTERMEDIATE_EXCHANGE_SUPPORTED))?;
    auth_goes_on(gateway, "KE1", "INTERMEDIATE_EXCHANGE_SUPPORTED")
}

fn window_size(gateway: &mut Gateway) -> Outcome {
    let request = afresh(gateway)?;
    let mut answer = gateway.init_answer()?;
    answer.parts.push(Part::notify(NotifyType::SET_WINDOW_SIZE, &1_u32.to_be_bytes()));
    accepts_init(gateway, "NG19", ("a window of one in IKE_SA_INIT", &answer))?;
    let asked = gateway.asked.clone();
    for opened in [Some(request), asked].iter().flatten() {
        let size = opened.notify(NotifyType::SET_WINDOW_SIZE);
        let right = size.as_ref().is_none_or(|size| size.len() == 4);
        gateway.demand("NG19", right, "a window size of four octets", || format!("{size:?}"))?;
    }
    let part = Part::notify(NotifyType::SET_WINDOW_SIZE, &1_u32.to_be_bytes());
    let request = gateway.ask(ExchangeType::INFORMATIONAL, vec![part])?;
    super::common::answered_empty(gateway, "NG19", ("a window of one", &request))?;
    is_up(gateway, "NG19", "a window of one")
}
