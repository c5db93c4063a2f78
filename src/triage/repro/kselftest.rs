//! A program as a C program for a live kernel, in the TAP that kernel selftests print.
//!
//! Its table of steps is performed by a child process, and `/proc/PID/pagemap` is held against what the model says after each step. Operations that
//! user space cannot drive are refused here, with the reason; what the running kernel cannot do is a skip there.

mod plan;

use super::{Case, Refusal};
use crate::program::Program;
use plan::{Plan, Planned};
use std::fmt::Write;

/// The part of the file that is the same for every program.
const BODY: &str = include_str!("kselftest.c");

/// The file's source.
///
/// # Errors
///
/// The first step that user space cannot drive, and why.
pub(super) fn write(case: &Case<'_>) -> Result<String, Refusal> {
    let Program::World(program) = case.program else {
        return Err(Refusal("a raw program has no operations, expected a world program".to_string()));
    };
    let plan = Plan::new(program, case.environment).map_err(Refusal)?;
    Ok(text(case, &plan))
}

/// What stands before the tables.
const HEAD: &str = "\
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind {
\tVMA, UNMAP, READ, WRITE, MPROTECT, REGISTER, UNREGISTER, PROTECT, RESOLVE, MREMAP, CLEAR_REFS, PAGEMAP, SMAPS,
\tMINCORE, PAGEOUT, ADVISE, MLOCK, MUNLOCK, FORK, EXIT_CHILD
};
enum ending { DONE, TRAPPED, FAULTED, FAILED, KEPT, ANYTHING };
/* of a vma, and how it is registered */
enum { SHARED = 1, PRIVATE_FILE = 2, SECOND_FILE = 4, LOCKED = 8, SEQ_READ = 16, WP = 32, MISSING = 64 };

struct step {
\tconst char *line;
\tenum kind kind;
\tint page, len, to, prot, how;
\tint ending;
\tint first, end; /* its rows in expected[] */
};

/* pages first..end: these bits of pagemap, of which mask must be so */
struct expectation {
\tint first, end;
\tuint64_t bits, mask;
};

";

fn text(case: &Case<'_>, plan: &Plan) -> String {
    let mut text = String::from("// SPDX-License-Identifier: 0BSD\n/*\n");
    for line in case.head() {
        let _ = writeln!(text, " * {line}");
    }
    text.push_str(" *\n");
    for line in case.program.to_text().lines() {
        let _ = writeln!(text, " *     {line}");
    }
    text.push_str(
        " *\n * Performs that on the running kernel and checks /proc/PID/pagemap after each step. What must come is what the model of\n \
         * Linux v5.10 with the program's tree says.  cc -Wall -Wextra -Werror -pthread THIS.c && ./a.out\n \
         * Exit code: 0 pass, 1 fail, 4 skip.\n */\n",
    );
    text.push_str(HEAD);
    let mut rows = String::new();
    let mut count = 0;
    text.push_str("static const struct step steps[] = {\n");
    for step in &plan.steps {
        let first = count;
        for expectation in &step.expected {
            let (from, to) = &expectation.pages;
            let _ = writeln!(rows, "\t{{ {from}, {to}, {:#x}, {:#x} }},", expectation.bits, expectation.mask);
            count += 1;
        }
        let Planned { line, kind, page, len, to, prot, how, ending, .. } = step;
        let how = if how.is_empty() { "0" } else { how };
        let _ = writeln!(
            text,
            "\t{{ \"{line}\", {kind}, {page}, {len}, {to}, {prot}, {how}, {ending}, {first}, {count} }},"
        );
    }
    if rows.is_empty() {
        rows.push_str("\t{ 0, 0, 0, 0 },\n");
    }
    let yes = |flag: bool| flag as u8;
    let _ = write!(
        text,
        "}};\n\nstatic const struct expectation expected[] = {{\n{rows}}};\n\n\
         #define STEPS {}\n#define FORKS {}\n#define NEEDS_SOFT_DIRTY {}\n#define NEEDS_SWAP {}\n#define UFFD_FEATURES {}\n\n{BODY}",
        plan.steps.len(),
        yes(plan.forks),
        yes(plan.soft_dirty),
        yes(plan.swap),
        plan.features(),
    );
    text
}
