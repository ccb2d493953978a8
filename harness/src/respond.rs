//! The responder on a real wire.

use crate::{Clock, Datagram, Recorder, Stop, Trouble, Wire};
use anyhow::Result;
use core::fmt;
use core::net::SocketAddr;
use crypto::RustCrypto;
use ike_core::{IkeSpi, Instant};
use ike_responder::{Config, Event, MAX_MESSAGE, Phase, Responder, SaId};
use simulator::{Actor, EspKeyLog, IkeKeyLog};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// After so many datagrams the ladder forgets them: who serves for weeks must not fill the memory.
const REMEMBERED: usize = 10_000;

/// What is to be served.
pub struct Service {
    /// The responder's configuration.
    pub config: Config,
    /// Where all its randomness comes from; whoever knows it knows all keys.
    pub seed: [u8; 32],
    /// `None`: until stopped. `Some`: until the first SA that was established is closed, or nothing arrived
    /// for so long.
    pub once: Option<Duration>,
}

/// What was served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// IKE SAs that were established.
    pub established: u64,
    /// How often one was rekeyed: it goes on under other SPIs.
    pub rekeyed: u64,
    /// Of these, the ones that were closed.
    pub closed: u64,
    /// Requests that were answered with an error.
    pub refused: u64,
    /// Datagrams that changed nothing.
    pub dropped: u64,
}

/// One line.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "IKE SAs: {} established, {} times rekeyed, {} of them closed; requests refused: {}; \
             datagrams dropped: {}",
            self.established, self.rekeyed, self.closed, self.refused, self.dropped
        )
    }
}

/// Serves until the service ends or somebody stops it; each message and event goes to the recorder.
///
/// # Errors
/// The recorder cannot write. What the network and the peers do is no error.
pub async fn respond(
    wire: Wire,
    service: Service,
    recorder: &mut Recorder,
    stop: &mut Stop,
) -> Result<Summary> {
    let clock = Clock::start();
    let mut server = Server {
        last_heard: clock.now(),
        clock,
        wire,
        responder: Responder::new(service.config, RustCrypto, service.seed),
        recorder,
        established: BTreeSet::new(),
        summary: Summary::default(),
        buffer: vec![0; MAX_MESSAGE],
    };
    loop {
        let end = service.once.map(|idle| server.last_heard + idle);
        let over = server.summary.closed > 0 || end.is_some_and(|at| at <= server.clock.now());
        if service.once.is_some() && over {
            return Ok(server.summary);
        }
        let deadline = server.responder.poll_timeout().into_iter().chain(end).min();
        tokio::select! {
            received = server.wire.receive() => match received {
                Ok(datagram) => server.received(datagram)?,
                Err(trouble) => server.trouble(None, &trouble)?,
            },
            () = server.clock.sleep_until(deadline) => {
                server.responder.handle_timeout(server.clock.now());
            }
            () = stop.wait() => return Ok(server.summary),
        }
        server.settle().await?;
    }
}

struct Server<'r> {
    clock: Clock,
    wire: Wire,
    responder: Responder<RustCrypto>,
    recorder: &'r mut Recorder,
    /// SAs that were established and are not closed.
    established: BTreeSet<SaId>,
    summary: Summary,
    last_heard: Instant,
    buffer: Vec<u8>,
}

