//! Requests of an authenticated peer: INFORMATIONAL and CREATE_CHILD_SA.

use super::receive::Content;
use super::{Arrival, Responder};
use crate::request::{Informational, check_chain};
use crate::sa::{Common, Established, Replaced, Sa};
use crate::{Behaviour, ChildSa, CloseReason, Event, OutPayload};
use crypto::Crypto;
use ike_core::payload::{Delete, Notify, Payloads};
use ike_core::{Error, ExchangeType, Malformed, NotifyType, PeerMisbehaved, ProtocolId, answer};

/// What a request leads to.
pub(super) struct Verdict {
    payloads: Vec<OutPayload>,
    /// Among the payloads, if any.
    refused: Option<NotifyType>,
    then: Then,
}

/// What becomes of the SA when its request is answered.
pub(super) enum Then {
    Stays,
    Ends(CloseReason),
    /// By their inbound SPIs.
    LosesChildren(Vec<u32>),
    AddChild(Box<ChildSa>),
    /// What the SA that takes its place has.
    Rekey(Box<Common>),
}

impl Verdict {
    pub(super) const fn new(payloads: Vec<OutPayload>, then: Then) -> Self {
        Self { payloads, refused: None, then }
    }

    /// Nothing is said.
    const fn empty(then: Then) -> Self {
        Self::new(Vec::new(), then)
    }

    pub(super) fn refuse(kind: NotifyType, data: &[u8]) -> Self {
        Self::refusal(OutPayload::of(&Notify::new(kind, data)), kind)
    }

    /// With a notify of that type.
    pub(super) fn refusal(notify: OutPayload, kind: NotifyType) -> Self {
        Self { payloads: vec![notify], refused: Some(kind), then: Then::Stays }
    }

    /// RFC 7296 2.21.3: each bad request is answered, and INVALID_SYNTAX ends the SA on both sides.
    fn of_error(error: &Error) -> Self {
        let (kind, data, len) = answer(error);
        let refusal = Self::refuse(kind, &data[..len]);
        match error {
            // RFC 7296 1.3.1: what fails is what was asked for.
            Error::Incompatible(_)
            | Error::Misbehaved(PeerMisbehaved::UnsupportedCriticalPayload(_)) => refusal,
            Error::Malformed(_) | Error::Misbehaved(_) => {
                Self { then: Then::Ends(CloseReason::InvalidSyntax), ..refusal }
            }
        }
    }
}

impl<C: Crypto, B: Behaviour> Responder<C, B> {
    /// A verified request with the next Message ID, to an SA whose peer is authenticated.
    pub(super) fn on_request(&mut self, arrival: &Arrival, mut sa: Sa, content: Content<'_>) -> Sa {
        let stays = matches!(sa, Sa::Established(_));
        let Some(live) = sa.live_mut() else { return sa };
        live.heard(arrival.now, &self.config);
        let verdict = content
            .and_then(|payloads| self.judge(arrival, live, stays, payloads))
            .unwrap_or_else(|error| Verdict::of_error(&error));
        let id = live.common.id;
        live.last = Some(self.answer(arrival, &mut live.common, verdict.payloads));
        self.event(Event::Answered { sa: id, exchange: arrival.header.exchange });
        if let Some(notify) = verdict.refused {
            self.refused(Some(id), arrival.path, notify);
        }
        match (sa, verdict.then) {
            (
                Sa::Established(live) | Sa::Closing(live) | Sa::Replaced(Replaced { live, .. }),
                Then::Ends(reason),
            ) => {
                let Established { common, last, path, .. } = live;
                self.bury(arrival.now, &common, (last, path), reason)
            }
            (Sa::Established(live), Then::Rekey(common)) => self.replace_ike(arrival, live, common),
            (mut sa, Then::AddChild(keys)) => {
                if let Some(live) = sa.live_mut() {
                    self.child_created(arrival, live, keys);
                }
                sa
            }
            (mut sa, Then::LosesChildren(spis)) => {
                for spi_in in spis {
                    if sa.live_mut().is_some_and(|live| live.lose_child(spi_in)) {
                        self.event(Event::ChildClosed { sa: id, spi_in });
                    }
                }
                sa
            }
            (sa, _) => sa,
        }
    }

    /// `stays`: the SA is neither about to be closed nor replaced.
    fn judge(
        &mut self,
        arrival: &Arrival,
        live: &Established,
        stays: bool,
        payloads: Payloads<'_>,
    ) -> Result<Verdict, Error> {
        match arrival.header.exchange {
            ExchangeType::INFORMATIONAL => judge_informational(arrival, live, payloads),
            ExchangeType::CREATE_CHILD_SA => {
                check_chain(payloads.clone())?;
                // RFC 7296 2.25.2; 2.8.2: an SA that was rekeyed is as good as closing.
                if stays {
                    self.judge_creation(arrival, live, payloads)
                } else {
                    Ok(Verdict::refuse(NotifyType::TEMPORARY_FAILURE, &[]))
                }
            }
            _ => Err(Malformed::new("an exchange of an established SA", EXCHANGE_AT).into()),
        }
    }
}

fn judge_informational(
    arrival: &Arrival,
    live: &Established,
    payloads: Payloads<'_>,
) -> Result<Verdict, Error> {
    let request = Informational::parse(payloads)?;
    if request.deletes_ike {
        // RFC 7296 1.4.1: an empty response.
        return Ok(Verdict::empty(Then::Ends(CloseReason::DeletedByPeer)));
    }
    // RFC 7296 2.21.2: the exchange right after IKE_AUTH may tell that our answer was not accepted.
    let follows_auth = arrival.header.message_id == 2 && !live.rekeyed;
    if let Some(kind) = request.fatal.filter(|_| follows_auth) {
        return Ok(Verdict::empty(Then::Ends(CloseReason::RefusedByPeer(kind))));
    }
    // The peer names its inbound halves, we answer with ours.
    let named = live.children.iter().filter(|child| request.deletes_esp(child.outbound));
    let spis: Vec<u32> = named.map(|child| child.inbound).collect();
    if spis.is_empty() {
        return Ok(Verdict::empty(Then::Stays));
    }
    let octets: Vec<u8> = spis.iter().flat_map(|spi| spi.to_be_bytes()).collect();
    let delete = Delete { protocol: ProtocolId::ESP, spi_size: 4, spis: &octets };
    Ok(Verdict::new(vec![OutPayload::of(&delete)], Then::LosesChildren(spis)))
}

/// Where the header has the exchange type.
const EXCHANGE_AT: usize = 18;
