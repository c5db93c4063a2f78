//! What is no library that can be fuzzed: one message with what was found and what was expected, exit code 2.

use super::support::{Workshop, code, ptefuzz, stderr, stdout};
use std::path::Path;

/// Every command that takes a subject refuses this one with these words.
fn is_refused(library: &Path, words: &[&str]) {
    let subject = format!("foreign:{}", library.display());
    let commands: [&[&str]; 5] = [
        &["fuzz", "--execs", "10"],
        &["fuzz", "--execs", "10", "--in-process"],
        &["vectors", "tests/vectors/classify.tsv"],
        &["replay", "docs/special.pte"],
        &["minimize", "docs/special.pte"],
    ];
    for command in commands {
        let output = ptefuzz(&[command, &["--subject", &subject]].concat());
        let error = stderr(&output);
        assert_eq!((code(&output), stdout(&output).as_str()), (2, ""), "{command:?}: {error}");
        assert_eq!(error.trim_end().lines().count(), 1, "one message: {error}");
        for word in words.iter().chain([&"foreign:"]) {
            assert!(error.contains(word), "{command:?}: no \"{word}\" in: {error}");
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_refused() {
    is_refused(Path::new("/nowhere/lib.so"), &["cannot open", "No such file"]);
}

#[test]
fn a_file_that_is_no_library_is_refused() {
    is_refused(Path::new("README.md"), &["no ELF file", "expected a shared library"]);
}

#[test]
fn a_program_and_an_object_file_are_refused() {
    let Some(shop) = Workshop::new("program") else { return };
    let program = shop.compile("program", "int main(void) { return 0; }", &["-no-pie"]);
    is_refused(&program, &["found a program", "-shared"]);
    let object = shop.compile("object.o", "int x;", &["-c"]);
    is_refused(&object, &["found an object file", "-shared"]);
}

#[test]
fn a_library_for_another_machine_is_refused_by_name() {
    let Some(shop) = Workshop::new("machine") else { return };
    let library = shop.library("", "");
    let mut bytes = std::fs::read(&library).expect("the library");
    // e_machine: aarch64, or x86_64 on that.
    let other = if bytes[18] == 183 { 62 } else { 183 };
    bytes[18] = other;
    let path = shop.dir.join("other.so");
    std::fs::write(&path, bytes).expect("written");
    is_refused(&path, &[if other == 183 { "aarch64" } else { "x86_64" }, "expected one for"]);
}

#[test]
fn a_library_that_is_cut_short_is_refused() {
    let Some(shop) = Workshop::new("short") else { return };
    let bytes = std::fs::read(shop.library("", "")).expect("the library");
    for length in [10, 20, 200] {
        let path = shop.dir.join("short.so");
        std::fs::write(&path, &bytes[..length]).expect("written");
        is_refused(&path, &[]);
    }
}

#[test]
fn a_library_without_the_two_functions_is_refused_by_the_name_of_the_missing_one() {
    let Some(shop) = Workshop::new("missing") else { return };
    let none = shop.compile("none.so", "int x;", &["-shared", "-fPIC"]);
    is_refused(&none, &["found no ptefuzz_abi_version()", "ptefuzz_apply()"]);
    let one = shop.compile("one.so", "unsigned ptefuzz_abi_version(void) { return 1; }", &["-shared", "-fPIC"]);
    is_refused(&one, &["found no ptefuzz_apply()"]);
}

#[test]
fn a_library_that_lacks_a_function_of_its_own_is_refused_by_that_function() {
    let Some(shop) = Workshop::new("undefined") else { return };
    is_refused(&shop.library("int elsewhere(void);", "elsewhere()"), &["cannot load", "elsewhere"]);
}

#[test]
fn a_library_of_another_version_of_the_abi_is_refused_with_both_versions() {
    let Some(shop) = Workshop::new("version") else { return };
    is_refused(&shop.library("#define VERSION 77", ""), &["version 77", "expected 1", "ptefuzz header"]);
}

#[test]
fn a_library_that_has_no_site_at_all_is_refused() {
    let Some(shop) = Workshop::new("nothing") else { return };
    is_refused(&shop.library("", "return -1"), &["-1 of every site"]);
}

#[test]
fn a_library_that_says_what_cannot_be_is_refused() {
    let Some(shop) = Workshop::new("facts") else { return };
    is_refused(
        &shop.library("uint32_t ptefuzz_config(void) { return 9; }", ""),
        &["ptefuzz_config() says 9", "expected"],
    );
    let present = shop.library("uint64_t ptefuzz_special(void) { return 1; }", "");
    is_refused(&present, &["ptefuzz_special() says 0x1", "expected"]);
}

#[test]
fn a_library_that_ends_its_process_while_it_is_loaded_is_refused_with_what_it_printed() {
    let Some(shop) = Workshop::new("constructor") else { return };
    let top = "__attribute__((constructor)) static void begin(void) { fputs(\"no licence\\n\", stderr); _exit(3); }";
    let subject = shop.subject(&shop.library(top, ""));
    let output = ptefuzz(&["fuzz", "--execs", "10", "--subject", &subject]);
    assert_eq!(code(&output), 2);
    for word in ["while it loaded", "exit 3", "no licence"] {
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
}

#[test]
fn a_library_that_never_ends_loading_is_refused() {
    let Some(shop) = Workshop::new("endless") else { return };
    let top = "__attribute__((constructor)) static void begin(void) { for (;;) __asm__ volatile(\"\"); }";
    let subject = shop.subject(&shop.library(top, ""));
    let output = ptefuzz(&["fuzz", "--execs", "10", "--call-time", "20ms", "--subject", &subject]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did not load within"), "{}", stderr(&output));
}

#[test]
fn an_environment_that_the_library_was_not_built_for_is_refused() {
    let Some(shop) = Workshop::new("environment") else { return };
    let subject = shop.subject(&shop.library("", ""));
    let output = ptefuzz(&["fuzz", "--execs", "10", "--special", "device", "--subject", &subject]);
    assert_eq!(code(&output), 2);
    for word in ["special=0x4", "expected", "special=0xffffffffffdb9604"] {
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
}
