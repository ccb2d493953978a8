//! What a gateway is asked to do to its peers while a scenario runs.

use super::running::Running;
use super::setting::typed;
use simulator::Ask;
use simulator::scenario::{RequestKind, Scenario};
use tokio::sync::mpsc::UnboundedReceiver;

/// The word of the contract.
const fn command(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Liveness => "liveness",
        RequestKind::NewChild => "new-child",
        RequestKind::RekeyChild => "rekey-child",
        RequestKind::RekeyIke => "rekey-ike",
        RequestKind::Delete => "delete",
    }
}

/// The command that has a gateway do to a device what the scenario asks; `None`: there is no such node.
pub(crate) fn line(scenario: &Scenario, ask: &Ask) -> Option<String> {
    let group = scenario.groups.iter().find(|group| group.numbers().contains(&ask.node))?;
    Some(format!("{} {}", command(ask.kind), typed(&group.identity(ask.node))))
}

/// Passes on what the scenario has its gateway ask, until nobody can want more. What was answered with anything but
/// `ok`, in order, each text once.
pub async fn obey(
    running: &Running,
    scenario: &Scenario,
    mut asks: UnboundedReceiver<Ask>,
) -> Vec<String> {
    let mut refused = Vec::new();
    while let Some(ask) = asks.recv().await {
        let Some(line) = line(scenario, &ask) else { continue };
        let answer = running.control(&line).await.unwrap_or_else(|error| format!("{error:#}"));
        let text = format!("{}: {answer}", command(ask.kind));
        if answer != "ok" && !refused.contains(&text) {
            refused.push(text);
        }
    }
    refused
}
