//! How much a device sends: how long it tries, one request at a time, and how little it lets others cause.

use super::common::{afresh, is_up};
use crate::message::Part;
use crate::peer::{requests, seen};
use crate::verdict::Outcome;
use crate::{Case, Gateway, Wish};
use core::time::Duration;
use crypto::Group;
use ike_core::{ExchangeType, NotifyType};

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "pace/patience",
        &["RT4"],
        patience,
        "never answers; the request comes a dozen times in three minutes or more",
    ),
    Case::initiator(
        "pace/one-at-a-time",
        &["RT11"],
        one_at_a_time,
        "leaves IKE_AUTH without an answer, then a Delete; no other request may come meanwhile",
    ),
    Case::initiator(
        "pace/flood",
        &["RT22"],
        flood,
        "sends fifty forged messages of each kind at once; the device must not send as many",
    ),
];

/// RFC 7296 2.4: a dozen, over several minutes.
const LEAST: usize = 12;
const SEVERAL_MINUTES: Duration = Duration::from_secs(180);

fn patience(gateway: &mut Gateway) -> Outcome {
    let mut times = vec![gateway.wake()?.packet.at];
    while let Some(again) = gateway.retransmission() {
        times.push(again.at);
    }
    let came = times.len();
    let span = times.last().map(|last| last.saturating_duration_since(times[0]));
    let span = span.unwrap_or_default();
    let found = || format!("{came} in {} s", span.as_secs());
    let right = came >= LEAST && span >= SEVERAL_MINUTES;
    gateway.demand("RT4", right, "12 transmissions or more in 3 minutes or more", found)
}

fn one_at_a_time(gateway: &mut Gateway) -> Outcome {
    let asked = gateway.reach_auth()?.header;
    let span = gateway.patience.retransmission;
    let packets = gateway.listen(span);
    let others = requests(&packets).iter().any(|it| *it != (asked.exchange, asked.message_id));
    let expected = "nothing but IKE_AUTH while it is outstanding";
    gateway.demand("RT11", !others, expected, || seen(&packets))?;
    super::common::afresh_to_auth(gateway)?;
    gateway.finish_auth()?;
    gateway.wish(Wish::Close)?;
    let packets = gateway.listen(span);
    let one = requests(&packets).len() <= 1;
    gateway.demand("RT11", one, "one request at a time when it ends", || seen(&packets))
}

/// So many forged messages of a kind.
const MANY: usize = 50;

/// What came of [`MANY`] messages sent at once must be less than half of them.
fn is_little(gateway: &mut Gateway, what: &str) -> Outcome {
    let span = gateway.patience.answer;
    let count = gateway.listen(span).len();
    let expected = format!("fewer than {} messages after {MANY} {what}", MANY / 2);
    gateway.demand("RT22", count < MANY / 2, &expected, || count.to_string())
}

fn flood(gateway: &mut Gateway) -> Outcome {
    let group = Group::Ecp256.transform_id().to_be_bytes();
    for (kind, what) in [
        (NotifyType::COOKIE, "cookies"),
        (NotifyType::INVALID_KE_PAYLOAD, "wishes for another group"),
        (NotifyType::NO_PROPOSAL_CHOSEN, "errors in clear"),
    ] {
        afresh(gateway)?;
        for _ in 0..MANY {
            let random = gateway.random(16);
            let data = match kind {
                NotifyType::COOKIE => &random[..],
                NotifyType::INVALID_KE_PAYLOAD => &group,
                _ => &[],
            };
            let octets = gateway.init_refusal(Part::notify(kind, data))?.octets(None);
            gateway.send(&octets)?;
        }
        is_little(gateway, what)?;
    }
    super::common::afresh_to_auth(gateway)?;
    gateway.finish_auth()?;
    for _ in 0..MANY {
        let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
        gateway.next_id -= 1;
        request.header.version = 0x30;
        gateway.send_draft(&request)?;
    }
    is_little(gateway, "requests of major version 3")?;
    is_up(gateway, "RT22", "a flood")
}
