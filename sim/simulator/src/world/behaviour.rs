//! Deliberate misbehaviour in a run: what is honest in every scenario can be told to break a rule.

use ike_core::{ExchangeType, NotifyType};
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
}

/// The gateway's behaviour, whatever it is.
pub(super) struct GatewayBehaviour(pub(super) Box<dyn GatewaySeam>);

impl GatewaySeam for GatewayBehaviour {
    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        self.0.edit(context, payloads);
    }

    fn selectors(&mut self, narrowed: &mut TunnelSelectors) {
        self.0.selectors(narrowed);
    }

    fn refuse_child(&mut self) -> Option<NotifyType> {
        self.0.refuse_child()
    }

    fn spoil_auth(&mut self) -> bool {
        self.0.spoil_auth()
    }
}
