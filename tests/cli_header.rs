//! `ptefuzz header`: its output is the C ABI that libraries were built against, and a compiler takes it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Every name of the ABI: a macro or enumerator with its value, or what else it is.
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

/// The lines of the ABI as (name, value or kind).
fn abi() -> impl Iterator<Item = (&'static str, &'static str)> {
    ABI.lines().map(|line| line.split_once('\t').unwrap())
}

fn of_kind(kind: &str) -> Vec<&'static str> {
    abi().filter(|(_, what)| *what == kind).map(|(name, _)| name).collect()
}

fn values() -> BTreeMap<&'static str, u64> {
    abi().filter_map(|(name, what)| Some((name, u64::from_str_radix(what.strip_prefix("0x")?, 16).unwrap()))).collect()
}

#[test]
fn strict_c99_takes_the_header_without_a_warning() {
    let arguments = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-x", "c", "-"];
    if let Some(output) = compile("cc", &arguments, &header()) {
        assert_compiles(&output);
    }
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
fn every_macro_and_enumerator_has_the_value_of_the_abi() {
    let expected = values();
    assert_eq!(expected.len(), 350);
    let mut program = format!("#include <stdio.h>\n{}\nint main(void) {{\n", header());
    for name in expected.keys() {
        program += &format!("  printf(\"{name} %llx\\n\", (unsigned long long){name});\n");
    }
    program += "  return 0;\n}\n";
    let binary = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("abi_values");
    let Some(output) = compile("cc", &["-x", "c", "-", "-o", binary.to_str().unwrap()], &program) else { return };
    assert_compiles(&output);
    let printed = Command::new(&binary).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let found: BTreeMap<&str, u64> = printed
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, value)| (name, u64::from_str_radix(value, 16).unwrap()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_header_defines_nothing_that_the_abi_does_not_have() {
    let known = values();
    let text = header();
    let defined = text.lines().filter_map(|line| line.strip_prefix("#define ")?.split_whitespace().next());
    let enumerated = text.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("  ")?.split_once(" = ")?;
        (name.starts_with("PTEFUZZ_") && value.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
    });
    let names: Vec<&str> = defined.chain(enumerated).filter(|name| *name != "PTEFUZZ_H").collect();
    let unknown: Vec<_> = names.iter().filter(|name| !known.contains_key(**name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert_eq!(names.len(), known.len());
}

#[test]
fn every_function_of_the_abi_is_declared_with_its_type() {
    let functions = of_kind("function");
    assert_eq!(functions.len(), 6);
    let signatures = [
        ("ptefuzz_apply", "int (*)(uint32_t, uint64_t, uint64_t, uint64_t, uint64_t, struct ptefuzz_result *)"),
        ("ptefuzz_abi_version", "uint32_t (*)(void)"),
        ("ptefuzz_classify", "void (*)(uint64_t, struct ptefuzz_classify *)"),
        ("ptefuzz_config", "uint32_t (*)(void)"),
        ("ptefuzz_special", "uint64_t (*)(void)"),
        ("ptefuzz_set_reporter", "void (*)(void (*)(uint32_t, uint64_t, const char *))"),
    ];
    let mut program = header();
    for name in functions {
        let (_, signature) = signatures.iter().find(|(known, _)| *known == name).unwrap();
        // Initialising a pointer of another type is an error under -Werror.
        let pointer = signature.replacen("(*)", &format!("(*{name}_is)"), 1);
        program += &format!("{pointer} = {name};\n");
    }
    if let Some(output) = compile("cc", &["-Werror", "-fsyntax-only", "-x", "c", "-"], &program) {
        assert_compiles(&output);
    }
}

#[test]
fn structures_enumerations_and_types_of_the_abi_exist_with_the_sizes_that_libraries_have() {
    let mut program = header();
    for kind in ["struct", "enum"] {
        for name in of_kind(kind) {
            program += &format!("extern char size_of_{kind}_{name}[sizeof({kind} {name})];\n");
        }
    }
    for name in of_kind("typedef") {
        program += &format!("{name} variable_of_{name};\n");
    }
    for (what, bytes) in [
        ("sizeof(struct ptefuzz_result)", 24),
        ("sizeof(struct ptefuzz_classify)", 40),
        ("__builtin_offsetof(struct ptefuzz_result, outcome)", 8),
        ("__builtin_offsetof(struct ptefuzz_result, aux)", 16),
        ("__builtin_offsetof(struct ptefuzz_classify, swp_type)", 13),
        ("__builtin_offsetof(struct ptefuzz_classify, devmap)", 22),
        ("__builtin_offsetof(struct ptefuzz_classify, swp_offset)", 24),
        ("__builtin_offsetof(struct ptefuzz_classify, pfn)", 32),
    ] {
        program += &format!("_Static_assert({what} == {bytes}, \"{what}\");\n");
    }
    if let Some(output) = compile("cc", &["-std=gnu11", "-Werror", "-fsyntax-only", "-x", "c", "-"], &program) {
        assert_compiles(&output);
    }
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
