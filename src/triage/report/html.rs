//! A triage as one HTML page that needs nothing else: no script, no font, no picture. It follows the reader's light or dark and fits a phone.

use super::{Bucket, Report, counted, rule};
use crate::lockstep::explain::{Tone, explain};
use crate::museum;
use crate::page::page;
use crate::program::Program;
use crate::triage::{Step, steps};
use maud::{Markup, html as markup};

/// The page's style, in the page itself.
const STYLE: &str = include_str!("page.css");
/// Broken files and lookalikes that the page names.
const NAMED: usize = 50;

/// The page.
pub fn html(report: &Report<'_>) -> String {
    let triage = report.triage;
    let title = format!("{} in {}", counted(triage.buckets.len() as u64, "bucket"), report.directory);
    let body = markup! {
        header {
            h1 { (title) }
            p { "Subject " code { (report.settings.subject.to_string()) } ", "
                (report.settings.environment.to_string()) ". " (files(report)) }
        }
        @if triage.buckets.is_empty() {
            p.clean { "No program shows a divergence" @if !triage.known.is_empty() { " that is not listed as known" } "." }
        } @else {
            (index(report))
        }
        main {
            @for (number, bucket) in triage.buckets.iter().enumerate() { (article(report, number, bucket)) }
        }
        (rest(report))
        footer { "ptefuzz " (env!("CARGO_PKG_VERSION")) ". A bucket is one mistake, as far as its signatures tell." }
    };
    page(&format!("ptefuzz: {title}"), STYLE, &body)
}

fn files(report: &Report<'_>) -> String {
    let triage = report.triage;
    let mut text = format!("{}, {} clean, {} broken", counted(triage.files, "file"), triage.clean, triage.broken);
    if report.news.compared {
        let new = report.news.new.iter().filter(|new| **new).count();
        let known = report.news.new.len() - new;
        text.push_str(&format!("; since the last run {new} new, {known} known, {} gone", report.news.gone.len()));
    }
    text + "."
}

fn index(report: &Report<'_>) -> Markup {
    markup! {
        nav {
            table {
                thead { tr { th { "bucket" } th.number { "files" } th { "seen on" } th { "resembles" } } }
                tbody {
                    @for (number, bucket) in report.triage.buckets.iter().enumerate() {
                        tr {
                            td { a href={ "#b" (number + 1) } { code { (soft(&bucket.signature.to_string())) } } " " (chip(report, number)) }
                            td.number { (bucket.count) }
                            td { (classes(bucket)) }
                            td { @if let Some(slug) = bucket.resembles.first() { (slug) } @else { "-" } }
                        }
                    }
                }
            }
        }
    }
}

fn chip(report: &Report<'_>, number: usize) -> Markup {
    markup! { @if let Some(status) = report.status(number) { span class={ "chip " (status) } { (status) } } }
}

fn classes(bucket: &Bucket) -> String {
    bucket.pre_states.iter().map(|class| class.name()).collect::<Vec<_>>().join(", ")
}

fn article(report: &Report<'_>, number: usize, bucket: &Bucket) -> Markup {
    let (rule, source) = rule(bucket);
    markup! {
        article id={ "b" (number + 1) } {
            h2 { (number + 1) ". " code { (soft(&bucket.signature.to_string())) } " " (chip(report, number)) }
            dl {
                dt { "seen" } dd { "in " (counted(bucket.count, "file")) ", on " (classes(bucket)) }
                @if bucket.signatures.len() > 1 {
                    dt { "also" }
                    dd {
                        @for signature in &bucket.signatures[1..] { code { (soft(&signature.to_string())) } br; }
                        @if let Some(why) = bucket.merged { "together, because " (why.words()) }
                    }
                }
                @if !bucket.resembles.is_empty() { dt { "resembles" } dd { (bucket.resembles.join(", ")) } }
                @if let Some(bug) = bucket.resembles.first().and_then(|slug| museum::find(slug)) {
                    dt { "there" } dd { (bug.mistake) "." @if !bug.fixed.is_empty() { " Fixed: " (bug.fixed) "." } @if let Some(cve) = bug.cve { " " (cve) "." } }
                }
                dt { "first" } dd { code { (soft(&bucket.first)) } }
                dt { "smallest" } dd { code { (soft(&bucket.smallest)) } }
            }
            h3 { "The wrong step" }
            (explanation(bucket))
            h3 { "Reproducer" }
            pre { (bucket.reproducer.to_text()) }
            (trace(report, bucket))
            p { "Saved as reproducer.pte, it goes wrong again with " code.command { (report.replay_command("reproducer.pte")) } }
            details {
                summary { "The rule that is broken" }
                p { (rule) }
                p.source { (source) }
            }
        }
    }
}

/// Both answers in words and bits, as replay prints them.
fn explanation(bucket: &Bucket) -> Markup {
    let lines = explain(&bucket.divergence);
    markup! {
        div.answers {
            @for line in lines.iter().filter(|line| !matches!(line.tone, Tone::Title | Tone::Background)) {
                span.label { (line.label) }
                span class={ "words " (tone(line.tone)) } { (line.text) }
            }
        }
    }
}

fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Right => "right",
        Tone::Wrong => "wrong",
        Tone::Title | Tone::Plain | Tone::Background => "plain",
    }
}

/// The steps up to the wrong one with the ptes that each changed, as the model takes them.
fn trace(report: &Report<'_>, bucket: &Bucket) -> Markup {
    if matches!(bucket.reproducer, Program::Raw(_)) {
        return markup! {};
    }
    let steps: Vec<Step> = steps(&bucket.reproducer, report.settings.environment);
    markup! {
        details {
            summary { "Step by step" }
            ol.steps {
                @for (number, step) in steps.iter().enumerate() {
                    li class=[(number + 1 == bucket.step).then_some("bad")] {
                        code { (step.text) } " " span.ending { (step.ending) }
                        @for change in &step.changes {
                            div.change {
                                @if let Some(page) = change.page { span.page { "page " (page) } }
                                span { (change.before) }
                                @if let Some(after) = &change.after { span { "→ " (after) } }
                            }
                        }
                        @if step.more > 0 { div.change { "and " (step.more) " pages more" } }
                    }
                }
            }
        }
    }
}

/// What is gone, what is listed as known, and what is no program.
fn rest(report: &Report<'_>) -> Markup {
    let triage = report.triage;
    markup! {
        @if !report.news.gone.is_empty() {
            section {
                h2 { "Gone since the last run" }
                ul { @for past in &report.news.gone {
                    li { code { (soft(past.signatures.first().map_or("", String::as_str))) } ", " (counted(past.count, "file")) " then" }
                } }
            }
        }
        @if !triage.known.is_empty() {
            section {
                h2 { "Listed as known" }
                ul { @for (signature, count) in &triage.known {
                    li { code { (soft(&signature.to_string())) } ", " (counted(*count, "file")) }
                } }
            }
        }
        @if triage.broken > 0 {
            section {
                h2 { "Broken files" }
                ul { @for broken in triage.broken_named.iter().take(NAMED) {
                    li { code { (soft(&broken.file)) } br; (broken.reason) }
                } }
                @if triage.broken > NAMED as u64 { p { "and " (triage.broken - NAMED as u64) " more" } }
            }
        }
    }
}

/// A long name that may break after a slash, a plus or an arrow.
fn soft(name: &str) -> Markup {
    let parts: Vec<&str> = name.split_inclusive(['/', '+', '>', ':', ',', '_']).collect();
    markup! { @for part in parts { (part) wbr; } }
}
