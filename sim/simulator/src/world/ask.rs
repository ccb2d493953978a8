//! What a gateway outside is to be asked at set times, since the scenario says that it asks its peers.

use super::shared::{Alarm, Core, Next};
use crate::scenario::{Gateway as Policy, Request, RequestKind};
use ike_core::Instant;
use std::collections::{BTreeSet, VecDeque};

/// The gateway is to send this request to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The node.
    pub node: u32,
    /// The request.
    pub kind: RequestKind,
}

/// The asks of a run, counted from when a node has its SA: the gateway had it half a round trip earlier.
pub(super) struct Asks {
    requests: Vec<Request>,
    /// Node and number of the request, by time.
    due: BTreeSet<(Instant, u32, usize)>,
    ready: VecDeque<Ask>,
    alarm: Alarm,
}

impl Asks {
    pub(super) fn new(policy: &Policy) -> Self {
        let deletion = policy.delete_after.map(|after| Request {
            kind: RequestKind::Delete,
            after,
            every: None,
        });
        Self {
            requests: policy.requests.iter().copied().chain(deletion).collect(),
            due: BTreeSet::new(),
            ready: VecDeque::new(),
            alarm: Alarm::default(),
        }
    }

    /// A node has its SA now, or has it no more.
    pub(super) fn note(&mut self, now: Instant, node: u32, established: bool) {
        self.due.retain(|(_, of, _)| *of != node);
        if established {
            let all = self.requests.iter().enumerate();
            self.due.extend(all.map(|(number, request)| (now + request.after, node, number)));
        }
    }

    pub(super) fn set_alarm(&mut self, core: &mut Core<'_>) {
        let next = self.due.first().map(|(at, ..)| *at);
        core.set_alarm(&mut self.alarm, next, Next::GatewayTimer);
    }

    pub(super) fn handle_timeout(&mut self, core: &mut Core<'_>) {
        self.alarm.rang();
        while let Some(&(at, node, number)) = self.due.first().filter(|(at, ..)| *at <= core.now) {
            self.due.remove(&(at, node, number));
            let request = self.requests[number];
            self.ready.push_back(Ask { node, kind: request.kind });
            self.due.extend(request.every.map(|every| (core.now + every, node, number)));
        }
        self.set_alarm(core);
    }

    pub(super) fn take(&mut self) -> Option<Ask> {
        self.ready.pop_front()
    }
}
