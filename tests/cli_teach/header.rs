//! `ptefuzz header`, compiled and held against every name and value of the ABI (`tests/data/abi.tsv`).

use super::stdout;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The names and values that the header must give. A value with a parenthesis is the type of a function.
const ABI: &str = include_str!("../data/abi.tsv");

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    ABI.lines().skip(1).map(|line| line.split_once('\t').expect("a name and a value"))
}

/// Whether a compiler is here; if not, says that the test is skipped.
fn has_compiler(name: &str) -> bool {
    let found = Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: `{name}` is not here, and this test compiles the generated header");
    }
    found
}

/// A directory of this test's own with the generated header in it.
fn directory(test: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("header-{test}"));
    std::fs::create_dir_all(&directory).expect("a directory");
    std::fs::write(directory.join("ptefuzz.h"), stdout(&["header"])).expect("the header written");
    directory
}

/// Runs a compiler in a directory, which must have nothing to say.
fn compile(directory: &Path, compiler: &str, args: &[&str]) {
    let output = Command::new(compiler).args(args).current_dir(directory).output().expect("the compiler runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{compiler} {args:?}: {said}");
}

#[test]
fn the_header_compiles_as_strict_c99() {
    if has_compiler("cc") {
        let strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-x", "c", "ptefuzz.h"];
        compile(&directory("c99"), "cc", &strict);
    }
}

#[test]
fn the_header_compiles_as_cpp() {
    if has_compiler("c++") {
        let strict = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-x", "c++", "ptefuzz.h"];
        compile(&directory("cpp"), "c++", &strict);
    }
}

#[test]
fn every_name_of_the_abi_has_its_value() {
    if !has_compiler("cc") {
        return;
    }
    let directory = directory("values");
    let mut program =
        String::from("#include <stddef.h>\n#include <stdio.h>\n#include \"ptefuzz.h\"\nint main(void) {\n");
    for (name, _) in rows().filter(|(_, value)| !value.contains('(')) {
        program += &format!("  printf(\"%s\\t0x%llx\\n\", \"{name}\", (unsigned long long)({name}));\n");
    }
    program += "  return 0;\n}\n";
    std::fs::write(directory.join("values.c"), program).expect("the program written");
    compile(&directory, "cc", &["-std=c99", "-Wall", "-Werror", "values.c", "-o", "values"]);
    let output = Command::new(directory.join("values")).output().expect("the program runs");
    let found = String::from_utf8(output.stdout).expect("UTF-8");
    let expected: Vec<String> =
        rows().filter(|(_, value)| !value.contains('(')).map(|(name, value)| format!("{name}\t{value}")).collect();
    assert_eq!(found.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn every_function_of_the_abi_has_its_type() {
    if !has_compiler("cc") {
        return;
    }
    let directory = directory("functions");
    let mut program = String::from("#include \"ptefuzz.h\"\n");
    for (name, kind) in rows().filter(|(_, value)| value.contains('(')) {
        let (answer, parameters) = kind.split_once('(').expect("a function type");
        program += &format!("{answer} (*check_{name})({parameters} = {name};\n");
    }
    std::fs::write(directory.join("functions.c"), program).expect("the program written");
    compile(
        &directory,
        "cc",
        &["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "functions.c"],
    );
}

#[test]
fn the_header_defines_no_macro_that_the_abi_does_not_have() {
    let header = stdout(&["header"]);
    let macros = header.lines().filter_map(|line| line.strip_prefix("#define ")?.split(' ').next());
    for name in macros.filter(|name| *name != "PTEFUZZ_H") {
        assert!(rows().any(|(known, _)| known == name), "{name}");
    }
}

#[test]
fn the_header_is_made_for_people_too() {
    let header = stdout(&["header"]);
    let widest = header.lines().map(str::len).max().unwrap_or(0);
    assert!(widest <= 120, "{widest} columns are too many for a header");
    assert!(header.contains("change_pte_range() in mm/mprotect.c"));
    assert_eq!(header, stdout(&["header"]));
}
