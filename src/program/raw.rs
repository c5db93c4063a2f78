//! Raw programs: site calls, range calls and classifications with every parameter in full, as text and as bytes.
//!
//! ```text
//! ptefuzz 1 raw
//! move_soft_dirty 0x4
//! change_prot 0x8000000012345067 uffd_wp newprot=SHARED
//! classify 0x24
//! range khuge_scan max_swap=64 max_none=511 max_shared=256
//!   0xff7ffffffffe00
//!   0x4 uffd_armed
//! end
//! ```
//!
//! A call is a site's name, a pte, the flags that are set and the values that are not 0. In bytes a record has 40: a tag, three bytes of
//! lengths and budgets' high parts, and five words; see [`RawProgram::to_bytes`].

use super::calls::into_domain;
use super::token::{Line, TextError, Word, lines};
use crate::pte::Class;
use crate::site::{
    Budgets, Call, Domain, DomainError, Field, PROTECTIONS, RANGE_MAX, RANGE_SITES, RangeCall, SITE_COUNT, SITES, Site,
    SiteId, check_call, check_range,
};
use std::fmt::Write;

/// One record of a raw program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A site call.
    Call(Call),
    /// A pte to classify.
    Classify(u64),
    /// A range call.
    Range {
        /// The site, one of [`RANGE_SITES`].
        site: SiteId,
        /// khugepaged's budgets.
        budgets: Budgets,
        /// The entries and their parameters, at most [`RANGE_MAX`].
        entries: Vec<(u64, [u64; 3])>,
    },
}

/// A sequence of records.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RawProgram {
    /// The records, run in order; each stands alone.
    pub records: Vec<Record>,
}

/// A range whose "end" has not come yet: its first word, and what there is of it.
type OpenRange<'a> = (Word<'a>, SiteId, Budgets, Vec<(u64, [u64; 3])>);

/// Bytes of one record.
pub(super) const RECORD: usize = 40;
/// Bytes before the first record: kind and version.
pub(super) const HEADER: usize = 2;
/// The kind byte of a raw program.
pub(super) const KIND_RAW: u8 = 0;
/// The version of the format.
pub(super) const VERSION: u8 = 1;
pub(super) const TAG_CLASSIFY: u8 = 64;
pub(super) const TAG_RANGE: u8 = 128;

impl Record {
    /// Asks whether the record is in its site's domain; `class` is the class of a pte in the environment that it will run in.
    ///
    /// # Errors
    ///
    /// The first part of it that is outside.
    pub fn check(&self, class: impl Fn(u64) -> Class) -> Result<(), DomainError> {
        match self {
            Record::Call(call) => check_call(call, class(call.pte)),
            Record::Classify(_) => Ok(()),
            Record::Range { site, budgets, entries } => {
                let (ptes, params): (Vec<_>, Vec<_>) = entries.iter().copied().unzip();
                let range = RangeCall { site: *site, ptes: &ptes, params: &params, budgets: *budgets };
                check_range(&range, class)
            }
        }
    }
}

impl RawProgram {
    /// Asks for every record whether it is in its site's domain.
    ///
    /// # Errors
    ///
    /// The first record that is not: its number from 1, and the part of it that is outside.
    pub fn check(&self, class: impl Fn(u64) -> Class) -> Result<(), (usize, DomainError)> {
        for (index, record) in self.records.iter().enumerate() {
            record.check(&class).map_err(|error| (index + 1, error))?;
        }
        Ok(())
    }

    /// The canonical text.
    pub fn to_text(&self) -> String {
        let mut text = String::from("ptefuzz 1 raw\n");
        for record in &self.records {
            match record {
                Record::Call(call) => {
                    let _ = writeln!(text, "{} {}", call.row().name, arguments(call));
                }
                Record::Classify(pte) => {
                    let _ = writeln!(text, "classify {pte:#x}");
                }
                Record::Range { site, budgets, entries } => {
                    let _ = write!(text, "range {}", SITES[*site as usize].name);
                    for (name, value) in budget_words(budgets) {
                        if value != 0 {
                            let _ = write!(text, " {name}={value}");
                        }
                    }
                    text.push('\n');
                    for (pte, p) in entries {
                        let _ = writeln!(text, "  {}", arguments(&Call { site: *site, pte: *pte, p: *p }));
                    }
                    text.push_str("end\n");
                }
            }
        }
        text
    }

