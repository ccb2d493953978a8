//! The matrix as a page of its own: a cell leads to its evidence. It needs nothing from elsewhere.

use super::Judged;
use conformance::{Cell, Profile, Requirement, Role, Standing, Verdict, cases};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A column: implementation and profile.
type Column<'a> = (&'a str, Profile);

/// The cells of each requirement, and the runs that they came from.
struct Page<'a> {
    judged: &'a Judged<'a>,
    columns: Vec<Column<'a>>,
    cells: BTreeMap<&'a str, Vec<&'a Cell>>,
}

/// The whole page.
#[must_use]
pub fn html(judged: &Judged<'_>) -> String {
    let mut cells: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    for cell in &judged.matrix.cells {
        cells.entry(&cell.finding.requirement).or_default().push(cell);
    }
    let page = Page { judged, columns: judged.matrix.columns(), cells };
    let mut text = String::new();
    let _ = write!(
        text,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Conformance</title><style>{STYLE}</style></head><body>\n"
    );
    page.head(&mut text);
    page.table(&mut text);
    page.evidence(&mut text);
    page.runs(&mut text);
    let _ = writeln!(text, "<script>{SCRIPT}</script></body></html>");
    text
}

impl Page<'_> {
    fn head(&self, text: &mut String) {
        text.push_str("<header><h1>Conformance</h1><p class=\"counts\">");
        for verdict in Verdict::ALL {
            let count = self.judged.matrix.count(verdict);
            let _ = write!(text, "<span class=\"v {verdict}\">{count} {verdict}</span> ");
        }
        text.push_str(
            "</p><p>A row is a requirement, a column an implementation in a profile. A verdict is the \
             worst that a case gives: <b>passed</b> it was judged and holds; <b>failed</b> it does \
             not; <b>unsupported</b> the implementation, or who drives it, cannot do what the case \
             needs; <b>inconclusive</b> the case did not get that far; <b>no case</b> it binds there and nothing judges \
             it; <b>not run</b> no case that judges it was wanted; <b>-</b> it does not bind there. \
             Follow a verdict to its evidence.</p>\
             <p class=\"tools\"><label>Find <input id=\"find\" type=\"search\" placeholder=\"RT2, cookie, failed\"></label></p>\
             </header>\n",
        );
    }

    fn table(&self, text: &mut String) {
        text.push_str("<div class=\"wide\"><table id=\"matrix\"><thead><tr><th>Requirement</th>");
        for (name, profile) in &self.columns {
            let _ = write!(text, "<th>{}<br><small>{}</small></th>", escape(name), profile.name());
        }
        text.push_str("</tr></thead><tbody>\n");
        self.judged.requirements().for_each(|requirement| self.row(text, requirement));
        text.push_str("</tbody></table></div>\n");
    }

    fn row(&self, text: &mut String, requirement: &Requirement) {
        let Requirement { id, demand, .. } = requirement;
        let level = requirement.level.name();
        let _ = write!(
            text,
            "<tr><th scope=\"row\"><a href=\"#{id}\">{id}</a> <small>{level}</small><span>{}</span></th>",
            escape(demand)
        );
        for column in &self.columns {
            match self.judged.matrix.standing(requirement, *column) {
                Standing::Judged(verdict) => {
                    let anchor = anchor(id, *column);
                    let _ = write!(
                        text,
                        "<td data-column=\"{} {}\"><a class=\"v {verdict}\" href=\"#{anchor}\">{verdict}</a></td>",
                        escape(column.0),
                        column.1.name()
                    );
                }
                other => {
                    let _ = write!(text, "<td class=\"none\">{}</td>", other.name());
                }
            }
        }
        text.push_str("</tr>\n");
    }

    fn evidence(&self, text: &mut String) {
        text.push_str("<h2>Evidence</h2>\n");
        for requirement in self.judged.requirements() {
            let Requirement { id, rfc, section, demand, level, .. } = requirement;
            let cells = self.cells.get(id.as_str()).map_or(&[][..], Vec::as_slice);
            let bad = cells.iter().any(|cell| cell.finding.verdict != Verdict::Passed);
            let open = if bad { " open" } else { "" };
            let _ = write!(
                text,
                "<details id=\"{id}\"{open}><summary><b>{id}</b> {}</summary><p>RFC {rfc}, {}; {}.</p>",
                escape(demand),
                escape(section),
                level.name()
            );
            how(text, requirement);
            for column in &self.columns {
                let of = |cell: &&&Cell| is_of(cell, *column);
                if cells.iter().any(|cell| is_of(cell, *column)) {
                    let (name, profile) = (escape(column.0), column.1.name());
                    let anchor = anchor(id, *column);
                    let _ = write!(text, "<section id=\"{anchor}\"><h3>{name}, {profile}</h3><ul>");
                    cells.iter().filter(of).for_each(|cell| self.finding(text, cell));
                    text.push_str("</ul></section>\n");
                }
            }
            text.push_str("</details>\n");
        }
    }

    fn finding(&self, text: &mut String, cell: &Cell) {
        let verdict = cell.finding.verdict;
        let _ = write!(
            text,
            "<li><span class=\"v {verdict}\">{verdict}</span> <a href=\"#{}\">{}</a>",
            run_anchor(cell),
            cell.case
        );
        if let Some(failure) = &cell.finding.failure {
            let (expected, found) = (escape(&failure.expected), escape(&failure.found));
            let _ = write!(text, "<dl><dt>expected</dt><dd>{expected}</dd>");
            let _ = write!(text, "<dt>found</dt><dd>{found}</dd>");
            let message = failure.message.map(|index| format!("message {index}"));
            let offset = failure.offset.map(|at| format!("octet {at}"));
            let place: Vec<String> = message.into_iter().chain(offset).collect();
            if !place.is_empty() {
                let _ = write!(text, "<dt>where</dt><dd>{}</dd>", place.join(", "));
            }
            text.push_str("</dl>");
            let ladder = cell.log.ladder(failure.message);
            let _ = write!(text, "<pre>{}</pre>", marked(&ladder));
        } else if !cell.finding.reason.is_empty() {
            let _ = write!(text, "<p>{}</p>", escape(&cell.finding.reason));
        }
        if let (_, Some(reason)) = self.judged.baseline.expected(cell) {
            let _ = write!(text, "<p>Expected: {}</p>", escape(reason));
        }
        text.push_str("</li>");
    }

    /// What crossed in each case, once for all requirements that it judges.
    fn runs(&self, text: &mut String) {
        text.push_str("<h2>What crossed</h2>\n");
        let mut last = None;
        for cell in &self.judged.matrix.cells {
            let anchor = run_anchor(cell);
            if last.as_ref() == Some(&anchor) {
                continue;
            }
            let (name, profile) = (escape(&cell.implementation), cell.profile.name());
            let ladder = escape(&cell.log.ladder(None));
            let _ = writeln!(
                text,
                "<details class=\"run\" id=\"{anchor}\"><summary>{} <small>{name}, {profile}</small>\
                 </summary><pre>{ladder}</pre></details>",
                cell.case
            );
            last = Some(anchor);
        }
    }
}

