//! The laws against the recorded answers of the kernel's own functions: silent on what is right, loud on the mistake that each is there for.

use super::{CLASSIFICATION_LAWS, Case, LAWS, Law, Laws, laws_of};
use crate::model::Model;
use crate::pte::{Class, Classification, Config, Environment};
use crate::site::{Answer, Call, SITES, Site, SiteId};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Sites that no law is attached to, and why.
const WITHOUT_LAWS: [(SiteId, &str); 0] = [];

/// A recorded call and the kernel's answer to it.
struct Row {
    environment: Environment,
    call: Call,
    class: Class,
    answer: Answer,
}

impl Row {
    fn case(&self) -> Case<'_> {
        Case::new(self.environment, &self.call, self.class, &self.answer)
    }

    fn tells(&self) -> String {
        let Row { call, answer, .. } = self;
        format!(
            "{} {:x} {:x?} -> {:x} {:x} {:x} ({})",
            call.row().name,
            call.pte,
            call.p,
            answer.pte,
            answer.outcome,
            answer.aux,
            self.environment
        )
    }
}

/// The recorded files whose names start so: each with its environment and its rows of columns.
fn files(prefix: &str) -> Vec<(Environment, Vec<Vec<String>>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut names: Vec<_> = std::fs::read_dir(&directory)
        .expect("the recorded answers are there")
        .map(|entry| entry.expect("a readable directory").file_name().into_string().expect("a plain name"))
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no recorded answers of {prefix}");
    names
        .iter()
        .map(|name| {
            let text = std::fs::read_to_string(directory.join(name)).expect("a readable file");
            let mut lines = text.lines();
            let environment = environment(lines.next().expect("a first line"));
            let rows = lines.skip(1).map(|line| line.split('\t').map(str::to_string).collect()).collect();
            (environment, rows)
        })
        .collect()
}

/// The environment that a file's first line names.
fn environment(line: &str) -> Environment {
    let value = |key: &str| {
        line.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('=')).expect("config and special")
    };
    let special = value("special");
    Environment {
        config: Config::from_name(value("config")).expect("a known configuration"),
        special: (special != "none").then(|| hex(special.trim_start_matches("0x"))),
    }
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text, 16).expect("a hexadecimal number")
}

/// Every recorded transition.
fn transitions() -> Vec<Row> {
    let mut rows = Vec::new();
    for (environment, lines) in files("transitions") {
        let model = Model::new(environment);
        for columns in lines {
            let site = Site::by_name(&columns[0]).expect("a known site").id;
            let n: Vec<_> = columns[1..].iter().map(|text| hex(text)).collect();
            let call = Call { site, pte: n[0], p: [n[1], n[2], n[3]] };
            let answer = Answer { pte: n[4], outcome: n[5], aux: n[6], ..Answer::default() };
            rows.push(Row { environment, call, class: model.class(call.pte), answer });
        }
    }
    assert!(rows.len() > 50_000, "only {} rows", rows.len());
    rows
}

/// Every recorded classification: environment, value and what the kernel's predicates say of it.
fn classifications() -> Vec<(Environment, u64, Classification)> {
    let mut all = Vec::new();
    for (environment, lines) in files("classify") {
        for columns in lines {
            let flag = |name: &str| {
                let place = Classification::COLUMNS.iter().position(|column| *column == name).expect("a column");
                columns[place + 2] == "1"
            };
            let said = Classification {
                class: Class::from_abi_name(&columns[1]).expect("a known class"),
                none: flag("none"),
                present: flag("present"),
                protnone: flag("protnone"),
                is_swap: flag("is_swap"),
                special: flag("special"),
                has_swap_entry: flag("has_swap_entry"),
                non_swap_entry: flag("non_swap_entry"),
                migration: flag("migration"),
                write_migration: flag("write_migration"),
                devpriv: flag("devpriv"),
                write_devpriv: flag("write_devpriv"),
                hwpoison: flag("hwpoison"),
                swp_type: columns[14].parse().expect("a decimal number"),
                soft_dirty: flag("soft_dirty"),
                swp_soft_dirty: flag("swp_soft_dirty"),
                uffd_wp: flag("uffd_wp"),
                swp_uffd_wp: flag("swp_uffd_wp"),
                write: flag("write"),
                dirty: flag("dirty"),
                young: flag("young"),
                pte_special: flag("pte_special"),
                devmap: flag("devmap"),
                swp_offset: hex(&columns[24]),
                pfn: hex(&columns[25]),
            };
            all.push((environment, hex(&columns[0]), said));
        }
    }
    all
}

/// The answer that model and subject would both give if they made the law's mistake.
fn mistaken(law: &Law, case: &Case<'_>) -> Answer {
    let mut answer = *case.answer;
    (law.mistake)(case, &mut answer);
    answer
}

#[test]
fn every_law_is_silent_on_every_recorded_answer() {
    let mut broken = BTreeMap::new();
    for row in transitions() {
        for law in LAWS.iter().filter(|law| law.covers(&row.case())) {
            if !(law.holds)(&row.case()) {
                broken.entry(law.name).or_insert_with(Vec::new).push(row.tells());
            }
        }
    }
    for (name, rows) in &broken {
        println!("{name}: {} rows, such as\n  {}", rows.len(), rows[..rows.len().min(4)].join("\n  "));
    }
    assert!(broken.is_empty(), "{} laws do not hold", broken.len());
}

