//! Every capture of ours as tshark reads it.

use harness::require::skip;
use harness::tshark::{Dissected, Plan, dissect, is_there};
use rstest::rstest;
use runner::Named;
use simulator::dissect::KeyTable;
use simulator::{Outcome, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Scenarios of more nodes run with this many, and no longer than an hour: every node says the same things.
const NODES: u32 = 20;
const LONGEST: Duration = Duration::from_secs(3_600);

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let entries = fs::read_dir(folder).expect("the folder of scenarios");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
}

fn simulate(path: &Path, overrides: &[(&str, &str)]) -> (String, Outcome) {
    let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let mut overrides: Vec<(String, String)> =
        overrides.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    let full = Named::read(path, &overrides).expect("a scenario").scenario;
    for group in full.groups.iter().filter(|_| full.nodes() > NODES) {
        overrides.push((format!("node.{}.count", group.name), NODES.to_string()));
    }
    if full.duration > LONGEST {
        overrides.push(("duration".into(), "1h".into()));
    }
    let scenario = Named::read(path, &overrides).expect("a smaller scenario").scenario;
    let outcome = run(&name, &scenario, scenario.seed).expect("a capture");
    (name, outcome)
}

/// Writes what tshark needs of a run and lets it read.
fn read(test: &str, outcome: &Outcome) -> Dissected {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tshark").join(test);
    fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, octets: &[u8]| fs::write(folder.join(name), octets).expect("a file");
    write("capture.pcapng", &outcome.capture);
    write("ikev2_decryption_table", outcome.ikev2_decryption_table.as_bytes());
    write("esp_sa", outcome.esp_sa.as_bytes());
    let dissected = dissect(&Plan::of(&folder)).expect("tshark reads it");
    println!("{test}: {dissected}");
    assert!(dissected.packets > 0, "{test}: nothing was captured");
    dissected
}

#[test]
fn tshark_understands_and_decrypts_what_every_shipped_scenario_sends() {
    if !is_there() {
        return skip("tshark", "reading the shipped scenarios' captures independently");
    }
    for path in scenarios() {
        let (name, outcome) = simulate(&path, &[]);
        let read = read(&name, &outcome);
        assert_eq!(read.findings, [""; 0], "{name}");
        let text = fs::read_to_string(&path).expect("a readable scenario");
        // tshark has no AES-CCM for ESP: published octets cover that.
        let unknown = text.contains("aes-ccm8-p256");
        let beyond = (read.sk_beyond_tshark > 0, read.esp_beyond_tshark > 0);
        assert_eq!(beyond, (false, unknown), "{name}: {read}");
        assert!(read.sk_decrypted > 0, "{name}: {read}");
        // Nothing is left out where no fault is injected.
        let faults = ["corrupt", "mangle", "forge"].iter().any(|fault| text.contains(fault));
        assert!(faults || read.excluded == 0, "{name}: {read}");
    }
}

#[rstest]
#[case("aes-gcm-x25519", true, true)]
#[case("aes-gcm-p256", true, true)]
#[case("aes-cbc-modp2048", true, true)]
#[case("aes-ccm8-p256", true, false)]
#[case("chacha20-x25519", false, false)]
#[case("aes256-gcm-x25519", true, true)]
fn tshark_decrypts_every_suite_that_it_knows(
    #[case] suite: &str,
    #[case] knows_ike: bool,
    #[case] knows_esp: bool,
    #[values("ipv4", "ipv6")] family: &str,
) {
    if !is_there() {
        return skip("tshark", "reading captures of every suite independently");
    }
    let overrides = [
        ("node.door.suite", suite),
        ("family", family),
        ("gateway.cookies", "always"),
        ("gateway.liveness", "3s"),
        ("node.door.close", "delete"),
    ];
    let (_, outcome) = simulate(&door(), &overrides);
    let read = read(&format!("{suite}-{family}"), &outcome);
    assert_eq!(read.findings, [""; 0]);
    assert_eq!(read.excluded, 0);
    assert_eq!(
        (read.sk_decrypted > 0, read.sk_beyond_tshark > 0),
        (knows_ike, !knows_ike),
        "{read}"
    );
    let esp = (read.esp_decrypted > 0, read.esp_beyond_tshark > 0);
    assert_eq!(esp, (knows_esp, !knows_esp), "{read}");
    if !knows_ike || !knows_esp {
        println!("{suite}: tshark does not know all of it; published octets cover the rest");
    }
}