    /// Reads the text form strictly.
    ///
    /// # Errors
    ///
    /// The first place where something else was expected. Whether a call is in its site's domain depends on the environment and is not
    /// asked here.
    pub fn from_text(text: &str) -> Result<RawProgram, TextError> {
        let mut lines = lines(text);
        let Some(mut first) = lines.next() else {
            return Err(TextError {
                line: 1,
                column: 1,
                found: "nothing".into(),
                expected: "\"ptefuzz 1 raw\"".into(),
            });
        };
        for expected in ["ptefuzz", "1", "raw"] {
            let word = first.need(&format!("\"{expected}\""))?;
            if word.text != expected {
                return Err(word.error(format!("\"{expected}\"")));
            }
        }
        first.finish()?;
        let mut records = Vec::new();
        let mut open: Option<OpenRange<'_>> = None;
        for mut line in lines {
            let word = line.need("a site's name")?;
            if let Some((_, site, budgets, entries)) = &mut open {
                if word.text == "end" {
                    line.finish()?;
                    let entries = std::mem::take(entries);
                    records.push(Record::Range { site: *site, budgets: *budgets, entries });
                    open = None;
                } else if entries.len() == RANGE_MAX {
                    return Err(word.error(format!("\"end\" after {RANGE_MAX} entries")));
                } else {
                    let call = parse_arguments(*site, word, &mut line)?;
                    entries.push((call.pte, call.p));
                }
                continue;
            }
            match word.text {
                "classify" => {
                    let pte = line.need("a pte such as 0x4")?.number()?;
                    line.finish()?;
                    records.push(Record::Classify(pte));
                }
                "range" => {
                    let (site, budgets) = parse_range(&mut line)?;
                    open = Some((word, site, budgets, Vec::new()));
                }
                name => match Site::by_name(name) {
                    Some(site) => {
                        let pte = line.need("a pte such as 0x4")?;
                        records.push(Record::Call(parse_arguments(site.id, pte, &mut line)?));
                    }
                    None => return Err(word.error("a site's name (see `ptefuzz sites`), \"classify\" or \"range\"")),
                },
            }
        }
        match open {
            Some((word, ..)) => Err(word.error("an \"end\" line after the range's entries")),
            None => Ok(RawProgram { records }),
        }
    }

    /// The canonical bytes: kind, version, then records of 40 bytes.
    ///
    /// A record is a tag (the site's number; 64 to classify; 128 + the site's number for a range), a reserved byte, the number of entries of a
    /// range (16 bits), a reserved word of 32 bits, the pte (for a range: the three budgets in 16 bits each) and the parameter words, all little
    /// endian. A range's entries follow it as calls of its site.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![KIND_RAW, VERSION];
        let mut put = |tag: u8, entries: u16, pte: u64, p: &[u64; 3]| {
            bytes.extend([tag, 0]);
            bytes.extend(entries.to_le_bytes());
            bytes.extend([0; 4]);
            bytes.extend(pte.to_le_bytes());
            p.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        };
        for record in &self.records {
            match record {
                Record::Call(call) => put(call.site as u8, 0, call.pte, &call.p),
                Record::Classify(pte) => put(TAG_CLASSIFY, 0, *pte, &[0; 3]),
                Record::Range { site, budgets, entries } => {
                    let [swap, none, shared] = budget_words(budgets).map(|(_, value)| value as u64 & 0xffff);
                    put(TAG_RANGE + *site as u8, entries.len() as u16, swap | none << 16 | shared << 32, &[0; 3]);
                    for (pte, p) in entries {
                        put(*site as u8, 0, *pte, p);
                    }
                }
            }
        }
        bytes
    }

    /// Reads bytes as a fuzzing entry does: every byte string is some program, and every call is brought into its site's domain.
    pub fn from_bytes_total(bytes: &[u8]) -> RawProgram {
        RawProgram::from_records(Records::of(bytes, &SiteId::ALL, false))
    }

    /// The program of records that are decoded one by one.
    pub(super) fn from_records(mut from: Records<'_>) -> RawProgram {
        let mut records = Vec::new();
        let (mut ptes, mut params) = ([0; RANGE_MAX], [[0; 3]; RANGE_MAX]);
        while let Some(step) = from.next(&mut ptes, &mut params) {
            records.push(match step {
                Step::Call(call) => Record::Call(call),
                Step::Classify(pte) => Record::Classify(pte),
                Step::Range { site, budgets, len } => {
                    let entries = ptes[..len].iter().copied().zip(params[..len].iter().copied());
                    Record::Range { site, budgets, entries: entries.collect() }
                }
            });
        }
        RawProgram { records }
    }
}

