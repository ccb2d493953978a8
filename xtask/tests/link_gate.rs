//! The crates of the device need neither std nor an allocator: a program without either links.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const REFRESH: &str = "cp Cargo.lock sim/ike-initiator/link-gate/ && \
    cargo build --manifest-path sim/ike-initiator/link-gate/Cargo.toml";

#[test]
fn the_crates_of_the_device_link_without_std_and_alloc() {
    // A target directory of its own: the outer cargo holds the lock of the other one.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("link-gate");
    let built = Command::new(env!("CARGO"))
        // The lock file spares the network what has been downloaded before.
        .args(["build", "--release", "--locked", "--quiet", "--manifest-path"])
        .arg(gate().join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        // What instruments the tests (coverage, sanitizers) needs std.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        // Either would move the program away from where it is looked for.
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("cargo starts");
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{errors}\nIf it is about the lock file: {REFRESH}");

    let program = target.join("release").join("link-gate");
    let ran = Command::new(program).status().expect("the program starts");
    assert_eq!(ran.code(), Some(0), "see CHECKS in the gate's main.rs");
}

#[test]
fn the_gate_links_the_versions_that_the_workspace_uses() {
    let ours = packages(&root().join("Cargo.lock"));
    let gates = packages(&gate().join("Cargo.lock"));
    let other: Vec<_> =
        gates.difference(&ours).filter(|package| package.as_str() != "link-gate 0.0.0").collect();
    assert!(gates.len() > 10, "the lock file lists {} packages", gates.len());
    assert!(other.is_empty(), "{other:?} are not in the workspace's lock file; refresh: {REFRESH}");
}

/// `name version` of every package in a lock file.
fn packages(lock: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(lock).expect("the lock file is there");
    let value = |line: &str, key: &str| {
        Some(line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned())
    };
    let lines: Vec<&str> = text.lines().collect();
    lines
        .windows(2)
        .filter_map(|pair| Some((value(pair[0], "name")?, value(pair[1], "version")?)))
        .map(|(name, version)| format!("{name} {version}"))
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the root").to_owned()
}

fn gate() -> PathBuf {
    root().join("sim/ike-initiator/link-gate")
}
