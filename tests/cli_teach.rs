//! The teaching commands as a person or a script runs them: `ptefuzz decode`, `ptefuzz sites` and the help.

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

/// The message of a run that must fail with exit code 2: one line.
fn refused(arguments: &[&str]) -> String {
    let run = run(arguments);
    assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.out);
    assert_eq!(run.out, "", "{arguments:?}");
    assert_eq!(run.err.lines().count(), 1, "{arguments:?}: {}", run.err);
    run.err
}

fn assert_says(text: &str, facts: &[&str]) {
    // Facts may be broken over lines.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for fact in facts {
        assert!(words.contains(fact), "{fact:?} is missing in:\n{text}");
    }
}

/// A swap pte of this type and offset.
fn entry(kind: u64, offset: u64) -> String {
    format!("{:#x}", kind << 59 | (!offset & ((1 << 50) - 1)) << 9)
}

#[test]
fn decode_says_that_0x4_is_special_and_what_a_careless_caller_reads() {
    let text = text(&["decode", "0x4"]);
    assert_says(&text, &["0x4 special", "type 0, offset 0x3ffffffffffff", "2^50-1", "pte_to_swp_entry()", "none, not"]);
    assert_says(&text, &["is_swap_special_pte() yes", "pte_has_swap_entry() no", "is_swap_pte() yes", "pte_none() no"]);
    assert!(!text.contains("offset 0x0"), "{text}");
}

#[test]
fn decode_says_that_none_overlooks_accessed_and_dirty() {
    assert_says(&text(&["decode", "0"]), &["0x0 none", "pte_none() yes", "pte_present() no"]);
    let noisy = text(&["decode", "0x60"]);
    assert_says(&noisy, &["0x60 none", "pte_none() yes", "_PAGE_KNL_ERRATUM_MASK"]);
}

#[test]
fn decode_says_that_0x24_is_not_special_although_close() {
    let text = text(&["decode", "0x24"]);
    assert_says(&text, &["NOT special", "it differs from 0x4 in bit 5", "is_swap_special_pte() no"]);
}

#[test]
fn decode_reads_present_ptes_and_the_inverted_frame_of_prot_none() {
    let present = text(&["decode", "0x8000000012345067"]);
    assert_says(&present, &["present", "PTE_PFN_MASK 0x12345", "writable", "not executable", "PAGE_SHARED"]);
    let inverted = format!("{:#x}", 0x120 | (!0x12345u64 << 12 & 0x000f_ffff_ffff_f000));
    let hidden = text(&["decode", &inverted]);
    assert_says(&hidden, &["protnone", "0x12345", "inverted", "pte_protnone() yes", "pte_present() yes"]);
}

#[test]
fn decode_names_each_kind_of_swap_entry() {
    let kinds = [
        (3, "swap", "area 3, slot 0x1234"),
        (27, "hwpoison", "memory error"),
        (28, "migration-read", "read-only"),
        (29, "migration-write", "writable"),
        (30, "device-write", "mapped writable there"),
        (31, "device-read", "mapped read-only there"),
    ];
    let model = Model::new(Environment::default());
    for (kind, class, words) in kinds {
        let raw = entry(kind, 0x1234);
        // The table of types above is a claim about the layout, so the model has its say.
        let class_of = model.class(u64::from_str_radix(&raw[2..], 16).unwrap());
        let shown = text(&["decode", &raw]);
        assert_says(&shown, &[class_of.name(), "0x1234", "pte_has_swap_entry() yes", "swp_entry_t"]);
        assert_eq!(class_of.name(), class, "type {kind}");
        assert_says(&shown, &[words]);
    }
}

