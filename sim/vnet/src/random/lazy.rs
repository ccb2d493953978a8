//! A stream that is made when somebody draws from it first.

use super::Streams;
use core::convert::Infallible;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, TryCryptoRng, TryRng};

/// The stream that [`Streams::stream`] gives, for a purpose that may never come: it takes 40 octets until then, not 304.
#[derive(Debug)]
pub struct LazyStream {
    streams: Streams,
    consumer: u64,
    purpose: &'static str,
    rng: Option<Box<ChaCha20Rng>>,
}

impl LazyStream {
    pub(super) const fn new(streams: Streams, consumer: u64, purpose: &'static str) -> Self {
        Self { streams, consumer, purpose, rng: None }
    }

    fn rng(&mut self) -> &mut ChaCha20Rng {
        let Self { streams, consumer, purpose, rng } = self;
        rng.get_or_insert_with(|| Box::new(streams.stream(*consumer, purpose)))
    }
}

impl TryRng for LazyStream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.rng().next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.rng().next_u64())
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        self.rng().fill_bytes(octets);
        Ok(())
    }
}

impl TryCryptoRng for LazyStream {}
