//! The lines of a ladder: time at the node, lifeline, what crosses, lifeline, time at the gateway.

use super::Lifelines;
use ike_core::Instant;

/// Characters between the lifelines.
const WIDTH: usize = 64;
/// Characters of a time.
const TIME: usize = 14;

/// Whose side a note is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Node,
    Gateway,
}

/// A datagram between the lifelines.
pub(super) struct Arrow {
    /// From the node to the gateway.
    pub(super) towards: bool,
    pub(super) sent: Instant,
    pub(super) end: End,
}

/// How an arrow ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Arrives(Instant),
    /// By chance, or for this reason.
    Lost(Option<&'static str>),
}

fn time(at: Instant) -> String {
    format!("{at:>TIME$}", at = at.to_string())
}

/// The names above the lifelines.
pub(super) fn heads(names: &Lifelines) -> String {
    let gap = WIDTH.saturating_sub(names.node.chars().count() + names.gateway.chars().count()) + 2;
    format!("{:>TIME$}  {}{}{}  seconds\n", "seconds", names.node, " ".repeat(gap), names.gateway)
}

/// Something that happened at one side.
pub(super) fn note(at: Instant, side: Side, text: &str) -> String {
    match side {
        Side::Node => format!("{}  * {text:<width$}|", time(at), width = WIDTH - 1),
        Side::Gateway => {
            format!("{:>TIME$}  |{text:>width$} *  {}", "", at, width = WIDTH - 1)
        }
    }
}

/// What is in the message above.
pub(super) fn detail(text: &str) -> String {
    format!("{:>TIME$}  |    {text:<width$}|", "", width = WIDTH - 4)
}

impl Arrow {
    pub(super) fn line(&self, label: &str) -> String {
        let (other, arrives) = match self.end {
            End::Arrives(at) => (at.to_string(), true),
            End::Lost(None) => ("lost".to_owned(), false),
            End::Lost(Some(reason)) => (format!("lost ({reason})"), false),
        };
        if self.towards {
            let tip = if arrives { "->" } else { "-x" };
            format!("{}  |{}|  {other}", time(self.sent), shaft(&format!("-- {label} "), tip))
        } else {
            let tip = if arrives { "<-" } else { "x-" };
            let body = shaft(&format!("{tip} {label} "), "--");
            format!("{other:>TIME$}  |{body}|  {}", self.sent)
        }
    }
}

/// The start, dashes up to the width, the end. A lost datagram's arrow ends half way.
fn shaft(start: &str, end: &str) -> String {
    let used = start.chars().count() + end.chars().count();
    let room = WIDTH.saturating_sub(used);
    if end == "-x" {
        let dashes = room / 2;
        return format!("{start}{}{end}{}", "-".repeat(dashes), " ".repeat(room - dashes));
    }
    if start.starts_with("x-") {
        let dashes = room / 2;
        return format!("{}{start}{}{end}", " ".repeat(room - dashes), "-".repeat(dashes));
    }
    format!("{start}{}{end}", "-".repeat(room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_notes_and_details_keep_the_lifelines_straight() {
        let arrow = |towards, end| Arrow { towards, sent: Instant::from_micros(1), end };
        let at = End::Arrives(Instant::from_micros(2_000_000));
        let lost = End::Lost(None);
        let lines = [
            arrow(true, at).line("IKE_SA_INIT request 0"),
            arrow(true, lost).line("IKE_SA_INIT request 0"),
            arrow(false, at).line("IKE_SA_INIT response 0"),
            arrow(false, lost).line("IKE_SA_INIT response 0"),
            arrow(false, End::Lost(Some("too_big"))).line("IKE_AUTH response 1"),
            note(Instant::from_micros(7), Side::Gateway, "established"),
            detail("SA 1 IKE"),
        ];
        for line in &lines {
            let bars: Vec<usize> =
                line.char_indices().filter(|(_, c)| "|*".contains(*c)).map(|(i, _)| i).collect();
            assert_eq!(bars, [TIME + 2, TIME + 3 + WIDTH], "{line}");
        }
        assert!(lines[1].ends_with("|  lost") && lines[1].contains("-x "));
        assert!(lines[3].trim_start().starts_with("lost") && lines[3].contains(" x- "));
        assert!(lines[4].starts_with("lost (too_big)"));
    }
}