/// Shows that each check can fail.
#[test]
fn what_is_wrong_in_a_capture_is_found() {
    if !is_there() {
        return skip("tshark", "showing that the independent reading can fail");
    }
    let (_, right) = simulate(&door(), &[]);
    let spoiled = |test: &str, spoil: &dyn Fn(&mut Outcome)| {
        let (_, mut outcome) = simulate(&door(), &[]);
        spoil(&mut outcome);
        read(test, &outcome).findings.join("\n")
    };
    let wrong_key = |table: &str, key: &str| {
        let mut digits: Vec<char> = key.chars().collect();
        let last = digits.last_mut().expect("a key");
        *last = if *last == '0' { '1' } else { '0' };
        table.replace(key, &digits.into_iter().collect::<String>())
    };
    let row = right.ikev2_decryption_table.lines().nth(1).expect("a row").to_owned();
    let key = row.split(',').nth(2).expect("SK_ei").to_owned();
    let found = spoiled("ike-key", &|outcome| {
        outcome.ikev2_decryption_table = wrong_key(&outcome.ikev2_decryption_table, &key);
    });
    println!("{found}");
    assert!(found.contains("tshark warns: "), "{found}");
    let row = right.esp_sa.lines().nth(1).expect("a row").to_owned();
    let key = row.split(',').nth(5).expect("a key").trim_matches('"').to_owned();
    let found = spoiled("esp-key", &|outcome| {
        outcome.esp_sa = wrong_key(&outcome.esp_sa, &key);
    });
    assert!(found.contains("is not verified and decrypted"), "{found}");
    // The first IKE_SA_INIT request: an octet of its nonce, behind IPv4, UDP and 100 octets of message.
    let init = right.capture.windows(2).position(|octets| octets == [0x45, 0]).expect("IPv4");
    let found = spoiled("checksum", &|outcome| outcome.capture[init + 28 + 127] ^= 1);
    assert!(found.contains("packet 1: udp checksums: [\"0\"]"), "{found}");
    let found = spoiled("payload", &|outcome| outcome.capture[init + 28 + 16] = 200);
    assert!(found.contains("packet 1: a payload of unknown type 200"), "{found}");
}

/// The other way round: files that Wireshark's tools wrote of the same packets, as `decode` reads them.
#[rstest]
#[case::classic("pcap")]
#[case::nanoseconds("nsecpcap")]
#[case::next_generation("pcapng")]
fn decode_reads_what_other_programs_write(#[case] format: &str) {
    if !is_there() {
        return skip("tshark", "reading captures in the formats that Wireshark's tools write");
    }
    let (_, outcome) = simulate(&door(), &[]);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("editcap");
    fs::create_dir_all(&folder).expect("a folder");
    let (from, to) = (folder.join(format!("{format}.from")), folder.join(format!("{format}.to")));
    fs::write(&from, &outcome.capture).expect("a file");
    let status = Command::new("editcap").args(["-F", format]).args([&from, &to]).status();
    assert!(status.expect("editcap comes with tshark").success());
    let keys = KeyTable::parse(&outcome.ikev2_decryption_table).expect("our own table");
    let show = |file: &[u8]| {
        let found = simulator::dissect::dissect(file, &keys, &[]).expect("a capture");
        assert_eq!(found.format == "pcapng", format == "pcapng" || file == outcome.capture);
        found.render(false)
    };
    let ours = show(&outcome.capture);
    assert!(ours.ends_with("packets: 38; 8 IKE, 30 ESP\n"), "{ours}");
    assert_eq!(show(&fs::read(&to).expect("a file")), ours);
}

fn door() -> PathBuf {
    let found = scenarios().into_iter().find(|path| path.ends_with("garage-door.toml"));
    found.expect("shipped")
}
