//! `ptefuzz decode`.

use super::{assert_fits, json, refusal, stdout};
use serde_json::Value;
use std::path::PathBuf;

/// A present pte: frame 0x12345, PAGE_SHARED, dirty and soft-dirty.
const PRESENT: &str = "0x8000000012345867";
/// The same frame behind PAGE_NONE: the number is stored inverted.
const PROT_NONE: &str = "0xfffffedcba120";
/// Area 3, slot 0x1234, soft-dirty.
const SWAP: &str = "0x1fffffffffdb9602";

/// Compares with a file in `tests/data/decode`. With `BLESS=1` in the environment the file is written instead.
fn assert_golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/decode").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).expect("golden file written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{}: differs (BLESS=1 rewrites it); found:\n{text}", path.display());
}

/// The field of this name in the JSON of a value.
fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    let fields = value["fields"].as_array().expect("fields");
    fields.iter().find(|f| f["name"] == name).unwrap_or_else(|| panic!("{name} in {fields:?}"))
}

#[test]
fn the_texts_of_six_values_are_as_they_were_read_and_approved() {
    for (name, value) in [
        ("special.txt", "0x4"),
        ("none.txt", "0x60"),
        ("beside-special.txt", "0x24"),
        ("present.txt", PRESENT),
        ("protnone.txt", PROT_NONE),
        ("swap.txt", SWAP),
    ] {
        assert_golden(name, &stdout(&["decode", value]));
    }
}

#[test]
fn special_is_neither_none_nor_present_and_holds_no_entry() {
    let special = json(&["decode", "0x4", "--json"]);
    assert_eq!(special["raw"], "0x4");
    assert_eq!(special["class"], "special");
    assert_eq!(special["special"], true);
    assert_eq!(special["is_swap"], true);
    for no in ["none", "present", "has_swap_entry"] {
        assert_eq!(special[no], false, "{no}");
    }
    assert_eq!(special["swp_entry"], Value::Null);
}

#[test]
fn special_wrongly_decoded_has_the_largest_offset_and_not_0() {
    let text = stdout(&["decode", "0x4"]);
    assert!(text.contains("type 0, offset 0x3ffffffffffff"), "{text}");
    assert!(text.contains("RFC 06/30"), "{text}");
    assert!(text.contains("... and encoded again          0x0: none"), "{text}");
    assert!(text.contains("pte_to_swp_entry()"), "{text}");
    assert!(text.contains("do_swap_page()"), "{text}");
}

#[test]
fn accessed_and_dirty_leave_none_what_it_is() {
    for value in ["0", "0x20", "0x40", "0x60"] {
        let none = json(&["decode", value, "--json"]);
        assert_eq!(none["class"], "none", "{value}");
        assert_eq!(none["none"], true, "{value}");
        assert_eq!(none["is_swap"], false, "{value}");
    }
}

#[test]
fn accessed_and_dirty_make_special_something_else() {
    for value in ["0x24", "0x44", "0x64", "0x6", "0x84"] {
        let near = json(&["decode", value, "--json"]);
        assert_eq!(near["special"], false, "{value}");
        assert_eq!(near["class"], "swap", "{value}");
        assert!(near["notes"].to_string().contains("NOT special"), "{value}");
    }
    assert!(!stdout(&["decode", SWAP]).contains("NOT special"));
}

#[test]
fn the_flag_operations_that_end_in_another_class_are_told() {
    assert!(stdout(&["decode", "0x6"]).contains("pte_swp_clear_soft_dirty() makes it 0x4, the special pte"));
    assert!(stdout(&["decode", "0x2"]).contains("pte_swp_clear_soft_dirty() makes it 0x0, none"));
    assert!(!stdout(&["decode", SWAP]).contains("One flag away"));
}

#[test]
fn a_present_pte_shows_frame_and_protection() {
    let present = json(&["decode", PRESENT, "--json"]);
    assert_eq!(present["class"], "present");
    assert_eq!(field(&present, "PTE_PFN_MASK")["value"], "0x12345");
    assert_eq!(field(&present, "PTE_PFN_MASK")["bits"], "51-12");
    assert_eq!(field(&present, "_PAGE_RW")["value"], "0x1");
    assert_eq!(present["protection"]["name"], "PAGE_SHARED");
    assert_eq!(present["protection"]["exact"], false);
    let exact = json(&["decode", "0x8000000000001025", "--json"]);
    assert_eq!(exact["protection"]["name"], "PAGE_READONLY");
    assert_eq!(exact["protection"]["exact"], true);
}

