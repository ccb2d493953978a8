//! Captures as an independent dissector reads them: tshark, with the tables of keys that lie beside them.
//!
//! Both our ends share a codec, so a mistake in it is invisible between them. tshark has none of our code.

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The fields that are asked for.
const FIELDS: [&str; 18] = [
    "frame.number",
    "frame.comment",
    "frame.protocols",
    "_ws.malformed",
    "_ws.expert.message",
    "_ws.expert.severity",
    "ip.checksum.status",
    "udp.checksum.status",
    "icmp.checksum.status",
    "icmpv6.checksum.status",
    "isakmp.ispi",
    "isakmp.rspi",
    "isakmp.typepayload",
    "isakmp.enc.decrypted",
    "esp.spi",
    "esp.decrypted_data",
    "esp.icv_good",
    "esp.icv_bad",
];

const PREFERENCES: [&str; 5] = [
    "ip.check_checksum:TRUE",
    "udp.check_checksum:TRUE",
    "esp.enable_encryption_decode:TRUE",
    "esp.enable_authentication_check:TRUE",
    // A capture may hold packets in the order in which they were sent; what they arrive in is judged elsewhere.
    "esp.do_esp_sequence_analysis:FALSE",
];

/// "Good" of Wireshark's checksum status (epan/proto.h `proto_checksum_enum_e`).
const GOOD: &str = "1";
/// Expert severities from "warning" on (epan/proto.h `PI_WARN`); below are comments and remarks.
const WARNING: u64 = 0x0060_0000;
/// The type of the Encrypted and Authenticated payload.
const SK: &str = "46";

/// What tshark is to read.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// Where `capture.pcapng`, `ikev2_decryption_table` and `esp_sa` are.
    pub folder: &'a Path,
    /// Where IKE is spoken besides UDP ports 500 and 4500.
    pub ports: &'a [u16],
    /// Which packets are left out, by their comment.
    pub except: fn(&str) -> bool,
}

impl<'a> Plan<'a> {
    /// All packets but those with an injected fault, at the usual ports.
    #[must_use]
    pub const fn of(folder: &'a Path) -> Self {
        Self { folder, ports: &[], except: is_fault }
    }
}

/// Whether a comment in a capture of a run says that the packet was damaged or forged on purpose.
#[must_use]
pub fn is_fault(comment: &str) -> bool {
    ["corrupt", "mangle", "forge"].iter().any(|fault| comment.contains(fault))
}

/// What tshark made of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dissected {
    /// All packets.
    pub packets: usize,
    /// Those that were left out.
    pub excluded: usize,
    /// SK payloads that tshark decrypted.
    pub sk_decrypted: usize,
    /// SK payloads of SAs that the table has no row of: tshark does not know their cipher.
    pub sk_beyond_tshark: usize,
    /// ESP packets that it verified and decrypted.
    pub esp_decrypted: usize,
    /// ESP packets of SAs that the table has no row of.
    pub esp_beyond_tshark: usize,
    /// What is wrong.
    pub findings: Vec<String>,
}

impl fmt::Display for Dissected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { packets, excluded, sk_decrypted, sk_beyond_tshark, .. } = self;
        write!(f, "{packets} packets; SK payloads: {sk_decrypted} decrypted")?;
        write!(f, ", {sk_beyond_tshark} beyond tshark; ESP: {} decrypted", self.esp_decrypted)?;
        write!(f, ", {} beyond tshark; {excluded} left out", self.esp_beyond_tshark)
    }
}

/// Whether tshark can be started. It is tried once in a process.
#[must_use]
pub fn is_there() -> bool {
    static IS_THERE: LazyLock<bool> = LazyLock::new(|| {
        let output = Command::new("tshark").arg("--version").output();
        output.is_ok_and(|output| output.status.success())
    });
    *IS_THERE
}

