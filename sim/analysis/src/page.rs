//! Pages that open anywhere: one file, no script, nothing loaded.

mod identities;
mod run;
mod sweep;

pub use run::{RunPage, run};
pub use sweep::sweep;

use crate::plot::{COLOURS, Chart, Stroke};
use crate::stats::{COARSE, DIGITS, MOST_VALUES};
use crate::sweep::Figure;
use core::fmt::Write as _;
use data_encoding::BASE64;

const STYLE: &str = include_str!("page/style.css");

/// The text as HTML shows it.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(title)
    )
}

/// Words and what they stand for, in two columns.
fn facts(rows: &[(&str, String)]) -> String {
    let rows: String = rows
        .iter()
        .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value)))
        .collect();
    format!("<dl class=\"facts\">\n{rows}</dl>\n")
}

/// A cell of a table.
enum Field {
    /// A text, to the left.
    Text(String),
    /// A number, to the right.
    Number(String),
    /// A word that stands out: good or not.
    Verdict(bool, String),
}

fn table(head: &[&str], rows: &[Vec<Field>]) -> String {
    let mut text = String::from("<div class=\"wide\"><table>\n<thead><tr>");
    for name in head {
        let _ = write!(text, "<th>{}</th>", escape(name));
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        text.push_str("<tr>");
        for field in row {
            let _ = match field {
                Field::Text(value) => write!(text, "<td>{}</td>", escape(value)),
                Field::Number(value) => write!(text, "<td class=\"n\">{}</td>", escape(value)),
                Field::Verdict(good, value) => {
                    let class = if *good { "good" } else { "bad" };
                    write!(text, "<td class=\"{class}\">{}</td>", escape(value))
                }
            };
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody>\n</table></div>\n");
    text
}

/// What each line of a chart is.
fn legend(chart: &Chart) -> String {
    if chart.lines.len() < 2 || !chart.panels.is_empty() {
        return String::new();
    }
    let entry = |line: &crate::plot::Line| {
        let stroke = match line.stroke {
            Stroke::Line => "line",
            Stroke::Dotted => "line dot",
            Stroke::Dashes => "dashes",
            Stroke::Area => "area",
            Stroke::Dots => "dot",
            Stroke::Rings => "ring",
        };
        let colour = COLOURS[line.colour % COLOURS.len()];
        format!(
            "<li><i class=\"{stroke}\" style=\"color:{colour}\"></i>{}</li>",
            escape(&line.label)
        )
    };
    let entries: String =
        chart.lines.iter().filter(|line| !line.points.is_empty()).map(entry).collect();
    format!("<ul class=\"legend\">{entries}</ul>\n")
}

/// A file that is in the page itself.
fn download(name: &str, text: &str) -> String {
    let data = BASE64.encode(text.as_bytes());
    format!("<a class=\"csv\" download=\"{name}\" href=\"data:text/csv;base64,{data}\">{name}</a>")
}

fn figure(figure: &Figure) -> String {
    let Figure { id, title, text, chart, .. } = figure;
    format!(
        "<figure id=\"{id}\">\n<h3>{}</h3>\n{}{}\n<figcaption>{} {}</figcaption>\n</figure>\n",
        escape(title),
        legend(chart),
        chart.svg(),
        escape(text),
        download(&format!("{id}.csv"), &figure.numbers())
    )
}

/// What is lost where some latencies were too many to keep.
fn coarse(there_are: &str) -> String {
    format!(
        "<p>{there_are} more than {MOST_VALUES} different latencies, of which the first {DIGITS} binary digits are kept: \
         percentiles are up to {:.2} % too small. The smallest, the largest and the mean are exact.</p>\n",
        100.0 * COARSE
    )
}

/// Seconds from microseconds, short.
fn seconds(us: u64) -> String {
    crate::plot::short(us as f64 / 1e6)
}