#[test]
fn the_frame_of_a_prot_none_pte_is_shown_as_it_is_meant() {
    let hidden = json(&["decode", PROT_NONE, "--json"]);
    assert_eq!(hidden["class"], "protnone");
    assert_eq!(hidden["present"], true);
    assert_eq!(field(&hidden, "PTE_PFN_MASK")["value"], "0x12345");
    assert!(field(&hidden, "PTE_PFN_MASK")["meaning"].to_string().contains("inverted"));
    assert_eq!(hidden["protection"]["name"], "PAGE_NONE");
    assert!(stdout(&["decode", PROT_NONE]).contains("a test of bit 0 alone"));
}

#[test]
fn every_type_of_entry_is_named() {
    for (kind, class) in [
        (0u64, "swap"),
        (26, "swap"),
        (27, "hwpoison"),
        (28, "migration-read"),
        (29, "migration-write"),
        (30, "device-write"),
        (31, "device-read"),
    ] {
        let raw = kind << 59 | (!0x1234u64 & ((1 << 50) - 1)) << 9;
        let value = json(&["decode", &raw.to_string(), "--json"]);
        assert_eq!(value["class"], class, "type {kind}");
        assert_eq!(value["has_swap_entry"], true);
        assert_eq!(field(&value, "swp_type")["value"], format!("{kind:#x}"));
        assert_eq!(field(&value, "swp_offset")["value"], "0x1234");
        assert_eq!(value["swp_entry"], format!("{:#x}", kind << 58 | 0x1234));
    }
}

#[test]
fn bits_1_and_2_are_named_by_the_encoding_that_they_stand_in() {
    let swap = json(&["decode", SWAP, "--json"]);
    assert_eq!(field(&swap, "_PAGE_SWP_SOFT_DIRTY")["bits"], "1");
    assert_eq!(field(&swap, "_PAGE_SWP_UFFD_WP")["bits"], "2");
    let present = json(&["decode", PRESENT, "--json"]);
    assert_eq!(field(&present, "_PAGE_RW")["bits"], "1");
    assert_eq!(field(&present, "_PAGE_USER")["bits"], "2");
}

#[test]
fn without_the_architectures_part_an_empty_pte_is_special_too() {
    let none = json(&["decode", "0", "--config", "no-arch-uffd-wp", "--json"]);
    assert_eq!((&none["none"], &none["special"], &none["class"]), (&true.into(), &true.into(), &"none".into()));
    assert_eq!(json(&["decode", "0x20", "--config", "no-arch-uffd-wp", "--json"])["special"], false);
    assert_eq!(json(&["decode", "0", "--config", "no-userfaultfd", "--json"])["special"], false);
    assert_eq!(json(&["decode", "0x4", "--config", "no-userfaultfd", "--json"])["class"], "swap");
}

#[test]
fn a_shifted_special_value_says_what_it_would_decode_to() {
    let text = stdout(&["decode", "0xe7ffffffffdb9604", "--special", "migration"]);
    assert!(text.starts_with("0xe7ffffffffdb9604  special"), "{text}");
    assert!(text.contains("type 28, offset 0x1234, class migration-read"), "{text}");
    assert!(stdout(&["decode", "0x4", "--special", "soft-dirty"]).starts_with("0x4  swap"));
}

#[test]
fn one_value_is_an_object_and_several_are_an_array_under_values() {
    assert!(json(&["decode", "0x4", "--json"]).get("values").is_none());
    let several = json(&["decode", "0b100", "4", "0x0_4", "--json"]);
    let values = several["values"].as_array().expect("an array");
    assert_eq!(values.len(), 3);
    assert!(values.iter().all(|v| v["raw"] == "0x4"));
}

