//! One cell: a case at a gateway, with its folder.

use super::cases::Case;
use super::next::Next;
use super::sas::SaList;
use super::verdict::{Seen, Verdict, judge};
use super::witness::Witness;
use super::{device, pair};
use crate::tshark::{self, Dissected, Plan};
use anyhow::{Context, Result};
use serde::Serialize;
use simulator::Outcome;
use std::fs;
use std::path::{Path, PathBuf};

/// How many of tshark's findings are told; one wrong key makes one of each packet.
const FINDINGS: usize = 3;

/// What is known of a cell once it has run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The gateway.
    pub gateway: String,
    /// Its version, as it says itself.
    pub version: String,
    /// The case.
    pub case: String,
    /// What the case shows.
    pub title: String,
    /// The standard that says so.
    pub clause: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, if it is not "passed".
    pub reasons: Vec<String>,
    /// What the gateway did after a device refused its request, where the case asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// What tshark made of the capture; `None`: nothing ran, or tshark is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dissected: Option<Dissected>,
    /// How it differs from what is expected of this gateway; `None`: it does not.
    pub difference: Option<String>,
    /// How long it took, in milliseconds of the clock; 0 in virtual time.
    pub took_ms: u64,
    /// Its files.
    pub folder: PathBuf,
    /// The command that runs its scenario by hand.
    pub command: String,
}

/// What came of a case at a gateway, before the verdict.
pub enum Ran {
    /// It ran to its end.
    Through(Box<Run>),
    /// The gateway cannot do what the case needs, and says why.
    Unsupported {
        /// The gateway's version, as far as it is known.
        version: String,
        /// Why.
        reason: String,
        /// What the gateway wrote.
        log: String,
    },
    /// The gateway did not start, or broke down.
    Broken {
        /// The gateway's version, as far as it is known.
        version: String,
        /// What happened.
        reason: String,
        /// What the gateway wrote.
        log: String,
    },
}

/// The other end of a gateway, or of a device.
pub enum Counterpart {
    /// What the devices established.
    Nodes(Witness),
    /// What the reference gateway listed when the device did: at each look, and at the end.
    Reference(Vec<SaList>, SaList),
}

/// A run, and what the gateway said of itself; or the device, where that is outside.
pub struct Run {
    /// The gateway's version.
    pub version: String,
    /// The files of the run and its figures.
    pub outcome: Outcome,
    /// What is known of the other end.
    pub other: Counterpart,
    /// What the gateway listed at each of the case's looks.
    pub looks: Vec<SaList>,
    /// What it listed once all devices slept for good.
    pub last: SaList,
    /// The gateway's own words about its SAs then.
    pub raw: String,
    /// What the gateway wrote.
    pub log: String,
    /// What crossed the portal, for a replay in virtual time.
    pub tape: Option<String>,
    /// Commands that the gateway did not carry out, and other things that went wrong beside the run.
    pub trouble: Vec<String>,
}

/// What the gateway listed, for a file.
#[derive(Serialize)]
struct Lists<'a> {
    looks: &'a [SaList],
    at_the_end: &'a SaList,
}

