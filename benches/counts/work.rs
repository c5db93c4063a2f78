//! What is counted: rows of calls, with a marker between them at which callgrind writes down what it counted.

use ptefuzz::lockstep::Subject;
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::packed::passes::{Backend, Facts};
use ptefuzz::program::{CallSource, Rng};
use ptefuzz::pte::Environment;
use ptefuzz::site::{Answer, Call, SITES, SiteId};
use std::hint::black_box;

/// What takes a row: its name, how many units it is, and what runs them.
type Rows<'a> = dyn FnMut(String, usize, &mut dyn FnMut()) + 'a;

/// Calls of a row.
const CALLS: usize = 256;
/// Entries of a row of a pass.
const ENTRIES: usize = 4096;

/// The function at whose entry callgrind starts anew. It must neither be inlined nor be empty.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn ptefuzz_marker(row: usize) -> usize {
    black_box(row)
}

/// Runs all rows and prints their names and how many units each has, in order.
pub fn run() {
    let mut names = Vec::new();
    let mut row = |name: String, units: usize, work: &mut dyn FnMut()| {
        // Once before, so that what is set up on first use is not counted.
        work();
        ptefuzz_marker(names.len());
        work();
        ptefuzz_marker(names.len());
        names.push((name, units));
    };
    let environment = Environment::default();
    sites(&mut row, "model", Model::new(environment));
    sites(&mut row, "packed", Packed::new(environment));
    sites(&mut row, "observed", Packed::observed(environment));
    for backend in Backend::available().filter(|backend| backend.name() != "avx512") {
        passes(&mut row, &Packed::new(environment).with_backend(backend));
    }
    for (name, units) in names {
        println!("{name}\t{units}");
    }
}

/// A row for each site of a subject, over calls as the generator makes them.
fn sites(row: &mut Rows<'_>, who: &str, mut subject: impl Subject) {
    let source = CallSource::new(Environment::default(), SiteId::ALL.to_vec(), false);
    let mut rng = Rng::new(3);
    for site in &SITES {
        let calls: Vec<Call> = (0..CALLS).map(|_| source.call_of(site.id, &mut rng)).collect();
        let mut answers = vec![Answer::default(); CALLS];
        row(format!("{who} {}", site.name), CALLS, &mut || {
            subject.answer(black_box(&calls), &mut answers);
            black_box(&answers);
        });
    }
}

/// A row for each pass of a back end.
fn passes(row: &mut Rows<'_>, packed: &Packed) {
    let source = CallSource::new(Environment::default(), vec![SiteId::ChangeProt], false);
    let mut rng = Rng::new(4);
    let from: Vec<u64> = (0..ENTRIES).map(|_| source.ptes().any(&mut rng)).collect();
    let mut to = vec![0; ENTRIES];
    let name = |pass: &str| format!("{} {pass}", packed.backend());
    row(name("class_histogram"), ENTRIES, &mut || {
        black_box(packed.class_histogram(black_box(&from)));
    });
    row(name("change_protection"), ENTRIES, &mut || {
        black_box(packed.change_protection(black_box(&from), &mut to, Facts::Same([4, 0x25, 0])));
    });
    row(name("clear_refs"), ENTRIES, &mut || {
        black_box(packed.clear_refs(black_box(&from), &mut to, Facts::Same([0; 3])));
    });
    row(name("move_ptes"), ENTRIES, &mut || {
        black_box(packed.move_ptes(black_box(&from), &mut to));
    });
    row(name("pagemap_scan"), ENTRIES, &mut || {
        black_box(packed.pagemap_scan(black_box(&from), &mut to, Facts::Same([1, 0, 0])));
    });
}
