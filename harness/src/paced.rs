//! The real-time driver: the virtual world at the pace of the clock, with a gateway behind a portal.

use crate::{Clock, Portal, Stop};
use ike_core::Instant;
use simulator::{Ask, World};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// How long nothing must have happened before idle time is skipped: a gateway may still have something to say.
const GRACE: Duration = Duration::from_millis(250);

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

/// Drives a world at the pace of the clock, from its beginning.
pub struct Pacer {
    clock: VirtualClock,
    skip_idle: bool,
    asks: Option<UnboundedSender<Ask>>,
    quiet_since: Instant,
}

impl Pacer {
    /// The clock starts now. With `skip_idle`, time in which all nodes sleep and nothing is on its way is jumped over,
    /// up to the next wake. `asks` is told what the gateway is to be asked, if anybody can.
    #[must_use]
    pub fn start(skip_idle: bool, asks: Option<UnboundedSender<Ask>>) -> Self {
        let clock = VirtualClock { clock: Clock::start(), skipped: Duration::ZERO };
        Self { clock, skip_idle, asks, quiet_since: Instant::default() }
    }

    /// Virtual time that was skipped.
    #[must_use]
    pub const fn skipped(&self) -> Duration {
        self.clock.skipped
    }

    /// Lets the world go on until `end`, as fast as the clock. `false`: somebody ended it early.
    pub async fn until(
        &mut self,
        world: &mut World<'_>,
        end: Instant,
        portal: &mut Portal,
        stop: &mut Stop,
    ) -> bool {
        loop {
            let now = self.clock.now().min(end);
            world.step_until(now);
            while let Some(packet) = world.take_outgoing() {
                portal.send(&packet).await;
            }
            while let Some(ask) = world.take_ask() {
                if let Some(asks) = &self.asks {
                    // Whoever listened may be gone: then nobody is asked.
                    let _ = asks.send(ask);
                }
            }
            if now >= end {
                return true;
            }
            let next = world.next_time().map_or(end, |next| next.min(end));
            let mut deadline = next;
            if !self.skip_idle || !world.is_idle() {
                self.quiet_since = now;
            } else if self.quiet_since + GRACE <= now {
                self.clock.skip_to(next);
                continue;
            } else {
                deadline = next.min(self.quiet_since + GRACE);
            }
            tokio::select! {
                packet = portal.receive() => {
                    let now = self.clock.now().min(end);
                    world.step_until(now);
                    world.hand_in(packet);
                    self.quiet_since = now;
                }
                () = self.clock.sleep_until(deadline) => {}
                () = stop.wait() => return false,
            }
        }
    }
}
