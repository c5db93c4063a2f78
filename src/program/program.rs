//! A program of either kind, and the reading of files and of a fuzzing engine's bytes.

use super::raw::{KIND_RAW, RawProgram, VERSION};
use super::token::TextError;
use super::world_program::{KIND_WORLD, WorldProgram};
use std::fmt;

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// Raw calls.
    Raw(RawProgram),
    /// Operations on a small mm.
    World(WorldProgram),
}

/// Why a file is no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// Its text is wrong somewhere.
    Text(TextError),
    /// Its bytes are: what was found and what was expected.
    Bytes(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Text(error) => write!(f, "{error}"),
            ReadError::Bytes(message) => write!(f, "0: {message}"),
        }
    }
}

impl std::error::Error for ReadError {}

impl Program {
    /// Reads a file's content strictly, text or bytes.
    ///
    /// # Errors
    ///
    /// The place of what is not as it must be, and what could stand there.
    pub fn read(content: &[u8]) -> Result<Program, ReadError> {
        if content.starts_with(b"ptefuzz") || !content.iter().any(|b| *b < 0x20 && !b.is_ascii_whitespace()) {
            let text = std::str::from_utf8(content).map_err(|error| {
                ReadError::Bytes(format!("found bytes that are no UTF-8 at {}, expected text", error.valid_up_to()))
            })?;
            return Program::from_text(text).map_err(ReadError::Text);
        }
        let error = |message: String| Err(ReadError::Bytes(message));
        match content {
            [KIND_RAW | KIND_WORLD, version, ..] if *version != VERSION => {
                error(format!("found version {version}, expected {VERSION}"))
            }
            [KIND_RAW, _, records @ ..] if records.len() % 40 != 0 => {
                error(format!("found {} bytes of records, expected a multiple of 40", records.len()))
            }
            [KIND_WORLD, _, _, _, ops @ ..] if ops.len() % 8 != 0 => {
                error(format!("found {} bytes of operations, expected a multiple of 8", ops.len()))
            }
            [KIND_RAW, ..] | [KIND_WORLD, _, _, _, ..] => Ok(Program::from_bytes_total(content)),
            _ => error("found bytes of no program, expected \"ptefuzz 1\" or a kind byte of 0 or 1".into()),
        }
    }

    /// Reads the text form of either kind strictly.
    ///
    /// # Errors
    ///
    /// The first place where something else was expected.
    pub fn from_text(text: &str) -> Result<Program, TextError> {
        let first = super::token::lines(text).next();
        let raw = first.is_some_and(|mut line| {
            let words: [_; 3] = std::array::from_fn(|_| line.next());
            words[2].is_some_and(|word| word.text == "raw")
        });
        if raw {
            RawProgram::from_text(text).map(Program::Raw)
        } else {
            WorldProgram::from_text(text).map(Program::World)
        }
    }

    /// The program that a fuzzing entry makes of any byte string.
    pub fn from_bytes_total(bytes: &[u8]) -> Program {
        match bytes.first() {
            Some(kind) if kind & 1 == KIND_RAW => Program::Raw(RawProgram::from_bytes_total(bytes)),
            _ => Program::World(WorldProgram::from_bytes_total(bytes)),
        }
    }

    /// The canonical text.
    pub fn to_text(&self) -> String {
        match self {
            Program::Raw(program) => program.to_text(),
            Program::World(program) => program.to_text(),
        }
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Program::Raw(program) => program.to_bytes(),
            Program::World(program) => program.to_bytes(),
        }
    }
}

/// Whether an input is a text: its first line that is neither empty nor a comment begins with `ptefuzz 1`.
fn is_text(input: &[u8]) -> bool {
    // Programs in bytes begin with 0 or 1: nothing to look through.
    if !input.first().is_some_and(|byte| matches!(byte, b'p' | b'#') || byte.is_ascii_whitespace()) {
        return false;
    }
    let mut lines = input.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_start);
    let first = lines.find(|line| !matches!(line.first(), None | Some(b'#')));
    first.is_some_and(|line| line.starts_with(b"ptefuzz 1"))
}

/// The program of an input that is a text, none if it is not one: the lines before the first that does not parse, since an engine may have cut the
/// file anywhere.
pub(crate) fn text_total(input: &[u8]) -> Option<Program> {
    if !is_text(input) {
        return None;
    }
    let valid = input.utf8_chunks().next()?.valid();
    let mut text = valid;
    loop {
        match Program::from_text(text) {
            Ok(program) => return Some(program),
            Err(error) => {
                let before: usize = text.split_inclusive('\n').take(error.line - 1).map(str::len).sum();
                if before == 0 || before >= text.len() {
                    return None;
                }
                text = &text[..before];
            }
        }
    }
}
