//! Charts as SVG, drawn by `plotters`.

mod draw;

/// Colours that people with any colour vision tell apart (Okabe and Ito, and a wine red).
pub(crate) const COLOURS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#444444", "#882255"];

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    /// A line.
    Line,
    /// A line with a dot at each point.
    Dotted,
    /// Dashes.
    Dashes,
    /// All below it, pale.
    Area,
    /// Dots alone.
    Dots,
    /// Dots that are not filled.
    Rings,
}

/// One line of a chart.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// What it is called in the legend and the table of numbers.
    pub(crate) label: String,
    /// Its colour, counted through [`COLOURS`].
    pub(crate) colour: usize,
    /// How it is drawn.
    pub(crate) stroke: Stroke,
    /// Its points, from left to right.
    pub(crate) points: Vec<(f64, f64)>,
    /// Of each point, where it lies between; empty where there is no such interval.
    pub(crate) intervals: Vec<(f64, f64)>,
}

/// A straight line with a word on it.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// The word.
    pub(crate) label: String,
    /// Where.
    pub(crate) at: f64,
    /// Across the chart instead of up.
    pub(crate) horizontal: bool,
    /// In which of several panels; `None`: in each.
    pub(crate) panel: Option<usize>,
}

/// What an axis says.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    /// What it measures, with its unit.
    pub(crate) label: String,
    /// Each decade is as long as the next.
    pub(crate) log: bool,
    /// As percentages.
    pub(crate) percent: bool,
    /// It reaches to these values at least.
    pub(crate) covers: Option<(f64, f64)>,
}

impl Scale {
    pub(crate) fn linear(label: &str) -> Self {
        Self { label: label.to_owned(), log: false, percent: false, covers: None }
    }

    pub(crate) fn log(label: &str) -> Self {
        Self { log: true, ..Self::linear(label) }
    }

    /// Logarithmic where the largest of the numbers is a hundred times the smallest or more: on a linear axis the small ones
    /// would lie on top of each other.
    pub(crate) fn spanning(label: &str, numbers: &[f64]) -> Self {
        let (low, high) = numbers.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), number| {
            (low.min(*number), high.max(*number))
        });
        Self { log: low > 0.0 && high >= 100.0 * low, ..Self::linear(label) }
    }

    pub(crate) fn percent(label: &str) -> Self {
        Self { percent: true, ..Self::linear(label) }
    }

    pub(crate) fn covering(self, low: f64, high: f64) -> Self {
        Self { covers: Some((low, high)), ..self }
    }
}

/// A chart.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// From left to right.
    pub(crate) x: Scale,
    /// From bottom to top.
    pub(crate) y: Scale,
    /// What is drawn, in this order.
    pub(crate) lines: Vec<Line>,
    /// Straight lines.
    pub(crate) marks: Vec<Mark>,
    /// What the panels are called, from top to bottom, where the lines of each colour have one of their own: such lines would
    /// hide one another. Empty: all are in one.
    pub(crate) panels: Vec<String>,
}

/// From where to where the axis goes, and whether it is logarithmic: the numbers at such a one are powers of ten, and where
/// it has not two of them nobody could read it.
fn axis(scale: &Scale, values: impl Iterator<Item = f64> + Clone) -> (core::ops::Range<f64>, bool) {
    let log = range(scale, values.clone());
    if scale.log && log.end.log10().floor() > log.start.log10().ceil() {
        return (log, true);
    }
    (range(&Scale { log: false, ..scale.clone() }, values), false)
}

/// What the axis must reach from and to, with some air.
fn range(scale: &Scale, values: impl Iterator<Item = f64>) -> core::ops::Range<f64> {
    let covers = scale.covers.map(|(low, high)| [low, high]).into_iter().flatten();
    let usable = |value: &f64| value.is_finite() && (!scale.log || *value > 0.0);
    let mut low = f64::INFINITY;
    let mut high = f64::NEG_INFINITY;
    for value in values.chain(covers).filter(usable) {
        (low, high) = (low.min(value), high.max(value));
    }
    if low > high {
        return if scale.log { 1.0..10.0 } else { 0.0..1.0 };
    }
    if scale.log {
        return low / 1.15..(high * 1.15).max(low * 2.0);
    }
    let most = high;
    // Numbers of four digits tell no less apart.
    let least = high.abs().max(low.abs()) * 0.02;
    if high > low && high - low < least {
        let middle = f64::midpoint(low, high);
        (low, high) = (middle - least / 2.0, middle + least / 2.0);
    }
    let air = if high > low { (high - low) * 0.04 } else { high.abs().max(1.0) * 0.1 };
    // What is never negative starts at its zero.
    let bottom = if low >= 0.0 && low - air < 0.0 { 0.0_f64.min(low) } else { low - air };
    // And nothing is more than all of it.
    let top = if scale.percent && most <= 1.0 { (high + air).min(1.0) } else { high + air };
    bottom..top
}

/// A number at an axis or in a table, short.
pub(crate) fn tick(value: f64, percent: bool) -> String {
    if percent {
        return format!("{}%", short(value * 100.0));
    }
    short(value)
}

