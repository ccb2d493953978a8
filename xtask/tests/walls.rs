//! Who may use whom, as data, against what the manifests say.

use serde_json::Value;
use std::fs;
use std::process::Command;

/// A crate of the workspace and what it may depend on.
struct Row {
    name: &'static str,
    may_use: &'static [&'static str],
    /// Whether its root must say `#![no_std]`.
    no_std: bool,
}

const fn row(name: &'static str, may_use: &'static [&'static str]) -> Row {
    Row { name, may_use, no_std: false }
}

const fn no_std(name: &'static str, may_use: &'static [&'static str]) -> Row {
    Row { name, may_use, no_std: true }
}

/// The whole house; a crate without a row is refused.
const WALLS: [Row; 14] = [
    no_std("crypto", &[]),
    no_std("modelled-crypto", &["crypto"]),
    no_std("ike-core", &["crypto"]),
    no_std("esp", &["crypto"]),
    no_std("ike-initiator", &["crypto", "ike-core"]),
    row("ike-responder", &["crypto", "ike-core"]),
    row("ike-decode", &["crypto", "ike-core"]),
    row("vnet", &[]),
    row(
        "simulator",
        &[
            "crypto",
            "modelled-crypto",
            "ike-core",
            "ike-decode",
            "esp",
            "ike-initiator",
            "ike-responder",
            "vnet",
        ],
    ),
    row(
        "conformance",
        &["crypto", "ike-core", "ike-decode", "esp", "ike-initiator", "ike-responder"],
    ),
    row(
        "analysis",
        &["crypto", "ike-core", "esp", "ike-initiator", "ike-responder", "vnet", "simulator"],
    ),
    row("runner", &["analysis", "conformance", "crypto", "ike-core", "simulator", "vnet"]),
    row(
        "harness",
        &[
            "crypto",
            "ike-core",
            "esp",
            "ike-initiator",
            "ike-responder",
            "vnet",
            "simulator",
            "conformance",
            "analysis",
            "runner",
        ],
    ),
    row("xtask", &[]),
];

/// Pairs that share no test either: a mistake made on both sides should stay visible.
const NEVER_EVEN_IN_TESTS: [(&str, &str); 2] =
    [("ike-initiator", "ike-responder"), ("ike-responder", "ike-initiator")];

/// Whoever depends on none of ours does so in its tests, too.
const ALONE_EVEN_IN_TESTS: [&str; 2] = ["vnet", "xtask"];

/// What only the harness may build: sockets, and containers.
const OUTSIDE: [&str; 2] = ["tokio", "testcontainers"];

/// A crate of the workspace as its manifest has it.
struct Package {
    name: String,
    /// Name, whether it is for tests only, and whether it is one of ours.
    dependencies: Vec<(String, bool, bool)>,
    /// The kind and the text of each library's and program's root.
    roots: Vec<(String, String)>,
}

/// What is wrong between a package and the table.
fn breaches(package: &Package) -> Vec<String> {
    let Package { name, dependencies, roots } = package;
    let Some(row) = WALLS.iter().find(|row| row.name == name) else {
        return vec![format!("{name} has no row in the table of walls")];
    };
    let mut found = Vec::new();
    for (used, in_tests, ours) in dependencies {
        let refused = if *in_tests {
            let apart = NEVER_EVEN_IN_TESTS.contains(&(name.as_str(), used.as_str()));
            apart || *ours && ALONE_EVEN_IN_TESTS.contains(&name.as_str())
        } else {
            *ours && !row.may_use.contains(&used.as_str())
        };
        if refused {
            found.push(format!("{name} may not use {used}"));
        }
        if OUTSIDE.contains(&used.as_str()) && name != "harness" {
            found.push(format!("{name} may not use {used}: that is the harness's"));
        }
    }
    for (kind, text) in roots {
        let says = |attribute: &str| text.lines().any(|line| line == attribute);
        if !says("#![forbid(unsafe_code)]") {
            found.push(format!("the {kind} of {name} does not forbid unsafe code"));
        }
        if row.no_std && !says("#![no_std]") {
            found.push(format!("the {kind} of {name} is not no_std"));
        }
    }
    found
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

fn workspace() -> Vec<Package> {
    let text = cargo(&["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let metadata: Value = serde_json::from_str(&text).expect("cargo writes JSON");
    list(&metadata["packages"]).iter().map(package).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn package(package: &Value) -> Package {
    let dependency = |dependency: &Value| {
        // A dependency on one of ours has a path, and so has nothing else.
        let ours = dependency["path"].is_string();
        (text(&dependency["name"]), dependency["kind"] == "dev", ours)
    };
    let root = |target: &Value| {
        let kind = text(&target["kind"][0]);
        let program = ["lib", "bin"].contains(&kind.as_str());
        let source = || fs::read_to_string(text(&target["src_path"])).expect("a readable root");
        program.then(|| (kind.clone(), source()))
    };
    Package {
        name: text(&package["name"]),
        dependencies: list(&package["dependencies"]).iter().map(dependency).collect(),
        roots: list(&package["targets"]).iter().filter_map(root).collect(),
    }
}

#[test]
fn every_crate_keeps_within_its_walls() {
    let packages = workspace();
    let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    assert!(names.contains(&"ike-initiator") && names.contains(&"xtask"), "{names:?}");
    assert!(packages.iter().all(|package| !package.roots.is_empty()));
    let uses_crypto =
        |package: &Package| package.dependencies.iter().any(|used| used.0 == "crypto" && used.2);
    assert!(packages.iter().any(uses_crypto), "the manifests were not understood");
    let breaches: Vec<String> = packages.iter().flat_map(breaches).collect();
    assert!(breaches.is_empty(), "{breaches:#?}");
}

/// Not by another library either: the first command a newcomer types builds no tokio.
#[test]
fn what_a_newcomer_builds_first_has_no_sockets_and_no_containers() {
    for name in ["xtask", "runner"] {
        let format = ["--prefix", "none", "--format", "{p}", "--edges", "normal,build"];
        let tree = cargo(&[&["tree", "--offline", "--package", name][..], &format].concat());
        assert!(tree.starts_with(&format!("{name} v")), "{tree}");
        for line in tree.lines() {
            let used = line.split(' ').next().unwrap_or_default();
            assert!(!OUTSIDE.contains(&used), "{name} builds {line}");
        }
    }
}

const FORBIDS: &str = "#![no_std]\n#![forbid(unsafe_code)]\n";

fn made_up(name: &str, used: &str, in_tests: bool, root: &str) -> Vec<String> {
    let ours = WALLS.iter().any(|row| row.name == used);
    breaches(&Package {
        name: name.to_owned(),
        dependencies: vec![(used.to_owned(), in_tests, ours)],
        roots: vec![("lib".to_owned(), root.to_owned())],
    })
}

/// Shows that each check can fail.
#[test]
fn a_breach_is_found() {
    let none: [&str; 0] = [];
    assert_eq!(made_up("ike-initiator", "ike-core", false, FORBIDS), none);
    assert_eq!(made_up("ike-initiator", "heapless", false, FORBIDS), none);
    assert_eq!(made_up("harness", "tokio", false, FORBIDS), none);
    for (name, used, in_tests, root, breach) in [
        ("ike-initiator", "simulator", false, FORBIDS, "ike-initiator may not use simulator"),
        (
            "ike-initiator",
            "ike-responder",
            true,
            FORBIDS,
            "ike-initiator may not use ike-responder",
        ),
        ("vnet", "ike-core", true, FORBIDS, "vnet may not use ike-core"),
        ("simulator", "tokio", true, FORBIDS, "simulator may not use tokio: that is the harness's"),
        ("radio", "crypto", false, FORBIDS, "radio has no row in the table of walls"),
        ("esp", "crypto", false, "#![forbid(unsafe_code)]", "the lib of esp is not no_std"),
        (
            "vnet",
            "smoltcp",
            false,
            "// #![forbid(unsafe_code)]",
            "the lib of vnet does not forbid unsafe code",
        ),
    ] {
        assert_eq!(made_up(name, used, in_tests, root), [breach]);
    }
}
