//! Exchanges with real gateways, recorded by `cargo xtask interop --record`, had again in virtual time.

use simulator::{Keep, Tape, replay};
use std::fs;
use std::path::{Path, PathBuf};

/// All folders in one, in order.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn recordings() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/exchanges");
    let cases = folders(&root).into_iter().flat_map(|gateway| folders(&gateway));
    cases.map(|case| case.join("recording.jsonl")).collect()
}

fn tape(path: &Path) -> Tape {
    let text = fs::read_to_string(path).expect("a recording");
    Tape::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The nodes send the same octets at the same times, come to the same end, and the ladder is drawn as it was.
#[test]
fn every_recorded_exchange_goes_as_it_went() {
    let recordings = recordings();
    assert!(recordings.len() >= 100, "{} recordings", recordings.len());
    for path in recordings {
        let tape = tape(&path);
        let keep = Keep::with_ladder(&tape.scenario().expect("its scenario"));
        let again = replay(&tape, keep).expect("a replay");
        if let Some(difference) = again.difference {
            panic!("{}: {difference}", path.display());
        }
        let drawn = fs::read_to_string(path.with_file_name("ladder.txt")).expect("a ladder");
        let ladder = again.outcome.ladder.unwrap_or_default();
        let line = drawn.lines().zip(ladder.lines()).find(|(drawn, now)| drawn != now);
        assert!(line.is_none() && drawn == ladder, "{}: {line:?}", path.display());
        let report = again.outcome.report;
        assert!(report.passed, "{}: {:?}", path.display(), report.expectations);
        assert_eq!(report.violations, [], "{}", path.display());
    }
}

/// The check above can fail: a gateway that says something else is heard.
#[test]
fn a_changed_recording_goes_otherwise() {
    let path = recordings().into_iter().find(|path| path.to_string_lossy().contains("psk-16"));
    let mut tape = tape(&path.expect("a recording of psk-16"));
    let response =
        tape.crossings.iter().position(|one| one.direction == vnet::link::Direction::Back);
    let response = &mut tape.crossings[response.expect("a response")].octets;
    *response.last_mut().expect("octets") ^= 1;
    let again = replay(&tape, Keep::default()).expect("a replay");
    assert!(again.difference.is_some() && !again.outcome.report.passed);
}