impl Server<'_> {
    fn received(&mut self, mut datagram: Datagram) -> Result<()> {
        if self.recorder.remembered() >= REMEMBERED {
            self.forget()?;
        }
        let now = self.clock.now();
        self.last_heard = now;
        self.recorder.received(now, &datagram.path, &datagram.octets)?;
        self.responder.handle_datagram(now, datagram.path, &mut datagram.octets);
        Ok(())
    }

    fn trouble(&mut self, remote: Option<SocketAddr>, trouble: &Trouble) -> Result<()> {
        match remote {
            Some(remote) => self.recorder.remark(self.clock.now(), remote, &trouble.to_string()),
            // An error on a socket for everybody does not say whom it is about.
            None => self.recorder.say(&trouble.to_string()),
        }
    }

    /// Passes on what the responder has to say, until that is nothing.
    async fn settle(&mut self) -> Result<()> {
        loop {
            while let Some(event) = self.responder.poll_event() {
                self.event(&event)?;
            }
            let now = self.clock.now();
            let mut buffer = core::mem::take(&mut self.buffer);
            let transmit = self.responder.poll_transmit(now, &mut buffer);
            self.buffer = buffer;
            let Some(transmit) = transmit else { return Ok(()) };
            let message = &self.buffer[..transmit.len];
            self.recorder.sent(now, &transmit.path, message)?;
            if let Err(trouble) = self.wire.send(&transmit.path, message).await {
                self.trouble(Some(transmit.path.remote), &trouble)?;
            }
        }
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        let now = self.clock.now();
        self.recorder.responder(now, event)?;
        if let Event::Rekeyed { old, new, .. } = event
            && self.established.remove(old)
        {
            self.established.insert(*new);
            self.summary.rekeyed += 1;
        }
        match event {
            Event::HalfOpen { sa, .. } | Event::Rekeyed { new: sa, .. } => {
                if let Some(keys) = key_log(&self.responder, *sa) {
                    self.recorder.ike_keys(&keys)?;
                }
            }
            Event::Established { sa, .. } => {
                self.summary.established += 1;
                self.established.insert(*sa);
                self.report(now, *sa)?;
            }
            Event::ChildCreated { sa, .. } => self.report(now, *sa)?,
            Event::Closed { sa, .. } if self.established.remove(sa) => self.summary.closed += 1,
            Event::Refused { .. } => self.summary.refused += 1,
            Event::Dropped { .. } => self.summary.dropped += 1,
            _ => {}
        }
        Ok(())
    }

    /// Tells of the Child SA just made.
    fn report(&mut self, now: Instant, sa: SaId) -> Result<()> {
        let Some(child) = self.responder.take_child_keys(sa) else { return Ok(()) };
        let (us, peer) = (child.path.local.ip(), child.path.remote.ip());
        let ways =
            [(peer, us, child.spi_in, child.inbound), (us, peer, child.spi_out, child.outbound)];
        let ike = key_log(&self.responder, sa).map(|keys| keys.spis).unwrap_or_default();
        for (source, destination, spi, key) in ways {
            let (who, key) = (Actor::Gateway, Cow::Owned(key));
            let keys = EspKeyLog { who, ike, source, destination, spi, key };
            self.recorder.esp_keys(&keys)?;
        }
        let text = format!("Child SA: SPI {:08x} in, {:08x} out", child.spi_in, child.spi_out);
        self.recorder.remark(now, child.path.remote, &text)
    }

    /// Lets the recorder forget everything but the SAs that are there.
    fn forget(&mut self) -> Result<()> {
        self.recorder.forget();
        let live: BTreeMap<_, _> = self
            .responder
            .sas()
            .filter(|sa| sa.phase != Phase::Closed)
            .map(|sa| (sa.id, sa.path))
            .collect();
        for (sa, path) in live {
            let Some(keys) = key_log(&self.responder, sa) else { continue };
            self.recorder.remember_keys(&keys);
            self.recorder.number(path.remote);
            let (spi_i, spi_r) = keys.spis;
            let event = Event::HalfOpen { sa, spi_i, spi_r, path };
            // It draws nothing: it only says whose SA that is.
            self.recorder.responder(self.clock.now(), &event)?;
        }
        Ok(())
    }
}

fn key_log(responder: &Responder<RustCrypto>, sa: SaId) -> Option<IkeKeyLog<'_>> {
    let (suite, keys, spi_i, spi_r): (_, _, IkeSpi, IkeSpi) = responder.ike_keys(sa)?;
    let (who, spis) = (Actor::Gateway, (spi_i, spi_r));
    Some(IkeKeyLog { who, spis, suite: *suite, keys: Cow::Borrowed(keys) })
}
