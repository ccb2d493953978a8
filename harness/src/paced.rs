//! The real-time driver: the virtual world at the pace of the clock, with a gateway behind a portal.

use crate::{Clock, Portal, Stop};
use ike_core::Instant;
use simulator::{Ask, World};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// How long nothing must have happened before idle time is skipped: a gateway may still have something to say.
const GRACE: Duration = Duration::from_millis(250);

/// How fast a world goes, and how far.
#[derive(Clone, Debug)]
pub struct Pacing {
    /// Until when.
    pub end: Instant,
    /// Whether time in which all nodes sleep and nothing is on its way is jumped over, up to the next wake.
    pub skip_idle: bool,
    /// Who is told what the gateway is to be asked, if anybody can.
    pub asks: Option<UnboundedSender<Ask>>,
}

/// How a world went by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Virtual time that was skipped.
    pub skipped: Duration,
    /// Whether somebody ended it early.
    pub stopped: bool,
}

/// Real time, and what was skipped of virtual time.
struct VirtualClock {
    clock: Clock,
    skipped: Duration,
}

impl VirtualClock {
    fn now(&self) -> Instant {
        self.clock.now() + self.skipped
    }

    fn skip_to(&mut self, then: Instant) {
        self.skipped += then.saturating_duration_since(self.now());
    }

    async fn sleep_until(&self, then: Instant) {
        let since_start = then.saturating_duration_since(Instant::default() + self.skipped);
        self.clock.sleep_until(Some(Instant::default() + since_start)).await;
    }
}

/// Lets the world go on as fast as the clock.
pub async fn pace(
    world: &mut World<'_>,
    portal: &mut Portal,
    pacing: &Pacing,
    stop: &mut Stop,
) -> Pace {
    let Pacing { end, skip_idle, .. } = *pacing;
    let mut clock = VirtualClock { clock: Clock::start(), skipped: Duration::ZERO };
    let mut quiet_since = Instant::default();
    loop {
        let now = clock.now().min(end);
        world.step_until(now);
        while let Some(packet) = world.take_outgoing() {
            portal.send(&packet).await;
        }
        while let Some(ask) = world.take_ask() {
            if let Some(asks) = &pacing.asks {
                // Whoever listened may be gone: then nobody is asked.
                let _ = asks.send(ask);
            }
        }
        if now >= end {
            return Pace { skipped: clock.skipped, stopped: false };
        }
        let next = world.next_time().map_or(end, |next| next.min(end));
        let mut deadline = next;
        if !skip_idle || !world.is_idle() {
            quiet_since = now;
        } else if quiet_since + GRACE <= now {
            clock.skip_to(next);
            continue;
        } else {
            deadline = next.min(quiet_since + GRACE);
        }
        tokio::select! {
            packet = portal.receive() => {
                let now = clock.now().min(end);
                world.step_until(now);
                world.hand_in(packet);
                quiet_since = now;
            }
            () = clock.sleep_until(deadline) => {}
            () = stop.wait() => return Pace { skipped: clock.skipped, stopped: true },
        }
    }
}
