//! The container of a cell: how it comes to the portal, and how it goes.

use super::cell::Ran;
use crate::Portal;
use crate::gateways::{Plug, Running, Setting, StartError, bridge_address};
use anyhow::{Context, Result, bail};
use core::net::SocketAddr;
use core::time::Duration;
use std::rc::Rc;

/// How long a container that is ready may take to show itself at the portal.
const HELLO: Duration = Duration::from_secs(10);
/// How often it is looked whether something is to be done beside the packets.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// What came of the wish for a container.
pub(super) enum Started {
    /// It is at the portal.
    Up(Portal, Rc<Running>),
    /// The cell has ended before it began.
    Ended(Ran),
}

/// Starts an implementation and waits until it is at its portal.
///
/// # Errors
/// Docker is not there.
pub(super) async fn start(plug: &Plug, setting: &Setting) -> Result<Started> {
    let address = SocketAddr::new(bridge_address()?, 0);
    let mut portal =
        Portal::bind(address).await.with_context(|| format!("no portal at {address}"))?;
    let running = match Running::start(plug, setting, portal.local()?).await {
        Ok(running) => running,
        Err(StartError::Unsupported(reason)) => {
            let (version, log) = (String::new(), String::new());
            return Ok(Started::Ended(Ran::Unsupported { version, reason, log }));
        }
        Err(StartError::Failed(log)) => {
            let reason = format!("{} did not start", plug.name);
            return Ok(Started::Ended(Ran::Broken { version: String::new(), reason, log }));
        }
        Err(error) => bail!("{error}"),
    };
    if tokio::time::timeout(HELLO, portal.peer()).await.is_err() {
        let (version, log) = (version(&running), running.log());
        let reason = "its container sent nothing to the portal".into();
        return Ok(Started::Ended(Ran::Broken { version, reason, log }));
    }
    Ok(Started::Up(portal, Rc::new(running)))
}

/// `6.0.1` of `strongswan 6.0.1`.
fn version(running: &Running) -> String {
    let told = running.version();
    told.split_once(' ').map_or(told, |(_, version)| version).to_owned()
}

/// What a container said before it went.
pub(super) struct LastWords {
    /// Its name and version.
    pub(super) name: String,
    /// Its version alone.
    pub(super) version: String,
    /// All that it wrote.
    pub(super) log: String,
    /// Its answers to `sas` and `raw`.
    pub(super) lists: Result<(String, String)>,
}

/// Asks the container for the last time, and ends it.
pub(super) async fn end(running: Rc<Running>) -> LastWords {
    let lists = async {
        let last = running.control("sas").await?;
        Ok((last, running.control("raw").await?))
    };
    let lists = lists.await;
    let (name, version, log) = (running.version().to_owned(), version(&running), running.log());
    if let Ok(running) = Rc::try_unwrap(running) {
        // Whoever cannot be stopped in peace is killed; what it did before counts.
        let _ = running.stop().await;
    }
    LastWords { name, version, log, lists }
}
