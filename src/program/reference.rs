//! The reference page of the text form, made from the tables: `docs/PROGRAMS.md`.

use super::operation::{ACCIDENTS, OPERATIONS, Operation, Shape};
use crate::site::SITES;
use std::fmt::Write;

const HEAD: &str = "\
# The text form of programs

<!-- Made from the code's own tables by `cargo run --example program_reference > docs/PROGRAMS.md`; a test holds it current. -->

A program is a file of lines. Everything from `#` to the end of a line is a comment. Numbers are decimal, or hexadecimal after `0x`; `_` may
stand between digits. The first line says format and version:

    ptefuzz 1          a world program: operations on a small mm
    ptefuzz 1 raw      a raw program: site calls with every parameter in full

`ptefuzz disasm FILE` prints any program in canonical text, `ptefuzz asm FILE` makes its bytes, `ptefuzz replay FILE` runs it step by step.

## World programs

    ptefuzz 1
    vma 0..16 shmem-shared rw uffd-wp
    write 3
    uffd-wp 3
    zap 3 keep-marker          # leaves the special pte
    mremap 3 -> 40 event
    pagemap 40

A line `tree series` or `tree 07` may come before the first operation. `07` (the default) is the tree of the patch: v5.10 with RFC 02, 06 and
07/30, its unhunked callers among them. `series` is the tree with the later patches' corrected sites, in which special ptes are born, live and end.

There are 1024 pages in two page tables; pages from 512 on are the second table, which is a child's after `fork`. A range is `first..end`, `end` not
included, within one table; a range of one page is its number. Everything starts empty.

Options may come in any order; of a choice (words joined by `|`) the first is taken where none is given. `fail=ACCIDENT` says what goes wrong the first
time: a fact that no state of the small mm decides.

An operation on one page makes single site calls; over several pages of one vma, sites that have a range form are called with the whole range.

| operation | what it does | sites | facts passed | truth |
|---|---|---|---|---|
";

const TAIL: &str = "
## Raw programs

    ptefuzz 1 raw
    move_soft_dirty 0x4
    change_prot 0x8000000012345067 uffd_wp newprot=SHARED
    classify 0x24
    range khuge_scan max_swap=64 max_none=511 max_shared=256
      0xff7ffffffffe00
      0x4 uffd_armed
    end

A call is a site's name, a pte, the flags that are set, and the values that are not 0 as `name=value`; page protections may be named (`NONE`, `READONLY`,
`SHARED`, `READONLY_EXEC`, `SHARED_EXEC`). `classify` asks every predicate. A range is a site, its budgets (khugepaged's scan only), and up to 512
entries until `end`. `ptefuzz sites NAME` says a site's flags, values and domain.

| site | flags and values |
|---|---|
";

/// The whole page.
pub fn reference() -> String {
    let mut page = HEAD.to_string();
    for row in &OPERATIONS {
        let sites: Vec<_> = row.sites.iter().map(|id| SITES[*id as usize].name).collect();
        let facts = if row.facts.is_empty() { "-" } else { row.facts };
        let sites = if sites.is_empty() { "-".to_string() } else { sites.join(", ") };
        let _ = writeln!(page, "| `{}` | {} | {sites} | {facts} | {} |", syntax(row), row.meaning, row.truth);
    }
    page.push_str(TAIL);
    for site in &SITES {
        let fields: Vec<_> =
            site.fields.iter().map(|f| if f.bits == 1 { f.name.to_string() } else { format!("{}=", f.name) }).collect();
        let fields = if fields.is_empty() { "-".to_string() } else { fields.join(" ") };
        let _ = writeln!(page, "| `{}` | {fields} |", site.name);
    }
    page
}

/// How an operation is written, such as `mremap PAGES -> PAGE [event]`.
fn syntax(row: &Operation) -> String {
    let mut text = row.name.to_string();
    text.push_str(match row.shape {
        Shape::Page => " PAGE",
        Shape::Range => " PAGES",
        Shape::Move => " PAGES -> PAGE",
        Shape::Whole => "",
    });
    for option in row.options {
        let words = if option.words.is_empty() { option.name.to_string() } else { option.words.join("\\|") };
        let _ = write!(text, " [{words}]");
    }
    if !row.accidents.is_empty() {
        let names: Vec<_> = row.accidents.iter().map(|a| ACCIDENTS[*a as usize]).collect();
        let _ = write!(text, " [fail={}]", names.join("\\|"));
    }
    text
}
