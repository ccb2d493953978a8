//! One Diffie-Hellman operation of the gateway for each different IKE_SA_INIT request, however often
//! it arrives (RFC 7296 2.1): a second one only when the gateway has forgotten the SA of the first
//! before IKE_AUTH came.
//!
//! Memory: the hashes of the requests of each initiator's SPI that has an SA at the gateway or waits for its processor,
//! and of up to 16,384 others.

use super::packet::Packet;
use super::{Check, Findings};
use crate::by_spi::BySpi;
use crate::event::{Actor, Event, What};
use ike_core::{Instant, Operation};
use ike_responder::{CloseReason, Event as Gateway};
use std::collections::BTreeSet;

/// Initiators of which the gateway has made nothing yet that are told apart.
const TOLD_APART: usize = 16_384;

#[derive(Default)]
pub(super) struct OneDiffieHellman {
    /// By the initiator's SPI.
    initiators: BySpi<u64, Initiator>,
    without_sa: usize,
    /// Those among them that waited for the gateway's processor when initiators were forgotten the last time.
    kept: usize,
    /// By the responder's SPI.
    sas: BySpi<u64, Sa>,
    /// SAs that came of rekeying, by the responder's SPI.
    rekeyed: BTreeSet<u64>,
    /// Operations since the gateway last said which request they were for.
    unnamed: u64,
}

struct Sa {
    spi_i: u64,
    operations: usize,
    established: bool,
}

#[derive(Default)]
struct Initiator {
    /// Hashes of the different requests that arrived.
    requests: Vec<u64>,
    /// Those for requests that the gateway has not forgotten.
    operations: usize,
    sas: usize,
    /// Until when the last of them waits for the gateway's processor.
    waits_until: Instant,
}

impl OneDiffieHellman {
    fn half_open(&mut self, spi_i: u64, spi_r: u64) -> Option<String> {
        let operations = core::mem::take(&mut self.unnamed);
        let initiator = self.initiators.get_or_insert_with(spi_i, || {
            self.without_sa += 1;
            Initiator::default()
        });
        if initiator.sas == 0 {
            self.without_sa -= 1;
        }
        initiator.sas += 1;
        let operations = usize::try_from(operations).unwrap_or(usize::MAX);
        initiator.operations += operations;
        self.sas.insert(spi_r, Sa { spi_i, operations, established: false });
        let (done, requests) = (initiator.operations, initiator.requests.len());
        (done > requests).then(|| {
            format!(
                "{done} Diffie-Hellman operations for {requests} different IKE_SA_INIT requests \
                 of {spi_i:016x}"
            )
        })
    }

    /// Forgets initiators of which nothing came, lest a flood fill the memory.
    fn forget(&mut self, now: Instant) {
        self.initiators.retain(|initiator| initiator.sas > 0 || initiator.waits_until >= now);
        self.without_sa = self.initiators.values().filter(|initiator| initiator.sas == 0).count();
        self.kept = self.without_sa;
    }

    fn is_known(&self, spi_r: u64) -> bool {
        self.sas.contains_key(&spi_r) || self.rekeyed.contains(&spi_r)
    }

    /// The SA is gone. If no IKE_AUTH came, its request is new to the gateway from now on.
    fn closed(&mut self, now: Instant, spi_r: u64, reason: CloseReason) {
        self.rekeyed.remove(&spi_r);
        let Some(Sa { spi_i, operations, established }) = self.sas.remove(&spi_r) else { return };
        let Some(initiator) = self.initiators.get_mut(&spi_i) else { return };
        // After IKE_AUTH the gateway remembers the request, whatever becomes of the SA.
        let remembered = match reason {
            CloseReason::DeletedByUs => established,
            CloseReason::AuthenticationFailed
            | CloseReason::UnsupportedCriticalPayload
            | CloseReason::InvalidSyntax
            | CloseReason::DeletedByPeer
            | CloseReason::InitialContact
            | CloseReason::LivenessFailed
            | CloseReason::Replaced
            | CloseReason::RefusedByPeer(_) => true,
            _ => false,
        };
        if !remembered {
            initiator.operations -= operations;
        }
        initiator.sas -= 1;
        if initiator.sas > 0 {
            return;
        }
        // Another request of it may still wait: one with a cookie beside one without.
        if initiator.operations > 0 || initiator.waits_until >= now {
            self.without_sa += 1;
        } else {
            self.initiators.remove(&spi_i);
        }
    }
}

impl Check for OneDiffieHellman {
    fn name(&self) -> &'static str {
        "one Diffie-Hellman"
    }

    fn arrived(&mut self, packet: &Packet<'_>, _findings: &mut Findings) {
        let Some(ike) = packet.ike().filter(|ike| ike.is_init() && !ike.is_response()) else {
            return;
        };
        if packet.who != Actor::Gateway {
            return;
        }
        if self.without_sa >= self.kept + TOLD_APART {
            self.forget(packet.at);
        }
        let initiator = self.initiators.get_or_insert_with(ike.header.spi_i.0, || {
            self.without_sa += 1;
            Initiator::default()
        });
        let digest = ike.digest();
        if !initiator.requests.contains(&digest) {
            initiator.requests.push(digest);
        }
    }

    fn event(&mut self, event: &Event<'_>, findings: &mut Findings) {
        let What::Responder(what) = &event.what else { return };
        let wrong = match what {
            // That of an SA which is there already is for a CREATE_CHILD_SA request.
            Gateway::Operation { operation: Operation::DiffieHellman(_), sa: Some(sa) } => {
                self.unnamed += u64::from(!self.is_known(sa.spi_r().0));
                None
            }
            Gateway::Rekeyed { new, .. } => {
                self.rekeyed.insert(new.spi_r().0);
                None
            }
            Gateway::Queued { spi_i, answer_at, .. } => {
                if let Some(initiator) = self.initiators.get_mut(&spi_i.0) {
                    initiator.waits_until = *answer_at;
                }
                None
            }
            Gateway::HalfOpen { spi_i, spi_r, .. } => self.half_open(spi_i.0, spi_r.0),
            Gateway::Established { sa, .. } => {
                if let Some(sa) = self.sas.get_mut(&sa.spi_r().0) {
                    sa.established = true;
                }
                None
            }
            Gateway::Closed { sa, reason } => {
                self.closed(event.at, sa.spi_r().0, *reason);
                None
            }
            // It has forgotten which requests it answered: it may answer each of them anew.
            Gateway::Crashed { .. } => {
                self.initiators.clear();
                (self.without_sa, self.kept) = (0, 0);
                None
            }
            _ => None,
        };
        if let Some(what) = wrong {
            findings.add(event.who, what);
        }
    }
}
