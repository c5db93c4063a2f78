//! A divergence as an explanation: what stood in the slot, what each side made of it, which bits differ, and the rule that was broken.
//!
//! The text fits 80 columns and carries no colour; [`Line`]s say what each line is, so that a terminal can paint it.

use super::parts::{AuxKind, PartKind, aux_kind, pte_parts};
use super::{Divergence, Fault, Witness, laws};
use crate::model::Model;
use crate::program::arguments;
use crate::pte::{Class, Classification, Environment, Special};
use crate::site::{Answer, Call, Site, SiteId, describe_outcome, totals_names};
use crate::world::CONSERVATION;

/// What a line of an explanation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The signature.
    Title,
    /// What is the case.
    Plain,
    /// What the model says.
    Right,
    /// What the subject says.
    Wrong,
    /// Rule and source.
    Background,
}

/// One line: a label of at most nine characters and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub tone: Tone,
    /// The label; empty where the line goes on from the one before.
    pub label: &'static str,
    /// The text.
    pub text: String,
}

/// Columns of a terminal.
pub const WIDTH: usize = 80;
/// Columns before the text of a line.
pub const INDENT: usize = 12;

/// The whole explanation.
pub fn explain(divergence: &Divergence) -> Vec<Line> {
    let mut page = Page(Vec::new());
    let environment = divergence.environment;
    let model = Model::new(environment);
    page.put(Tone::Title, "", &divergence.signature.to_string());
    if environment != Environment::default() {
        page.put(Tone::Plain, "under", &environment_words(environment));
    }
    match &divergence.witness {
        Witness::Call { call, right, wrong } => {
            page.put(Tone::Plain, "call", &format!("{} {}", call.row().name, arguments(call)));
            explain_answers(&mut page, &model, divergence, call, right, wrong);
        }
        Witness::Classify { pte, right, wrong } => {
            page.put(Tone::Plain, "classify", &format!("{pte:#018x}"));
            if let Fault::Failed(failure) = divergence.signature.fault {
                page.put(Tone::Wrong, "wrong", &failure.to_string());
            }
            for (name, r, w) in differing_predicates(right, wrong) {
                page.put(Tone::Right, "right", &format!("{name} = {r}"));
                page.put(Tone::Wrong, "wrong", &format!("{name} = {w}"));
            }
        }
        Witness::Range(range) => explain_range(&mut page, &model, range),
        Witness::Lost(lost) => {
            if let Some(law) = CONSERVATION.get(lost.law as usize) {
                page.put(Tone::Plain, "law", law.text);
            }
            page.put(Tone::Right, "there", &lost.there.to_string());
            page.put(Tone::Wrong, "counted", &lost.counted.to_string());
            page.put(Tone::Plain, "at", &format!("page, slot or frame {}", lost.place));
        }
    }
    if let Some(site) = divergence.signature.site() {
        explain_rule(&mut page, divergence, Site::of(site));
    }
    page.0
}

struct Page(Vec<Line>);

impl Page {
    /// A line, folded at [`WIDTH`].
    fn put(&mut self, tone: Tone, label: &'static str, text: &str) {
        let indent = if tone == Tone::Title { 2 } else { INDENT };
        let options = textwrap::Options::new(WIDTH - indent).break_words(true);
        for (i, part) in textwrap::wrap(text, options).into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            self.0.push(Line { tone, label, text: part.into_owned() });
        }
    }
}

/// The environment in words, such as `special value 0x6 (soft-dirty)`.
pub fn environment_words(environment: Environment) -> String {
    match Special::ALL.into_iter().find(|s| Environment::new(*s) == environment) {
        Some(special) => format!("--special {} (the special pte is {:#x})", special.name(), special.value()),
        None if environment.has_uffd_wp() => {
            format!("the special pte is {:#x}, as the library says", environment.special.unwrap_or_default())
        }
        None => format!("--config {}", environment.config.name()),
    }
}

