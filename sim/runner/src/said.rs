//! What a program says on standard output.

use anyhow::{Context, Result};
use std::io::{ErrorKind, Result as Written, Write, stdout};

/// Says it. Whoever pipes it into `head` has seen enough: that is no error, and the status stays what it would have been.
///
/// # Errors
/// Standard output cannot be written, as on a full disk.
pub fn say(text: &str) -> Result<()> {
    heard(stdout().write_all(text.as_bytes()).and_then(|()| stdout().flush()))
}

fn heard(written: Written<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("standard output: cannot be written"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_closed_pipe_is_no_error() {
        assert!(heard(Ok(())).is_ok() && heard(Err(ErrorKind::BrokenPipe.into())).is_ok());
        let error = heard(Err(ErrorKind::StorageFull.into())).expect_err("nothing was written");
        assert_eq!(error.to_string(), "standard output: cannot be written");
    }
}