/// One record of a byte string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A site call.
    Call(Call),
    /// A pte to classify.
    Classify(u64),
    /// A range call, whose entries went into the caller's buffers.
    Range {
        /// The site, one of [`RANGE_SITES`].
        site: SiteId,
        /// khugepaged's budgets.
        budgets: Budgets,
        /// How many entries.
        len: usize,
    },
}

/// The records of a byte string, decoded one by one as they are asked for; nothing is rejected and nothing allocated.
///
/// A range takes the records behind it as its entries, until it has as many as it says, or the next range or the end comes: then those that it has
/// are repeated until it is full, so that a few records make a whole page table. A range that has none is all zeroes.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    chunks: std::slice::Chunks<'a, u8>,
    sites: &'static [SiteId],
    ranges: bool,
}

impl<'a> Records<'a> {
    /// Records over these sites, which must not be empty. With `ranges` there is nothing but ranges: a record outside one is a range of one entry.
    pub fn of(bytes: &'a [u8], sites: &'static [SiteId], ranges: bool) -> Records<'a> {
        let records = bytes.get(HEADER..).unwrap_or(&[]);
        let whole = records.len() / RECORD * RECORD;
        Records { chunks: records[..whole].chunks(RECORD), sites, ranges }
    }

    /// The next record. The entries of a range go to the front of `ptes` and `params`, which have room for [`RANGE_MAX`] each.
    pub fn next(&mut self, ptes: &mut [u64], params: &mut [[u64; 3]]) -> Option<Step> {
        let chunk = self.chunks.next()?;
        let (tag, pte, p) = fields(chunk);
        let range = (tag & TAG_RANGE != 0 || self.ranges).then(|| self.range_site(tag)).flatten();
        Some(match range {
            Some(site) if tag & TAG_RANGE == 0 => {
                (ptes[0], params[0]) = entry(site, pte, p);
                Step::Range { site, budgets: Budgets::default(), len: 1 }
            }
            Some(site) => {
                let n = u16::from_le_bytes([chunk[2], chunk[3]]) as usize % (RANGE_MAX + 1);
                let budgets = if site == SiteId::KhugeScan { unpack_budgets(pte) } else { Budgets::default() };
                self.entries(site, &mut ptes[..n], &mut params[..n]);
                Step::Range { site, budgets, len: n }
            }
            None if tag & TAG_CLASSIFY != 0 => Step::Classify(pte),
            None => {
                let mut call = Call { site: self.site(tag), pte, p };
                into_domain(&mut call);
                Step::Call(call)
            }
        })
    }

    /// Fills a range with the records that follow it, over and over if they are too few.
    fn entries(&mut self, site: SiteId, ptes: &mut [u64], params: &mut [[u64; 3]]) {
        let mut have = 0;
        while have < ptes.len() {
            let mut ahead = self.chunks.clone();
            let Some(chunk) = ahead.next().filter(|chunk| chunk[0] & TAG_RANGE == 0) else { break };
            self.chunks = ahead;
            let (_, pte, p) = fields(chunk);
            (ptes[have], params[have]) = entry(site, pte, p);
            have += 1;
        }
        if have == 0 && !ptes.is_empty() {
            (ptes[0], params[0]) = entry(site, 0, [0; 3]);
            have = 1;
        }
        for i in have..ptes.len() {
            (ptes[i], params[i]) = (ptes[i - have], params[i - have]);
        }
    }

    /// The site that the tag of a call names, or one that it picks.
    pub(super) fn site(&self, tag: u8) -> SiteId {
        let site = SiteId::ALL[tag as usize % SITE_COUNT];
        if self.sites.contains(&site) { site } else { self.sites[tag as usize % self.sites.len()] }
    }

    /// The range site that a tag names, or one that it picks; none if no site here has ranges.
    pub(super) fn range_site(&self, tag: u8) -> Option<SiteId> {
        let here = || RANGE_SITES.into_iter().filter(|site| self.sites.contains(site));
        let n = here().count();
        let named = here().find(|site| *site as u8 == tag & 63);
        named.or_else(|| here().nth((tag & 63) as usize % n.max(1)))
    }
}