/// What the cases that judge it say of themselves, or why there are none.
fn how(text: &mut String, requirement: &Requirement) {
    text.push_str("<ul class=\"how\">");
    for role in Role::ALL {
        for case in cases::judging(&requirement.id, role) {
            let _ = write!(text, "<li>{} {role}: {}</li>", case.name, escape(case.about));
        }
        if let Some(why) = requirement.no_case(role) {
            let _ = write!(text, "<li>{role}: no case: {}</li>", escape(why));
        }
    }
    text.push_str("</ul>\n");
}

fn is_of(cell: &Cell, column: Column<'_>) -> bool {
    (cell.implementation.as_str(), cell.profile) == column
}

fn anchor(id: &str, (name, profile): Column<'_>) -> String {
    format!("{id}-{}-{}", word(name), profile.name())
}

fn run_anchor(cell: &Cell) -> String {
    format!(
        "run-{}-{}-{}",
        word(&cell.implementation),
        cell.profile.name(),
        cell.case.replace('/', "-")
    )
}

/// A name as a part of an anchor.
fn word(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}

/// A ladder whose offending message stands out: its line starts with a star.
fn marked(ladder: &str) -> String {
    let lines = ladder.lines().map(|line| match line.starts_with('*') {
        true => format!("<mark>{}</mark>\n", escape(line)),
        false => format!("{}\n", escape(line)),
    });
    lines.collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
