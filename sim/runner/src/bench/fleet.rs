//! The fleet of many nodes that have one handshake each.

use simulator::Backend;
use simulator::scenario::Scenario;

/// Nodes that wake once, so many of them in a second. The gateway forgets an SA of which it hears nothing.
pub(crate) fn scenario((nodes, per_second): (u32, u32), crypto: Backend) -> Scenario {
    let (crypto, within_s) = (crypto.name(), nodes.div_ceil(per_second));
    let text = format!(
        r#"
        description = "one handshake each"
        duration = "{}s"
        crypto = "{crypto}"
        [link]
        delay = "20ms"
        jitter = "5ms"
        loss = "10%"
        [gateway]
        idle_timeout = "10s"
        [[node]]
        name = "node"
        count = {nodes}
        wakes = {{ once = "1s", within = "{within_s}s" }}
        application = {{ kind = "ping", count = 1 }}
        awake = "10ms"
        "#,
        within_s + 300
    );
    Scenario::parse("million.toml", &text, &[]).expect("a scenario")
}
