//! Lines and words of the text form, and errors that point at one of them.

use std::fmt;

/// What is wrong with a program's text: where, what stands there, and what could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What was found.
    pub found: String,
    /// What could stand there.
    pub expected: String,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: found {}, expected {}", self.line, self.column, self.found, self.expected)
    }
}

impl std::error::Error for TextError {}

/// One word of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    pub line: usize,
    pub column: usize,
    pub text: &'a str,
}

impl<'a> Word<'a> {
    /// An error that this word is not what was expected.
    pub fn error(&self, expected: impl Into<String>) -> TextError {
        let shown: String = self.text.chars().take(60).collect();
        TextError { line: self.line, column: self.column, found: format!("\"{shown}\""), expected: expected.into() }
    }

    /// The word as a number: decimal, or hexadecimal after `0x`; `_` may stand between digits.
    pub fn number(&self) -> Result<u64, TextError> {
        parse_number(self.text).ok_or_else(|| self.error("a number such as 17 or 0x4"))
    }

    /// The two sides of `name=value`, as words.
    pub fn split_at(&self, separator: &str) -> Option<(Word<'a>, Word<'a>)> {
        let (left, right) = self.text.split_once(separator)?;
        let column = self.column + left.chars().count() + separator.chars().count();
        Some((Word { text: left, ..*self }, Word { text: right, column, ..*self }))
    }
}

/// A number: decimal, or hexadecimal after `0x`; `_` may stand between digits.
pub(crate) fn parse_number(text: &str) -> Option<u64> {
    let digits = text.replace('_', "");
    match digits.strip_prefix("0x") {
        Some("") => None,
        Some(hex) if hex.starts_with('+') => None,
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if digits.starts_with('+') => None,
        None => digits.parse().ok(),
    }
}

/// The words of one line, taken one after the other.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    number: usize,
    end: usize,
    words: std::vec::IntoIter<Word<'a>>,
}

impl<'a> Line<'a> {
    /// The next word, if there is one.
    pub fn next(&mut self) -> Option<Word<'a>> {
        self.words.next()
    }

    /// The next word.
    pub fn need(&mut self, expected: &str) -> Result<Word<'a>, TextError> {
        self.words.next().ok_or_else(|| self.at_end(expected))
    }

    /// An error that the line ends where something was expected.
    pub fn at_end(&self, expected: &str) -> TextError {
        TextError {
            line: self.number,
            column: self.end,
            found: "the end of the line".into(),
            expected: expected.into(),
        }
    }

    /// Nothing may follow.
    pub fn finish(&mut self) -> Result<(), TextError> {
        match self.words.next() {
            Some(word) => Err(word.error("the end of the line")),
            None => Ok(()),
        }
    }
}

/// The lines of a text that have words, without comments (`#` to the end of the line).
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let code = line.split('#').next().unwrap_or("");
        let mut words = Vec::new();
        let mut start = None;
        for (column, (byte, character)) in code.char_indices().chain([(code.len(), ' ')]).enumerate() {
            match (character.is_whitespace(), start) {
                (false, None) => start = Some((column, byte)),
                (true, Some((first, from))) => {
                    words.push(Word { line: index + 1, column: first + 1, text: &code[from..byte] });
                    start = None;
                }
                _ => {}
            }
        }
        let end = code.trim_end().chars().count() + 1;
        (!words.is_empty()).then(|| Line { number: index + 1, end, words: words.into_iter() })
    })
}
