//! The teaching commands against the tables that they speak of: every row of sites, operations and laws, and any 64 bits as a pte.

use ptefuzz::lockstep::laws::LAWS;
use ptefuzz::model::Model;
use ptefuzz::program::{OPERATIONS, Rng};
use ptefuzz::pte::{Config, Environment, Special};
use ptefuzz::site::{SITES, SiteId, outcome_parts};
use serde_json::Value;
use std::process::Command;

/// What a run of the program gave.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_ptefuzz")).args(arguments).output().unwrap();
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs what must succeed, with plain text of 80 columns and nothing on standard error.
fn text(arguments: &[&str]) -> String {
    let run = run(arguments);
    assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.err);
    assert_eq!(run.err, "", "{arguments:?}");
    for line in run.out.lines() {
        assert!(line.len() <= 80, "{arguments:?}: {} columns: {line}", line.len());
        assert!(line.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{arguments:?}: {line:?}");
        assert!(!line.ends_with(' '), "{arguments:?}: {line:?}");
    }
    run.out
}

fn json(arguments: &[&str]) -> Value {
    let run = run(arguments);
    assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.err);
    serde_json::from_str(&run.out).unwrap()
}

fn assert_says(text: &str, facts: &[&str]) {
    // Facts may be broken over lines.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for fact in facts {
        assert!(words.contains(fact), "{fact:?} is missing in:\n{text}");
    }
}

#[test]
fn decode_reads_every_special_value_as_special_and_nothing_else_about_it() {
    for special in Special::ALL {
        let raw = format!("{:#x}", special.value());
        let object = json(&["decode", "--json", "--special", special.name(), &raw]);
        assert_eq!(object["class"], "special");
        assert_eq!(object["has_swap_entry"], false);
        assert_says(
            &text(&["decode", "--special", special.name(), &raw]),
            &["special", "one value, compared as a whole"],
        );
        if special != Special::X86 {
            let other = json(&["decode", "--json", &raw]);
            assert_eq!(other["special"], false, "{raw} is special only where it is chosen");
        }
    }
}

#[test]
fn decode_follows_the_configuration() {
    for config in Config::ALL {
        let zero = json(&["decode", "--json", "--config", config.name(), "0"]);
        let four = json(&["decode", "--json", "--config", config.name(), "0x4"]);
        assert_eq!(zero["none"], true);
        assert_eq!(zero["special"], config == Config::NoArchUffdWp);
        assert_eq!(four["special"], config == Config::UffdWp);
        assert_eq!(four["class"], if config == Config::UffdWp { "special" } else { "swap" });
        let words = format!("config={}", config.name());
        assert_says(&text(&["decode", "--config", config.name(), "0", "0x4"]), &[&words]);
    }
}

/// Values of every class and around the edges of each: random ones are nearly all present or entries with offsets that no one has.
fn values(count: usize) -> Vec<String> {
    let mut rng = Rng::new(7);
    let small = |n: u64| n & 0xfff;
    (0..count)
        .map(|i| {
            let n = rng.next();
            match i % 5 {
                0 => n,
                1 => small(n),
                2 => n & !1 & !0x100,
                3 => u64::MAX << (n % 64),
                _ => {
                    [0, 4, 0x6, 0x60, u64::MAX, Special::Device.value(), Special::Migration.value()][n as usize % 7]
                        ^ (1 << (n >> 32 & 63))
                }
            }
        })
        .map(|raw| format!("{raw:#x}"))
        .collect()
}

#[test]
fn decode_explains_any_64_bits_in_any_environment_in_80_columns_and_agrees_with_the_model() {
    let raws = values(120);
    let raws: Vec<&str> = raws.iter().map(String::as_str).collect();
    for environment in Environment::all() {
        let config = environment.config.name();
        let special = Special::ALL.into_iter().find(|s| environment == Environment::new(*s));
        let mut arguments = vec!["decode", "--config", config];
        arguments.extend(special.iter().flat_map(|s| ["--special", s.name()]));
        arguments.extend(&raws);
        let shown = text(&arguments);
        assert_eq!(shown.matches("The kernel's predicates").count(), raws.len());

        arguments.push("--json");
        let object = json(&arguments);
        let model = Model::new(environment);
        for (value, raw) in object["values"].as_array().unwrap().iter().zip(&raws) {
            let number = u64::from_str_radix(&raw[2..], 16).unwrap();
            assert_eq!(value["raw"], *raw);
            assert_eq!(value["class"], model.class(number).name(), "{raw} in {environment}");
            assert_eq!(value["none"], model.is_none(number));
            assert_eq!(value["present"], model.is_present(number));
            assert_eq!(value["is_swap"], model.is_swap(number));
            assert_eq!(value["special"], model.is_special(number));
            assert_eq!(value["has_swap_entry"], model.has_swap_entry(number));
        }
    }
}

