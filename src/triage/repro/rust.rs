//! A program as a `#[test]` for a Rust project that has this crate among its dev-dependencies.

use super::{Case, environment_expression, identifier};
use crate::pte::Config;
use crate::subjects::SubjectName;

/// The test's source.
pub(super) fn write(case: &Case<'_>) -> String {
    let head: String = case.head().iter().map(|line| format!("// {line}\n")).collect();
    let name = identifier(&case.title());
    let environment = environment_expression(case.environment);
    let choice = if case.environment.config == Config::UffdWp { "Special" } else { "Config" };
    let (import, subject) = match case.subject {
        SubjectName::Packed => ("", "ptefuzz::packed::Packed::observed(environment)".to_string()),
        SubjectName::Model => ("", "ptefuzz::model::Model::new(environment)".to_string()),
        other => (
            "use ptefuzz::subjects::SubjectName;\n",
            format!(
                "let name: SubjectName = \"{}\".parse().expect(\"a subject\");\n    name.build(environment).expect(\"the subject\")",
                other.to_string().escape_default()
            ),
        ),
    };
    let result = if import.is_empty() { "impl Subject" } else { "Box<dyn Subject>" };
    let asked = if import.is_empty() { "&mut subject(environment)" } else { "&mut *subject(environment)" };
    let collisions = if case.collisions { ".reporting_collisions(true)" } else { "" };
    format!(
        "// SPDX-License-Identifier: 0BSD\n\
         {head}\
         \n\
         use ptefuzz::engine::Runner;\n\
         use ptefuzz::lockstep::{{Subject, explain::explain}};\n\
         use ptefuzz::program::Program;\n\
         use ptefuzz::pte::{{Environment, {choice}}};\n\
         {import}\
         \n\
         /// The implementation under test: put yours here.\n\
         fn subject(environment: Environment) -> {result} {{\n    \
             {subject}\n\
         }}\n\
         \n\
         const PROGRAM: &str = r\"{}\";\n\
         \n\
         #[test]\n\
         fn {name}() {{\n    \
             let environment = {environment};\n    \
             let program = Program::from_text(PROGRAM).expect(\"a program of ptefuzz\");\n    \
             let mut runner = Runner::new(environment){collisions};\n    \
             if let Some((step, divergence)) = runner.first(&program, {asked}) {{\n        \
                 let lines = explain(&divergence);\n        \
                 let text: String = lines.iter().map(|line| format!(\"\\n{{:10}}{{}}\", line.label, line.text)).collect();\n        \
                 panic!(\"{{}} in step {{step}}\\n{{text}}\", divergence.signature);\n    \
             }}\n\
         }}\n",
        case.program.to_text(),
    )
}