/// Lets tshark read a capture with its keys. Its settings are of a folder made for it, so those of the user
/// change nothing.
///
/// # Errors
/// A file is missing, tshark does not start, fails, or says something else than its fields.
pub fn dissect(plan: &Plan<'_>) -> Result<Dissected> {
    let settings = Settings::create(plan.folder)?;
    let capture = plan.folder.join("capture.pcapng");
    let mut command = Command::new("tshark");
    command.env("WIRESHARK_CONFIG_DIR", &settings.0).env("HOME", &settings.0);
    command.args(["-n", "-T", "json", "-r"]).arg(&capture);
    command.args(PREFERENCES.iter().flat_map(|preference| ["-o", preference]));
    command.args(FIELDS.iter().flat_map(|field| ["-e", field]));
    for port in plan.ports {
        command.args(["-d", &format!("udp.port=={port},isakmp")]);
    }
    // Ctrl-C goes to a whole group of processes. What ends there is ours to decide: half a reading is no finding.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let output = command.output().context("tshark cannot be started")?;
    if !output.status.success() {
        bail!("tshark failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let packets: Vec<Value> =
        serde_json::from_slice(&output.stdout).context("tshark did not write JSON")?;
    let rows = Rows {
        ike: rows(plan.folder, "ikev2_decryption_table", |row| {
            let mut fields = row.split(',');
            Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
        })?,
        esp: rows(plan.folder, "esp_sa", |row| {
            Some(row.split(',').nth(3)?.trim_matches('"').to_owned())
        })?,
    };
    let mut dissected = Dissected { packets: packets.len(), ..Dissected::default() };
    for packet in &packets {
        dissected.take(&Packet(&packet["_source"]["layers"]), &rows, plan.except);
    }
    Ok(dissected)
}

/// A folder of settings, which is gone at the end.
struct Settings(PathBuf);

impl Settings {
    fn create(keys: &Path) -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("wakebench-tshark-{}-{number}", std::process::id());
        let settings = Self(std::env::temp_dir().join(name));
        let folder = settings.0.display();
        fs::create_dir_all(&settings.0).with_context(|| format!("{folder}: cannot be made"))?;
        for table in ["ikev2_decryption_table", "esp_sa"] {
            let from = keys.join(table);
            fs::copy(&from, settings.0.join(table))
                .with_context(|| format!("{}: cannot be copied", from.display()))?;
        }
        Ok(settings)
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        // What is left in a folder of temporary files harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What tshark has keys for.
struct Rows {
    /// Both SPIs.
    ike: BTreeSet<(String, String)>,
    /// The SPI with `0x`.
    esp: BTreeSet<String>,
}

fn rows<T: Ord>(
    folder: &Path,
    table: &str,
    row: impl Fn(&str) -> Option<T>,
) -> Result<BTreeSet<T>> {
    let path = folder.join(table);
    let text =
        fs::read_to_string(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
    Ok(text.lines().filter(|line| !line.starts_with('#')).filter_map(row).collect())
}

/// The fields of a packet: each has as many values as it occurs.
struct Packet<'v>(&'v Value);

impl<'v> Packet<'v> {
    fn all(&self, field: &str) -> Vec<&'v str> {
        let values = self.0[field].as_array().map(Vec::as_slice).unwrap_or_default();
        values.iter().filter_map(Value::as_str).collect()
    }

    fn first(&self, field: &str) -> &'v str {
        self.all(field).first().copied().unwrap_or_default()
    }
}

impl Dissected {
    fn take(&mut self, packet: &Packet<'_>, rows: &Rows, except: fn(&str) -> bool) {
        if packet.all("frame.comment").into_iter().any(except) {
            self.excluded += 1;
            return;
        }
        let mut wrong = Vec::new();
        general(packet, &mut wrong);
        self.ike(packet, rows, &mut wrong);
        self.esp(packet, rows, &mut wrong);
        let number = packet.first("frame.number");
        self.findings.extend(wrong.into_iter().map(|what| format!("packet {number}: {what}")));
    }

    fn ike(&mut self, packet: &Packet<'_>, rows: &Rows, wrong: &mut Vec<String>) {
        let types = packet.all("isakmp.typepayload");
        let unknown = types.iter().filter(|kind| kind.parse().is_ok_and(|kind| !is_known(kind)));
        wrong.extend(unknown.map(|kind| format!("a payload of unknown type {kind}")));
        let sk = types.iter().filter(|kind| **kind == SK).count();
        let spis = (packet.first("isakmp.ispi").to_owned(), packet.first("isakmp.rspi").to_owned());
        if !rows.ike.contains(&spis) {
            self.sk_beyond_tshark += sk;
            return;
        }
        // An ICV that does not verify is a warning of tshark's.
        let opened = packet.all("isakmp.enc.decrypted").len();
        self.sk_decrypted += opened.min(sk);
        if opened != sk {
            wrong.push(format!("{sk} SK payloads, {opened} of them decrypted"));
        }
    }

    fn esp(&mut self, packet: &Packet<'_>, rows: &Rows, wrong: &mut Vec<String>) {
        let Some(spi) = packet.all("esp.spi").first().copied() else { return };
        if !rows.esp.contains(spi) {
            self.esp_beyond_tshark += 1;
            return;
        }
        let good = packet.first("esp.icv_good") == GOOD && packet.first("esp.icv_bad") != GOOD;
        if good && !packet.all("esp.decrypted_data").is_empty() {
            self.esp_decrypted += 1;
        } else {
            wrong.push(format!("ESP of SPI {spi} is not verified and decrypted"));
        }
    }
}

/// What any packet must be: whole, IKE or ESP, with right checksums, and without a remark of tshark's.
fn general(packet: &Packet<'_>, wrong: &mut Vec<String>) {
    let protocols = packet.first("frame.protocols");
    if !protocols.split(':').any(|protocol| ["isakmp", "esp"].contains(&protocol)) {
        wrong.push(format!("neither IKE nor ESP: {protocols}"));
    }
    if !packet.0["_ws.malformed"].is_null() {
        wrong.push("malformed".into());
    }
    let severities = packet.all("_ws.expert.severity");
    for (severity, message) in severities.iter().zip(packet.all("_ws.expert.message")) {
        if severity.parse().is_ok_and(|severity: u64| severity >= WARNING) {
            wrong.push(format!("tshark warns: {message}"));
        }
    }
    let layers = |name: &str| protocols.split(':').filter(|layer| *layer == name).count();
    for (layer, field) in [
        ("ip", "ip.checksum.status"),
        ("udp", "udp.checksum.status"),
        ("icmp", "icmp.checksum.status"),
        ("icmpv6", "icmpv6.checksum.status"),
    ] {
        let statuses = packet.all(field);
        let good = statuses.iter().filter(|status| **status == GOOD).count();
        if good != statuses.len() || good < layers(layer) {
            wrong.push(format!("{layer} checksums: {statuses:?} for {}", layers(layer)));
        }
    }
}

/// Payloads of RFC 7296 3.2 and RFC 7383 2.5, and the proposals and transforms inside an SA, which tshark
/// lists among them.
const fn is_known(kind: u8) -> bool {
    matches!(kind, 2 | 3 | 33..=48 | 53)
}
