//! Colour, where the terminal wants it: `NO_COLOR`, `CLICOLOR` and pipes are respected.

use anstyle::{AnsiColor, Style};

/// Headings and the names of things.
pub const BOLD: Style = Style::new().bold();
/// What is right.
pub const RIGHT: Style = AnsiColor::Green.on_default();
/// What is wrong.
pub const WRONG: Style = AnsiColor::Red.on_default().bold();
/// What is beside the point.
pub const DIM: Style = Style::new().dimmed();
