//! Strict reading of a vector file: every column, every domain, with the line of what is wrong.

use super::{accessor_kind, class_of};
use crate::model::Model;
use crate::pte::{Class, Classification, Config, Environment};
use crate::site::{Answer, Call, Site, SiteId, Use, check_call};
use std::fmt;

/// A vector file, read.
#[derive(Clone, Debug)]
pub struct VectorFile {
    /// What its first line says.
    pub environment: Environment,
    /// Its rows, each with its line number from 1.
    pub rows: Vec<(usize, Row)>,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// What the predicates say about a pte.
    Classify {
        /// The pte.
        pte: u64,
        /// What was recorded.
        recorded: Classification,
    },
    /// What a site answered.
    Call {
        /// The call.
        call: Call,
        /// What was recorded.
        answer: Answer,
    },
    /// A use that a site made of a pte.
    Use {
        /// The site.
        site: SiteId,
        /// The class of its input.
        input: Class,
        /// The class of the pte that was used.
        used: Class,
        /// The kind of use.
        kind: Use,
        /// The kernel's name of the accessor.
        accessor: String,
    },
}

/// Why a file could not be read: the line, from 1, and what was found and expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line.
    pub line: usize,
    /// The column's name and what is wrong there.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

const CALL_COLUMNS: [&str; 8] = ["op", "pte", "p0", "p1", "p2", "res", "outcome", "aux"];
const USE_COLUMNS: [&str; 6] = ["op", "input_class", "accessor", "applied_to_class", "applied_to", "rows"];

/// Reads a vector file.
///
/// # Errors
///
/// The first line that is not as it must be: header, columns, a number, or a value outside its domain.
pub fn parse(text: &str) -> Result<VectorFile, ParseError> {
    let mut lines = text.lines().enumerate().map(|(i, line)| (i + 1, line));
    let environment = match lines.next() {
        Some((line, text)) => parse_environment(text).map_err(|message| ParseError { line, message })?,
        None => return Err(ParseError { line: 1, message: "found an empty file, expected a header".into() }),
    };
    let columns = lines.next().map(|(_, text)| text).unwrap_or("");
    let names: Vec<_> = columns.split('\t').collect();
    let mut classify_columns = vec!["pte", "class"];
    classify_columns.extend(Classification::COLUMNS);
    let row: fn(&Model, &Cells<'_>) -> Result<Row, String> = if names == CALL_COLUMNS {
        parse_call
    } else if names == classify_columns {
        parse_classify
    } else if names == USE_COLUMNS {
        parse_use
    } else {
        let message = format!("found the columns \"{columns}\", expected those of classify, transitions or uses");
        return Err(ParseError { line: 2, message });
    };
    let model = Model::new(environment);
    let mut rows = Vec::new();
    for (line, text) in lines {
        let cells: Vec<_> = text.split('\t').collect();
        let error = |message: String| ParseError { line, message };
        if cells.len() != names.len() {
            let place =
                names.get(cells.len()).map_or(String::new(), |name| format!("; the column \"{name}\" is missing"));
            return Err(error(format!("found {} columns, expected {}{place}", cells.len(), names.len())));
        }
        rows.push((line, row(&model, &Cells { names: &names, cells: &cells }).map_err(error)?));
    }
    Ok(VectorFile { environment, rows })
}

fn parse_environment(text: &str) -> Result<Environment, String> {
    let error = || format!("found \"{text}\", expected \"# config=NAME special=VALUE\"");
    let rest = text.strip_prefix("# config=").ok_or_else(error)?;
    let (config, special) = rest.split_once(" special=").ok_or_else(error)?;
    let config = Config::from_name(config).ok_or_else(|| {
        let names = Config::ALL.map(Config::name).join(", ");
        format!("config: found \"{config}\", expected one of {names}")
    })?;
    let special = match special.trim_end() {
        "none" => None,
        value => {
            let digits = value.strip_prefix("0x").unwrap_or(value);
            Some(
                u64::from_str_radix(digits, 16)
                    .map_err(|_| format!("special: found \"{value}\", expected a number or none"))?,
            )
        }
    };
    Ok(Environment { config, special })
}

