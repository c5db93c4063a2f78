//! A program as a C file against `ptefuzz.h`: its calls, each with the answer that must come.
//!
//! The file is linked to an implementation and ends with 1, saying what, where one of the answers is another. Sites are pure, so a call that a program
//! makes twice is asked once.

use super::{Case, Refusal};
use crate::lockstep::{Fault, Lockstep};
use crate::model::Model;
use crate::program::{Program, Record};
use crate::pte::{Class, Classification, Environment, X86_64};
use crate::site::{Answer, Call, Domain, SITES, SiteId, Use, Uses};
use crate::world::World;
use std::collections::HashSet;
use std::fmt::Write;

/// The part of the file that is the same for every program.
const BODY: &str = include_str!("repro.c");

/// A question with its place in the program.
enum Question {
    Call(Call, Answer),
    Classify(u64, Box<Classification>),
}

struct Row {
    step: usize,
    question: Question,
}

/// The file's source.
///
/// # Errors
///
/// What single calls do not show: a law that model and subject break alike, a collision, what is lost at a program's end, a range's aggregate.
pub(super) fn write(case: &Case<'_>) -> Result<String, Refusal> {
    let model = Model::new(case.environment);
    let rows = rows(case.program, &model, case.environment);
    if let Some((_, divergence)) = &case.found {
        refuse_what_calls_cannot_say(case, &rows, divergence.signature.fault)?;
    }
    if rows.is_empty() {
        return Err(Refusal("the program makes no call of its own, expected one that does".to_string()));
    }
    Ok(text(case, &rows, &model))
}

/// Every question of a program, each once.
fn rows(program: &Program, model: &Model, environment: Environment) -> Vec<Row> {
    let mut rows = Rows { rows: Vec::new(), seen: HashSet::new(), model };
    match program {
        Program::Raw(raw) => {
            for (index, record) in raw.records.iter().enumerate() {
                match record {
                    Record::Call(call) => rows.call(index, *call),
                    Record::Classify(pte) => {
                        let right = Box::new(model.classify(*pte));
                        rows.rows.push(Row { step: index, question: Question::Classify(*pte, right) });
                    }
                    Record::Range { site, entries, .. } => {
                        entries.iter().for_each(|(pte, p)| rows.entry(index, Call { site: *site, pte: *pte, p: *p }));
                    }
                }
            }
        }
        Program::World(program) => {
            let mut world = World::new(environment);
            world.run(program.tree, program.ops.iter().copied());
            let trace = world.trace();
            for (call, op) in trace.calls.iter().zip(&trace.op_of_call) {
                rows.call(*op as usize, *call);
            }
            for record in &trace.ranges {
                let range = trace.range(record);
                for (pte, p) in range.ptes.iter().zip(range.params) {
                    rows.entry(record.op as usize, Call { site: range.site, pte: *pte, p: *p });
                }
            }
        }
    }
    let mut rows = rows.rows;
    rows.sort_by_key(|row| row.step);
    rows
}

struct Rows<'a> {
    rows: Vec<Row>,
    seen: HashSet<Call>,
    model: &'a Model,
}

impl Rows<'_> {
    fn call(&mut self, step: usize, call: Call) {
        if self.seen.insert(call) {
            let right = self.model.answer(&call);
            self.rows.push(Row { step, question: Question::Call(call, right) });
        }
    }

    /// An entry of a range, asked by itself. khugepaged's scan is left out: its budgets span the entries.
    fn entry(&mut self, step: usize, call: Call) {
        if call.site != SiteId::KhugeScan {
            self.call(step, call);
        }
    }
}

fn refuse_what_calls_cannot_say(case: &Case<'_>, rows: &[Row], fault: Fault) -> Result<(), Refusal> {
    let refuse = |why: &str| Err(Refusal(format!("{}: {why}", case.title())));
    match fault {
        Fault::Law(_) => {
            return refuse("model and subject break the law alike, so that no answer in C could be the right one");
        }
        Fault::Collision => {
            return refuse("what is asked for has no encoding, so that no answer in C could be the right one");
        }
        Fault::Conservation(_) => return refuse("it shows at the end of a whole program and in no single call"),
        _ => {}
    }
    let mut subject = case.subject.build(case.environment).map_err(Refusal)?;
    let mut lockstep = Lockstep::new(Model::new(case.environment));
    let mut shows = false;
    for row in rows {
        match &row.question {
            Question::Call(call, _) if subject.sites().contains(call.site) => {
                lockstep.calls(&mut *subject, &[*call], |_, _, _| {}, &mut |_| shows = true);
            }
            Question::Call(..) => {}
            Question::Classify(pte, _) => lockstep.classify(&mut *subject, *pte, &mut |_| shows = true),
        }
    }
    if shows { Ok(()) } else { refuse("every call by itself is right, and the C interface has no ranges") }
}

