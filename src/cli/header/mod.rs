//! `ptefuzz header`: the C header of the ABI, made from the site table.
//!
//! Numbers, parameter bits, events and the words about them come from the tables that the fuzzer itself runs on; `names` holds what C calls
//! them where that does not follow from the table, `fixed` the structures and functions, `sites` and `values` write the parts.

mod fixed;
mod names;
mod sites;
mod values;
mod write;

use clap::Args;

use super::Verdict;
use super::error::{Failure, print_json, print_out};
use write::Header;

/// Print the C header that an implementation under test is written against
///
/// A shared library with two functions can be fuzzed: ptefuzz_apply() and ptefuzz_abi_version(). The header says what each site is asked, in
/// which bits, and how it answers; it is made from the tables behind `ptefuzz sites`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ptefuzz header > ptefuzz.h
  ptefuzz header --shim > ptefuzz_shim.h
  ptefuzz header | cc -std=c99 -Wall -Wextra -fsyntax-only -x c -")]
pub struct Options {
    /// Print ptefuzz_shim.h instead: kernel types, accessors and stubs, so that a kernel function compiles in user space
    #[arg(long)]
    shim: bool,

    /// Print one JSON object on standard output: the header's text and its ABI version
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Standard output that cannot be written to.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let text = if options.shim { SHIM.to_string() } else { text() };
    if options.json {
        print_json(&serde_json::json!({ "abi_version": fixed::ABI_VERSION, "header": text }))?;
    } else {
        print_out(&text)?;
    }
    Ok(Verdict::Clean)
}

/// What a kernel function needs around it in user space; its own text, kept where the examples that use it stand.
const SHIM: &str = include_str!("../../../examples/c/ptefuzz_shim.h");

/// The whole header.
fn text() -> String {
    let mut header = Header::default();
    fixed::opening(&mut header);
    values::classes(&mut header);
    fixed::structures(&mut header);
    sites::numbers(&mut header);
    fixed::functions(&mut header);
    values::environment(&mut header);
    fixed::optional(&mut header);
    sites::parameters(&mut header);
    sites::choices(&mut header);
    sites::outcomes(&mut header);
    values::events(&mut header);
    values::named(&mut header);
    fixed::closing(&mut header);
    header.into_text()
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn no_name_is_defined_twice() {
        let text = text();
        let mut names: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("#define ")?.split_whitespace().next()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn no_line_is_wider_than_a_line_of_this_code() {
        for line in text().lines() {
            assert!(line.len() <= 120, "{line}");
        }
    }
}
