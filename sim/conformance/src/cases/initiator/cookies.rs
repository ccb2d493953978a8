//! Cookies of all lengths, without end, and together with INVALID_KE_PAYLOAD.

use super::common::{FULL, accepts_init, afresh, init_goes_on};
use crate::message::Part;
use crate::peer::Opened;
use crate::verdict::Outcome;
use crate::{Case, Gateway, Profile};
use crypto::Group;
use ike_core::{NotifyType, PayloadType};

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "cookies/lengths",
        &["NG15", "NG20"],
        lengths,
        "asks for cookies of 1 and 64 octets, which come back, and of 0 and 65, which no gateway may send",
    )
    .only(FULL),
    Case::initiator(
        "cookies/endless",
        &["NG18"],
        endless,
        "asks for another cookie each time",
    )
    .only(FULL),
    Case::initiator(
        "cookies/cookie-then-group",
        &["NG12"],
        |gateway| interleaved(gateway, &[Wanted::Cookie, P256]),
        "asks for a cookie, then for another group",
    )
    .only(FULL)
    .with(|setup| setup.groups = vec![Group::Ecp256]),
    Case::initiator(
        "cookies/group-then-cookie",
        &["NG12"],
        |gateway| interleaved(gateway, &[P256, Wanted::Cookie]),
        "asks for another group, then for a cookie",
    )
    .only(FULL)
    .with(|setup| setup.groups = vec![Group::Ecp256]),
    Case::initiator(
        "cookies/cookie-group-cookie",
        &["NG12"],
        |gateway| interleaved(gateway, &[Wanted::Cookie, P256, Wanted::Cookie]),
        "asks for a cookie, for another group, and for another cookie",
    )
    .only(FULL)
    .with(|setup| setup.groups = vec![Group::Ecp256]),
    Case::initiator(
        "cookies/group-cookie-group",
        &["NG12"],
        |gateway| interleaved(gateway, &[P256, Wanted::Cookie, Wanted::Group(Group::Modp2048)]),
        "asks for another group, for a cookie, and for a third group",
    )
    .only(FULL)
    .with(|setup| setup.groups = vec![Group::Ecp256, Group::Modp2048]),
    Case::initiator(
        "cookies/late",
        &["RT25"],
        late,
        "asks for a cookie behind the true answer",
    ),
    Case::initiator(
        "cookies/left-out",
        &["XP1"],
        |gateway| {
            gateway.wake()?;
            ask(gateway, NotifyType::COOKIE, &[7; 16])?;
            init_goes_on(gateway, "XP1", "a cookie that is not answered")
        },
        "asks a device that answers no cookies for one",
    )
    .only(&[Profile::Rfc7815]),
    Case::initiator(
        "cookies/group-left-out",
        &["XP2"],
        |gateway| {
            gateway.wake()?;
            ask(gateway, NotifyType::INVALID_KE_PAYLOAD, &Group::Ecp256.transform_id().to_be_bytes())?;
            init_goes_on(gateway, "XP2", "a group that is not taken")
        },
        "asks a device of one group for another",
    )
    .only(&[Profile::Rfc7815]),
];

/// Tells the device that this notify is wanted first.
pub(super) fn ask(gateway: &mut Gateway, kind: NotifyType, data: &[u8]) -> Outcome {
    let octets = gateway.init_refusal(Part::notify(kind, data))?.octets(None);
    gateway.send(&octets)
}

/// The next request that is another one than `before`; what is sent again in between is left out.
pub(super) fn another(gateway: &mut Gateway, before: &Opened) -> Outcome<Option<Opened>> {
    let until = gateway.now() + gateway.patience.answer;
    loop {
        let rest = until.saturating_duration_since(gateway.now());
        match gateway.next_init(rest)? {
            Some(request) if request.packet.octets == before.packet.octets => {}
            other => return Ok(other),
        }
    }
}

fn lengths(gateway: &mut Gateway) -> Outcome {
    for len in [1, 64] {
        let first = afresh(gateway)?;
        let cookie = gateway.random(len);
        ask(gateway, NotifyType::COOKIE, &cookie)?;
        let second = another(gateway, &first)?;
        let back = second.as_ref().and_then(|request| request.notify(NotifyType::COOKIE));
        let expected = format!("the cookie of {len} octets");
        gateway.demand("NG15", back == Some(cookie), &expected, || format!("{back:?}"))?;
    }
    for len in [0, 65] {
        afresh(gateway)?;
        let cookie = gateway.random(len);
        ask(gateway, NotifyType::COOKIE, &cookie)?;
        init_goes_on(gateway, "NG20", &format!("a cookie of {len} octets"))?;
    }
    Ok(())
}

/// So many cookies in a row are more than anybody needs.
const MANY: usize = 50;

fn endless(gateway: &mut Gateway) -> Outcome {
    let mut request = gateway.wake()?;
    let mut answered = 0;
    for _ in 0..MANY {
        let cookie = gateway.random(16);
        ask(gateway, NotifyType::COOKIE, &cookie)?;
        match another(gateway, &request)? {
            Some(next) => (request, answered) = (next, answered + 1),
            None => break,
        }
    }
    let expected = format!("fewer than {MANY} cookies answered");
    gateway.demand("NG18", answered < MANY, &expected, || answered.to_string())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Cookie,
    Group(Group),
}

const P256: Wanted = Wanted::Group(Group::Ecp256);

fn interleaved(gateway: &mut Gateway, wants: &[Wanted]) -> Outcome {
    let mut request = gateway.wake()?;
    let (mut cookie, mut wanted) = (None, None);
    for want in wants {
        if let Wanted::Group(group) = want {
            let group = group.transform_id();
            ask(gateway, NotifyType::INVALID_KE_PAYLOAD, &group.to_be_bytes())?;
            wanted = Some(group);
        } else {
            let octets = gateway.random(24);
            ask(gateway, NotifyType::COOKIE, &octets)?;
            cookie = Some(octets);
        }
        let Some(next) = another(gateway, &request)? else {
            let nothing = || "nothing".into();
            return gateway.demand("NG12", false, "another request", nothing);
        };
        let group = next.body(PayloadType::KE).and_then(|ke| ke.get(..2).map(<[u8]>::to_vec));
        if let Some(wanted) = wanted {
            let right = group == Some(wanted.to_be_bytes().to_vec());
            let expected = format!("KE in group {wanted}");
            gateway.demand("NG12", right, &expected, || format!("{group:?}"))?;
        }
        // Who changes the group may leave the cookie out (RFC 7296 2.6.1); who repeats it must have the right one.
        let back = next.notify(NotifyType::COOKIE);
        let right = match want {
            Wanted::Cookie => back == cookie,
            Wanted::Group(_) => back.is_none() || back == cookie,
        };
        gateway.demand("NG12", right, "the latest cookie", || format!("{back:?}"))?;
        request = next;
    }
    let answer = gateway.init_answer()?;
    accepts_init(gateway, "NG12", ("the answer to what was asked for", &answer))
}

fn late(gateway: &mut Gateway) -> Outcome {
    gateway.reach_auth()?;
    ask(gateway, NotifyType::COOKIE, &[9; 16])?;
    super::common::auth_goes_on(gateway, "RT25", "a cookie behind the true answer")
}
