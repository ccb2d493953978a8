//! A dissection as text: a ladder for each conversation, and what else there is.

use super::{Dissection, Entry, Kind};
use crate::ladder::draw::{crossing, detail, heads_of};
use crate::ladder::{Lifelines, printable};
use core::fmt::Write as _;

impl Dissection {
    /// The ladders, one conversation after the other, and a closing line. Times are seconds since the first packet; the
    /// number on the right is the packet's in the capture. `comments`: whether those of the packets are shown.
    #[must_use]
    pub fn render(&self, comments: bool) -> String {
        let mut text = String::new();
        let mut entries: Vec<Vec<&Entry>> = vec![Vec::new(); self.conversations.len()];
        for entry in &self.shown {
            entries[entry.conversation].push(entry);
        }
        for (index, conversation) in self.conversations.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            let (node, gateway) = (conversation.left.clone(), conversation.right.clone());
            text.push_str(&heads_of(&Lifelines { node, gateway }, "packet"));
            let mut drawing = Drawing { start_ns: self.start_ns, comments, told: None };
            for line in drawing.lines(&entries[index]) {
                text.push_str(&printable(&line));
                text.push('\n');
            }
        }
        if !self.conversations.is_empty() {
            text.push('\n');
        }
        text.push_str(&self.closing());
        text
    }

    fn closing(&self) -> String {
        let count = |wanted: fn(&Kind) -> bool| {
            self.shown.iter().filter(|entry| wanted(&entry.kind)).count() as u64
        };
        let counts = [
            (count(|kind| matches!(kind, Kind::Ike(_))), "IKE"),
            (count(|kind| matches!(kind, Kind::Esp { .. })), "ESP"),
            (count(|kind| matches!(kind, Kind::KeepAlive)), "NAT keep-alive"),
            (count(|kind| matches!(kind, Kind::IpFragment { .. })), "IP fragment"),
            (count(|kind| matches!(kind, Kind::Malformed { .. })), "too short"),
        ];
        let shown: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let shown = if shown.is_empty() { "no IKE, no ESP".into() } else { shown.join(", ") };
        let mut text = format!("packets: {}; {shown}", self.packets);
        if !self.others.is_empty() {
            let others: Vec<String> =
                self.others.iter().map(|(what, count)| format!("{count} {what}")).collect();
            let _ = write!(text, "; not shown: {}", others.join(", "));
        }
        text.push('\n');
        if let Some(cut) = &self.cut_short {
            let (packet, offset, reason) = (cut.packet, cut.offset, &cut.reason);
            let _ =
                writeln!(text, "capture cut short at packet {packet}, octet {offset}: {reason}");
        }
        text
    }
}

/// What a ladder has told so far.
struct Drawing {
    start_ns: Option<u64>,
    comments: bool,
    /// Ports and SPIs of the message before.
    told: Option<(String, String)>,
}

/// ESP packets of one SPI between two IKE messages.
struct Run<'e> {
    first: &'e Entry,
    spi: &'e str,
    last: u64,
    sequence: (u32, u32),
    packets: usize,
    octets: usize,
}

impl Drawing {
    fn lines(&mut self, entries: &[&Entry]) -> Vec<String> {
        let is_esp = |entry: &&Entry| matches!(entry.kind, Kind::Esp { .. });
        let comments = self.comments;
        let plain =
            |entry: &&Entry| entry.notes.is_empty() && !(comments && entry.comment.is_some());
        let mut lines = Vec::new();
        // A packet with a remark stands for itself.
        for run in entries.chunk_by(|a, b| [a, b].into_iter().all(|e| is_esp(e) && plain(e))) {
            match run {
                [entry] => self.entry(entry, &mut lines),
                many => self.runs(many, &mut lines),
            }
        }
        lines
    }

    fn arrow(&self, entry: &Entry, label: &str, right: &str) -> String {
        let since = entry.time_ns.zip(self.start_ns).map(|(at, start)| {
            let us = i128::from(at).saturating_sub(start.into()) / 1_000;
            let sign = if us < 0 { "-" } else { "" };
            format!("{sign}{}.{:06}", us.abs() / 1_000_000, us.abs() % 1_000_000)
        });
        crossing(label, entry.from_left, false, (&since.unwrap_or_default(), right))
    }

    fn entry(&mut self, entry: &Entry, lines: &mut Vec<String>) {
        lines.push(self.arrow(entry, &entry.label(), &entry.packet.to_string()));
        let mut below = Vec::new();
        if let Kind::Ike(ike) = &entry.kind {
            below.extend(self.what_changed(entry, &ike.spi_i, &ike.spi_r));
        }
        below.extend(entry.lines());
        let comment = entry.comment.as_ref().filter(|_| self.comments);
        below.extend(comment.map(|comment| format!("comment: {comment}")));
        lines.extend(below.iter().flat_map(|text| detail(text)));
    }

    /// The ports and the SPIs, if they are others than before.
    fn what_changed(&mut self, entry: &Entry, spi_i: &str, spi_r: &str) -> Vec<String> {
        let port = |end: &str| end.rsplit(':').next().unwrap_or_default().to_owned();
        let (from, to) = (port(&entry.source), port(&entry.destination));
        let ports = if entry.from_left {
            format!("UDP ports {from} and {to}")
        } else {
            format!("UDP ports {to} and {from}")
        };
        let spis = format!("SPIs {spi_i} {spi_r}");
        let mut lines = Vec::new();
        let (old_ports, old_spis) = self.told.take().unwrap_or_default();
        lines.extend((old_ports != ports).then(|| ports.clone()));
        lines.extend((old_spis != spis).then(|| spis.clone()));
        self.told = Some((ports, spis));
        lines
    }

    /// A line for each SPI, in the order in which they come.
    fn runs(&self, entries: &[&Entry], lines: &mut Vec<String>) {
        let mut runs: Vec<Run<'_>> = Vec::new();
        for entry in entries {
            let Kind::Esp { spi, sequence, octets, .. } = &entry.kind else { continue };
            let same =
                |run: &&mut Run<'_>| run.spi == spi && run.first.from_left == entry.from_left;
            if let Some(run) = runs.iter_mut().find(same) {
                run.last = entry.packet;
                run.sequence = (run.sequence.0.min(*sequence), run.sequence.1.max(*sequence));
                run.packets += 1;
                run.octets += octets;
            } else {
                let (first, last, octets) = (*entry, entry.packet, *octets);
                let sequence = (*sequence, *sequence);
                runs.push(Run { first, spi, last, sequence, packets: 1, octets });
            }
        }
        for run in runs {
            let Run { first, spi, last, sequence: (low, high), packets, octets } = run;
            let line = if packets == 1 {
                self.arrow(first, &first.label(), &last.to_string())
            } else {
                let label = format!(
                    "ESP {spi}, sequence {low} to {high}, {packets} packets, {octets} octets"
                );
                self.arrow(first, &label, &format!("{} to {last}", first.packet))
            };
            lines.push(line);
        }
    }
}
