//! The recorded answers of sites 18 to 45, replayed on the model, and proof that they would notice a wrong constant.

use super::super::answer_around;
use crate::model::Model;
use crate::pte::{Config, Environment, Layout, X86_64};
use crate::site::{Call, Site, SiteId, flip};
use std::path::{Path, PathBuf};

/// A recorded call and the kernel's answer to it.
struct Row {
    call: Call,
    pte: u64,
    outcome: u64,
    aux: u64,
}

impl Row {
    fn holds(&self, model: &Model) -> bool {
        let got = answer_around(model, &self.call);
        (got.pte, got.outcome, got.aux) == (self.pte, self.outcome, self.aux)
    }
}

fn vector_files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with("transitions"));
    files.sort();
    files
}

/// The environment that the first line of a vector file names.
fn environment(first_line: &str) -> Environment {
    let word = |key: &str| first_line.split_whitespace().find_map(|word| word.strip_prefix(key)).unwrap();
    let config = Config::from_name(word("config=")).unwrap();
    match word("special=") {
        "none" => Environment { config, special: None },
        value => Environment { config, special: Some(u64::from_str_radix(&value[2..], 16).unwrap()) },
    }
}

/// The rows of sites from `fork` on in one file.
fn load(path: &Path) -> (Environment, Vec<Row>) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let environment = environment(lines.next().unwrap());
    let rows = lines.skip(1).filter_map(|line| {
        let mut columns = line.split('\t');
        let site = Site::by_name(columns.next().unwrap()).unwrap().id;
        let numbers: Vec<u64> = columns.map(|column| u64::from_str_radix(column, 16).unwrap()).collect();
        let [pte, p0, p1, p2, result, outcome, aux] = numbers[..] else { panic!("{line}") };
        let call = Call { site, pte, p: [p0, p1, p2] };
        (site >= SiteId::Fork).then_some(Row { call, pte: result, outcome, aux })
    });
    (environment, rows.collect())
}

#[test]
fn every_recorded_answer_is_given() {
    let mut count = 0;
    for path in vector_files() {
        let (environment, rows) = load(&path);
        let model = Model::new(environment);
        let wrong: Vec<_> = rows.iter().filter(|row| !row.holds(&model)).collect();
        for row in wrong.iter().take(10) {
            let got = answer_around(&model, &row.call);
            println!(
                "{} {:#x} {:x?}: got {:#x} {:#x} {:#x}, recorded {:#x} {:#x} {:#x}",
                row.call.row().name,
                row.call.pte,
                row.call.p,
                got.pte,
                got.outcome,
                got.aux,
                row.pte,
                row.outcome,
                row.aux
            );
        }
        assert_eq!(wrong.len(), 0, "{} of {} rows of {}", wrong.len(), rows.len(), path.display());
        count += rows.len();
    }
    assert!(count > 20_000, "only {count} rows");
}

#[test]
fn every_parameter_that_plays_a_part_is_noticed() {
    // What the site table says plays no part, and forms that ignore a parameter.
    let ignored = |site: SiteId, field: &str| match site {
        SiteId::Fork => field == "dst_uffd_wp",
        SiteId::ForkRfc02 | SiteId::ForkRfc17 => field == "src_uffd_wp",
        SiteId::Zap => field == "fullmm",
        SiteId::Unmap => matches!(field, "ttu_split_huge_pmd" | "ttu_rmap_locked"),
        SiteId::RemoveMigration => field == "pg_anon",
        // No row of gup_v3 splits a huge page and decides its answer by that; gup itself has some.
        SiteId::GupV3 if field == "split_fail" => true,
        SiteId::Gup | SiteId::GupV3 => {
            matches!(field, "foll_nowait" | "foll_populate" | "foll_hwpoison" | "foll_tried")
        }
        SiteId::FinishFault => field == "uffd_wp",
        SiteId::PteFault => field == "vm_uffd_wp",
        _ => false,
    };
    let files: Vec<_> = vector_files().iter().map(|path| load(path)).collect();
    for site in SiteId::ALL.into_iter().filter(|site| *site >= SiteId::Fork) {
        for field in Site::of(site).fields {
            flip::set(Some((site, field.word, field.shift)));
            let noticed = files.iter().any(|(environment, rows)| {
                let model = Model::new(*environment);
                rows.iter().any(|row| row.call.site == site && !row.holds(&model))
            });
            flip::set(None);
            assert_eq!(noticed, !ignored(site, field.name), "{} of {}", field.name, Site::of(site).name);
        }
    }
}

#[test]
fn every_layout_constant_that_these_sites_use_is_noticed() {
    let files: Vec<_> = vector_files().iter().map(|path| load(path)).collect();
    for (index, name) in Layout::NAMES.iter().enumerate() {
        let noticed = files.iter().any(|(environment, rows)| {
            let mut layout = X86_64;
            let field = layout.field_mut(index).unwrap();
            // Without its lowest bit: another mask, another shift, another number.
            *field &= *field - 1;
            let model = Model::with_layout(*environment, layout);
            rows.iter().any(|row| !row.holds(&model))
        });
        let unused = matches!(*name, "user" | "pwt" | "pcd" | "pat" | "nx");
        assert_eq!(noticed, !unused, "{name}");
    }
}
