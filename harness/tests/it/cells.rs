//! Cells of the interop matrix: a few at real gateways, and what tshark's reading is worth. Without Docker or tshark
//! these tests end with a line that says so: see `harness::require`.

use crate::interop::{case, cell_of, folder, run, shipped};
use harness::gateways::{Plug, bridge_address};
use harness::interop::cases::Case;
use harness::interop::cell::Run;
use harness::interop::column::Column;
use harness::interop::matrix::{Matrix, names};
use harness::interop::show::{self, Signs};
use harness::interop::verdict::Verdict;
use harness::{require, tshark};
use rstest::rstest;
use std::process::{Command, Output};

/// One that connects, with traffic; one that the gateway refuses; one in which it is told to ask.
const CASES: [&str; 3] = ["suite-aes-gcm-x25519", "wrong-psk", "asked-rekey-child"];

/// The whole way: image, container, portal, the gateway's list, tshark, expectations. A joint that is broken in any
/// of them is seen here and not only when somebody runs the matrix.
#[rstest]
#[case("strongswan")]
#[case("libreswan")]
fn a_real_gateway_passes_a_few_cases(#[case] name: &str) {
    let found = bridge_address().map(|_| ()).map_err(|error| error.to_string());
    if !require::is_there("docker", found) {
        return;
    }
    let shipped = shipped();
    let few: Vec<&Case> =
        shipped.iter().filter(|case| CASES.contains(&case.name.as_str())).collect();
    let column = Column::Plugged(Plug::named(name).expect("in the table"));
    column.prepare().expect("an image");
    let cells = column.run(&few, CASES.len(), &folder("plugged"), &|_| {}).expect("cells");
    let expected = column.expected();
    let mut matrix = Matrix::default();
    matrix.add(cells, &expected.expect("expectations"), &names(&shipped));
    let text = show::matrix(&matrix, Signs::Plain);
    assert!(matrix.passed() && matrix.cells.len() == CASES.len(), "{text}");
    assert!(matrix.cells.iter().all(|cell| cell.verdict == Verdict::Passed), "{text}");
    if !tshark::is_there() {
        return require::skip("tshark", "reading the captures of real gateways independently");
    }
    for cell in &matrix.cells {
        let read = cell.dissected.as_ref().expect("what tshark read");
        assert!(read.sk_decrypted > 0 && read.sk_beyond_tshark == 0, "{}: {read}", cell.case);
        let traffic = cell.case == CASES[0];
        assert!(!traffic || read.esp_decrypted > 0, "{}: {read}", cell.case);
    }
}

#[test]
fn what_tshark_finds_fails_the_cell() {
    if !tshark::is_there() {
        return require::skip("tshark", "showing that its findings fail a cell");
    }
    let case = case(CASES[0]);
    type Change = fn(&mut Run);
    let changes: [(&str, Change, &str); 2] = [
        ("key", spoil_esp_keys, "is not verified and decrypted"),
        ("capture", |run| run.outcome.capture.truncate(10), "tshark failed"),
    ];
    for (name, change, reason) in changes {
        let mut run = run(&case);
        change(&mut run);
        let cell = cell_of(&case, run, name);
        assert_eq!(cell.verdict, Verdict::Failed, "{name}");
        let said = cell.reasons.iter().any(|s| s.starts_with("tshark: ") && s.contains(reason));
        assert!(said, "{name}: {:?}", cell.reasons);
        assert!(cell.reasons.len() <= 4, "{name}: {:?}", cell.reasons);
    }
    let cell = cell_of(&case, run(&case), "right");
    assert_eq!((cell.verdict, cell.reasons), (Verdict::Passed, vec![]));
    assert!(cell.dissected.is_some_and(|read| read.sk_decrypted > 0 && read.esp_decrypted > 0));
}

/// Each key begins with another octet: the tables have keys as `"0x..."`.
fn spoil_esp_keys(run: &mut Run) {
    let rows = run.outcome.esp_sa.lines().map(|row| {
        let mut fields: Vec<String> = row.split(',').map(str::to_owned).collect();
        if let Some(key) = fields.get_mut(5).filter(|key| key.starts_with("\"0x")) {
            let other = if key.starts_with("\"0x00") { "\"0x01" } else { "\"0x00" };
            key.replace_range(..5, other);
        }
        fields.join(",") + "\n"
    });
    run.outcome.esp_sa = rows.collect();
}

/// The program where there is no tshark.
fn without_tshark(required: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_interop"));
    program.args(["--gateway", "reference", "--case", CASES[0], "--out"]);
    program.arg(folder("no-tshark")).env("PATH", "/nowhere").env(require::VARIABLE, required);
    program.output().expect("a program")
}

#[test]
fn without_tshark_the_summary_says_so_once() {
    let output = without_tshark("docker");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(told.matches("no capture was dissected").count(), 1, "{told}");
    let cell = folder("no-tshark").join("reference").join(CASES[0]).join("cell.json");
    let cell = std::fs::read_to_string(cell).expect("a file");
    assert!(cell.contains("\"passed\"") && !cell.contains("dissected"), "{cell}");
}

#[test]
fn without_a_required_tshark_nothing_is_run() {
    let output = without_tshark("docker,tshark");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("WAKEBENCH_REQUIRE lists tshark"), "{told}");
}
