//! What a library says of itself, and what ptefuzz makes of it.

use super::support::{Workshop, code, ptefuzz, signatures, stderr, stdout};

#[test]
fn sites_that_are_not_there_are_left_out_and_listed() {
    let Some(shop) = Workshop::new("lists") else { return };
    let (output, json) = shop.fuzz(&shop.library("", ""), "200");
    assert_eq!((code(&output), signatures(&json)), (0, Vec::new()));
    for word in ["45 of 46 sites", "fork_rfc17", "page_mkclean"] {
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
    assert!(!stderr(&output).contains(" move_soft_dirty"), "{}", stderr(&output));
}

#[test]
fn a_run_takes_the_special_value_that_the_library_was_built_for() {
    let Some(shop) = Workshop::new("special") else { return };
    let library = shop.library("uint64_t ptefuzz_special(void) { return 6; }", "");
    let (output, json) = shop.fuzz(&library, "300");
    assert_eq!(json["special"], "soft-dirty");
    // It still takes 4 for the special pte: now 6 is, and 4 is a swap pte like any other.
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(
        signatures(&json).contains(&"move_soft_dirty/pte/swap->special".to_string()) || !signatures(&json).is_empty()
    );
}

#[test]
fn predicates_are_compared_where_the_library_has_them() {
    let Some(shop) = Workshop::new("classify") else { return };
    let top = "void ptefuzz_classify(uint64_t pte, struct ptefuzz_classify *out) { memset(out, 0, sizeof *out); out->none = !(pte & ~0x60ull); \
               out->cls = out->none ? PTEFUZZ_CLASS_NONE : PTEFUZZ_CLASS_PRESENT; }";
    let (_, json) = shop.fuzz(&shop.library(top, ""), "300");
    assert!(signatures(&json).iter().any(|s| s == "classify/predicate/swap->present"), "{:?}", signatures(&json));
    let crash = "void ptefuzz_classify(uint64_t pte, struct ptefuzz_classify *out) { (void)pte; (void)out; abort(); }";
    let (_, json) = shop.fuzz(&shop.library(crash, ""), "20");
    assert_eq!(signatures(&json), ["classify/crash/SIGABRT"]);
}

#[test]
fn uses_are_compared_where_the_library_reports_them() {
    let Some(shop) = Workshop::new("uses") else { return };
    let top = "static ptefuzz_reporter tell; void ptefuzz_set_reporter(ptefuzz_reporter report) { tell = report; }";
    let (_, clean) =
        shop.fuzz(&shop.library(top, "if (pte & 0x101) tell(PTEFUZZ_USE_PRESENT_FLAG, pte, \"here\")"), "500");
    assert_eq!(signatures(&clean), Vec::<String>::new());
    let (_, json) = shop.fuzz(&shop.library(top, "if (!(pte & 0x101)) tell(PTEFUZZ_USE_DECODE, pte, \"here\")"), "500");
    assert!(signatures(&json).contains(&"move_soft_dirty/use/decode:special".to_string()), "{:?}", signatures(&json));
}

#[test]
fn vectors_skip_the_files_of_environments_that_the_library_is_not_built_for() {
    let Some(shop) = Workshop::new("vectors") else { return };
    let subject = shop.subject(&shop.library("", ""));
    let files = ["tests/vectors/transitions.tsv", "tests/vectors/transitions_nouffd.tsv"];
    let output = ptefuzz(&[&["vectors", "--subject", &subject], &files[..]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("600 rows, 0 mismatches, 17923 skipped"), "{}", stdout(&output));
    assert!(stdout(&output).contains("not for config=uffd-wp special=0x4: skipped"), "{}", stdout(&output));
    let none = ptefuzz(&["vectors", "--subject", &subject, files[1]]);
    assert_eq!(code(&none), 2, "a check of nothing is no success");
}

#[test]
fn in_process_a_library_answers_as_in_a_child() {
    let Some(shop) = Workshop::new("inside") else { return };
    let library = shop.library("", "if (pte == 4) { out->pte = 6; out->outcome = 0; out->aux = 0; return 0; }");
    let run = |more: &[&str]| {
        let (_, mut json) = shop.fuzz_with(&library, "500", more);
        json.as_object_mut().expect("an object").retain(|key, _| !key.contains("second"));
        json
    };
    let outside = run(&[]);
    assert_eq!(outside, run(&["--in-process"]));
    assert!(!signatures(&outside).is_empty());
}

#[test]
fn programs_of_operations_are_judged_alike_in_a_child_and_in_process() {
    let Some(shop) = Workshop::new("inside-sequence") else { return };
    let library = shop.library("", "if (pte == 4) { out->pte = 6; out->outcome = 0; out->aux = 0; return 0; }");
    let run = |more: &[&str]| {
        let subject = shop.subject(&library);
        let arguments = ["fuzz", "--seed", "1", "--jobs", "1", "--execs", "2000", "--json", "--subject", &subject];
        let output = ptefuzz(&[&arguments[..], more].concat());
        let mut json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        json.as_object_mut().expect("an object").retain(|key, _| !key.contains("second"));
        json
    };
    let outside = run(&[]);
    assert_eq!(outside, run(&["--in-process"]));
    assert_eq!(signatures(&outside), ["move_soft_dirty/pte/special->swap"]);
}

#[test]
fn the_child_is_no_command_for_people() {
    let output = ptefuzz(&["foreign-child", "lib.so"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("started by ptefuzz itself"), "{}", stderr(&output));
    assert!(!stdout(&ptefuzz(&["--help"])).contains("foreign-child"));
}
