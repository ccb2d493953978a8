//! The real-time driver: the virtual world at the pace of the clock, with a gateway behind a portal.

use crate::{Clock, Portal, Stop};
use ike_core::Instant;
use simulator::World;
use std::time::Duration;

/// How long nothing must have happened before idle time is skipped: a gateway may still have something to say.
const GRACE: Duration = Duration::from_millis(250);

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

/// Lets the world go on until `end`, as fast as the clock. With `skip_idle`, time in which all nodes sleep and nothing
/// is on its way is jumped over, up to the next wake.
pub async fn pace(
    world: &mut World<'_>,
    end: Instant,
    portal: &mut Portal,
    skip_idle: bool,
    stop: &mut Stop,
) -> Pace {
    let mut clock = VirtualClock { clock: Clock::start(), skipped: Duration::ZERO };
    let mut quiet_since = Instant::default();
    loop {
        let now = clock.now().min(end);
        world.step_until(now);
        while let Some(packet) = world.take_outgoing() {
            portal.send(&packet).await;
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
