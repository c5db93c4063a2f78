//! Text for a terminal of 80 columns: headings, paragraphs and items with a hanging indent, coloured and never too wide.
//!
//! The teaching commands build a whole [`Page`] and print it once. Text is plain ASCII, so that a byte is a column.

use anstyle::Style;

use super::style::BOLD;

/// Columns that a line may have.
pub const WIDTH: usize = 80;

/// Text that grows line by line.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

impl Page {
    /// The text so far, with its colours.
    pub fn into_text(self) -> String {
        self.text
    }

    /// An empty line.
    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A heading, after an empty line where text stands before it.
    pub fn heading(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.blank();
        }
        self.line(0, &[(BOLD, text)]);
    }

    /// One line of styled pieces, without the spaces at its end. The caller sees to its width.
    pub fn line(&mut self, indent: usize, pieces: &[(Style, &str)]) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        let end = pieces.iter().rposition(|(_, piece)| !piece.trim_end().is_empty()).map_or(0, |last| last + 1);
        for (i, (style, piece)) in pieces[..end].iter().enumerate() {
            let piece = if i + 1 == end { piece.trim_end() } else { piece };
            self.text.push_str(&format!("{style}{piece}{style:#}"));
        }
        self.text.push('\n');
    }

    /// A paragraph, wrapped.
    pub fn paragraph(&mut self, indent: usize, style: Style, text: &str) {
        for line in wrap(text, WIDTH - indent) {
            self.line(indent, &[(style, &line)]);
        }
    }

    /// A head and, from `column` on, a text that wraps under itself. A head that comes within two columns of it
    /// gets a line of its own.
    pub fn item(&mut self, indent: usize, head: (Style, &str), column: usize, text: (Style, &str)) {
        let mut lines = wrap(text.1, WIDTH - column).into_iter();
        let used = indent + head.1.len();
        if used + 2 <= column {
            let gap = " ".repeat(column - used);
            let first = lines.next().unwrap_or_default();
            self.line(indent, &[head, (Style::new(), &gap), (text.0, &first)]);
        } else if indent + head.1.len() <= WIDTH {
            self.line(indent, &[head]);
        } else {
            self.paragraph(indent, head.0, head.1);
        }
        for line in lines {
            self.line(column, &[(text.0, &line)]);
        }
    }
}

/// Breaks text at spaces into lines of at most `width` columns; a word that is wider is cut.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.len() + 1 + word.len() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if line.len() >= width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Names as `a, b and c`.
pub fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => one.to_string(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_lines_are_never_wider_than_asked() {
        let text = "one two three pte_has_swap_entry() is_a_long_word_that_does_not_fit_anywhere end";
        for width in 1..40 {
            for line in wrap(text, width) {
                assert!(line.len() <= width, "{line:?} in {width} columns");
            }
        }
    }

    #[test]
    fn wrapping_loses_no_word() {
        let text = "the special pte is compared as a whole";
        assert_eq!(wrap(text, 12).join(" "), text);
    }

    #[test]
    fn an_item_with_a_long_head_puts_its_text_below() {
        let mut page = Page::default();
        page.item(2, (Style::new(), "a_head_that_is_long"), 10, (Style::new(), "text"));
        assert_eq!(page.into_text(), "  a_head_that_is_long\n          text\n");
    }
}
