//! Programs of others that tests use where they are there.

use std::env;
use std::io::Write as _;

/// The variable that lists, separated by commas, the programs of others that must be there: `tshark`, `docker`.
pub const REQUIRE: &str = "WAKEBENCH_REQUIRE";

/// Whether [`REQUIRE`] lists this program.
#[must_use]
pub fn is_required(program: &str) -> bool {
    env::var(REQUIRE).is_ok_and(|list| lists(&list, program))
}

fn lists(list: &str, program: &str) -> bool {
    list.split(',').any(|listed| listed.trim() == program)
}

/// Says on standard error that `what` is skipped for want of this program.
///
/// # Panics
/// When the program is required: a test must not be skipped in silence where somebody counts on it.
pub fn skip(program: &str, what: &str) {
    assert!(!is_required(program), "{what}: {program} is not there, and {REQUIRE} lists it");
    // Not by `eprintln`: the output of tests that pass is hidden, and this must be seen. In one write, since
    // tests run side by side.
    let line = format!(
        "\nSKIPPED for want of {program}: {what} ({REQUIRE}={program} makes it a failure)\n"
    );
    let _ = std::io::stderr().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::lists;

    #[test]
    fn a_program_is_required_by_its_whole_name() {
        assert!(lists("tshark", "tshark") && lists("docker, tshark", "tshark"));
        assert!(!lists("", "tshark") && !lists("tsharks,docker", "tshark"));
    }
}
