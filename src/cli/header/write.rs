//! Writing C: definitions, enumerations, and comments that end where they should.

use crate::cli::page::wrap;

/// Columns that comments are wrapped to.
const WIDTH: usize = 100;
/// Column where the value of a definition begins.
const VALUE: usize = 37;
/// Column where the comment behind a definition or an enumerator begins.
const REMARK: usize = 52;

/// The header so far.
#[derive(Debug, Default)]
pub struct Header {
    text: String,
}

impl Header {
    /// The text so far.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Text as it is.
    pub fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// An empty line and a comment of one or more paragraphs.
    pub fn comment(&mut self, paragraphs: &[&str]) {
        self.text.push('\n');
        self.indented_comment(0, paragraphs.iter().map(|p| (0, p.to_string())));
    }

    /// A comment of paragraphs, each indented by its own number of columns, under itself by four more where that is not 0.
    pub fn indented_comment(&mut self, indent: usize, paragraphs: impl Iterator<Item = (usize, String)>) {
        let margin = " ".repeat(indent);
        let mut lines = Vec::new();
        for (inner, text) in paragraphs {
            let text = plain(&text);
            for (i, line) in wrap(&text, WIDTH - indent - inner - 7).into_iter().enumerate() {
                let hang = if inner > 0 && i > 0 { 4 } else { 0 };
                lines.push(format!("{}{line}", " ".repeat(inner + hang)));
            }
        }
        match lines.as_slice() {
            [one] => self.text.push_str(&format!("{margin}/* {one} */\n")),
            _ => {
                for (i, line) in lines.iter().enumerate() {
                    let head = if i == 0 { "/*" } else { " *" };
                    self.text.push_str(format!("{margin}{head} {line}").trim_end());
                    self.text.push('\n');
                }
                self.text.push_str(&format!("{margin} */\n"));
            }
        }
    }

    /// A definition with a remark behind it, or above it where it is long.
    pub fn define(&mut self, name: &str, value: &str, remark: &str) {
        let line = format!("#define PTEFUZZ_{name}");
        let line = format!("{line:<VALUE$} {value}");
        self.remarked(&line, remark);
    }

    /// A line with a remark behind it, or above it where it is long.
    pub fn remarked(&mut self, line: &str, remark: &str) {
        let remark = plain(remark);
        if remark.is_empty() {
            self.text.push_str(&format!("{line}\n"));
        } else if line.len().max(REMARK) + remark.len() + 7 <= 120 {
            self.text.push_str(&format!("{line:<REMARK$} /* {remark} */\n"));
        } else {
            self.indented_comment(line.len() - line.trim_start().len(), [(0, remark)].into_iter());
            self.text.push_str(&format!("{line}\n"));
        }
    }

    /// An enumeration; `tag` is empty for one without a name.
    pub fn enumeration(&mut self, tag: &str, values: impl Iterator<Item = (String, u64, String)>) {
        self.text.push_str(&if tag.is_empty() { "enum {\n".into() } else { format!("enum ptefuzz_{tag} {{\n") });
        let mut values = values.peekable();
        while let Some((name, value, remark)) = values.next() {
            // C++ before 2011 does not know a last comma.
            let comma = if values.peek().is_some() { "," } else { "" };
            self.remarked(&format!("  PTEFUZZ_{name} = {value}{comma}"), &remark);
        }
        self.text.push_str("};\n");
    }
}

/// A number of 32 bits as C writes it.
pub fn unsigned(value: u64) -> String {
    format!("{value:#x}u")
}

/// A number of 64 bits as C writes it.
pub fn long(value: u64) -> String {
    match value.count_ones() {
        1 => format!("(1ull << {})", value.trailing_zeros()),
        _ => format!("{value:#x}ull"),
    }
}

/// Words that can stand in a comment: nothing in them opens or closes one.
fn plain(text: &str) -> String {
    text.replace("*/", "* /").replace("/*", "/ *")
}
