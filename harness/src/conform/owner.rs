//! Whoever has a container do something of its own accord.

use crate::gateways::{Running, typed};
use conformance::{Unsupported, Wish};
use core::time::Duration;
use ike_core::Identity;
use std::sync::Arc;
use tokio::runtime::Handle;

/// How long a command may take before the case goes on without its answer: some are answered when the peer has
/// answered, which is what the case is about.
const COMMAND: Duration = Duration::from_secs(3);

/// The owner of a container.
#[derive(Clone)]
pub(super) struct Owner {
    running: Arc<Running>,
    runtime: Handle,
}

impl Owner {
    /// Of one that runs.
    pub(super) fn new(running: Running) -> Self {
        Self { running: Arc::new(running), runtime: Handle::current() }
    }

    /// All that it printed so far.
    pub(super) fn log(&self) -> String {
        self.running.log()
    }

    /// Its name and version as it told them.
    pub(super) fn version(&self) -> String {
        self.running.version().to_owned()
    }

    /// Ends it, if nobody else has it.
    pub(super) async fn end(self) {
        if let Some(running) = Arc::into_inner(self.running) {
            // Whoever cannot be stopped in peace is killed; what it did before counts.
            let _ = running.stop().await;
        }
    }

    /// Kills it where it stands; what was asked of it has no answer then.
    pub(super) fn kill(&self) {
        self.runtime.block_on(self.running.kill());
    }

    /// Has it do something to a peer, or to the only one. That it connects or closes is seen on the wire, and some
    /// daemons answer only then.
    pub(super) fn has(&self, wish: Wish, peer: Option<&Identity>) -> Result<(), Unsupported> {
        let command = command(wish);
        let line = peer.map_or(command.to_owned(), |who| format!("{command} {}", typed(who)));
        let running = Arc::clone(&self.running);
        let mut asked = self.runtime.spawn(async move { running.control(&line).await });
        if matches!(wish, Wish::Connect | Wish::Close) {
            return Ok(());
        }
        let told = self.runtime.block_on(async { tokio::time::timeout(COMMAND, &mut asked).await });
        asked.abort();
        match told {
            Ok(Ok(Ok(answer))) if answer.starts_with("unsupported") => Err(Unsupported(answer)),
            _ => Ok(()),
        }
    }
}

/// The word of the contract.
const fn command(wish: Wish) -> &'static str {
    match wish {
        Wish::Connect => "initiate",
        Wish::Send => "ping",
        Wish::Close => "delete",
        Wish::CheckLiveness => "liveness",
        Wish::RekeyChild => "rekey-child",
    }
}