fn text(case: &Case<'_>, rows: &[Row], model: &Model) -> String {
    let mut text = String::from("// SPDX-License-Identifier: 0BSD\n/*\n");
    for line in case.head() {
        let _ = writeln!(text, " * {line}");
    }
    text.push_str(" *\n");
    for line in case.program.to_text().lines() {
        let _ = writeln!(text, " *     {line}");
    }
    text.push_str(
        " *\n * Link it to your implementation (`ptefuzz header > ptefuzz.h` writes the header):\n \
         *     cc -Wall -Wextra -Werror -I. THIS.c implementation.c && ./a.out\n \
         * Exit code: 0 every answer is right, 1 one is wrong, 2 the implementation could not be asked.\n */\n",
    );
    let environment = case.environment;
    let special = environment.special.unwrap_or(0);
    let _ = write!(
        text,
        "#include <inttypes.h>\n#include <stdio.h>\n#include \"ptefuzz.h\"\n\n\
         #define CONFIG {}u\n#define SPECIAL {special:#x}ull\n\n{STRUCTS}",
        environment.config as u8
    );
    let steps = step_names(case.program);
    let lockstep = Lockstep::new(model.clone());
    text.push_str("static const struct call calls[] = {\n");
    let mut calls = 0;
    for row in rows {
        let Question::Call(call, right) = &row.question else { continue };
        calls += 1;
        let step = steps.get(row.step).map_or("", String::as_str);
        let _ = writeln!(
            text,
            "\t{{ {}, \"{step}\", \"{}\", {}, {:#x}, {:#x}, {:#x}, {:#x}, {:#x}, {:#x}, {:#x}, {:#x}, {:#x}, {:#x} }},",
            row.step + 1,
            SITES[call.site as usize].name,
            call.site as u32,
            call.pte,
            call.p[0],
            call.p[1],
            call.p[2],
            right.pte,
            right.outcome,
            right.aux,
            call.words_of(Domain::Pte).next().unwrap_or(call.pte),
            call.words_of(Domain::Prot).next().unwrap_or(X86_64.present),
            forbidden(&lockstep, model, call, right),
        );
    }
    if calls == 0 {
        text.push_str("\t{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },\n");
    }
    let _ = writeln!(text, "}};\n#define CALLS {calls}\n\nstatic const struct question questions[] = {{");
    let mut questions = 0;
    for row in rows {
        let Question::Classify(pte, right) = &row.question else { continue };
        questions += 1;
        let _ = writeln!(text, "\t{{ {}, {pte:#x}, {{ {} }} }},", row.step + 1, classification(right));
    }
    if questions == 0 {
        text.push_str("\t{ 0, 0, { 0 } },\n");
    }
    let _ = write!(text, "}};\n#define QUESTIONS {questions}\n\n{BODY}");
    text
}

/// The two tables' rows, before the tables.
const STRUCTS: &str = "\
struct call {
\tint step;
\tconst char *line;
\tconst char *site;
\tuint32_t op;
\tuint64_t pte, p0, p1, p2;
\tuint64_t right_pte, right_outcome, right_aux;
\tuint64_t found; /* a pte that the parameters name, or the call's own */
\tuint64_t prot; /* a protection that the parameters name, or one that is present */
\tuint64_t forbidden; /* uses that must not be made: bit class * 5 + use - 1 */
};

/* the columns of struct ptefuzz_classify, in its order */
#define COLUMNS 25
struct question {
\tint step;
\tuint64_t pte;
\tuint64_t right[COLUMNS];
};

";

/// The lines of a program that its steps stand on.
fn step_names(program: &Program) -> Vec<String> {
    match program {
        Program::World(world) => world.ops.iter().map(ToString::to_string).collect(),
        Program::Raw(_) => Vec::new(),
    }
}

/// The uses that lockstep would report for this call, one bit each.
fn forbidden(lockstep: &Lockstep, model: &Model, call: &Call, right: &Answer) -> u64 {
    let class = model.class(call.pte);
    let mut bits = 0;
    for used in Class::ALL {
        for kind in Use::ALL {
            let uses = Uses::one(kind, used);
            let wrong = Answer { uses, ..*right };
            let signature = lockstep.compare(call, class, right, &wrong);
            if signature.is_some_and(|signature| signature.fault == Fault::Use) {
                bits |= uses.0;
            }
        }
    }
    bits
}

/// A classification in the order of `struct ptefuzz_classify`, which begins with the class and goes on as [`Classification::COLUMNS`].
fn classification(right: &Classification) -> String {
    let values = std::iter::once(right.class as u64).chain(right.values());
    values.map(|value| format!("{value:#x}")).collect::<Vec<_>>().join(", ")
}
