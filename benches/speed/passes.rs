//! Range passes against C in the kernel's branching style, and against a plain read or copy as the limit.
//!
//! Everything runs table by table, 512 entries at a call. Before anything is timed, each pass and the C function give
//! the same ptes and sums for all tables.

use crate::Effort;
use crate::c::C;
use crate::measure::{Times, Work};
use ptefuzz::packed::Packed;
use ptefuzz::packed::passes::{Backend, Facts};
use ptefuzz::program::Rng;
use ptefuzz::pte::Environment;

/// Entries of one page table.
const TABLE: usize = 512;
/// Tables that stay in the second-level cache, with what is written; and tables that do not fit into any cache.
const SIZES: [(&str, usize, usize); 2] = [("cache", 60, 120), ("memory", 8192, 20)];

/// A pass over one table: entries, where results go, and some sum of what was done.
type Pass<'a> = Box<dyn Fn(&[u64], &mut [u64]) -> u64 + 'a>;

/// One pass in all its forms.
struct Row<'a> {
    name: &'static str,
    c: Pass<'a>,
    /// By back end.
    ours: Vec<Pass<'a>>,
    /// Whether it writes as much as it reads.
    writes: bool,
}

/// The row of one pass; `ours` makes the function of one back end.
fn row<'a>(
    name: &'static str,
    writes: bool,
    c: impl Fn(&[u64], &mut [u64]) -> u64 + 'a,
    packed: &'a [Packed],
    ours: fn(&Packed, &[u64], &mut [u64]) -> u64,
) -> Row<'a> {
    let ours = packed.iter().map(|packed| Box::new(move |from: &[u64], to: &mut [u64]| ours(packed, from, to)) as Pass);
    Row { name, c: Box::new(c), ours: ours.collect(), writes }
}

/// Read-only as a protection, and what MM_CP_UFFD_WP is among change_prot's flags.
const READONLY: u64 = 0x8000_0000_0000_0025;
const UFFD_WP: u64 = 4;
/// pagemap's show_pfn and an anonymous page.
const PAGEMAP: u64 = 1 | 4;

/// All passes.
fn rows<'a>(c: &'a C, packed: &'a [Packed]) -> Vec<Row<'a>> {
    let histogram = c.histogram();
    let mix = |counts: [u64; 11]| counts.iter().fold(0, |sum: u64, count| sum.wrapping_mul(1021).wrapping_add(*count));
    vec![
        row(
            "class histogram",
            false,
            move |from, _| mix(histogram(from)),
            packed,
            move |packed, from, _| {
                let counts = packed.class_histogram(from);
                counts.iter().fold(0, |sum: u64, count| sum.wrapping_mul(1021).wrapping_add(*count))
            },
        ),
        row("mprotect, with copy", true, c.change_protection(0, READONLY), packed, |packed, from, to| {
            packed.change_protection(from, to, Facts::Same([0, READONLY, 0]))
        }),
        row("uffd-wp, with copy", true, c.change_protection(UFFD_WP, READONLY), packed, |packed, from, to| {
            packed.change_protection(from, to, Facts::Same([UFFD_WP, READONLY, 0]))
        }),
        row("clear soft-dirty", true, c.plain("c_clear_refs"), packed, |packed, from, to| {
            packed.clear_refs(from, to, Facts::Same([0; 3]))
        }),
        row("move soft-dirty", true, c.plain("c_move_ptes"), packed, |packed, from, to| {
            let moved = packed.move_ptes(from, to);
            moved.moved | (moved.force_flush as u64) << 63
        }),
        row("pagemap scan", true, c.pagemap_scan(PAGEMAP), packed, |packed, from, to| {
            let words = packed.pagemap_scan(from, to, Facts::Same([PAGEMAP, 0, 0]));
            words.present ^ words.swap << 20 ^ words.soft_dirty << 40
        }),
    ]
}

/// A pte of one of the ten classes, with plausible numbers in it and its flags at random.
fn pte(class: u32, rng: &mut Rng) -> u64 {
    let random = rng.next();
    let offset = !(random << 9 & 0x1_ffff_ffff) & ((1 << 50) - 1) << 9;
    let flags = random >> 40 & 6;
    match class {
        0 => 0,
        1 => random << 12 & 0xff_ffff_f000 | 0x8000_0000_0000_0025 | random >> 40 & 0xc42,
        2 => !(random << 12) & 0xf_ffff_ffff_f000 | 0x120 | random >> 40 & 0xc40,
        3 => offset | flags,
        4 => 28 << 59 | offset | flags,
        5 => 29 << 59 | offset | flags,
        6 => 30 << 59 | offset | flags,
        7 => 31 << 59 | offset | flags,
        8 => 27 << 59 | offset,
        _ => 4,
    }
}

