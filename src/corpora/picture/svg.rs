//! The matrix as an SVG picture: sites side by side, a row for each class, each field filled as far as it was reached.

use super::Picture;
use crate::pte::Class;
use crate::site::{SITES, SiteId};
use std::fmt::Write;

/// A field's width and height, and the gap between two.
const FIELD: usize = 16;
const GAP: usize = 2;
/// Where the first field stands.
const LEFT: usize = 118;
const TOP: usize = 152;

/// The colours, by the reader's light or dark.
const STYLE: &str = "
    text { font: 12px system-ui, sans-serif; fill: #1d2126; }
    .soft { fill: #5d6570; }
    .empty { fill: #e9e6de; }
    .back { fill: #cfdcec; }
    .fill { fill: #1f5fa8; }
    .none { fill: none; stroke: #a8201a; stroke-width: 1.5; }
    .beyond { fill: #a86a12; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e4e6e8; }
      .soft { fill: #98a1ab; }
      .empty { fill: #262b31; }
      .back { fill: #2c3f56; }
      .fill { fill: #7fb0ea; }
      .none { stroke: #ff9d94; }
      .beyond { fill: #e8b45e; }
    }
";

/// The picture.
pub fn svg(picture: &Picture<'_>) -> String {
    let step = FIELD + GAP;
    let (width, height) = (LEFT + step * SITES.len() + 72, TOP + step * Class::ALL.len() + 54);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n<style>{STYLE}</style>\n",
        escaped(&caption(picture))
    );
    for (column, site) in SITES.iter().enumerate() {
        let x = LEFT + step * column + FIELD / 2 + 4;
        let y = TOP - 6;
        let _ = writeln!(text, "<text x=\"{x}\" y=\"{y}\" transform=\"rotate(-60 {x} {y})\">{}</text>", site.name);
    }
    for (row, class) in Class::ALL.into_iter().enumerate() {
        let y = TOP + step * row;
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 8,
            y + FIELD - 4,
            class.name()
        );
        for (column, site) in SiteId::ALL.into_iter().enumerate() {
            field(&mut text, picture, site, class, LEFT + step * column, y);
        }
    }
    let y = TOP + step * Class::ALL.len() + 24;
    for (line, words) in [caption(picture), LEGEND.to_string()].into_iter().enumerate() {
        let y = y + 18 * line;
        let _ = writeln!(text, "<text class=\"soft\" x=\"{LEFT}\" y=\"{y}\">{}</text>", escaped(&words));
    }
    text.push_str("</svg>\n");
    text
}

/// What the fields mean.
const LEGEND: &str =
    "Filled as far as reached; framed: never; a bar: reached, and not counted; a line: nothing there to reach.";

fn caption(picture: &Picture<'_>) -> String {
    format!(
        "{}: {} of {} cells {} ({:.1} %), by {} programs.",
        picture.name,
        picture.covered(),
        picture.goal.len(),
        picture.of.words(),
        100.0 * picture.share(),
        picture.reached.entries.len()
    )
}

fn field(text: &mut String, picture: &Picture<'_>, site: SiteId, class: Class, x: usize, y: usize) {
    let field = picture.field(site, class);
    let title = format!("{}, {}: {} of {}", SITES[site as usize].name, class.name(), field.reached, field.all);
    let mut rect = |kind: &str, y: usize, height: usize| {
        let _ = writeln!(
            text,
            "<rect class=\"{kind}\" x=\"{x}\" y=\"{y}\" width=\"{FIELD}\" height=\"{height}\"><title>{title}</title></rect>"
        );
    };
    match (field.reached, field.all) {
        (_, 0) if field.beyond == 0 => rect("empty", y + FIELD / 2 - 1, 2),
        (_, 0) => rect("beyond", y + FIELD / 2 - 2, 4),
        (0, _) => rect("none", y, FIELD),
        (reached, all) => {
            let filled = (FIELD * reached as usize / all as usize).max(2);
            if filled < FIELD {
                rect("back", y, FIELD - filled);
            }
            rect("fill", y + FIELD - filled, filled);
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