#[test]
fn every_law_speaks_up_at_its_mistake_on_every_site_that_it_is_attached_to() {
    let rows = transitions();
    let mut silent = Vec::new();
    for law in &LAWS {
        let mut counts: BTreeMap<SiteId, (u32, u32)> = law.sites.iter().map(|site| (*site, (0, 0))).collect();
        for row in rows.iter().filter(|row| law.covers(&row.case())) {
            let wrong = mistaken(law, &row.case());
            if wrong != row.answer {
                let count = counts.entry(row.call.site).or_default();
                count.0 += 1;
                count.1 += !(law.holds)(&row.case().with(&wrong)) as u32;
            }
        }
        for (site, (shown, caught)) in counts {
            println!("{:<36} {:<20} shown {shown:>5} caught {caught:>5}", law.name, Site::of(site).name);
            if caught == 0 {
                silent.push(format!("{} at {}", law.name, Site::of(site).name));
            }
        }
    }
    assert!(silent.is_empty(), "no recorded answer shows the mistake of {silent:#?}");
}

#[test]
fn every_law_is_somewhere_the_first_to_name_its_mistake() {
    let rows = transitions();
    let mut shadowed: BTreeSet<&str> = LAWS.iter().map(|law| law.name).collect();
    let mut indexes: Vec<(Environment, Laws)> = Vec::new();
    for row in &rows {
        if indexes.last().is_none_or(|(environment, _)| *environment != row.environment) {
            indexes.push((row.environment, Laws::new(row.environment)));
        }
        let Some((_, laws)) = indexes.last() else { continue };
        for law in LAWS.iter().filter(|law| law.covers(&row.case())) {
            let wrong = mistaken(law, &row.case());
            if laws.broken_law(&row.case().with(&wrong)).is_some_and(|first| first.name == law.name) {
                shadowed.remove(law.name);
            }
        }
    }
    assert!(shadowed.is_empty(), "another law always speaks first where these would: {shadowed:#?}");
}

#[test]
fn a_law_has_a_name_of_its_own_and_says_what_it_is_about() {
    let mut names = BTreeSet::new();
    for law in &LAWS {
        assert!(names.insert(law.name), "{} twice", law.name);
        assert!(law.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", law.name);
        assert!(law.text.ends_with('.') && !law.source.is_empty() && !law.catches.is_empty(), "{}", law.name);
        assert!(!law.configs.is_empty() && !law.sites.is_empty(), "{}", law.name);
        for site in law.sites {
            assert_ne!(Site::of(*site).domain.0 & law.classes.0, 0, "{} at {:?}", law.name, site);
        }
    }
    for law in &CLASSIFICATION_LAWS {
        assert!(names.insert(law.name), "{} twice", law.name);
        assert!(law.text.ends_with('.') && !law.source.is_empty() && !law.catches.is_empty(), "{}", law.name);
    }
}

#[test]
fn every_site_has_laws_or_a_reason_for_none() {
    for site in &SITES {
        let laws: Vec<_> = LAWS.iter().filter(|law| law.sites.contains(&site.id)).map(|law| law.name).collect();
        println!("{:<20} {:>2}: {}", site.name, laws.len(), laws.join(", "));
        let reason = WITHOUT_LAWS.iter().find(|(id, _)| *id == site.id);
        assert_eq!(laws.is_empty(), reason.is_some_and(|(_, reason)| !reason.is_empty()), "{}", site.name);
    }
}

#[test]
fn the_index_finds_what_the_list_finds() {
    for environment in Environment::all() {
        let laws = Laws::new(environment);
        for row in transitions().iter().filter(|row| row.environment == environment) {
            let wrong = Answer { pte: row.answer.pte ^ 0x862, aux: row.answer.aux ^ 4, ..row.answer };
            let case = row.case().with(&wrong);
            let listed = laws_of(row.call.site, &environment)
                .find(|law| law.classes.contains(row.class) && !(law.holds)(&case))
                .map(|law| law.name);
            assert_eq!(laws.broken_law(&case).map(|law| law.name), listed, "{}", row.tells());
        }
    }
}

#[test]
fn classification_laws_are_silent_on_what_is_right_and_speak_up_at_their_mistakes() {
    let recorded = classifications();
    for law in &CLASSIFICATION_LAWS {
        let mut caught = 0;
        for (environment, pte, said) in recorded.iter().filter(|row| law.configs.contains(&row.0.config)) {
            assert!((law.holds)(environment, *pte, said), "{} of {pte:x} ({environment}): {said:?}", law.name);
            let mut wrong = *said;
            (law.mistake)(environment, *pte, &mut wrong);
            caught += (wrong != *said && !(law.holds)(environment, *pte, &wrong)) as u32;
        }
        println!("{:<36} caught {caught:>5}", law.name);
        assert!(caught > 0, "no recorded value shows the mistake of {}", law.name);
    }
}