impl Cell {
    /// The cell of a case at a gateway: judges it and writes its files below `out`.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn of(case: &Case, gateway: &str, ran: Ran, out: &Path) -> Result<Self> {
        let folder = out.join(gateway).join(&case.name);
        // What an earlier run has left there is not of this one.
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("{}: cannot be emptied", folder.display()))?;
        }
        fs::create_dir_all(&folder)
            .with_context(|| format!("{}: cannot be made", folder.display()))?;
        let mut dissected = None;
        let (version, verdict, reasons, next) = match ran {
            Ran::Through(run) => {
                let (mut wrong, next) = verdict(case, &run);
                wrong.extend(run.trouble.iter().cloned());
                write_run(&folder, end_of(gateway), &run)?;
                dissected = dissect(&folder, &mut wrong);
                let verdict = if wrong.is_empty() { Verdict::Passed } else { Verdict::Failed };
                (run.version, verdict, wrong, next)
            }
            Ran::Unsupported { version, reason, log } => {
                write(&folder, &format!("{}.log", end_of(gateway)), &log)?;
                (version, Verdict::Unsupported, vec![reason], None)
            }
            Ran::Broken { version, reason, log } => {
                write(&folder, &format!("{}.log", end_of(gateway)), &log)?;
                (version, Verdict::Failed, vec![reason], None)
            }
        };
        Ok(Self {
            gateway: gateway.to_owned(),
            version,
            case: case.name.clone(),
            title: case.title.clone(),
            clause: case.clause.clone(),
            verdict,
            reasons,
            next,
            dissected,
            difference: None,
            took_ms: 0,
            folder,
            command: case.command(gateway),
        })
    }

    /// Writes `cell.json`, once it is known how the cell differs from what is expected.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self) -> Result<()> {
        let json = serde_json::to_string_pretty(self).context("a cell is plain data")?;
        write(&self.folder, "cell.json", &json)
    }
}

/// Lets tshark read the capture that lies in the folder with its keys. What it finds is wrong, and so is a capture that
/// it cannot read.
fn dissect(folder: &Path, wrong: &mut Vec<String>) -> Option<Dissected> {
    if !tshark::is_there() {
        return None;
    }
    let dissected = tshark::dissect(&Plan::of(folder));
    let dissected = dissected.map_err(|error| wrong.push(format!("tshark: {error:#}"))).ok()?;
    let findings = &dissected.findings;
    wrong.extend(findings.iter().take(FINDINGS).map(|finding| format!("tshark: {finding}")));
    if findings.len() > FINDINGS {
        wrong.push(format!("tshark: {} more findings", findings.len() - FINDINGS));
    }
    Some(dissected)
}

/// Which end is in the container.
fn end_of(column: &str) -> &'static str {
    if column.ends_with(device::SUFFIX) { "device" } else { "gateway" }
}

fn verdict(case: &Case, run: &Run) -> (Vec<String>, Option<Next>) {
    let (report, trace) = (&run.outcome.report, run.outcome.trace.as_str());
    let (looks, last) = (run.looks.as_slice(), &run.last);
    match &run.other {
        Counterpart::Nodes(witness) => judge(case, &Seen { report, trace, witness, looks, last }),
        Counterpart::Reference(theirs, end) => {
            let looks = looks.iter().zip(theirs).collect();
            (pair::judge(case, &pair::Seen { report, trace, looks, last: (last, end) }), None)
        }
    }
}

/// `report.json`, `trace.jsonl`, `capture.pcapng` with its keys, `ladder.txt`, and what the gateway said.
fn write_run(folder: &Path, end: &str, run: &Run) -> Result<()> {
    let Outcome { report, trace, capture, ikev2_decryption_table, esp_sa, ladder } = &run.outcome;
    let lists = Lists { looks: &run.looks, at_the_end: &run.last };
    let lists = serde_json::to_string_pretty(&lists).context("lists are plain data")?;
    write(folder, "report.json", report.to_json())?;
    write(folder, "trace.jsonl", trace)?;
    write(folder, "capture.pcapng", capture)?;
    write(folder, "ikev2_decryption_table", ikev2_decryption_table)?;
    write(folder, "esp_sa", esp_sa)?;
    if let Some(ladder) = ladder {
        write(folder, "ladder.txt", ladder)?;
    }
    if let Some(tape) = &run.tape {
        write(folder, "recording.jsonl", tape)?;
    }
    if let Counterpart::Reference(looks, at_the_end) = &run.other {
        let lists = serde_json::to_string_pretty(&Lists { looks, at_the_end });
        write(folder, "gateway-sas.json", lists.context("lists are plain data")?)?;
    }
    write(folder, &format!("{end}-sas.json"), lists)?;
    write(folder, &format!("{end}-sas.txt"), &run.raw)?;
    write(folder, &format!("{end}.log"), &run.log)
}

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> Result<()> {
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| format!("{}: cannot be written", path.display()))
}