#[test]
fn decode_takes_several_values_and_several_ways_to_write_them() {
    let all = text(&["decode", "0x4", "0b0", "0x8000_0000_1234_5067", "4"]);
    assert_eq!(all.matches("The kernel's predicates").count(), 4);
    let object = json(&["decode", "--json", "4", "0b100", "0x0_4"]);
    let values = object["values"].as_array().unwrap();
    assert_eq!(values.len(), 3);
    assert!(values.iter().all(|value| value["raw"] == "0x4"));
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

#[test]
fn decode_refuses_a_special_value_where_the_configuration_has_its_own() {
    let message = refused(&["decode", "--config", "no-userfaultfd", "--special", "device", "0"]);
    assert_says(&message, &["--special device", "--config no-userfaultfd", "expected --config uffd-wp"]);
}

#[test]
fn decode_as_json_has_the_fields_that_scripts_read() {
    let object = json(&["decode", "--json", "0x4"]);
    for (field, value) in
        [("none", false), ("present", false), ("is_swap", true), ("special", true), ("has_swap_entry", false)]
    {
        assert_eq!(object[field], value, "{field}");
    }
    assert_eq!(object["raw"], "0x4");
    assert_eq!(object["class"], "special");
    assert_eq!(object["fields"][0]["name"], "UFFD_WP_SWP_PTE_SPECIAL");

    let swap = json(&["decode", "--json", &entry(3, 0x1234)]);
    let fields = swap["fields"].as_array().unwrap();
    let value = |name: &str| fields.iter().find(|f| f["name"] == name).map(|f| f["value"].clone()).unwrap();
    assert_eq!(value("swp_type"), "0x3");
    assert_eq!(value("swp_offset"), "0x1234");
}

#[test]
fn decode_refuses_what_is_no_pte_in_one_clear_line() {
    assert_says(&refused(&["decode", "zz"]), &["`zz`", "found `z`", "0x4"]);
    assert_says(&refused(&["decode", ""]), &["found no digits"]);
    assert_says(&refused(&["decode", "0x1_0000_0000_0000_0000"]), &["more than 64 bits", "0xffffffffffffffff"]);
    assert_says(&refused(&["decode", "0x4", "0xg"]), &["`0xg`", "hexadecimal digits"]);
    assert_says(&refused(&["decode", "-1"]), &["`-1`"]);
    assert_says(&refused(&["decode", "\u{1b}[31m\n"]), &["expected a pte value"]);
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
fn sites_lists_all_46_in_the_order_of_the_abi() {
    let table = text(&["sites"]);
    let rows: Vec<(usize, &str)> = table
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.parse().ok()?, words.next()?))
        })
        .collect();
    let expected: Vec<(usize, &str)> = SITES.iter().map(|s| s.name).enumerate().collect();
    assert_eq!(rows, expected);
    assert_eq!(rows.len(), 46);
}

#[test]
fn sites_shows_one_in_full() {
    let fork = text(&["sites", "fork"]);
    assert_says(&fork, &["copy_pte_range() in mm/memory.c", "p0 bit 4 dst_uffd_wp", "Uses allowed", "vectors"]);
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
fn sites_refuses_an_unknown_name_and_says_which_are_near() {
    assert_says(&refused(&["sites", "frok"]), &["`frok`", "fork"]);
    assert_says(&refused(&["sites", "khugescan"]), &["khuge_scan"]);
    assert_says(&refused(&["sites", "hmm"]), &["hmm_rfc or hmm_v3"]);
    assert_says(&refused(&["sites", "xyzzyxyzzy"]), &["`ptefuzz sites` lists them"]);
    refused(&["sites", ""]);
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
fn colour_can_be_forced_and_changes_nothing_but_colour() {
    let output = Command::new(env!("CARGO_BIN_EXE_ptefuzz"))
        .args(["decode", "0x4"])
        .env_remove("NO_COLOR")
        .env("CLICOLOR_FORCE", "1")
        .output()
        .unwrap();
    let coloured = String::from_utf8(output.stdout).unwrap();
    assert!(coloured.contains('\u{1b}'));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, behind)) = rest.split_once('\u{1b}') {
        plain += before;
        rest = behind.split_once('m').unwrap().1;
    }
    assert_eq!(plain + rest, text(&["decode", "0x4"]));
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
