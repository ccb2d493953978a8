//! Real time as the machines take it.

use core::future;
use ike_core::Instant;
use std::time::Duration;

/// Microseconds since the program began to look at them; they never go backwards.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: tokio::time::Instant,
}

impl Clock {
    /// A clock that shows zero now.
    #[must_use]
    pub fn start() -> Self {
        Self { start: tokio::time::Instant::now() }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Instant {
        let us = self.start.elapsed().as_micros();
        Instant::from_micros(u64::try_from(us).unwrap_or(u64::MAX))
    }

    /// Waits until then; forever where there is nothing to wait for.
    pub async fn sleep_until(&self, deadline: Option<Instant>) {
        let then =
            deadline.and_then(|at| self.start.checked_add(Duration::from_micros(at.micros())));
        match then {
            Some(then) => tokio::time::sleep_until(then).await,
            None => future::pending().await,
        }
    }
}
