//! What the HTML pages of this crate have in common: one file that needs nothing else, in the reader's light or dark, at any width.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// A page of this title with a style of its own, and its body.
pub(crate) fn page(title: &str, style: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(style)) }
            }
            body { (body) }
        }
    }
    .into_string()
}
