//! `ptefuzz exhaust`: model against subject over the whole declared domain.

mod programs;
mod unreachable;

use super::Verdict;
use super::environment::{EnvironmentOptions, special_name};
use super::error::{Failure, print_json};
use super::report::paint;
use super::style::{BOLD, DIM, RIGHT, WRONG};
use super::subject::SubjectOptions;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::{ProgressBar, ProgressDrawTarget};
use ptefuzz::exhaust::{Domain, Report, Row, walk};
use ptefuzz::lockstep::explain::explain;
use ptefuzz::pte::Environment;
use ptefuzz::site::{SITES, Site, SiteId};
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};

/// Walk the whole declared domain of one pte: every state, site and parameter that matters
///
/// Holds a subject against the reference model on every call of a declared domain, with no sampling in it, prints how much that was site by site,
/// and explains each difference once. docs/EXHAUST.md says what the domain is and what it leaves out.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ptefuzz exhaust
  ptefuzz exhaust --site change_prot --site fork
  ptefuzz exhaust --special device --domain small
  ptefuzz exhaust --subject foreign:./libmine.so --domain small
  ptefuzz exhaust --config no-userfaultfd --json
  ptefuzz exhaust --programs 4
  ptefuzz exhaust --programs 4 --museum
  ptefuzz exhaust --unreachable")]
pub struct Options {
    /// A site to walk, may be given more than once [default: all, and the predicates]
    #[arg(long = "site", value_name = "SITE", value_parser = site_parser())]
    sites: Vec<SiteId>,

    #[command(flatten)]
    subject: SubjectOptions,

    /// How much: full, or small for subjects that take microseconds a call
    #[arg(long, value_name = "DOMAIN", default_value = "full", value_parser = domain_parser())]
    domain: Domain,

    #[command(flatten)]
    environment: EnvironmentOptions,

    /// End each site at its first divergence
    #[arg(long)]
    first: bool,

    /// Instead of single calls: every program of up to K operations on one page, over a reduced choice of options
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(1..=8), conflicts_with_all = ["sites", "domain", "first"])]
    programs: Option<u8>,

    /// With --programs: for each known bug the fewest operations that show it
    #[arg(long, requires = "programs", conflicts_with_all = ["subject", "config", "special"])]
    museum: bool,

    /// Instead of a walk: the cells that no program of operations reaches, with the reasons
    #[arg(long, conflicts_with_all = ["sites", "domain", "first", "programs"])]
    unreachable: bool,

    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

fn site_parser() -> impl TypedValueParser<Value = SiteId> {
    PossibleValuesParser::new(SITES.iter().map(|site| site.name))
        .map(|name| Site::by_name(&name).map_or(SiteId::ChangeProt, |site| site.id))
}

fn domain_parser() -> impl TypedValueParser<Value = Domain> {
    PossibleValuesParser::new(Domain::ALL.map(Domain::name))
        .map(|name| Domain::from_name(&name).unwrap_or(Domain::Full))
}

/// Runs the command.
///
/// # Errors
///
/// A subject that cannot be had.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    match options.programs.map(usize::from) {
        Some(length) if options.museum => return programs::museum(options, length),
        Some(length) => return programs::run(options, length),
        None if options.unreachable => return unreachable::run(options),
        None => {}
    }
    let environment = options.subject.environment(options.environment)?;
    let all = SiteId::ALL.to_vec();
    let sites = if options.sites.is_empty() { &all } else { &options.sites };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_message(format!("walking, subject {}, {environment}", options.subject.subject));
    bar.enable_steady_tick(Duration::from_millis(200));
    let start = Instant::now();
    let name = options.subject.name();
    let report =
        walk(environment, sites, options.domain, &|| name.build(environment), options.first).map_err(Failure::new)?;
    let seconds = start.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let text = text(options, &report, seconds);
    // People's text: standard error when standard output carries JSON. A closed pipe is the reader's choice.
    let _ = if options.json {
        write!(anstream::stderr().lock(), "{text}")
    } else {
        write!(anstream::stdout().lock(), "{text}")
    };
    if options.json {
        print_json(&exhaust_json(options, environment, &report, seconds))?;
    }
    Ok(if report.divergences() == 0 { Verdict::Clean } else { Verdict::Divergence })
}

fn text(options: &Options, report: &Report, seconds: f64) -> String {
    let mut text = format!(
        "{BOLD}{:20} {:>8} {:>12} {:>15}  {}{BOLD:#}\n",
        "site", "states", "parameters", "checks", "divergences"
    );
    for row in &report.rows {
        let divergences = match row.divergences {
            0 => format!("{RIGHT}none{RIGHT:#}"),
            n => format!("{WRONG}{n}{WRONG:#}"),
        };
        let covers = if row.in_covers > 0 { format!("  {DIM}covers{DIM:#}") } else { String::new() };
        text.push_str(&format!(
            "{:20} {:>8} {:>12} {:>15}  {divergences}{covers}\n",
            row.name(),
            grouped(row.states),
            grouped(row.parameters),
            grouped(row.checks)
        ));
    }
    for divergence in report.firsts() {
        text.push_str(&format!("\n{WRONG}DIVERGENCE{WRONG:#}\n"));
        text.push_str(&paint(&explain(divergence)));
    }
    let verdict = match report.divergences() {
        0 => format!("{RIGHT}no divergence{RIGHT:#}"),
        n => format!("{WRONG}{} divergences{WRONG:#}", grouped(n)),
    };
    text.push_str(&format!(
        "{BOLD}{}{BOLD:#} checks, domain {}, {seconds:.1} s; {verdict}\n",
        grouped(report.checks()),
        options.domain.name()
    ));
    let unsound: u64 = report.rows.iter().map(|row| row.unsound).sum();
    if unsound > 0 {
        text.push_str(&format!(
            "{WRONG}{unsound} calls depend on a parameter that was measured as ignored: not complete there{WRONG:#}\n"
        ));
    }
    text
}

fn exhaust_json(options: &Options, environment: Environment, report: &Report, seconds: f64) -> Value {
    json!({
        "subject": options.subject.subject.to_string(),
        "config": environment.config.name(),
        "special": special_name(environment),
        "domain": options.domain.name(),
        "sites": report.rows.iter().map(row_json).collect::<Vec<_>>(),
        "checks": report.checks(),
        "divergences": report.divergences(),
        "unsound": report.rows.iter().map(|row| row.unsound).sum::<u64>(),
        "seconds": seconds,
    })
}

fn row_json(row: &Row) -> Value {
    let found: Vec<Value> = row
        .found
        .iter()
        .map(|seen| {
            json!({
                "signature": seen.signature.to_string(),
                "count": seen.count,
                "difference": seen.signature.difference(),
                "pre_state": seen.first.before.name(),
                "first": seen.first.to_raw().to_text(),
            })
        })
        .collect();
    json!({
        "site": row.name(),
        "states": row.states,
        "parameters": row.parameters,
        "checks": row.checks,
        "covers": row.in_covers,
        "divergences": row.divergences,
        "unsound": row.unsound,
        "signatures": found,
    })
}

/// A number with a comma between thousands.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