#[test]
fn bad_input_gets_one_message_and_exit_code_2() {
    for (text, word) in [
        ("", "no digits"),
        ("0x", "no digits"),
        ("0b2", "found `2`"),
        ("pte", "found `p`"),
        ("-1", "found `-`"),
        ("e7ff", "0xe7ff"),
        ("0x10000000000000000", "more than 64 bits"),
    ] {
        let message = refusal(&["decode", text]);
        assert!(message.contains(word), "{text}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    assert!(refusal(&["decode"]).contains("<PTE>"));
    assert!(refusal(&["decode", "4", "--config", "none"]).contains("no-arch-uffd-wp"));
    assert!(refusal(&["decode", "4", "--special", "5"]).contains("migration"));
    assert!(
        refusal(&["decode", "4", "--special", "device", "--config", "no-userfaultfd"]).contains("--config uffd-wp")
    );
}

/// Every recorded classification: (command line options, rows of the file by column name).
fn recorded() -> impl Iterator<Item = (Vec<&'static str>, Vec<Vec<String>>, Vec<String>)> {
    let files: [(&str, &[&str]); 6] = [
        ("classify.tsv", &[]),
        ("classify_nouffd.tsv", &["--config", "no-arch-uffd-wp"]),
        ("classify_nouserfaultfd.tsv", &["--config", "no-userfaultfd"]),
        ("classify_special_migration.tsv", &["--special", "migration"]),
        ("classify_special_device.tsv", &["--special", "device"]),
        ("classify_special_soft_dirty.tsv", &["--special", "soft-dirty"]),
    ];
    files.into_iter().map(|(file, options)| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(file);
        let text = std::fs::read_to_string(path).expect("vectors");
        let mut rows = text.lines().skip(1).map(|line| line.split('\t').map(str::to_string).collect::<Vec<_>>());
        let columns = rows.next().expect("column names");
        (options.to_vec(), rows.collect(), columns)
    })
}

#[test]
fn what_is_taught_agrees_with_the_kernels_own_predicates() {
    let mut checked = 0;
    for (options, rows, columns) in recorded() {
        let column = |name: &str| columns.iter().position(|c| c == name).expect(name);
        let ptes: Vec<String> = rows.iter().map(|row| format!("0x{}", row[0])).collect();
        let mut args = vec!["decode", "--json"];
        args.extend(&options);
        args.extend(ptes.iter().map(String::as_str));
        let all = json(&args);
        for (value, row) in all["values"].as_array().expect("values").iter().zip(&rows) {
            for flag in ["none", "present", "is_swap", "special", "has_swap_entry"] {
                assert_eq!(value[flag], row[column(flag)] == "1", "{flag} of {} in {options:?}", row[0]);
            }
            let entry = format!("type {}, offset 0x{}", row[column("swp_type")], row[column("swp_offset")]);
            let misread = |reader: &str| {
                let list = value["misreadings"].as_array().expect("misreadings");
                list.iter().find(|m| m["reader"] == reader).map(|m| m["result"].as_str().unwrap_or("").to_string())
            };
            for (reader, said) in [("pte_to_swp_entry()", entry), ("pte_pfn()", format!("0x{}:", row[column("pfn")]))] {
                if let Some(result) = misread(reader) {
                    assert!(result.starts_with(&said), "{reader} of {}: {result}, not {said}", row[0]);
                }
            }
            for (reader, flag) in [
                ("pte_write()", "write"),
                ("pte_special()", "pte_special"),
                ("pte_uffd_wp()", "uffd_wp"),
                ("pte_soft_dirty()", "soft_dirty"),
                ("pte_devmap()", "devmap"),
                ("pte_young()", "young"),
                ("pte_dirty()", "dirty"),
                ("pte_swp_soft_dirty()", "swp_soft_dirty"),
                ("pte_swp_uffd_wp()", "swp_uffd_wp"),
            ] {
                if let Some(result) = misread(reader) {
                    assert!(result.starts_with(&row[column(flag)]), "{reader} of {}: {result}", row[0]);
                }
            }
            checked += 1;
        }
    }
    assert!(checked > 4000, "{checked} values");
}

#[test]
fn no_text_is_wider_than_80_columns() {
    for (options, rows, _) in recorded() {
        let ptes: Vec<String> = rows.iter().map(|row| format!("0x{}", row[0])).collect();
        let mut args = vec!["decode"];
        args.extend(&options);
        args.extend(ptes.iter().map(String::as_str));
        assert_fits(&stdout(&args));
    }
    assert_fits(&stdout(&["decode", "18446744073709551615", "8000000000000025"]));
}
