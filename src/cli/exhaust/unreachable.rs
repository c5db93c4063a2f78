//! `ptefuzz exhaust --unreachable`: what the walk reaches and no program does, with the reasons.

use super::Options;
use crate::cli::Verdict;
use crate::cli::environment::special_name;
use crate::cli::error::{Failure, print_json, print_out};
use crate::cli::style::BOLD;
use ptefuzz::engine::Denominators;
use ptefuzz::exhaust::unreachable;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write;

/// Prints the reasons.
///
/// # Errors
///
/// An environment that no table has.
pub(super) fn run(options: &Options) -> Result<Verdict, Failure> {
    let environment = options.subject.environment(options.environment)?;
    let all = Denominators::of(environment)
        .ok_or_else(|| Failure::new(format!("{environment}: found no table of cells, expected one of the six")))?;
    let reasons = unreachable(all);
    let mut text = String::new();
    let mut heading = "";
    for (reason, count) in &reasons {
        if reason.heading() != heading {
            heading = reason.heading();
            let same = reasons.iter().filter(|(other, _)| other.heading() == heading);
            let _ = writeln!(text, "{BOLD}{heading}{BOLD:#}: {} cells", same.map(|(_, count)| count).sum::<usize>());
        }
        let count = if *count > 1 { format!("  {count} cells") } else { String::new() };
        let _ = writeln!(text, "  {reason}{count}");
    }
    let (walk, reachable) = (all.walk.len(), all.reachable.len());
    let _ = writeln!(
        text,
        "{BOLD}{reachable}{BOLD:#} of the {walk} cells of the walk are reached by programs, {} are not; {environment}",
        walk - reachable
    );
    if options.json {
        let _ = write!(anstream::stderr().lock(), "{text}");
        let rows: Vec<Value> = reasons
            .iter()
            .map(|(reason, count)| json!({ "why": reason.heading(), "what": reason.to_string(), "cells": count }))
            .collect();
        print_json(&json!({
            "config": environment.config.name(),
            "special": special_name(environment),
            "total_walk": walk,
            "total_reachable": reachable,
            "unreachable": rows,
        }))?;
    } else {
        print_out(&text)?;
    }
    Ok(Verdict::Clean)
}
