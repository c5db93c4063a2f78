//! The matrix in a terminal of 80 columns: a line for each site, a column for each class.

use crate::cli::style::{BOLD, DIM, RIGHT, WRONG};
use ptefuzz::corpora::picture::{Field, Of, Picture};
use ptefuzz::engine::Denominators;
use ptefuzz::pte::Class;
use ptefuzz::site::SITES;
use std::fmt::Write;

/// Column heads of at most five letters, in the order of the classes.
const HEADS: [&str; 10] = ["none", "pres", "prot", "swap", "mig-r", "mig-w", "dev-w", "dev-r", "hwp", "spec"];
/// Cells that are named where some are missing.
const NAMED: usize = 20;

/// Everything that people read.
pub(super) fn text(picture: &Picture<'_>, all: &Denominators) -> String {
    let mut text = format!("{DIM}{:19}", "site");
    for head in HEADS {
        let _ = write!(text, "{head:>6}");
    }
    let _ = writeln!(text, "{DIM:#}");
    for site in &SITES {
        let _ = write!(text, "{:19}", site.name);
        for class in Class::ALL {
            text.push_str(&field(picture.field(site.id, class)));
        }
        text.push('\n');
    }
    let never = picture.never();
    if !never.is_empty() {
        let _ = writeln!(text, "\n{BOLD}never reached{BOLD:#}");
        for cell in never.iter().take(NAMED) {
            let _ = writeln!(text, "  {cell}");
        }
        if never.len() > NAMED {
            let _ = writeln!(text, "  and {} more (--html, --json)", never.len() - NAMED);
        }
    }
    text.push('\n');
    for of in Of::ALL {
        let goal = of.cells(all);
        let covered = picture.cells.common(goal).len();
        let share = 100.0 * covered as f64 / goal.len().max(1) as f64;
        let _ = writeln!(text, "{BOLD}{covered}{BOLD:#} of {} cells {} ({share:.1} %)", goal.len(), of.words());
    }
    let outside = picture.cells.without(&all.walk).len();
    if outside > 0 {
        let _ = writeln!(text, "{WRONG}{outside} cells that neither of them knows{WRONG:#}");
    }
    let files = picture.reached.entries.len();
    let _ = writeln!(text, "{files} programs, {} files without one, {}", picture.reached.broken, picture.environment);
    text
}

/// One field in six columns: everything reached, part of it, nothing, or nothing there.
fn field(Field { reached, all, beyond }: Field) -> String {
    match (reached, all) {
        (_, 0) if beyond == 0 => format!("{DIM}{:>6}{DIM:#}", "."),
        (_, 0) => format!("{DIM}{:>6}{DIM:#}", format!("+{beyond}")),
        (r, a) if r == a => format!("{RIGHT}{all:>6}{RIGHT:#}"),
        (0, _) => format!("{WRONG}{:>6}{WRONG:#}", format!("0/{all}")),
        _ => format!("{:>6}", format!("{reached}/{all}")),
    }
}