/// As few digits as say it: at most four that count.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return if value > 0.0 { "∞".into() } else { "−∞".into() };
    }
    if size >= 1e6 {
        return format!("{}M", short(value / 1e6));
    }
    let decimals = match size {
        _ if size >= 1_000.0 => 0,
        _ if size >= 100.0 => 1,
        _ if size >= 10.0 => 2,
        _ if size >= 1.0 => 3,
        _ if size >= 0.1 => 4,
        _ if size >= 0.01 || size == 0.0 => 5,
        _ => return format!("{value:.2e}"),
    };
    let text = format!("{value:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(x: Scale, y: Scale) -> Chart {
        let line = |stroke, colour| Line {
            label: "a".into(),
            colour,
            stroke,
            points: vec![(0.1, 0.2), (1.0, 0.9), (10.0, 1.0)],
            intervals: vec![(0.1, 0.3), (0.8, 0.95), (0.99, 1.0)],
        };
        let lines = vec![line(Stroke::Dotted, 0), line(Stroke::Dashes, 1)];
        let mark = Mark { label: "limit".into(), at: 0.5, horizontal: true, panel: None };
        Chart { x, y, lines, marks: vec![mark], panels: Vec::new() }
    }

    #[test]
    fn a_chart_has_its_lines_its_axes_and_its_marks() {
        for log in [false, true] {
            let x = Scale { log, ..Scale::linear("time, s") };
            let svg = chart(x, Scale::percent("share")).svg();
            assert!(svg.starts_with("<svg role=\"img\" viewBox"), "{svg}");
            for part in ["time, s", "share", "limit", "polyline", "circle", "#0072B2", "%"] {
                assert!(svg.contains(part), "{part} is not in {svg}");
            }
        }
    }

    /// Where a text stands, in pixels.
    fn place(svg: &str, axis: &str, text: &str) -> u32 {
        let before = svg[..svg.find(text).expect(text)].rfind(axis).expect("a place");
        let digits = svg[before + axis.len()..].split('"').next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    #[test]
    fn panels_have_their_lines_and_their_names_below_each_other() {
        let mut chart = chart(Scale::linear("time, s"), Scale::linear("waiting"));
        chart.lines[0].stroke = Stroke::Area;
        chart.panels = vec!["rfc7296".into(), "coap".into()];
        let svg = chart.svg();
        let height = |text: &str| place(&svg, " y=\"", text);
        assert!(height("rfc7296") + 60 < height("coap"), "{svg}");
        assert_eq!(svg.matches("polygon").count(), 1, "{svg}");
        assert_eq!((svg.matches("limit").count(), svg.matches("time, s").count()), (2, 1));
        chart.marks[0].panel = Some(1);
        let svg = chart.svg();
        assert_eq!(svg.matches("limit").count(), 1);
        assert!(height("coap") < place(&svg, " y=\"", "limit"), "{svg}");
    }

    #[test]
    fn words_of_lines_near_each_other_stand_side_by_side() {
        let mark =
            |label: &str, at| Mark { label: label.into(), at, horizontal: true, panel: None };
        let marks = vec![mark("limit", 0.5), mark("cookies", 0.51), mark("other", 0.2)];
        let chart = Chart { marks, ..chart(Scale::linear("time, s"), Scale::linear("waiting")) };
        let svg = chart.svg();
        let left = |text: &str| place(&svg, " x=\"", text);
        assert!(left("limit") + 20 < left("cookies"), "{svg}");
        assert_eq!(left("limit"), left("other"));
    }

    #[test]
    fn a_chart_of_nothing_is_an_empty_chart() {
        let empty = Chart { lines: Vec::new(), ..chart(Scale::log("x"), Scale::linear("y")) };
        assert!(Chart { marks: Vec::new(), ..empty }.svg().starts_with("<svg"));
    }

    #[test]
    fn an_axis_over_two_decades_is_logarithmic() {
        for (numbers, log) in [
            (&[0.01, 1.0, 120.0][..], true),
            (&[1.0, 99.0], false),
            (&[0.0, 5.0, 500.0], false),
            (&[], false),
        ] {
            assert_eq!(Scale::spanning("x", numbers).log, log, "{numbers:?}");
        }
    }

    #[test]
    fn an_axis_has_numbers_that_tell_its_points_apart() {
        let log = Scale::log("y");
        let of = |scale: &Scale, values: &[f64]| axis(scale, values.iter().copied());
        assert!(of(&log, &[0.08, 7.0]).1 && of(&log, &[9.0, 101.0]).1);
        // One power of ten, or none.
        assert!(!of(&log, &[25.0, 400.0]).1 && !of(&log, &[2.0, 7.0]).1);
        assert!(of(&Scale::linear("y"), &[25.0, 400.0]).0.start <= 25.0);
        let (near, _) = of(&Scale::linear("y"), &[2.471_94, 2.472]);
        assert!(near.end - near.start > 0.04, "{near:?}");
    }

    #[test]
    fn no_share_is_more_than_all() {
        let of = |scale: &Scale, values: &[f64]| axis(scale, values.iter().copied()).0.end;
        let share = Scale::percent("success");
        assert_eq!(
            [of(&share, &[0.995, 1.0]), of(&share, &[0.2, 0.99]), of(&share, &[1.0])],
            [1.0; 3]
        );
        // A load may be.
        assert!(of(&share, &[0.5, 1.5]) > 1.5 && of(&Scale::linear("requests"), &[0.2, 1.0]) > 1.0);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.25, "0.25"),
            (12.3456, "12.35"),
            (1_234.5, "1234"),
            (2_500_000.0, "2.5M"),
            (0.000_12, "1.20e-4"),
            (-0.5, "-0.5"),
        ] {
            assert_eq!(short(value), text);
        }
        assert_eq!(tick(0.125, true), "12.5%");
    }
}
