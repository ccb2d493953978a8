//! The initiator on a real wire.

use crate::{Clock, Datagram, Recorder, Stop, Trouble, Wire};
use anyhow::{Context, Result};
use core::fmt;
use core::net::SocketAddr;
use crypto::RustCrypto;
use ike_core::{DropReason, Identity, IkeSpi, Instant, Selectors};
use ike_initiator::{
    ChildSa, CloseReason, Config, Event, FailReason, Initiator, MAX_REQUEST, StateName,
};
use rand_chacha::ChaCha20Rng;
use simulator::{Actor, EspKeyLog, IkeKeyLog};
use std::borrow::Cow;
use std::time::Duration;

/// Who the initiator is where keys are shown: there is no other node.
const NODE: Actor = Actor::Node(0);

/// What is to be done.
pub struct Plan {
    /// The initiator's configuration; its path is the wire's.
    pub config: Config,
    /// How long the SA is kept and the gateway answered. Zero: it is closed at once.
    pub stay: Duration,
    /// Where SPIs, nonces, keys and jitter come from.
    pub rng: ChaCha20Rng,
}

/// The Child SA as agreed, without its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// The SPI of packets to us.
    pub spi_in: u32,
    /// The SPI of packets to the gateway.
    pub spi_out: u32,
    /// What is ours in the tunnel.
    pub local: Selectors,
    /// What is on the other side.
    pub remote: Selectors,
}

/// What was set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Established {
    /// After so long.
    pub after: Duration,
    /// IDr.
    pub peer: Identity,
    /// The Child SA.
    pub child: Option<Child>,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `None`: nothing was set up.
    pub established: Option<Established>,
    /// Why not.
    pub failed: Option<FailReason>,
    /// Why a datagram was dropped last: nothing that proves anything, and perhaps a hint.
    pub dropped: Option<DropReason>,
    /// How it ended.
    pub closed: CloseReason,
}

impl fmt::Display for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SPI {:08x} in, {:08x} out; TSi", self.spi_in, self.spi_out)?;
        self.local.iter().try_for_each(|selector| write!(f, " {selector}"))?;
        f.write_str("; TSr")?;
        self.remote.iter().try_for_each(|selector| write!(f, " {selector}"))
    }
}

/// One line.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.established, &self.failed) {
            (Some(done), _) => {
                let (peer, us) = (&done.peer, done.after.as_micros());
                let (s, us) = (us / 1_000_000, us % 1_000_000);
                write!(f, "established with {peer} after {s}.{us:06} s; {}", self.closed)
            }
            (None, Some(reason)) => match (reason, &self.dropped) {
                (FailReason::TimedOut(_), Some(hint)) => {
                    write!(f, "failed: {reason} that counts (dropped: {hint})")
                }
                _ => write!(f, "failed: {reason}"),
            },
            (None, None) => write!(f, "failed: stopped before it was established"),
        }
    }
}

/// Connects, stays, closes; each message and event goes to the recorder. With a first stop the SA is
/// closed as it would have been later, with a second one at once.
///
/// # Errors
/// The configuration is one that no initiator works with, or the recorder cannot write. What the network
/// and the gateway do is no error but the outcome.
pub async fn connect(
    wire: Wire,
    plan: Plan,
    recorder: &mut Recorder,
    stop: &mut Stop,
) -> Result<Outcome> {
    let remote = plan.config.path.remote;
    let initiator = Initiator::new(plan.config, RustCrypto)?;
    let mut session = Session {
        clock: Clock::start(),
        wire,
        initiator,
        rng: plan.rng,
        recorder,
        remote,
        stay: plan.stay,
        leave: None,
        logged: None,
        established: None,
        failed: None,
        dropped: None,
    };
    session.initiator.connect(session.clock.now(), &mut session.rng)?;
    loop {
        if let Some(closed) = session.settle().await? {
            let Session { established, failed, dropped, .. } = session;
            return Ok(Outcome { established, failed, dropped, closed });
        }
        session.wait(stop).await?;
    }
}

struct Session<'r> {
    clock: Clock,
    wire: Wire,
    initiator: Initiator<RustCrypto>,
    rng: ChaCha20Rng,
    recorder: &'r mut Recorder,
    remote: SocketAddr,
    stay: Duration,
    /// When an established SA is to be closed.
    leave: Option<Instant>,
    /// The IKE SA whose keys the recorder has.
    logged: Option<(IkeSpi, IkeSpi)>,
    established: Option<Established>,
    failed: Option<FailReason>,
    dropped: Option<DropReason>,
}

