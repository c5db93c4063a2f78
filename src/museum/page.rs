//! The museum as a page for people: `docs/MUSEUM.md`, made from the table of bugs and from what the oracles say of them.

use super::{Bug, Caught, MUSEUM, OUT, Source, vector_rows};
use crate::pte::Special;
use crate::site::Site;
use crate::vectors::VectorFile;
use std::fmt::Write;

const HEAD: &str = "\
# The museum

<!-- Made from the code's own tables by `cargo run --release --example museum_page > docs/MUSEUM.md`; a test holds it current. -->

Known bugs of pte code, each planted alone in the bit-packed implementation, with what the fuzzer needs to find it. Three kinds: the hunks of RFC
07/30 taken back one at a time (H), callers that the patch missed (R), and what went wrong in the kernel's history (M). A bug is one wrong function
for one site; a letter behind a number where one fix mended several sites.

    ptefuzz museum                                   hunt them all, 60 s each at most
    ptefuzz museum --bug mremap-marks-special        one of them
    ptefuzz fuzz --subject bug:mremap-marks-special  as a subject of any other command
    ptefuzz replay --subject bug:H12 corpus/crashes/mremap-marks-special.pte

`reached` counts calls of the bug's site, `triggered` those in which the wrong function answered otherwise or made another use, and `detected` says
whether lockstep reported it at its site. A divergence at another site is a miss, and so is the end of the time.

Bugs compose: `bug:H12+hmm-decodes-special` has both. A site has one function, so of two bugs at one site the one named last stands.

`corpus/crashes/` has one minimised program for each, with its signature; `cargo test` replays it against its bug and against packed.

## How each is caught

Each oracle asked alone, over generated calls of the site. *Value*: a pte, an outcome or an auxiliary word, under the special value 0x4 and under
those that decode to a migration entry (m), to a device entry (d), and with the soft-dirty bit (s); of H08 under m it is the handler that memcg
enters, a witness of ours. *Use*: an unexpected use of a pte, every value right. *Total*: an aggregate of a range, every entry right. *Laws*: those that
speak up when model and subject have the bug alike; *conservation laws*: those that do when the small mm itself believes the bug. *Rows*: so many of
the recorded answers of the kernel's own functions would have caught it.

| bug | site | 0x4 | m | d | s | use | total | laws | conservation laws | rows |
|---|---|---|---|---|---|---|---|---|---|---|
";

/// The whole page; `files` are the recorded answers.
pub fn page(files: &[VectorFile]) -> String {
    let mut page = HEAD.to_string();
    for bug in &MUSEUM {
        let caught = Caught::of(bug);
        let mark = |yes: bool| if yes { "+" } else { "." };
        let value: Vec<_> = (0..Special::ALL.len()).map(|i| mark(caught.value[i])).collect();
        let names = |laws: &[&str]| if laws.is_empty() { ".".to_string() } else { laws.join(", ") };
        let _ = writeln!(
            page,
            "| {} {} | {} | {} | {} | {} | {} | {} | {} |",
            bug.id,
            bug.slug,
            Site::of(bug.site).name,
            value.join(" | "),
            mark(caught.by_use),
            mark(caught.aggregate),
            names(&caught.laws),
            names(&caught.conservation),
            vector_rows(bug, files)
        );
    }
    page.push_str("\n## Each of them\n");
    for bug in &MUSEUM {
        page.push_str(&paragraph(bug));
    }
    page.push_str("\n## Candidates that are out\n\n| candidate | why | |\n|---|---|---|\n");
    for out in &OUT {
        let _ = writeln!(page, "| {} {} | {} | {} |", out.id, out.slug, out.why.words(), out.note);
    }
    page
}

/// What there is to say of one bug.
fn paragraph(bug: &Bug) -> String {
    let mut text = format!("\n### {} {}\n\n", bug.id, bug.slug);
    let _ = writeln!(text, "{}.\n", upper(bug.mistake));
    let _ = writeln!(text, "* Users: {}.", bug.harm);
    let _ = writeln!(text, "* Fixed: {}.", bug.fixed);
    let _ = match bug.source {
        Source::Commit(id) => writeln!(text, "* Commit: {id}."),
        Source::Message(id) if id.contains('@') && !id.contains(' ') => writeln!(text, "* Message: {id}."),
        Source::Message(what) => writeln!(text, "* Source: {what}."),
    };
    if let Some(cve) = bug.cve {
        let _ = writeln!(text, "* {cve}.");
    }
    if !bug.also.is_empty() {
        let _ = writeln!(text, "* The same bug in the list of candidates: {}.", bug.also.join(", "));
    }
    if let Some(reason) = bug.raw_only {
        let _ = writeln!(text, "* By raw programs only: {reason}.");
    }
    text
}

fn upper(text: &str) -> String {
    // Function names keep their case.
    match text.split_once(' ') {
        Some((first, _)) if first.contains('(') => text.to_string(),
        _ => text[..1].to_ascii_uppercase() + &text[1..],
    }
}
