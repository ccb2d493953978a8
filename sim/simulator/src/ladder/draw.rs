//! The lines of a ladder: time at the node, lifeline, what crosses, lifeline, time at the gateway.

use super::Lifelines;
use core::fmt;
use ike_core::Instant;
use vnet::link::DropReason;

/// Characters between the lifelines.
const WIDTH: usize = 64;
/// Who is at the start of a forged arrow.
const FORGER: &str = "forger";
/// Characters of a time.
const TIME: usize = 14;

/// A side of a ladder, which is an end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// On the left.
    Node,
    /// On the right.
    Gateway,
}

/// What is known of an end of an arrow.
#[derive(Clone, Copy)]
pub(super) enum End {
    At(Instant),
    /// The datagram does not get there.
    Lost(DropReason),
    /// Nobody looked: a real wire shows its near end only.
    Unseen,
    /// It comes from somebody between the two.
    Forger,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => at.fmt(f),
            Self::Lost(DropReason::Loss) => f.write_str("lost"),
            Self::Lost(reason) => write!(f, "lost ({reason})"),
            Self::Unseen | Self::Forger => Ok(()),
        }
    }
}

/// A datagram between the lifelines.
pub(super) struct Arrow {
    /// From the node to the gateway.
    pub(super) towards: bool,
    pub(super) sent: End,
    pub(super) arrives: End,
}

fn time(at: Instant) -> String {
    format!("{at:>TIME$}", at = at.to_string())
}

/// The names above the lifelines.
pub(super) fn heads(names: &Lifelines) -> String {
    heads_of(names, "seconds")
}

/// The names above the lifelines, with what stands right of them.
pub(crate) fn heads_of(names: &Lifelines, right: &str) -> String {
    let gap = WIDTH.saturating_sub(names.node.chars().count() + names.gateway.chars().count()) + 2;
    format!("{:>TIME$}  {}{}{}  {right}\n", "seconds", names.node, " ".repeat(gap), names.gateway)
}

/// Something that happened at one side.
pub(super) fn note(at: Instant, side: Side, text: &str) -> Vec<String> {
    let width = WIDTH - 1;
    let parts = wrapped(text, width);
    let (first, rest) = parts.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
    let first = match side {
        Side::Node => format!("{}  * {first:<width$}|", time(at)),
        Side::Gateway => format!("{:>TIME$}  |{first:>width$} *  {at}", ""),
    };
    let rest = rest.iter().map(|part| match side {
        Side::Node => format!("{:>TIME$}  | {part:<width$}|", ""),
        Side::Gateway => format!("{:>TIME$}  |{part:>width$} |", ""),
    });
    core::iter::once(first).chain(rest).collect()
}

/// What is in the message above.
pub(crate) fn detail(text: &str) -> Vec<String> {
    let parts = wrapped(text, WIDTH - 6);
    let whole = text.chars().count() <= WIDTH - 4;
    let parts = if whole { vec![text] } else { parts };
    let line = |(index, part): (usize, &str)| {
        let indent = if index == 0 { 4 } else { 6 };
        format!("{:>TIME$}  |{:indent$}{part:<width$}|", "", "", width = WIDTH - indent)
    };
    parts.into_iter().enumerate().map(line).collect()
}

/// The text in parts of at most so many characters, ended at a space where there is one.
fn wrapped(text: &str, width: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((end, _)) = rest.char_indices().nth(width) {
        let cut = match rest[..end].rfind(' ') {
            _ if rest[end..].starts_with(' ') => end,
            Some(space) if space > 0 => space,
            _ => end,
        };
        parts.push(rest[..cut].trim_end());
        rest = rest[cut..].trim_start();
    }
    parts.push(rest);
    parts
}

impl Arrow {
    /// The arrow, and below it what does not fit on it.
    pub(super) fn lines(&self, label: &str) -> Vec<String> {
        let used = if matches!(self.sent, End::Forger) { FORGER.len() + 7 } else { 6 };
        let mut parts = wrapped(label, WIDTH - used).into_iter();
        let arrow = self.line(parts.next().unwrap_or_default());
        let rest =
            parts.map(|part| format!("{:>TIME$}  |   {part:<width$}|", "", width = WIDTH - 3));
        core::iter::once(arrow).chain(rest).collect()
    }

    fn line(&self, label: &str) -> String {
        if matches!(self.sent, End::Forger) {
            return self.forged(label);
        }
        let lost = matches!(self.arrives, End::Lost(_));
        let (left, right) =
            if self.towards { (self.sent, self.arrives) } else { (self.arrives, self.sent) };
        let (left, right) = (left.to_string(), right.to_string());
        crossing(label, self.towards, lost, (&left, &right))
    }
}

impl Arrow {
    /// From the forger, who is nearer to the end that it goes to.
    fn forged(&self, label: &str) -> String {
        let room = WIDTH.saturating_sub(label.chars().count() + FORGER.len() + 7);
        let dashes = "-".repeat(room / 2);
        let space = " ".repeat(room - room / 2);
        let (body, left, right) = if self.towards {
            (format!("{space}{FORGER} -- {label} {dashes}->"), End::Forger, self.arrives)
        } else {
            (format!("<- {label} {dashes}-- {FORGER}{space}"), self.arrives, End::Forger)
        };
        let line = format!("{:>TIME$}  |{body}|  {right}", left.to_string());
        line.trim_end().to_owned()
    }
}

