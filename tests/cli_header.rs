//! What can be done with the output of `ptefuzz header`; that its names and values are the ABI's is checked in `cli_teach/header.rs`.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Every name of the ABI, in the first column.
const ABI: &str = include_str!("data/abi.tsv");

fn header() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ptefuzz")).arg("header").output().unwrap();
    assert!(output.status.success());
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a compiler with a program on its standard input; nothing if there is no such compiler.
fn compile(compiler: &str, arguments: &[&str], program: &str) -> Option<Output> {
    let child = Command::new(compiler)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("test skipped: no compiler `{compiler}` here");
        return None;
    };
    child.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
    Some(child.wait_with_output().unwrap())
}

fn assert_compiles(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn cpp_takes_the_header_old_and_new() {
    for standard in ["-std=c++11", "-std=c++17"] {
        let arguments = [standard, "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-x", "c++", "-"];
        if let Some(output) = compile("c++", &arguments, &header()) {
            assert_compiles(&output);
        }
    }
}

#[test]
fn the_header_can_be_included_twice() {
    if let Some(output) = compile("cc", &["-Werror", "-fsyntax-only", "-x", "c", "-"], &header().repeat(2)) {
        assert_compiles(&output);
    }
}

#[test]
fn the_header_defines_nothing_that_the_abi_does_not_have() {
    let known: Vec<&str> = ABI.lines().filter_map(|line| line.split('\t').next()).collect();
    let text = header();
    let defined = text.lines().filter_map(|line| line.strip_prefix("#define ")?.split_whitespace().next());
    let enumerated = text.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("  ")?.split_once(" = ")?;
        (name.starts_with("PTEFUZZ_") && value.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
    });
    let names: Vec<&str> = defined.chain(enumerated).filter(|name| *name != "PTEFUZZ_H").collect();
    let unknown: Vec<_> = names.iter().filter(|name| !known.contains(*name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let macros_and_enumerators = known.iter().filter(|name| name.starts_with("PTEFUZZ_")).count();
    assert_eq!(names.len(), macros_and_enumerators);
}

#[test]
fn a_library_written_against_the_header_compiles() {
    let library = "
        uint32_t ptefuzz_abi_version(void) { return PTEFUZZ_ABI_VERSION; }
        int ptefuzz_apply(uint32_t op, uint64_t pte, uint64_t p0, uint64_t p1, uint64_t p2, struct ptefuzz_result *out) {
          (void)p1; (void)p2;
          if (op != PTEFUZZ_PVMW || p0 & PTEFUZZ_TU_ALL) return -1;
          out->pte = pte; out->outcome = PTEFUZZ_EV_STORE; out->aux = 0;
          return 0;
        }";
    let arguments = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c", "-"];
    if let Some(output) = compile("cc", &arguments, &(header() + library)) {
        assert_compiles(&output);
    }
}