impl Session<'_> {
    /// Passes on what the initiator has to say, until that is nothing; `Some`: it is over.
    async fn settle(&mut self) -> Result<Option<CloseReason>> {
        let mut closed = None;
        loop {
            while let Some(event) = self.initiator.poll_event() {
                closed = self.event(event)?.or(closed);
            }
            let mut buffer = [0; MAX_REQUEST];
            let now = self.clock.now();
            let Some(transmit) = self.initiator.poll_transmit(now, &mut buffer) else {
                return Ok(closed);
            };
            let message = &buffer[..transmit.len];
            self.recorder.sent(now, &transmit.path, message)?;
            if let Err(trouble) = self.wire.send(&transmit.path, message).await {
                self.trouble(&trouble)?;
            }
        }
    }

    /// Waits for what comes first: a datagram, a deadline, the user.
    async fn wait(&mut self, stop: &mut Stop) -> Result<()> {
        let deadline = self.initiator.poll_timeout().into_iter().chain(self.leave).min();
        tokio::select! {
            received = self.wire.receive() => match received {
                Ok(datagram) => self.received(datagram),
                Err(trouble) => self.trouble(&trouble),
            },
            () = self.clock.sleep_until(deadline) => {
                self.timeout();
                Ok(())
            }
            () = stop.wait() => {
                self.close();
                Ok(())
            }
        }
    }

    fn received(&mut self, mut datagram: Datagram) -> Result<()> {
        let now = self.clock.now();
        self.recorder.received(now, &datagram.path, &datagram.octets)?;
        let octets = &mut datagram.octets;
        self.initiator.handle_datagram(now, datagram.path, octets, &mut self.rng);
        let Some((suite, spis, keys)) = self.initiator.ike_keys() else { return Ok(()) };
        if self.logged.replace(spis) == Some(spis) {
            return Ok(());
        }
        let keys = IkeKeyLog { who: NODE, spis, suite, keys: Cow::Borrowed(keys) };
        self.recorder.ike_keys(&keys)
    }

    fn trouble(&mut self, trouble: &Trouble) -> Result<()> {
        self.recorder.remark(self.clock.now(), self.remote, &trouble.to_string())
    }

    fn timeout(&mut self) {
        let now = self.clock.now();
        self.initiator.handle_timeout(now, &mut self.rng);
        if self.leave.is_some_and(|at| at <= now) {
            self.close();
        }
    }

    fn close(&mut self) {
        self.leave = None;
        self.initiator.close(self.clock.now(), &mut self.rng);
    }

    fn event(&mut self, event: Event) -> Result<Option<CloseReason>> {
        let now = self.clock.now();
        self.recorder.initiator(now, self.remote, &event)?;
        match event {
            Event::Established { peer, .. } => self.arrived(now, peer)?,
            Event::Failed(reason) => self.failed = Some(reason),
            Event::Dropped(reason) => self.dropped = Some(reason),
            Event::Closed(reason) => return Ok(Some(reason)),
            _ => {}
        }
        Ok(None)
    }

    fn arrived(&mut self, now: Instant, peer: Identity) -> Result<()> {
        let child = match self.initiator.take_child_keys() {
            Some(sa) => Some(self.report(now, sa)?),
            None => None,
        };
        let after = now.saturating_duration_since(Instant::default());
        self.established = Some(Established { after, peer, child });
        if self.stay.is_zero() {
            self.close();
        } else if self.initiator.state() == StateName::Established {
            self.leave = Some(now + self.stay);
        }
        Ok(())
    }

    /// The Child SA as the recorder and the outcome get it.
    fn report(&mut self, now: Instant, sa: ChildSa) -> Result<Child> {
        let (us, gateway) = (self.wire.local().ip(), self.remote.ip());
        let ways = [(gateway, us, sa.spi_in, sa.inbound), (us, gateway, sa.spi_out, sa.outbound)];
        let ike = self.logged.unwrap_or_default();
        for (source, destination, spi, key) in ways {
            let key = Cow::Owned(key);
            let keys = EspKeyLog { who: NODE, ike, source, destination, spi, key };
            self.recorder.esp_keys(&keys)?;
        }
        let text = format!("Child SA: SPI {:08x} in, {:08x} out", sa.spi_in, sa.spi_out);
        self.recorder.remark(now, self.remote, &text).context("the Child SA")?;
        let (spi_in, spi_out) = (sa.spi_in, sa.spi_out);
        Ok(Child { spi_in, spi_out, local: sa.local, remote: sa.remote })
    }
}
