//! Sites as JSON: one object with what there is to call.

use ptefuzz::pte::Class;
use ptefuzz::site::{Domain, Field, OutcomePart, Site, outcome_parts, totals_names};
use serde_json::{Map, Value, json};

use super::{Catalogue, Entry, uses};

/// The whole object.
pub fn object(sites: &[&Site], catalogue: &Catalogue<'_>) -> Value {
    json!({
        "sites": sites.iter().map(|s| site(s)).collect::<Vec<_>>(),
        "operations": entries(catalogue.operations),
        "laws": entries(catalogue.laws),
        "targets": catalogue.targets,
    })
}

fn entries(entries: &[Entry<'_>]) -> Vec<Value> {
    entries.iter().map(|e| json!({ "name": e.name, "words": e.words })).collect()
}

fn site(site: &Site) -> Value {
    json!({
        "site": site.name,
        "number": site.id as u8,
        "function": site.function,
        "source": site.source,
        "rule": site.rule,
        "truth": site.truth.name(),
        "domain": uses::classes(site).map(Class::name).collect::<Vec<_>>(),
        "parameters": site.fields.iter().map(parameter).collect::<Vec<_>>(),
        "outcome": outcome_parts(site).map(outcome_part).collect::<Vec<_>>(),
        "aux": site.aux,
        "uses": uses::classes(site).map(|class| (class.name().to_string(), json!(allowed(site, class)))).collect::<Map<_, _>>(),
        "range": totals_names(site.id),
    })
}

fn parameter(field: &Field) -> Value {
    let mut object = json!({
        "name": field.name,
        "word": field.word,
        "shift": field.shift,
        "bits": field.bits,
        "domain": domain(field.domain),
        "doc": field.doc,
    });
    if let Domain::Choice(choices) = field.domain {
        object["choices"] = json!(choices);
    }
    object
}

/// The name of a domain.
fn domain(domain: Domain) -> &'static str {
    match domain {
        Domain::Flag => "flag",
        Domain::Prot => "prot",
        Domain::Pfn => "pfn",
        Domain::SwapType => "swap-type",
        Domain::SwapOffset => "swap-offset",
        Domain::SwapEntry => "swap-entry",
        Domain::SwapCount => "swap-count",
        Domain::SwapArea => "swap-area",
        Domain::SwapMapByte => "swap-map-byte",
        Domain::PageCount => "page-count",
        Domain::Pte => "pte",
        Domain::Choice(_) => "choice",
    }
}

fn outcome_part(part: OutcomePart) -> Value {
    match part {
        OutcomePart::Bit(bit, name) => json!({ "name": name, "shift": bit, "bits": 1 }),
        OutcomePart::Number { shift, bits, name, values } => json!({
            "name": name,
            "shift": shift,
            "bits": bits,
            "values": values.iter().map(|(value, name)| json!({ "value": value, "name": name })).collect::<Vec<_>>(),
        }),
    }
}

/// The allowed uses with an input of this class, each as `kind:class of the pte used`.
fn allowed(site: &Site, class: Class) -> Vec<String> {
    let pairs = site.allowed_uses(class);
    let known = pairs.iter().filter(|(_, used)| *used != Class::BadType);
    known.map(|(kind, used)| format!("{}:{}", kind.name(), used.name())).collect()
}
