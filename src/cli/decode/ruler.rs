//! The 64 bits of a pte as a ruler: bit numbers, the bits, and the fields that they form in this encoding.

use ptefuzz::model::{Model, Pte};

use crate::cli::page::Page;
use crate::cli::style::{BOLD, DIM, NAME, PLAIN};

/// A run of bits on the ruler.
struct Segment {
    high: u8,
    low: u8,
    label: String,
}

impl Segment {
    fn new(high: u8, low: u8, label: &str) -> Segment {
        Segment { high, low, label: label.into() }
    }

    /// A run whose bits each have a letter, shown where the bit is set.
    fn flags(raw: u64, high: u8, letters: &str) -> Segment {
        let label = (0..=high).rev().zip(letters.chars()).map(|(bit, c)| if raw >> bit & 1 != 0 { c } else { '.' });
        Segment { high, low: 0, label: label.collect() }
    }

    /// The run this many bits further up.
    fn shifted(mut self, by: u8) -> Segment {
        self.high += by;
        self.low += by;
        self
    }

    fn len(&self) -> usize {
        (self.high - self.low) as usize + 1
    }

    fn numbers(&self) -> String {
        let (high, low) = (self.high.to_string(), self.low.to_string());
        match self.len() {
            1 => high,
            n if n > high.len() + low.len() => format!("{high}{low:>width$}", width = n - high.len()),
            _ => format!("{high}-{low}"),
        }
    }

    fn width(&self) -> usize {
        self.len().max(self.numbers().len()).max(self.label.len())
    }
}

fn segments(model: &Model, raw: u64) -> Vec<Segment> {
    match model.read(raw) {
        Pte::None(_) => vec![
            Segment::new(63, 7, "all clear"),
            Segment::flags(raw >> 5, 1, "DA").shifted(5),
            Segment::new(4, 0, "clear"),
        ],
        Pte::Special => vec![Segment::new(63, 0, "one value, compared as a whole")],
        Pte::Swap(_) => entry_segments(raw),
        Pte::Present(mapped) => vec![
            Segment::new(63, 63, "NX"),
            Segment::new(62, 59, "pkey"),
            Segment::new(58, 58, "DM"),
            Segment::new(57, 52, "unused"),
            Segment::new(51, 12, if mapped.is_hardware_present() { "pfn" } else { "pfn, each bit inverted" }),
            Segment::flags(raw, 11, if mapped.is_hardware_present() { "SFXGMDACTUWP" } else { "SFXNMDACTUWP" }),
        ],
    }
}

/// The fields that `pte_to_swp_entry()` sees, whether or not there is an entry.
fn entry_segments(raw: u64) -> Vec<Segment> {
    vec![
        Segment::new(63, 59, "type"),
        Segment::new(58, 9, "offset, each bit inverted"),
        Segment::flags(raw, 8, "N76543FSP"),
    ]
}

/// Draws the ruler of this value.
pub fn draw(page: &mut Page, model: &Model, raw: u64) {
    draw_segments(page, &segments(model, raw), raw);
}

/// Draws this value as if it held a swap entry.
pub fn draw_as_entry(page: &mut Page, raw: u64) {
    draw_segments(page, &entry_segments(raw), raw);
}

fn draw_segments(page: &mut Page, segments: &[Segment], raw: u64) {
    let columns = |text: &dyn Fn(&Segment) -> String| {
        let cells = segments.iter().map(|s| format!("{:<width$}", text(s), width = s.width()));
        cells.collect::<Vec<_>>().join(" ")
    };
    page.line(2, &[(DIM, &columns(&Segment::numbers))]);
    let digits: Vec<(anstyle::Style, String)> = segments.iter().flat_map(|s| cells(raw, s)).collect();
    let pieces: Vec<_> = digits.iter().map(|(style, text)| (*style, text.as_str())).collect();
    page.line(2, &pieces);
    page.line(2, &[(NAME, &columns(&|s| s.label.clone()))]);
}

/// The digits of a segment in runs of equal ones, set bits bold, and the space up to the next segment.
fn cells(raw: u64, segment: &Segment) -> Vec<(anstyle::Style, String)> {
    let mut runs: Vec<(anstyle::Style, String)> = Vec::new();
    for bit in (segment.low..=segment.high).rev() {
        let (style, digit) = if raw >> bit & 1 != 0 { (BOLD, '1') } else { (DIM, '0') };
        match runs.last_mut() {
            Some((last, text)) if *last == style => text.push(digit),
            _ => runs.push((style, digit.to_string())),
        }
    }
    runs.push((PLAIN, " ".repeat(segment.width() - segment.len() + 1)));
    runs
}
