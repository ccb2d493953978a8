//! What a program says on standard output and standard error, and how it ends.

use anyhow::{Context, Result};
use std::io::{ErrorKind, Result as Written, Write, stderr, stdout};
use std::process::ExitCode;

/// Says it. Whoever pipes it into `head` has seen enough: that is no error, and the status stays what it would have been.
///
/// # Errors
/// Standard output cannot be written, as on a full disk.
pub fn say(text: &str) -> Result<()> {
    heard(stdout().write_all(text.as_bytes()).and_then(|()| stdout().flush()))
}

/// Says a line on standard error, for whoever waits. If nobody hears it, as behind `2>&1 | head`, the work goes on all the same.
pub fn tell(line: &str) {
    let _ = stderr().write_all(format!("{line}\n").as_bytes());
}

/// The exit status of a program that judges: 0 all is as it should be, 1 it is not, 2 bad input, of which the error is told.
#[must_use]
pub fn status(done: Result<bool>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            tell(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
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
