//! The lines of a ladder: time at the node, lifeline, what crosses, lifeline, time at the gateway.

use super::Lifelines;
use core::fmt;
use ike_core::Instant;
use vnet::link::DropReason;

/// Characters between the lifelines.
pub(crate) const WIDTH: usize = 64;
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
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => at.fmt(f),
            Self::Lost(DropReason::Loss) => f.write_str("lost"),
            Self::Lost(reason) => write!(f, "lost ({reason})"),
            Self::Unseen => Ok(()),
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
pub(super) fn note(at: Instant, side: Side, text: &str) -> String {
    match side {
        Side::Node => format!("{}  * {text:<width$}|", time(at), width = WIDTH - 1),
        Side::Gateway => {
            format!("{:>TIME$}  |{text:>width$} *  {}", "", at, width = WIDTH - 1)
        }
    }
}

/// What is in the message above.
pub(crate) fn detail(text: &str) -> String {
    format!("{:>TIME$}  |    {text:<width$}|", "", width = WIDTH - 4)
}

impl Arrow {
    pub(super) fn line(&self, label: &str) -> String {
        let lost = matches!(self.arrives, End::Lost(_));
        let (left, right) =
            if self.towards { (self.sent, self.arrives) } else { (self.arrives, self.sent) };
        let (left, right) = (left.to_string(), right.to_string());
        crossing(label, self.towards, lost, (&left, &right))
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
            note(Instant::from_micros(7), Side::Gateway, "established"),
            detail("SA 1 IKE"),
        ];
        for line in &lines {
            let bars: Vec<usize> =
                line.char_indices().filter(|(_, c)| "|*".contains(*c)).map(|(i, _)| i).collect();
            assert_eq!(bars, [TIME + 2, TIME + 3 + WIDTH], "{line}");
        }
        assert!(lines[1].ends_with("|  lost") && lines[1].contains("-x "));
        assert!(lines[3].trim_start().starts_with("lost  |") && lines[3].contains(" x- "));
        assert!(lines[4].starts_with("lost (too_big)  |"));
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
