//! Colour, where the terminal wants it: `NO_COLOR`, `CLICOLOR` and pipes are respected.

use anstyle::{AnsiColor, Style};

/// Text as it is.
pub const PLAIN: Style = Style::new();
/// Headings and the names of things.
pub const BOLD: Style = Style::new().bold();
/// What the kernel calls it: functions, bits, fields.
pub const NAME: Style = AnsiColor::Cyan.on_default();
/// What is right.
pub const RIGHT: Style = AnsiColor::Green.on_default();
/// What is wrong.
pub const WRONG: Style = AnsiColor::Red.on_default().bold();
/// What is beside the point.
pub const DIM: Style = Style::new().dimmed();
