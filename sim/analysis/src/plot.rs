//! Charts as SVG, drawn by `plotters`.

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use serde::Serialize;

/// Small enough that its text is still read on a phone, where it fills the width.
const SIZE: (u32, u32) = (520, 320);

/// Colours that people with any colour vision tell apart (Okabe and Ito, and a wine red).
pub(crate) const COLOURS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#444444", "#882255"];

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Stroke {
    /// A line.
    Line,
    /// A line with a dot at each point.
    Dotted,
    /// Dashes.
    Dashes,
    /// Dots alone.
    Dots,
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
}

impl Chart {
    /// The chart as SVG.
    pub(crate) fn svg(&self) -> String {
        let mut svg = String::new();
        let drawn = {
            let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
            let marks = |horizontal| {
                self.marks
                    .iter()
                    .filter(move |mark| mark.horizontal == horizontal)
                    .map(|mark| mark.at)
            };
            let points = || self.lines.iter().flat_map(|line| &line.points);
            let reach = || self.lines.iter().flat_map(|line| &line.intervals);
            let (x, x_log) = axis(&self.x, points().map(|point| point.0).chain(marks(false)));
            let ys = points().map(|point| point.1).chain(marks(true));
            let ys = ys.chain(reach().flat_map(|(low, high)| [*low, *high]));
            let (y, y_log) = axis(&self.y, ys);
            match (x_log, y_log) {
                (false, false) => self.draw(&root, x, y),
                (true, false) => self.draw(&root, x.log_scale(), y),
                (false, true) => self.draw(&root, x, y.log_scale()),
                (true, true) => self.draw(&root, x.log_scale(), y.log_scale()),
            }
        };
        // Writing into a string cannot fail; if it did, the page would show why.
        drawn.map_or_else(|error| format!("<p>{error}</p>"), |()| responsive(&svg))
    }

    fn draw<X: AsRangedCoord<Value = f64>, Y: AsRangedCoord<Value = f64>>(
        &self,
        root: &DrawingArea<SVGBackend<'_>, Shift>,
        x: X,
        y: Y,
    ) -> Result<(), Box<dyn core::error::Error>>
    where
        X::CoordDescType: ValueFormatter<f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let text = |size: u32| ("sans-serif", size).into_font().color(&RGBColor(60, 60, 60));
        let mut chart = ChartBuilder::on(root)
            .margin(8)
            .margin_right(16)
            .x_label_area_size(42)
            .y_label_area_size(74)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(RGBColor(228, 228, 228))
            .axis_style(RGBColor(120, 120, 120))
            .x_labels(7)
            .y_labels(6)
            .x_desc(&self.x.label)
            .y_desc(&self.y.label)
            .x_label_formatter(&|value| tick(*value, self.x.percent))
            .y_label_formatter(&|value| tick(*value, self.y.percent))
            .label_style(text(15))
            .axis_desc_style(text(15))
            .draw()?;
        for mark in &self.marks {
            let (x, y) = (chart.x_range(), chart.y_range());
            let (ends, place) = if mark.horizontal {
                ([(x.start, mark.at), (x.end, mark.at)], (x.start, mark.at))
            } else {
                ([(mark.at, y.start), (mark.at, y.end)], (mark.at, y.end))
            };
            let style = RGBColor(130, 130, 130).stroke_width(1);
            chart.draw_series(DashedLineSeries::new(ends, 2, 4, style))?;
            let label = EmptyElement::at(place) + Text::new(mark.label.clone(), (4, 2), text(12));
            chart.draw_series([label])?;
        }
        for line in &self.lines {
            let colour = rgb(COLOURS[line.colour % COLOURS.len()]);
            let points = || line.points.iter().copied();
            for (point, (low, high)) in line.points.iter().zip(&line.intervals) {
                let ends = vec![(point.0, *low), (point.0, *high)];
                chart.draw_series([PathElement::new(ends, colour.stroke_width(1))])?;
            }
            match line.stroke {
                Stroke::Dashes => {
                    let style = colour.stroke_width(1);
                    chart.draw_series(DashedLineSeries::new(points(), 5, 4, style))?;
                }
                Stroke::Line | Stroke::Dotted => {
                    chart.draw_series(LineSeries::new(points(), colour.stroke_width(2)))?;
                }
                Stroke::Dots => {}
            }
            if matches!(line.stroke, Stroke::Dots | Stroke::Dotted) {
                chart.draw_series(points().map(|point| Circle::new(point, 3, colour.filled())))?;
            }
        }
        root.present()?;
        Ok(())
    }
}

/// As wide as there is room for.
fn responsive(svg: &str) -> String {
    let (width, height) = SIZE;
    let fixed = format!("<svg width=\"{width}\" height=\"{height}\"");
    svg.replacen(&fixed, "<svg role=\"img\"", 1)
}

fn rgb(colour: &str) -> RGBColor {
    let part = |at: usize| u8::from_str_radix(&colour[at..at + 2], 16).unwrap_or_default();
    RGBColor(part(1), part(3), part(5))
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
    // Numbers of four digits tell no less apart.
    let least = high.abs().max(low.abs()) * 0.02;
    if high > low && high - low < least {
        let middle = f64::midpoint(low, high);
        (low, high) = (middle - least / 2.0, middle + least / 2.0);
    }
    let air = if high > low { (high - low) * 0.04 } else { high.abs().max(1.0) * 0.1 };
    // What is never negative starts at its zero.
    let bottom = if low >= 0.0 && low - air < 0.0 { 0.0_f64.min(low) } else { low - air };
    bottom..high + air
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
        let mark = Mark { label: "limit".into(), at: 0.5, horizontal: true };
        Chart { x, y, lines, marks: vec![mark] }
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
