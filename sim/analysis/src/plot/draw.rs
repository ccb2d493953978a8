//! From charts to SVG.

use super::{COLOURS, Chart, Line, Mark, Stroke, axis, tick};
use core::error::Error;
use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;

/// Small enough that its text is still read on a phone, where it fills the width.
const SIZE: (u32, u32) = (520, 320);
/// The name of the axis from bottom to top, above panels.
const HEAD: u32 = 22;
/// What the numbers and the name of an axis from left to right need.
const X_AXIS: u32 = 42;
/// A panel: its name, and room for a line that goes up and down.
const PANEL: u32 = 78;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

fn text(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&RGBColor(60, 60, 60))
}

impl Chart {
    /// The chart as SVG.
    pub(crate) fn svg(&self) -> String {
        let mut svg = String::new();
        let rows = u32::try_from(self.panels.len()).unwrap_or(u32::MAX);
        let height = if rows > 0 { HEAD + rows.saturating_mul(PANEL) + X_AXIS } else { SIZE.1 };
        let size = (SIZE.0, height);
        let drawn = {
            let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
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
        drawn.map_or_else(|error| format!("<p>{error}</p>"), |()| responsive(&svg, size))
    }

    fn draw<X, Y>(&self, root: &Area<'_>, x: X, y: Y) -> Drawn
    where
        X: AsRangedCoord<Value = f64> + Clone,
        Y: AsRangedCoord<Value = f64> + Clone,
        X::CoordDescType: ValueFormatter<f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        if self.panels.is_empty() {
            self.panel(root, (x, y), None)?;
            root.present()?;
            return Ok(());
        }
        let (head, mut rest) = root.split_vertically(HEAD);
        head.draw(&Text::new(self.y.label.clone(), (8, 4), text(15)))?;
        for (colour, name) in self.panels.iter().enumerate() {
            let last = colour + 1 == self.panels.len();
            let (area, below) =
                if last { (rest.clone(), rest) } else { rest.split_vertically(PANEL) };
            self.panel(&area, (x.clone(), y.clone()), Some((colour, name, last)))?;
            rest = below;
        }
        root.present()?;
        Ok(())
    }

    /// Axes with lines. One of several panels has a number and a name, and the last of them the numbers of the axis from left to
    /// right.
    fn panel<X, Y>(
        &self,
        area: &Area<'_>,
        (x, y): (X, Y),
        panel: Option<(usize, &str, bool)>,
    ) -> Drawn
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let number = panel.map(|(number, ..)| number);
        let (name, has_x) = panel.map_or(("", true), |(_, name, has_x)| (name, has_x));
        let mut builder = ChartBuilder::on(area);
        builder.margin(8).margin_right(16).y_label_area_size(if panel.is_some() { 44 } else { 74 });
        if panel.is_some() {
            builder.margin_top(18).margin_bottom(if has_x { 8 } else { 2 });
        }
        if has_x {
            builder.x_label_area_size(X_AXIS);
        }
        let mut chart = builder.build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(RGBColor(228, 228, 228))
            .axis_style(RGBColor(120, 120, 120))
            .x_labels(7)
            .y_labels(if panel.is_some() { 3 } else { 6 })
            .x_desc(&self.x.label)
            .y_desc(if panel.is_some() { "" } else { &self.y.label })
            .x_label_formatter(&|value| tick(*value, self.x.percent))
            .y_label_formatter(&|value| tick(*value, self.y.percent))
            .label_style(text(if panel.is_some() { 13 } else { 15 }))
            .axis_desc_style(text(15))
            .draw()?;
        area.draw(&Text::new(name.to_owned(), (52, 4), text(13)))?;
        let here = |of: usize| number.is_none_or(|number| number == of);
        let mut words = Vec::new();
        for mark in self.marks.iter().filter(|mark| mark.panel.is_none_or(here)) {
            draw_mark(&mut chart, mark, &mut words)?;
        }
        self.lines
            .iter()
            .filter(|line| here(line.colour))
            .try_for_each(|line| draw_line(&mut chart, line))
    }
}

type Context<'a, 'b, X, Y> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<X, Y>>;

/// Pixels of a line of words, and about those of a letter in it.
const WORDS: (i32, i32) = (14, 7);

/// A line, and its word beside it: above it in the lower half, where there is most room. `words` are those before it, each from
/// where to where and at which height.
fn draw_mark<X, Y>(
    chart: &mut Context<'_, '_, X, Y>,
    mark: &Mark,
    words: &mut Vec<(i32, i32, i32)>,
) -> Drawn
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    let (x, y) = (chart.x_range(), chart.y_range());
    let (ends, place) = if mark.horizontal {
        ([(x.start, mark.at), (x.end, mark.at)], (x.start, mark.at))
    } else {
        ([(mark.at, y.start), (mark.at, y.end)], (mark.at, y.end))
    };
    let style = RGBColor(130, 130, 130).stroke_width(1);
    chart.draw_series(DashedLineSeries::new(ends, 2, 4, style))?;
    let at = chart.backend_coord(&place);
    let [top, bottom] = [y.end, y.start].map(|y| chart.backend_coord(&(x.start, y)).1);
    let low = mark.horizontal && at.1 > i32::midpoint(top, bottom);
    let mut from = (at.0 + 4, if low { at.1 - WORDS.0 } else { at.1 + 2 });
    let letters = i32::try_from(mark.label.chars().count()).unwrap_or(0);
    let width = (letters + 1) * WORDS.1;
    for (start, end, height) in words.iter() {
        let beside = from.0 >= *end || from.0 + width <= *start;
        if (height - from.1).abs() < WORDS.0 && !beside {
            // One across stands behind the other, one upwards below it.
            from = if mark.horizontal { (*end, from.1) } else { (from.0, height + WORDS.0) };
        }
    }
    words.push((from.0, from.0 + width, from.1));
    let offset = (from.0 - at.0, from.1 - at.1);
    let label = EmptyElement::at(place) + Text::new(mark.label.clone(), offset, text(12));
    chart.draw_series([label])?;
    Ok(())
}

fn draw_line<X, Y>(chart: &mut Context<'_, '_, X, Y>, line: &Line) -> Drawn
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
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
        Stroke::Area => {
            let bottom = chart.y_range().start;
            let ends = [line.points.first(), line.points.last()].map(Option::<&(f64, f64)>::copied);
            let down = ends.into_iter().rev().flatten().map(|(x, _)| (x, bottom));
            let all: Vec<(f64, f64)> = points().chain(down).collect();
            chart.draw_series([Polygon::new(all, colour.mix(0.3).filled())])?;
        }
        Stroke::Dots | Stroke::Rings => {}
    }
    match line.stroke {
        Stroke::Dots | Stroke::Dotted => {
            chart.draw_series(points().map(|point| Circle::new(point, 3, colour.filled())))?;
        }
        Stroke::Rings => {
            let ring = colour.stroke_width(1);
            chart.draw_series(points().map(|point| Circle::new(point, 3, ring)))?;
        }
        _ => {}
    }
    Ok(())
}

/// As wide as there is room for.
fn responsive(svg: &str, (width, height): (u32, u32)) -> String {
    let fixed = format!("<svg width=\"{width}\" height=\"{height}\"");
    svg.replacen(&fixed, "<svg role=\"img\"", 1)
}

fn rgb(colour: &str) -> RGBColor {
    let part = |at: usize| u8::from_str_radix(&colour[at..at + 2], 16).unwrap_or_default();
    RGBColor(part(1), part(3), part(5))
}
