//! Deliberate misbehaviour in a run: what is honest in every scenario can be told to break a rule.

use crate::scenario::{ChildPolicy, GatewaySelectors, Scenario};
use ike_core::{ExchangeType, NotifyType, TrafficSelector};
use ike_initiator::Behaviour as NodeSeam;
use ike_responder::{Behaviour as GatewaySeam, MessageContext, OutPayload, TunnelSelectors};

/// How nodes and gateway depart from the protocol.
pub struct Behaviours {
    /// That of a node, by its number; asked for at each wake.
    pub node: Box<dyn Fn(u32) -> Box<dyn NodeSeam>>,
    /// That of the gateway.
    pub gateway: Box<dyn GatewaySeam>,
}

impl Default for Behaviours {
    /// Everybody is honest.
    fn default() -> Self {
        Self {
            node: Box::new(|_| Box::new(ike_initiator::Honest)),
            gateway: Box::new(ike_responder::Honest),
        }
    }
}

/// A node's behaviour, whatever it is.
pub(super) struct NodeBehaviour(pub(super) Box<dyn NodeSeam>);

impl NodeSeam for NodeBehaviour {
    fn edit_request(&mut self, exchange: ExchangeType, transmission: u8, datagram: &mut [u8]) {
        self.0.edit_request(exchange, transmission, datagram);
    }

    fn iv_counter(&mut self, counter: u64) -> u64 {
        self.0.iv_counter(counter)
    }

    fn believes(&mut self, error: NotifyType) -> bool {
        self.0.believes(error)
    }
}

/// The gateway's behaviour, whatever it is, and the policies of a scenario that no honest gateway has.
pub(super) struct GatewayBehaviour {
    inner: Box<dyn GatewaySeam>,
    refuses: Option<NotifyType>,
    /// What the response says of the gateway's side, whatever was proposed.
    widened: Option<TrafficSelector>,
}

impl GatewayBehaviour {
    pub(super) fn new(scenario: &Scenario, inner: Box<dyn GatewaySeam>) -> Self {
        let server = super::addresses(scenario).server();
        Self {
            inner,
            refuses: match scenario.gateway.child {
                ChildPolicy::Accept => None,
                ChildPolicy::Refuse(notify) => Some(notify),
            },
            widened: match scenario.gateway.selectors {
                GatewaySelectors::Widen => TrafficSelector::network(server, 0),
                GatewaySelectors::Host | GatewaySelectors::Network => None,
            },
        }
    }
}

impl GatewaySeam for GatewayBehaviour {
    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        self.inner.edit(context, payloads);
    }

    fn selectors(&mut self, narrowed: &mut TunnelSelectors) {
        if let Some(widened) = self.widened {
            narrowed.local = vec![widened];
        }
        self.inner.selectors(narrowed);
    }

    fn refuse_child(&mut self) -> Option<NotifyType> {
        self.refuses.or_else(|| self.inner.refuse_child())
    }

    fn spoil_auth(&mut self) -> bool {
        self.inner.spoil_auth()
    }
}
