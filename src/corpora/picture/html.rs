//! The picture as one HTML page that needs nothing else: no script, no font. It follows the reader's light or dark and fits a phone.

use super::{Field, Picture};
use crate::engine::Cell;
use crate::page::page;
use crate::pte::Class;
use crate::site::{SITES, Site};
use maud::{Markup, html as markup};
use std::collections::BTreeSet;

/// The page's style, in the page itself.
const STYLE: &str = include_str!("page.css");

/// The page.
pub fn html(picture: &Picture<'_>) -> String {
    let title = format!("{} of {} cells", picture.covered(), picture.goal.len());
    let never = picture.never();
    let body = markup! {
        header {
            h1 { (title) " " span.soft { (format!("{:.1} %", 100.0 * picture.share())) } }
            p { "Reached by " (picture.reached.entries.len()) " programs of " code { (picture.name) } ", of those "
                (picture.of.words()) "; " (picture.environment.to_string()) "." }
            p.soft { "A cell is a site, the pte that it meets (class, soft-dirty, uffd-wp, write, dirty) and what the right answer does: change the pte, report something, both or neither." }
        }
        (matrix(picture))
        (never_reached(&never))
        main { @for site in &SITES { (of_site(picture, site)) } }
        (programs(picture))
        footer { "ptefuzz " (env!("CARGO_PKG_VERSION")) }
    };
    page(&format!("ptefuzz coverage: {title}"), STYLE, &body)
}

fn matrix(picture: &Picture<'_>) -> Markup {
    markup! {
        div.wide {
            table.matrix {
                thead { tr { th { } @for class in Class::ALL { th { span { (class.name()) } } } } }
                tbody {
                    @for site in &SITES {
                        tr {
                            th { a href={ "#" (site.name) } { (site.name) } }
                            @for class in Class::ALL { (field(picture, site, class)) }
                        }
                    }
                }
            }
        }
        p.soft.legend {
            span.key.full { } " all reached " span.key.part { } " part " span.key.zero { } " never " span.key.empty { } " none there "
            span.key.beyond { } " reached, and not counted here. A field leads to its cells, a cell to the smallest program that reaches it."
        }
    }
}

fn field(picture: &Picture<'_>, site: &Site, class: Class) -> Markup {
    let Field { reached, all, beyond } = picture.field(site.id, class);
    if all + beyond == 0 {
        return markup! { td.empty { } };
    }
    let kind = match (reached, all) {
        (_, 0) => "beyond",
        (0, _) => "zero",
        (r, a) if r == a => "full",
        _ => "part",
    };
    let words = format!("{}, {}: {reached} of {all} cells", site.name, class.name());
    let share = format!("--share:{}%", 100 * reached / all.max(1));
    markup! {
        td class=(kind) style=[(kind == "part").then_some(share)] {
            a href={ "#" (anchor(site, class)) } title=(words) aria-label=(words) {
                @if kind == "beyond" { (beyond) } @else if reached == all { (all) } @else { (reached) "/" (all) }
            }
        }
    }
}

fn anchor(site: &Site, class: Class) -> String {
    format!("{}-{}", site.name, class.name())
}

fn never_reached(never: &[Cell]) -> Markup {
    markup! {
        section {
            h2 { "Never reached" }
            @if never.is_empty() { p { "Every cell was reached." } }
            @else {
                p { (never.len()) " cells." }
                ul.never { @for cell in never { li { code { (cell.to_string()) } } } }
            }
        }
    }
}

/// The cells of a site, class by class.
fn of_site(picture: &Picture<'_>, site: &Site) -> Markup {
    let all = picture.all_cells();
    let classes: Vec<(Class, Vec<(u16, Cell)>)> = Class::ALL
        .into_iter()
        .map(|class| (class, all.iter().filter(|(_, c)| c.site == site.id && c.class == class).copied().collect()))
        .filter(|(_, cells): &(Class, Vec<_>)| !cells.is_empty())
        .collect();
    markup! {
        section id=(site.name) {
            h2 { code { (site.name) } }
            p.soft { (site.function) }
            @if classes.is_empty() { p { "Nothing to reach here." } }
            @for (class, cells) in &classes {
                details {
                    summary { (class.name()) ", " (words(picture.field(site.id, *class))) }
                    table.cells id=(anchor(site, *class)) {
                        @for (number, cell) in cells {
                            tr {
                                td { (cell.flag_words()) }
                                td { (cell.answer_words()) }
                                td {
                                    @match picture.smallest.get(number) {
                                        Some(at) => { a href={ "#p" (at) } { (soft(&picture.reached.entries[*at].shown)) } },
                                        None => { span.missing { "never" } },
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn words(field: Field) -> String {
    let beyond = if field.beyond > 0 { format!(", {} more", field.beyond) } else { String::new() };
    format!("{} of {}{beyond}", field.reached, field.all)
}

/// The programs that are the smallest for some cell.
fn programs(picture: &Picture<'_>) -> Markup {
    let named: BTreeSet<usize> = picture.smallest.values().copied().collect();
    markup! {
        section {
            h2 { "Programs" }
            p.soft { "Those that are the smallest for some cell: " (named.len()) "." }
            @for at in named {
                @let entry = &picture.reached.entries[at];
                article id={ "p" (at) } {
                    h3 { code { (soft(&entry.shown)) } }
                    pre { (entry.program.to_text()) }
                }
            }
        }
    }
}

/// A long name that may break.
fn soft(name: &str) -> Markup {
    let parts: Vec<&str> = name.split_inclusive(['/', '+', '-', ':', ',', '_', '.']).collect();
    markup! { @for part in parts { (part) wbr; } }
}