fn explain_answers(
    page: &mut Page,
    model: &Model,
    divergence: &Divergence,
    call: &Call,
    right: &Answer,
    wrong: &Answer,
) {
    page.put(Tone::Plain, "before", &pte_words(model, call.pte));
    let site = call.row();
    if divergence.signature.fault == Fault::Use {
        page.put(Tone::Right, "both", &pte_words(model, right.pte));
        page.put(Tone::Right, "", &format!("outcome {}", describe_outcome(site, right.outcome)));
        for (kind, class) in crate::site::Uses(divergence.signature.wrong).iter() {
            page.put(Tone::Wrong, "wrong use", &format!("a {} pte was {}", class.name(), kind.words()));
        }
        let allowed = site.allowed_uses(divergence.before);
        let words: Vec<_> =
            allowed.iter().map(|(kind, class)| format!("{} of {}", kind.name(), class.name())).collect();
        let words = if words.is_empty() { "none".to_string() } else { words.join(", ") };
        page.put(Tone::Right, "allowed", &format!("on a {} pte: {words}", divergence.before.name()));
        return;
    }
    if matches!(divergence.signature.fault, Fault::Law(_) | Fault::Collision) {
        page.put(Tone::Wrong, "both", &pte_words(model, wrong.pte));
        page.put(Tone::Wrong, "", &format!("outcome {}", describe_outcome(site, wrong.outcome)));
        page.put(Tone::Wrong, "", &format!("aux {:#x}", wrong.aux));
        return;
    }
    page.put(Tone::Right, "right", &pte_words(model, right.pte));
    if let Fault::Failed(failure) = divergence.signature.fault {
        page.put(Tone::Right, "", &format!("outcome {}", describe_outcome(site, right.outcome)));
        page.put(Tone::Wrong, "wrong", &failure.to_string());
        return;
    }
    page.put(Tone::Wrong, "wrong", &pte_words(model, wrong.pte));
    if right.pte != wrong.pte {
        page.put(Tone::Plain, "bits", &bit_words(model, right.pte, wrong.pte));
    }
    if right.outcome != wrong.outcome {
        page.put(Tone::Right, "outcome", &describe_outcome(site, right.outcome));
        page.put(Tone::Wrong, "not", &describe_outcome(site, wrong.outcome));
    }
    if right.aux != wrong.aux {
        page.put(Tone::Right, "aux", &aux_words(model, call.site, right.aux));
        page.put(Tone::Wrong, "not", &aux_words(model, call.site, wrong.aux));
        if aux_kind(call.site) == AuxKind::Pte {
            page.put(Tone::Plain, "bits", &bit_words(model, right.aux, wrong.aux));
        }
    }
}

fn explain_range(page: &mut Page, model: &Model, range: &super::divergence::RangeWitness) {
    let Some(first) = range.calls.first() else { return };
    let site = first.row();
    page.put(Tone::Plain, "range", &format!("{} over {} entries", site.name, range.calls.len()));
    if site.id == SiteId::KhugeScan {
        let b = range.budgets;
        let text = format!("max_ptes_swap {}, max_ptes_none {}, max_ptes_shared {}", b.swap, b.none, b.shared);
        page.put(Tone::Plain, "budgets", &text);
    }
    if let Some((call, index)) = range.index.and_then(|i| range.calls.get(i).map(|c| (c, i))) {
        page.put(Tone::Plain, "entry", &format!("{index}: {}", arguments(call)));
        page.put(Tone::Plain, "before", &pte_words(model, call.pte));
        page.put(Tone::Right, "right", &pte_words(model, range.right.0));
        page.put(Tone::Wrong, "wrong", &pte_words(model, range.wrong.0));
        if range.right.1 != range.wrong.1 {
            page.put(Tone::Right, "aux", &aux_words(model, site.id, range.right.1));
            page.put(Tone::Wrong, "not", &aux_words(model, site.id, range.wrong.1));
        }
    }
    for (i, name) in totals_names(site.id).iter().enumerate() {
        let (right, wrong) = (range.right_totals[i], range.wrong_totals[i]);
        if right != wrong {
            page.put(Tone::Right, "total", &format!("{name} = {right}"));
            page.put(Tone::Wrong, "not", &format!("{name} = {wrong}"));
        }
    }
    let classes: Vec<_> = Class::ALL
        .into_iter()
        .map(|class| (class, range.calls.iter().filter(|c| model.class(c.pte) == class).count()))
        .filter(|(_, n)| *n > 0)
        .map(|(class, n)| format!("{n} {}", class.name()))
        .collect();
    page.put(Tone::Plain, "entries", &classes.join(", "));
}

fn explain_rule(page: &mut Page, divergence: &Divergence, site: &Site) {
    match divergence.signature.fault {
        Fault::Law(index) => {
            if let Some(law) = laws::LAWS.get(index as usize) {
                page.put(Tone::Background, "law", law.text);
                page.put(Tone::Background, "source", law.source);
            }
        }
        Fault::Collision => {
            let text = "Two states share one encoding: with the inverted offset of x86_64 this entry cannot be told \
                        from another state once it stands in a pte. Real swap offsets stay below 2^32.";
            page.put(Tone::Background, "encoding", text);
        }
        _ => {
            page.put(Tone::Background, "rule", site.rule);
            page.put(Tone::Background, "function", site.function);
            page.put(Tone::Background, "source", site.source);
        }
    }
}

