//! The end of all waiting at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a wait may go on after all were called off.
pub(super) const NOTICED: Duration = Duration::from_millis(200);

/// Calls off the cases that are at work: what they wait for does not come, and no new one begins.
#[derive(Clone, Debug, Default)]
pub struct Halt(Arc<AtomicBool>);

impl Halt {
    /// Calls them off.
    pub fn call(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether they are called off.
    pub(super) fn is_called(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
