//! The user's wish to end.

use core::pin::Pin;
use std::io;

/// Waits for Ctrl-C, or for what a script sends instead (SIGTERM), or for anything else.
pub struct Stop(Source);

enum Source {
    Signals(Signals),
    Once(Pin<Box<dyn Future<Output = ()>>>),
    Never,
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(not(unix))]
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
        Ok(Self(Source::Signals(Signals::listen()?)))
    }

    /// One stop, when `wish` completes.
    #[must_use]
    pub fn when(wish: impl Future<Output = ()> + 'static) -> Self {
        Self(Source::Once(Box::pin(wish)))
    }

    /// Nobody will want to stop.
    #[must_use]
    pub const fn never() -> Self {
        Self(Source::Never)
    }

    /// Waits for the next stop; one that came before is not lost, and waiting may be broken off.
    pub async fn wait(&mut self) {
        match &mut self.0 {
            Source::Signals(signals) => signals.next().await,
            Source::Once(wish) => {
                wish.await;
                self.0 = Source::Never;
            }
            Source::Never => core::future::pending().await,
        }
    }
}
