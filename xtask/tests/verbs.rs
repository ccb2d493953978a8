//! The verbs as a person types them, with a cargo that only tells what it was told.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A directory whose file `run` is what a shell in place of cargo executes: it tells the directory and its
/// arguments, and ends with this status.
fn told(name: &str, status: u8) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a writable directory");
    let script = format!("pwd\nprintf '%s\\n' run \"$@\"\nexit {status}\n");
    fs::write(folder.join("run"), script).expect("a writable file");
    folder
}

fn xtask(cargo: &str, folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .env("CARGO", cargo)
        .current_dir(folder)
        .output()
        .expect("xtask starts")
}

#[test]
fn a_verb_starts_its_program_where_the_caller_is_and_ends_as_it_ends() {
    let folder = told("ends with 7", 7);
    let output = xtask("sh", &folder, &["simulate", "x.toml", "--help", "a b"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the root");
    let manifest = root.join("Cargo.toml");
    let expected = format!(
        "{}\nrun\n--quiet\n--release\n--manifest-path\n{}\n--package\nrunner\n--bin\nsimulate\n--\n\
         x.toml\n--help\na b\n",
        folder.display(),
        manifest.display()
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert_eq!(output.status.code(), Some(7));
}

#[test]
fn each_verb_has_its_program() {
    let folder = told("each verb", 0);
    let verbs = [
        ("simulate", "runner"),
        ("sweep", "runner"),
        ("bench", "runner"),
        ("weigh", "runner"),
        ("decode", "runner"),
        ("conformance", "runner"),
        ("interop", "harness"),
        ("connect", "harness"),
        ("respond", "harness"),
        ("gateways", "harness"),
    ];
    for (verb, package) in verbs {
        let output = xtask("sh", &folder, &[verb]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let expected = format!("\n--package\n{package}\n--bin\n{verb}\n--\n");
        assert!(told.ends_with(&expected), "{told}");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn a_real_gateway_has_a_program_of_its_own() {
    let folder = told("real gateway", 0);
    for (gateway, package, program) in
        [("strongswan", "harness", "simulate-outside"), ("reference", "runner", "simulate")]
    {
        let output = xtask("sh", &folder, &["simulate", "x.toml", "--gateway", gateway]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let expected =
            format!("\n--package\n{package}\n--bin\n{program}\n--\nx.toml\n--gateway\n{gateway}\n");
        assert!(told.ends_with(&expected), "{told}");
    }
}

#[test]
fn without_a_verb_all_of_them_are_listed() {
    for arguments in [&[][..], &["--help"], &["help"]] {
        let output = xtask("no cargo", Path::new("/"), arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        for (verb, ways) in [
            ("simulate", 2),
            ("sweep", 1),
            ("bench", 1),
            ("weigh", 1),
            ("decode", 1),
            ("conformance", 2),
            ("interop", 1),
            ("connect", 1),
            ("respond", 1),
            ("gateways", 1),
        ] {
            let call = format!("  {verb} ");
            let lines = text.lines().filter(|line| line.starts_with(&call)).count();
            assert_eq!(lines, ways, "{verb} in {text}");
        }
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn an_unknown_verb_is_bad_input() {
    let output = xtask("no cargo", Path::new("/"), &["simulat"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.starts_with("no verb simulat\n") && text.contains("simulate SCENARIO"), "{text}");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}

#[test]
fn a_cargo_that_cannot_start_is_named() {
    let output = xtask("/no/such/cargo", Path::new("/"), &["simulate"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.starts_with("cannot start /no/such/cargo: "), "{text}");
    assert_eq!(output.status.code(), Some(101));
}