struct Cells<'a> {
    names: &'a [&'a str],
    cells: &'a [&'a str],
}

impl Cells<'_> {
    fn number(&self, i: usize, radix: u32) -> Result<u64, String> {
        let cell = self.cells[i];
        let valid = !cell.is_empty() && !cell.starts_with('+');
        valid.then(|| u64::from_str_radix(cell, radix).ok()).flatten().ok_or_else(|| {
            let what = if radix == 16 { "a hexadecimal number of at most 64 bits" } else { "a decimal number" };
            format!("{}: found \"{cell}\", expected {what}", self.names[i])
        })
    }

    fn flag(&self, i: usize) -> Result<bool, String> {
        match self.cells[i] {
            "0" => Ok(false),
            "1" => Ok(true),
            cell => Err(format!("{}: found \"{cell}\", expected 0 or 1", self.names[i])),
        }
    }

    fn class(&self, i: usize) -> Result<Class, String> {
        Class::from_abi_name(self.cells[i])
            .ok_or_else(|| format!("{}: found \"{}\", expected a class such as PRESENT", self.names[i], self.cells[i]))
    }

    fn site(&self, i: usize) -> Result<SiteId, String> {
        Site::by_name(self.cells[i])
            .map(|site| site.id)
            .ok_or_else(|| format!("{}: found \"{}\", expected the name of a site", self.names[i], self.cells[i]))
    }
}

fn parse_call(model: &Model, cells: &Cells<'_>) -> Result<Row, String> {
    let hex = |i| cells.number(i, 16);
    let call = Call { site: cells.site(0)?, pte: hex(1)?, p: [hex(2)?, hex(3)?, hex(4)?] };
    check_call(&call, class_of(model, call.pte)).map_err(|error| error.to_string())?;
    let answer = Answer { pte: hex(5)?, outcome: hex(6)?, aux: hex(7)?, ..Answer::default() };
    Ok(Row::Call { call, answer })
}

fn parse_use(_: &Model, cells: &Cells<'_>) -> Result<Row, String> {
    let accessor = cells.cells[2];
    let kind = accessor_kind(accessor)
        .ok_or_else(|| format!("accessor: found \"{accessor}\", expected the kernel's name of a pte accessor"))?;
    if !matches!(cells.cells[4], "input" | "other") {
        return Err(format!("applied_to: found \"{}\", expected input or other", cells.cells[4]));
    }
    cells.number(5, 10)?;
    let (site, input, used) = (cells.site(0)?, cells.class(1)?, cells.class(3)?);
    Ok(Row::Use { site, input, used, kind, accessor: accessor.to_string() })
}

fn parse_classify(_: &Model, cells: &Cells<'_>) -> Result<Row, String> {
    let flag = |i| cells.flag(i);
    let swp_type = cells.number(14, 10)?;
    let recorded = Classification {
        class: cells.class(1)?,
        none: flag(2)?,
        present: flag(3)?,
        protnone: flag(4)?,
        is_swap: flag(5)?,
        special: flag(6)?,
        has_swap_entry: flag(7)?,
        non_swap_entry: flag(8)?,
        migration: flag(9)?,
        write_migration: flag(10)?,
        devpriv: flag(11)?,
        write_devpriv: flag(12)?,
        hwpoison: flag(13)?,
        swp_type: u8::try_from(swp_type)
            .ok()
            .filter(|t| *t < 32)
            .ok_or_else(|| format!("swp_type: found \"{swp_type}\", expected a number from 0 to 31"))?,
        soft_dirty: flag(15)?,
        swp_soft_dirty: flag(16)?,
        uffd_wp: flag(17)?,
        swp_uffd_wp: flag(18)?,
        write: flag(19)?,
        dirty: flag(20)?,
        young: flag(21)?,
        pte_special: flag(22)?,
        devmap: flag(23)?,
        swp_offset: cells.number(24, 16)?,
        pfn: cells.number(25, 16)?,
    };
    Ok(Row::Classify { pte: cells.number(0, 16)?, recorded })
}