/// An entry of a range of this site, in its domain.
fn entry(site: SiteId, pte: u64, p: [u64; 3]) -> (u64, [u64; 3]) {
    let mut call = Call { site, pte, p };
    into_domain(&mut call);
    (call.pte, call.p)
}

fn fields(chunk: &[u8]) -> (u8, u64, [u64; 3]) {
    let word = |i: usize| chunk[i..].first_chunk().map_or(0, |bytes: &[u8; 8]| u64::from_le_bytes(*bytes));
    (chunk[0], word(8), [word(16), word(24), word(32)])
}

fn unpack_budgets(word: u64) -> Budgets {
    let part = |shift: u32| (word >> shift & 0xffff) as u32;
    Budgets { swap: part(0), none: part(16), shared: part(32) }
}

fn budget_words(budgets: &Budgets) -> [(&'static str, u32); 3] {
    [("max_swap", budgets.swap), ("max_none", budgets.none), ("max_shared", budgets.shared)]
}

fn parse_range(line: &mut Line<'_>) -> Result<(SiteId, Budgets), TextError> {
    let word = line.need("a site with a range form")?;
    let site = RANGE_SITES.into_iter().find(|s| SITES[*s as usize].name == word.text);
    let Some(site) = site else {
        let names: Vec<_> = RANGE_SITES.iter().map(|s| SITES[*s as usize].name).collect();
        return Err(word.error(format!("one of {}", names.join(", "))));
    };
    let mut budgets = Budgets::default();
    while let Some(word) = line.next() {
        let expected = "max_swap=N, max_none=N or max_shared=N, N below 65536";
        let Some((name, value)) = word.split_at("=") else { return Err(word.error(expected)) };
        let number = u32::try_from(value.number()?).ok().filter(|n| *n < 0x1_0000 && site == SiteId::KhugeScan);
        match (name.text, number) {
            ("max_swap", Some(n)) => budgets.swap = n,
            ("max_none", Some(n)) => budgets.none = n,
            ("max_shared", Some(n)) => budgets.shared = n,
            _ => return Err(word.error(expected)),
        }
    }
    Ok((site, budgets))
}

/// The pte, flags and values of a call, as the text form has them.
pub(crate) fn arguments(call: &Call) -> String {
    let mut text = format!("{:#x}", call.pte);
    for field in call.row().fields {
        let value = field.get(&call.p);
        if value == 0 {
            continue;
        }
        text.push(' ');
        text.push_str(field.name);
        if field.domain != Domain::Flag {
            text.push('=');
            text.push_str(&value_text(field, value));
        }
    }
    text
}

/// A field's value as the text form has it.
pub(crate) fn value_text(field: &Field, value: u64) -> String {
    match field.domain {
        Domain::Prot => match PROTECTIONS.iter().find(|(v, _)| *v == value) {
            Some((_, name)) => name.to_string(),
            None => format!("{value:#x}"),
        },
        Domain::Choice(names) if (value as usize) < names.len() => names[value as usize].to_string(),
        Domain::SwapType | Domain::SwapCount | Domain::PageCount => value.to_string(),
        _ => format!("{value:#x}"),
    }
}

fn parse_arguments(site: SiteId, pte: Word<'_>, line: &mut Line<'_>) -> Result<Call, TextError> {
    let mut call = Call { site, pte: pte.number()?, p: [0; 3] };
    let row = &SITES[site as usize];
    while let Some(word) = line.next() {
        let (name, value) = word.split_at("=").map_or((word, None), |(name, value)| (name, Some(value)));
        let Some(field) = row.field(name.text) else {
            return Err(name.error(expected_fields(row)));
        };
        let value = match (field.domain, value) {
            (Domain::Flag, None) => 1,
            (Domain::Flag, Some(value)) => return Err(value.error("a flag without a value")),
            (_, None) => return Err(name.error(format!("{}=VALUE", field.name))),
            (domain, Some(value)) => parse_value(domain, value)?,
        };
        if field.bits < 64 && value >> field.bits != 0 {
            return Err(word.error(format!("a value of at most {} bits", field.bits)));
        }
        field.set(&mut call.p, value);
    }
    Ok(call)
}

fn parse_value(domain: Domain, value: Word<'_>) -> Result<u64, TextError> {
    let named = match domain {
        Domain::Prot => PROTECTIONS.iter().find(|(_, name)| *name == value.text).map(|(v, _)| *v),
        Domain::Choice(names) => names.iter().position(|name| *name == value.text).map(|i| i as u64),
        _ => None,
    };
    match (named, domain) {
        (Some(value), _) => Ok(value),
        (None, Domain::Choice(names)) => {
            value.number().map_err(|_| value.error(format!("a number or one of {}", names.join(", "))))
        }
        (None, Domain::Prot) => {
            let names: Vec<_> = PROTECTIONS.iter().map(|(_, name)| *name).collect();
            value.number().map_err(|_| value.error(format!("a number or one of {}", names.join(", "))))
        }
        (None, _) => value.number(),
    }
}

fn expected_fields(row: &Site) -> String {
    let names: Vec<_> = row
        .fields
        .iter()
        .map(|f| if f.domain == Domain::Flag { f.name.to_string() } else { format!("{}=", f.name) })
        .collect();
    if names.is_empty() {
        format!("nothing more ({} has no parameters)", row.name)
    } else {
        format!("one of {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{CallSource, RangeBuffer, Rng};
    use crate::pte::Environment;

    fn generated(seed: u64) -> RawProgram {
        let source = CallSource::new(Environment::default(), SiteId::ALL.to_vec(), false);
        let mut rng = Rng::new(seed);
        let mut records = Vec::new();
        for _ in 0..20 {
            records.push(Record::Call(source.call(&mut rng)));
            records.push(Record::Classify(source.ptes().any(&mut rng)));
            let mut range = RangeBuffer::default();
            source.range(&mut rng, &mut range);
            let n = range.len;
            let entries = range.ptes[..n].iter().copied().zip(range.params[..n].iter().copied()).collect();
            records.push(Record::Range { site: range.site, budgets: range.budgets, entries });
        }
        RawProgram { records }
    }

    #[test]
    fn text_and_bytes_are_two_forms_of_one_program() {
        for seed in 0..50 {
            let program = generated(seed);
            let text = program.to_text();
            assert_eq!(RawProgram::from_text(&text).as_ref(), Ok(&program));
            assert_eq!(RawProgram::from_bytes_total(&program.to_bytes()), program);
        }
    }

    #[test]
    fn every_byte_string_is_some_program_and_reading_it_twice_changes_nothing() {
        let mut rng = Rng::new(3);
        for n in 0..400 {
            let bytes: Vec<u8> = (0..n).map(|_| rng.next() as u8).collect();
            let program = RawProgram::from_bytes_total(&bytes);
            let again = RawProgram::from_bytes_total(&program.to_bytes());
            assert_eq!(again, program);
        }
    }

    #[test]
    fn errors_point_at_line_and_column_and_say_what_could_stand_there() {
        let error = |text: &str| RawProgram::from_text(text).unwrap_err().to_string();
        assert_eq!(error(""), "1:1: found nothing, expected \"ptefuzz 1 raw\"");
        assert_eq!(error("ptefuzz 2 raw"), "1:9: found \"2\", expected \"1\"");
        assert!(error("ptefuzz 1 raw\nfrok 0x4").starts_with("2:1: found \"frok\", expected a site's name"));
        assert_eq!(error("ptefuzz 1 raw\nfork"), "2:5: found the end of the line, expected a pte such as 0x4");
        assert!(
            error("ptefuzz 1 raw\n# x\nfork 0x4 wp=3").starts_with("3:10: found \"wp\", expected one of vm_maywrite")
        );
        assert!(
            error("ptefuzz 1 raw\nfork 0x4 prot=RW")
                .starts_with("2:15: found \"RW\", expected a number or one of NONE")
        );
        assert!(error("ptefuzz 1 raw\nrange zap\n 0x4").contains("\"end\""));
    }
}
