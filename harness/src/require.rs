//! What a test needs beyond this workspace.

use std::env;

/// The variable that lists, with commas, what must be there: `docker`, for example. A machine that checks everything sets it.
pub const VARIABLE: &str = "WAKEBENCH_REQUIRE";

/// Whether a test that needs `what` can run. Where it is missing, the reason is shown and the test is to end.
///
/// # Panics
/// It is missing and [`VARIABLE`] lists it: a test that nobody ran is no proof.
#[must_use]
pub fn is_there(what: &str, found: Result<(), String>) -> bool {
    let Err(reason) = found else { return true };
    let required = env::var(VARIABLE).unwrap_or_default();
    assert!(!lists(&required, what), "{VARIABLE} lists {what}, but: {reason}");
    eprintln!("SKIPPED: needs {what}: {reason}");
    false
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
