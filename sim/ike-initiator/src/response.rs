//! The answer to the gateway's last request, kept to the octet (RFC 7296 2.3).

use ike_core::{BufferTooSmall, Path};

/// The longest answer: the deepest is a protected error notify.
pub const MAX_RESPONSE: usize = 112;

/// The last answer and where it goes.
pub(crate) struct Response {
    octets: [u8; MAX_RESPONSE],
    len: usize,
    /// Where it is to be sent to, while it waits for transmission.
    pending: Option<Path>,
}

impl Response {
    pub(crate) const fn new() -> Self {
        Self { octets: [0; MAX_RESPONSE], len: 0, pending: None }
    }

    /// Replaces the answer with what `write` writes; it is sent along `path`.
    pub(crate) fn write(
        &mut self,
        path: Path,
        write: impl FnOnce(&mut [u8]) -> Result<usize, BufferTooSmall>,
    ) -> Result<(), BufferTooSmall> {
        self.len = write(&mut self.octets)?;
        self.pending = Some(path);
        Ok(())
    }

    /// Sends the kept answer again, as `edit` leaves it.
    pub(crate) fn repeat(&mut self, path: Path, edit: impl FnOnce(&mut [u8])) {
        edit(&mut self.octets[..self.len]);
        self.pending = Some(path);
    }

    /// The octets to send, once.
    pub(crate) fn take_pending(&mut self) -> Option<(Path, &[u8])> {
        self.pending.take().map(|path| (path, &self.octets[..self.len]))
    }

    pub(crate) fn forget(&mut self) {
        // What waits to be sent is still sent: a Delete is answered before all is forgotten.
        if self.pending.is_none() {
            self.len = 0;
        }
    }
}
