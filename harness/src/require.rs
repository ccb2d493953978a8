//! What a test needs beyond this workspace.

use std::env;
use std::io::Write as _;

/// The variable that lists, with commas, what must be there: `docker`, for example. A machine that checks everything sets it.
pub const VARIABLE: &str = "WAKEBENCH_REQUIRE";

/// Whether [`VARIABLE`] lists it.
#[must_use]
pub fn is_required(what: &str) -> bool {
    env::var(VARIABLE).is_ok_and(|list| lists(&list, what))
}

/// Whether a test that needs `what` can run. Where it is missing, the reason is shown and the test is to end.
///
/// # Panics
/// It is missing and [`VARIABLE`] lists it: a test that nobody ran is no proof.
#[must_use]
pub fn is_there(what: &str, found: Result<(), String>) -> bool {
    let Err(reason) = found else { return true };
    skip(what, &reason);
    false
}

/// Says on standard error that something is skipped for want of `what`.
///
/// # Panics
/// [`VARIABLE`] lists it.
pub fn skip(what: &str, reason: &str) {
    assert!(!is_required(what), "{VARIABLE} lists {what}, but it is not there: {reason}");
    // Not by `eprintln`: the output of tests that pass is hidden, and this must be seen. In one write, since
    // tests run side by side.
    let line =
        format!("\nSKIPPED for want of {what}: {reason} ({VARIABLE}={what} makes it a failure)\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

fn lists(required: &str, what: &str) -> bool {
    required.split(',').any(|name| name.trim() == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_as_a_whole() {
        assert!(lists("tshark,docker", "docker") && lists("docker, tshark", "tshark"));
        assert!(!lists("docker-compose", "docker") && !lists("", "docker"));
    }

    #[test]
    fn what_is_there_is_used() {
        assert!(is_there("everything", Ok(())));
    }
}