fn differing_predicates(right: &Classification, wrong: &Classification) -> Vec<(&'static str, String, String)> {
    let mut list = Vec::new();
    if right.class != wrong.class {
        list.push(("class", right.class.name().to_string(), wrong.class.name().to_string()));
    }
    let (r, w) = (right.values(), wrong.values());
    for (i, name) in Classification::COLUMNS.iter().enumerate() {
        if r[i] != w[i] {
            list.push((name, format!("{:#x}", r[i]), format!("{:#x}", w[i])));
        }
    }
    list
}

/// A pte in bits and words, such as `0x0000000000000004  special`.
pub fn pte_words(model: &Model, raw: u64) -> String {
    format!("{raw:#018x}  {}", state_words(model, raw))
}

/// What a pte is, in words: class, payload and the flags that are set.
pub fn state_words(model: &Model, raw: u64) -> String {
    let class = model.class(raw);
    let flags = |names: &[(u64, &str)]| -> String {
        names.iter().filter(|(bit, _)| raw & bit != 0).map(|(_, name)| format!(" {name}")).collect()
    };
    match class {
        Class::None if raw == 0 => "none".to_string(),
        Class::None => format!("none (hardware set{})", flags(&[(0x20, "accessed"), (0x40, "dirty")])),
        Class::Special => "special".to_string(),
        Class::Present | Class::ProtNone => {
            let upright = if class == Class::Present { raw } else { !raw };
            let pfn = (upright & 0x000f_ffff_ffff_f000) >> 12;
            let parts = pte_parts(class).iter();
            let named = parts.filter(|p| p.kind == PartKind::Flag && !matches!(p.name, "present" | "user" | "global"));
            let mut text = format!("{} pfn {pfn:#x}", class.name());
            for part in named.filter(|p| raw & p.mask != 0) {
                text.push(' ');
                text.push_str(part.name);
            }
            text
        }
        _ => {
            let entry = model.decode(raw);
            let kind = if class == Class::Swap { format!(" type {}", entry.kind) } else { String::new() };
            let payload = if class == Class::Swap { "offset" } else { "pfn" };
            let names = [
                (2, "soft-dirty"),
                (4, "uffd-wp"),
                (8, "bit3"),
                (16, "bit4"),
                (32, "bit5"),
                (64, "bit6"),
                (128, "bit7"),
            ];
            format!("{}{kind} {payload} {:#x}{}", class.name(), entry.offset, flags(&names))
        }
    }
}

/// Which bits differ, by number and name: `-bit 1 write, +bit 10 uffd-wp, pfn 0x5 not 0x7`.
fn bit_words(model: &Model, right: u64, wrong: u64) -> String {
    let (class, other) = (model.class(right), model.class(wrong));
    let mut words = Vec::new();
    if class != other {
        words.push(format!("{} became {}", class.name(), other.name()));
    }
    let parts = if class == Class::None { pte_parts(other) } else { pte_parts(class) };
    for part in parts {
        let (r, w) = (right & part.mask, wrong & part.mask);
        if r == w {
            continue;
        }
        words.push(match part.kind {
            PartKind::Flag => {
                let sign = if w != 0 { '+' } else { '-' };
                format!("{sign}bit {} {}", part.mask.trailing_zeros(), part.name)
            }
            _ => {
                let shift = part.mask.trailing_zeros();
                format!("{} field {:#x} not {:#x}", part.name, w >> shift, r >> shift)
            }
        });
    }
    words.join(", ")
}

fn aux_words(model: &Model, site: SiteId, aux: u64) -> String {
    let AuxKind::Parts(parts) = aux_kind(site) else { return pte_words(model, aux) };
    let words: Vec<_> = parts
        .iter()
        .filter(|p| aux & p.mask != 0 && p.mask != !0)
        .map(|p| match p.kind {
            PartKind::Flag => p.name.to_string(),
            _ => format!("{} {:#x}", p.name, (aux & p.mask) >> p.mask.trailing_zeros()),
        })
        .collect();
    if words.is_empty() { format!("{aux:#x}") } else { format!("{aux:#x}  {}", words.join(" ")) }
}
