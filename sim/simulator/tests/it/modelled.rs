//! Modelled cryptography changes no time, no size and no outcome: a run has the shape of the real one.

use crate::support::{owned, read};
use simulator::scenario::Scenario;
use simulator::{Outcome, Report, run, verdict};
use std::path::{Path, PathBuf};

/// As in `shipped.rs`; of the larger ones only those with cookies and forgers.
const SMALL: u32 = 50;
const ALSO: [&str; 2] = ["cookie-storm", "forger"];

fn scenario(path: &Path, overrides: &[(&str, &str)]) -> Scenario {
    read(path, &owned(overrides))
}

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn shipped() -> Vec<PathBuf> {
    let files = [scenarios(), scenarios().join("regressions")].into_iter().flat_map(|folder| {
        let files = std::fs::read_dir(folder).expect("a folder of scenarios");
        files.map(|file| file.expect("an entry").path())
    });
    let mut files: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

/// The report of the real run and that of the modelled one, of the same scenario and seed.
fn both(path: &Path, seed: Option<u64>, overrides: &[(&str, &str)]) -> [Report; 2] {
    ["real", "modelled"].map(|crypto| {
        let overrides = [overrides, &[("crypto", crypto)]].concat();
        let scenario = scenario(path, &overrides);
        verdict("run", &scenario, seed.unwrap_or(scenario.seed))
    })
}

fn assert_alike([real, modelled]: [Report; 2], what: &str) {
    assert_eq!((real.crypto, modelled.crypto), ("real", "modelled"));
    assert_eq!(real.violations, [], "{what}");
    assert_eq!(modelled.violations, [], "{what}");
    assert_eq!(real.figures, modelled.figures, "{what}");
    assert_eq!(real.shape, modelled.shape, "{what}");
    assert_ne!(real.fingerprint, modelled.fingerprint, "{what}: nothing was modelled");
    assert_eq!(real.passed, modelled.passed, "{what}");
}

#[test]
fn a_modelled_run_has_the_shape_of_the_real_one() {
    let mut compared = Vec::new();
    for path in shipped() {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if scenario(&path, &[]).nodes() <= SMALL || ALSO.contains(&name.as_str()) {
            assert_alike(both(&path, None, &[]), &name);
            compared.push(name);
        }
    }
    for wanted in [
        "garage-door",
        "lossy-door",
        "cookie-storm",
        "every-drop",
        "mangled",
        "forger",
        "wrong-key",
    ] {
        assert!(compared.iter().any(|name| name == wanted), "{wanted} is not in {compared:?}");
    }
}

#[test]
fn so_it_is_with_every_suite_and_over_many_seeds() {
    let path = scenarios().join("lossy-door.toml");
    for suite in ike_core::Suite::ALL {
        let mangled = [("node.door.suite", suite.name()), ("link.mangle", "10%")];
        for seed in 0..4 {
            assert_alike(both(&path, Some(seed), &mangled), &format!("{suite:?} seed {seed}"));
        }
    }
}

fn files(crypto: &str) -> Outcome {
    let scenario = scenario(&scenarios().join("garage-door.toml"), &[("crypto", crypto)]);
    run("garage-door", &scenario, 1).expect("a capture")
}

#[test]
fn the_files_of_a_modelled_run_promise_no_keys_and_its_ladder_is_read_all_the_same() {
    let (real, modelled) = (files("real"), files("modelled"));
    for table in [&modelled.ikev2_decryption_table, &modelled.esp_sa] {
        assert_eq!(table.lines().count(), 1);
        assert!(table.starts_with("# The cryptography of this run is modelled"), "{table}");
    }
    assert!(real.ikev2_decryption_table.lines().count() > 1 && real.esp_sa.lines().count() > 1);
    let ladder = |outcome: &Outcome| outcome.ladder.clone().expect("a small run");
    assert!(ladder(&modelled).contains("SK  AUTH") && ladder(&modelled).contains("\"open 1\""));
    assert!(!ladder(&modelled).contains("does not open"));
    assert_eq!(modelled.capture.len(), real.capture.len());
}

#[test]
fn a_modelled_run_is_repeated_to_the_octet() {
    let (one, two) = (files("modelled"), files("modelled"));
    assert_eq!(one.trace, two.trace);
    assert_eq!(one.capture, two.capture);
}