#[test]
fn sites_shows_each_of_them_with_all_of_its_parameters_and_outcomes() {
    let names: Vec<&str> = SITES.iter().map(|s| s.name).collect();
    let mut arguments = vec!["sites"];
    arguments.extend(&names);
    let pages = text(&arguments);
    for site in &SITES {
        assert_says(&pages, &[site.rule, site.function, site.aux]);
        for field in site.fields {
            assert_says(&pages, &[field.doc]);
        }
    }
}

#[test]
fn sites_as_json_has_sites_operations_laws_and_targets() {
    let object = json(&["sites", "--json"]);
    let sites = object["sites"].as_array().unwrap();
    assert_eq!(sites.len(), SITES.len());
    for (found, site) in sites.iter().zip(&SITES) {
        assert_eq!(found["site"], site.name);
        assert_eq!(found["truth"], site.truth.name());
        assert_eq!(found["parameters"].as_array().unwrap().len(), site.fields.len());
        assert_eq!(found["outcome"].as_array().unwrap().len(), outcome_parts(site).count());
    }
    let names = |sites: &[SiteId]| sites.iter().map(|id| SITES[*id as usize].name).collect::<Vec<_>>();
    let operations = object["operations"].as_array().unwrap();
    assert_eq!(operations.len(), OPERATIONS.len());
    for (found, operation) in operations.iter().zip(&OPERATIONS) {
        assert_eq!(found["name"], operation.name);
        assert_eq!(found["meaning"], operation.meaning);
        assert_eq!(found["sites"], serde_json::json!(names(operation.sites)));
        assert_eq!(found["facts"], operation.facts);
        assert_eq!(found["truth"], operation.truth);
    }
    let laws = object["laws"].as_array().unwrap();
    assert_eq!(laws.len(), LAWS.len());
    for (found, law) in laws.iter().zip(&LAWS) {
        assert_eq!(found["name"], law.name);
        assert_eq!(found["text"], law.text);
        assert_eq!(found["source"], law.source);
        assert_eq!(found["sites"], serde_json::json!(names(law.sites)));
        assert_eq!(found["catches"], law.catches);
    }
    assert_eq!(object["targets"], serde_json::json!(["sequence", "raw"]));
}

#[test]
fn the_targets_that_sites_names_are_those_that_fuzz_takes() {
    for target in json(&["sites", "--json", "zap"])["targets"].as_array().unwrap() {
        let run = run(&["fuzz", "--target", target.as_str().unwrap(), "--execs", "1", "--seed", "1", "--json"]);
        assert_ne!(run.code, Some(2), "{}", run.err);
    }
}

#[test]
fn operations_and_laws_are_shown_as_text_and_for_a_site() {
    let operations = text(&["sites", "--operations"]);
    for operation in &OPERATIONS {
        assert_says(&operations, &[operation.name, operation.meaning, operation.truth]);
    }
    let laws = text(&["sites", "--laws"]);
    for law in &LAWS {
        assert_says(&laws, &[law.name, law.text, law.catches, law.source]);
    }
    let of_zap = text(&["sites", "--laws", "zap"]);
    for law in &LAWS {
        let heading = format!("\n{}\n", law.name);
        assert_eq!(format!("\n{of_zap}").contains(&heading), law.sites.contains(&SiteId::Zap), "{}", law.name);
    }
    assert_eq!(run(&["sites", "--laws", "--operations"]).code, Some(2));
}

#[test]
fn no_colour_reaches_a_pipe_whatever_the_terminal_says() {
    for (variable, value) in [("NO_COLOR", "1"), ("TERM", "xterm-256color")] {
        for arguments in [&["decode", "0x4"][..], &["sites"], &["sites", "gup"], &["sites", "--laws"], &["header"]] {
            let output = Command::new(env!("CARGO_BIN_EXE_ptefuzz"))
                .args(arguments)
                .env_remove("CLICOLOR_FORCE")
                .env(variable, value)
                .output()
                .unwrap();
            assert!(!output.stdout.contains(&0x1b), "{arguments:?} with {variable}={value}");
        }
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    let (_, commands) = help.out.split_once("Commands:\n").unwrap();
    let commands: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() >= 6, "{commands:?}");
    for command in commands {
        let help = run(&[command, "--help"]);
        assert_eq!(help.code, Some(0), "{command}");
        let (_, examples) = help.out.split_once("Example").unwrap_or_else(|| panic!("no example of {command}"));
        assert!(examples.contains(&format!("ptefuzz {command}")), "{}", help.out);
    }
}

#[test]
fn the_options_of_the_environment_are_the_same_in_every_command() {
    for command in ["decode", "fuzz", "replay"] {
        let help = run(&[command, "--help"]).out;
        assert_says(&help, &["--config <CONFIG>", "--special <SPECIAL>"]);
        for name in Config::ALL.map(Config::name).into_iter().chain(Special::ALL.map(Special::name)) {
            assert_says(&help, &[name]);
        }
    }
}
