//! The user's wish to end.

use std::io;

/// Waits for Ctrl-C, or for what a script sends instead (SIGTERM).
#[derive(Debug)]
pub struct Stop {
    signals: Option<Signals>,
}

#[cfg(unix)]
#[derive(Debug)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(not(unix))]
#[derive(Debug)]
struct Signals;

impl Signals {
    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(not(unix))]
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            core::future::pending().await
        }
    }
}

impl Stop {
    /// From now on the signals come here instead of ending the program.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn on_signal() -> io::Result<Self> {
        Ok(Self { signals: Some(Signals::listen()?) })
    }

    /// Nobody will want to stop.
    #[must_use]
    pub fn never() -> Self {
        Self { signals: None }
    }

    /// Waits for the next signal; one that came before is not lost, and waiting may be broken off.
    pub async fn wait(&mut self) {
        match &mut self.signals {
            Some(signals) => signals.next().await,
            None => core::future::pending().await,
        }
    }
}
