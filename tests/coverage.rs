//! The table of cells is held to account by whoever runs programs; `coverage` and `cmin` as programs.

mod common;

use common::{ptefuzz, stderr};
use ptefuzz::corpora::Replayer;
use ptefuzz::engine::{Cell, CellSet, Denominators, Habits, Limits, Next, RawRun, WorldRun};
use ptefuzz::exhaust::{Domain, walk};
use ptefuzz::lockstep::{Lockstep, Subject};
use ptefuzz::model::Model;
use ptefuzz::packed::Packed;
use ptefuzz::program::{CallSource, Program};
use ptefuzz::pte::{Class, Environment};
use ptefuzz::site::{SITES, SiteId};
use ptefuzz::target::Target;
use ptefuzz::world::World;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;

fn table(environment: Environment) -> &'static Denominators {
    Denominators::of(environment).expect("one of the six environments")
}

fn words(cells: &CellSet) -> Vec<String> {
    cells.iter().filter_map(Cell::from_number).map(|cell| cell.to_string()).collect()
}

fn programs(programs: u64) -> Limits {
    Limits { time: None, programs: Some(programs) }
}

#[test]
fn no_program_of_operations_meets_a_cell_that_the_closure_has_not() {
    for (seed, environment) in Environment::all().enumerate() {
        let lockstep = Lockstep::new(Model::new(environment));
        let world = World::new(environment);
        let mut run = WorldRun::with(lockstep, world, 100 + seed as u64, Target::sequence(), Habits::default());
        run.run(&mut Packed::new(environment), programs(3_000), &mut |_| Next::Continue);
        let outside = run.coverage().set().without(&table(environment).reachable);
        assert!(outside.is_empty(), "{environment}: {:?}", words(&outside));
        assert!(run.coverage().covered() > 500, "{environment}");
    }
}

/// What the first hour's run met outside of a table that had kept too few worlds apart: the child of a fork has a page of its own where the parent's is on its
/// way to another frame, so that a shared mapping maps what its page cache does not hold.
const RARE: &str = "\
vma 0 shmem-shared rw uffd-wp
populate 0
migrate-begin 0
fork event
zap 512 dontneed
read 512
migrate-end 0
write 512
uffd-wp 512
mprotect 512 rw
to-device 512";

#[test]
fn a_program_that_an_hour_of_fuzzing_came_upon_meets_no_cell_that_the_closure_has_not() {
    for tree in ["", "tree series\n"] {
        let program = Program::from_text(&format!("ptefuzz 1\n{tree}{RARE}\n")).expect("a program");
        for environment in Environment::all() {
            let cells = Replayer::new(environment).cells(&program);
            let outside = cells.without(&table(environment).reachable);
            assert!(outside.is_empty(), "{environment}: {:?}", words(&outside));
        }
        let cells = words(&Replayer::new(Environment::default()).cells(&program));
        let rare = "present uffd-wp+write+dirty: changes and reports";
        assert!(cells.iter().any(|cell| cell.starts_with("migrate_collect") && cell.ends_with(rare)), "{cells:?}");
    }
}

#[test]
fn no_raw_call_meets_a_cell_that_the_walk_has_not() {
    for environment in Environment::all() {
        let source = CallSource::new(environment, SiteId::ALL.to_vec(), false);
        let mut run = RawRun::new(Lockstep::new(Model::new(environment)), source, 9);
        run.run(&mut Packed::new(environment), programs(10_000), &mut |_| Next::Continue);
        let outside = run.coverage().set().without(&table(environment).walk);
        assert!(outside.is_empty(), "{environment}: {:?}", words(&outside));
        assert!(run.coverage().covered() > 2_000, "{environment}");
    }
}

#[test]
fn the_table_is_what_the_walk_of_some_sites_says_now() {
    let environment = Environment::default();
    let make = || Ok(Box::new(Packed::new(environment)) as Box<dyn Subject>);
    let sites =
        [SiteId::MoveSoftDirty, SiteId::ClearSoftDirty, SiteId::HmmV3, SiteId::MigrateCollect, SiteId::PteFault];
    let cells = walk(environment, &sites, Domain::Full, &make, false).expect("packed").cells();
    for (site, class) in sites.into_iter().flat_map(|site| Class::ALL.map(|class| (site, class))) {
        let (now, then) = (cells.word(site, class), table(environment).walk.word(site, class));
        let name = SITES[site as usize].name;
        assert_eq!(now, then, "{name} {}: run cargo run --release --example cells", class.name());
    }
}

#[test]
fn the_seeds_reach_nothing_that_the_table_has_not() {
    let output = ptefuzz(&["coverage", "corpus", "--json"]);
    let report = json(&output);
    assert_eq!(report["covered"], report["covered_walk"], "{}", stderr(&output));
}

fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("coverage").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a directory for the test");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A corpus of three programs under the names of three engines, of which one is contained in another, and a file that is none.
fn corpus(name: &str) -> PathBuf {
    let path = directory(name);
    let write = |name: &str, content: &[u8]| std::fs::write(path.join(name), content).expect("a file");
    let long = "ptefuzz 1\nvma 0..16 anon rw\nwrite 3\nclear-refs 3\nswap-out 3\nread 3\n";
    write("long.pte", long.as_bytes());
    write("da39a3ee5e6b4b0d3255bfef95601890afd80709", b"ptefuzz 1\nvma 0..16 anon rw\nwrite 3\n");
    write("id:000000,orig:seed", b"ptefuzz 1 raw\nmove_soft_dirty 0x4\n");
    write("fuzzer_stats", b"start_time : 1\n");
    path
}

#[test]
fn coverage_names_both_denominators_and_for_each_cell_the_smallest_program() {
    let path = corpus("json");
    let output = ptefuzz(&["coverage", text(&path), "--json"]);
    let report = json(&output);
    let all = table(Environment::default());
    assert_eq!(report["total_reachable"], all.reachable.len());
    assert_eq!(report["total_walk"], all.walk.len());
    assert_eq!((&report["programs"], &report["broken"]), (&3.into(), &1.into()));
    assert!(stderr(&output).contains("left out: fuzzer_stats"), "{}", stderr(&output));
    let cells = report["cells"].as_array().expect("cells");
    let reached: Vec<&Value> = cells.iter().filter(|cell| !cell["smallest"].is_null()).collect();
    assert_eq!(report["covered"], reached.len());
    let find = |site: &str, class: &str| {
        reached.iter().find(|cell| cell["site"] == site && cell["class"] == class).map(|cell| &cell["smallest"])
    };
    // Both programs write; the shorter one is named.
    assert_eq!(find("anon_page", "none"), Some(&"da39a3ee5e6b4b0d3255bfef95601890afd80709".into()));
    assert_eq!(find("do_swap_page", "swap"), Some(&"long.pte".into()));
    assert_eq!(find("move_soft_dirty", "special"), Some(&"id:000000,orig:seed".into()));
    assert_eq!(find("do_swap_page", "hwpoison"), None);
}

#[test]
fn the_page_needs_nothing_else_and_every_link_in_it_leads_somewhere() {
    let path = corpus("page");
    let (page, picture) = (path.with_extension("html"), path.with_extension("svg"));
    let output = ptefuzz(&["coverage", text(&path), "--html", text(&page), "--svg", text(&picture)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let html = std::fs::read_to_string(&page).expect("the page");
    for outside in ["http:", "https:", "<script", "src=", "@import"] {
        assert!(!html.contains(outside), "{outside}");
    }
    let of = |start: &str| -> BTreeSet<String> {
        html.split(start).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_string).collect()
    };
    let (links, places) = (of("href=\"#"), of("id=\""));
    assert!(links.len() > 50 && links.is_subset(&places), "{:?}", links.difference(&places));
    assert!(html.contains("swap-out 3") && html.contains("Never reached"));
    let svg = std::fs::read_to_string(&picture).expect("the picture");
    assert!(svg.starts_with("<svg ") && svg.contains("that programs of operations can reach"));
    assert!(SITES.iter().all(|site| svg.contains(site.name)));
}

#[test]
fn cmin_keeps_every_cell_and_drops_what_adds_none() {
    let path = corpus("cmin");
    let out = directory("cmin.out");
    let report = json(&ptefuzz(&["cmin", text(&path), "-o", text(&out), "--json"]));
    assert_eq!((&report["programs"], &report["kept"]), (&3.into(), &2.into()));
    let cells = |path: &Path| {
        let report = json(&ptefuzz(&["coverage", text(path), "--json"]));
        let reached = report["cells"].as_array().expect("cells").iter().filter(|cell| !cell["smallest"].is_null());
        let name = |cell: &Value| ["site", "class", "flags", "answer"].map(|field| cell[field].to_string()).concat();
        reached.map(name).collect::<BTreeSet<String>>()
    };
    assert_eq!(cells(&path), cells(&out));
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let (empty, full) = (directory("empty"), corpus("full"));
    let gone = empty.join("gone");
    for (arguments, expected) in [
        (vec!["coverage", text(&empty)], "expected at least one"),
        (vec!["coverage", text(&gone)], "cannot read"),
        (vec!["cmin", text(&full), "-o", text(&full)], "expected an empty directory"),
    ] {
        let output = ptefuzz(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}