/// Tables in which classes are drawn uniformly, or of which 99 % is present.
fn tables(kind: &str, count: usize) -> Vec<u64> {
    let mut rng = Rng::new(9);
    let class = |rng: &mut Rng| if kind == "mixed" || rng.below(100) == 0 { rng.below(10) } else { 1 };
    (0..count * TABLE)
        .map(|_| {
            let class = class(&mut rng);
            pte(class, &mut rng)
        })
        .collect()
}

/// Panics where a back end and the C function do not do the same.
fn same_results(row: &Row<'_>, from: &[u64], to: &mut [u64]) {
    for table in from.chunks_exact(TABLE).take(200) {
        let sum = (row.c)(table, to);
        let right = to[..TABLE].to_vec();
        for (ours, backend) in row.ours.iter().zip(Backend::available()) {
            assert_eq!(ours(table, to), sum, "{} by {backend}: sums", row.name);
            assert_eq!(to[..TABLE], right, "{} by {backend}: entries", row.name);
        }
    }
}

/// A plain read: as fast as memory gives words, with the vectors that this build may use everywhere.
fn read(from: &[u64], _to: &mut [u64]) -> u64 {
    from.chunks_exact(16).fold([0; 16], |mut sums: [u64; 16], words| {
        sums.iter_mut().zip(words).for_each(|(sum, word)| *sum |= word);
        sums
    })[0]
}

/// A plain read and write of every word. Not `memcpy`, which is several times slower than this on some machines for one page.
fn copy(from: &[u64], to: &mut [u64]) -> u64 {
    from.iter().zip(to).for_each(|(word, slot)| *slot = !word);
    0
}

/// One form's work: all tables, each to its own place.
fn sweeping<'a>(pass: &'a dyn Fn(&[u64], &mut [u64]) -> u64, from: &'a [u64], to: *mut u64) -> Work<'a> {
    Box::new(move || {
        // SAFETY: `to` has as many words as `from` and is read or written by one work at a time, all on this thread.
        let to = unsafe { std::slice::from_raw_parts_mut(to, from.len()) };
        from.chunks_exact(TABLE).zip(to.chunks_exact_mut(TABLE)).fold(0, |sum, (from, to)| sum ^ pass(from, to))
    })
}

/// Prints the table.
pub fn run(effort: Effort) {
    let c = match C::build() {
        Ok(c) => c,
        Err(why) => return println!("range passes: left out, no C to compare with ({why})"),
    };
    let packed: Vec<Packed> =
        Backend::available().map(|backend| Packed::new(Environment::default()).with_backend(backend)).collect();
    println!("range passes: ns an entry, 512 entries a call; ratios are medians of paired rounds [quartiles]");
    print!("{:<20} {:<9} {:<6} {:>6}", "pass", "tables", "from", "C -O2");
    Backend::available().for_each(|backend| print!(" {:>8}", backend.name()));
    println!(" {:>6}  {:<18} best/limit", "limit", "C / best");
    for row in rows(&c, &packed) {
        for kind in ["mixed", "realistic"] {
            for (place, count, rounds) in SIZES {
                measure(&row, kind, place, &tables(kind, count), effort.rounds(rounds));
            }
        }
    }
}

fn measure(row: &Row<'_>, kind: &str, place: &str, from: &[u64], rounds: usize) {
    let mut to = vec![0; from.len()];
    same_results(row, from, &mut to);
    let to = to.as_mut_ptr();
    let limit: &dyn Fn(&[u64], &mut [u64]) -> u64 = if row.writes { &copy } else { &read };
    let mut works = vec![sweeping(limit, from, to), sweeping(&row.c, from, to)];
    works.extend(row.ours.iter().map(|ours| sweeping(ours, from, to)));
    let times = Times::of(rounds, from.len(), &mut works);
    let best = (2..works.len()).min_by(|a, b| times.median(*a).value.total_cmp(&times.median(*b).value)).unwrap_or(2);
    print!("{:<20} {kind:<9} {place:<6} {:>6.2}", row.name, times.median(1).value);
    (2..works.len()).for_each(|which| print!(" {:>8.2}", times.median(which).value));
    let over = times.ratio(best, 0);
    println!(" {:>6.2}  {:<18} {:.1}x", times.median(0).value, times.ratio(1, best).times(), over.value);
}