/// An arrow from the left or from the right, with what stands left and right of it.
pub(crate) fn crossing(
    label: &str,
    towards: bool,
    lost: bool,
    (left, right): (&str, &str),
) -> String {
    let body = if towards {
        shaft(&format!("-- {label} "), if lost { "-x" } else { "->" })
    } else {
        let tip = if lost { "x-" } else { "<-" };
        shaft(&format!("{tip} {label} "), "--")
    };
    let line = format!("{left:>TIME$}  |{body}|  {right}");
    line.trim_end().to_owned()
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
        let sent = End::At(Instant::from_micros(1));
        let arrow = |towards, arrives| Arrow { towards, sent, arrives };
        let at = End::At(Instant::from_micros(2_000_000));
        let lines = [
            arrow(true, at).line("IKE_SA_INIT request 0"),
            arrow(true, End::Lost(DropReason::Loss)).line("IKE_SA_INIT request 0"),
            arrow(false, at).line("IKE_SA_INIT response 0"),
            arrow(false, End::Lost(DropReason::Loss)).line("IKE_SA_INIT response 0"),
            arrow(false, End::Lost(DropReason::TooBig)).line("IKE_SA_INIT response 0"),
            Arrow { towards: true, sent: End::Forger, arrives: at }.line("IKE_AUTH request 1"),
            Arrow { towards: false, sent: End::Forger, arrives: at }.line("IKE_AUTH response 1"),
            note(Instant::from_micros(7), Side::Gateway, "established").concat(),
            detail("SA 1 IKE").concat(),
        ];
        assert_straight(&lines);
        assert!(lines[1].ends_with("|  lost") && lines[1].contains("-x "));
        assert!(lines[3].trim_start().starts_with("lost  |") && lines[3].contains(" x- "));
        assert!(lines[4].starts_with("lost (too_big)  |"));
        assert!(lines[5].contains("  forger -- IKE_AUTH request 1 ---"), "{}", lines[5]);
        assert!(lines[5].ends_with("->|  2.000000"), "{}", lines[5]);
        assert!(lines[6].trim_start().starts_with("2.000000  |<- IKE_AUTH response 1 ---"));
        assert!(lines[6].contains("--- forger  ") && lines[6].ends_with(" |"), "{}", lines[6]);
    }

    fn assert_straight(lines: &[String]) {
        for line in lines {
            let bars: Vec<usize> = line
                .chars()
                .enumerate()
                .filter(|(_, c)| "|*".contains(*c))
                .map(|(i, _)| i)
                .collect();
            assert_eq!(bars, [TIME + 2, TIME + 3 + WIDTH], "{line}");
        }
    }

    #[test]
    fn what_is_too_long_for_a_line_goes_on_below_it() {
        let hex = "0123456789abcdef".repeat(12);
        let notify = detail(&format!("SK  N 16430 {hex}"));
        assert_straight(&notify);
        assert!(notify[0].trim_end_matches(['|', ' ']).ends_with("SK  N 16430"));
        let data: String = notify[1..].iter().map(|line| line.trim_matches(['|', ' '])).collect();
        assert_eq!(data, hex);
        // What just fits is one line, as is nothing.
        assert_eq!(detail(&"x".repeat(WIDTH - 4)).len(), 1);
        assert_eq!(detail(&"x".repeat(WIDTH - 3)).len(), 2);
        assert_eq!(detail("").len(), 1);
        let words = "drops a packet: ".repeat(9);
        for side in [Side::Node, Side::Gateway] {
            let note = note(Instant::from_micros(7), side, words.trim_end());
            assert_eq!(note.concat().matches("packet:").count(), 9, "{note:?}");
            assert_eq!(note.len(), 3);
            assert!(note[0].contains('*') && !note[1].contains('*'));
            assert_straight(&note);
        }
        // Characters count, not octets.
        assert_straight(&detail(&"\u{fc}".repeat(100)));
        let (sent, at) = (End::At(Instant::from_micros(1)), End::At(Instant::from_micros(2)));
        for (towards, arrives) in [(true, at), (false, at), (true, End::Lost(DropReason::Loss))] {
            let label = "INFORMATIONAL response 4294967295, 65535 octets, sent again 10, mangled";
            let lines = Arrow { towards, sent, arrives }.lines(label);
            assert_straight(&lines);
            assert!(lines.len() == 2 && lines[1].contains(" mangled "), "{lines:?}");
        }
    }

    #[test]
    fn an_end_that_nobody_saw_has_no_time() {
        let at = End::At(Instant::from_micros(2_000_000));
        let out = Arrow { towards: true, sent: at, arrives: End::Unseen }.line("request");
        assert!(out.trim_start().starts_with("2.000000  |-- request -"), "{out}");
        assert!(out.ends_with("->|"), "{out}");
        let seen_by_the_gateway = Arrow { towards: true, sent: End::Unseen, arrives: at };
        let line = seen_by_the_gateway.line("request");
        assert!(line.starts_with(&" ".repeat(TIME + 2)), "{line}");
        assert!(line.ends_with("->|  2.000000"), "{line}");
        let back = Arrow { towards: false, sent: End::Unseen, arrives: at }.line("response");
        assert!(back.trim_start().starts_with("2.000000  |<- response -"), "{back}");
        assert!(back.ends_with("--|"), "{back}");
    }
}
