//! Sites as JSON: one object with what there is to call.

use ptefuzz::lockstep::laws::{LAWS, Law};
use ptefuzz::program::{OPERATIONS, Operation};
use ptefuzz::pte::Class;
use ptefuzz::site::{Domain, Field, OutcomePart, Site, outcome_parts, totals_names};
use serde_json::{Map, Value, json};

use super::{catalogue, uses};

/// The whole object. Operations, laws and targets are all there, whichever sites are chosen.
pub fn object(sites: &[&Site]) -> Value {
    json!({
        "sites": sites.iter().map(|s| site(s)).collect::<Vec<_>>(),
        "operations": OPERATIONS.iter().map(operation).collect::<Vec<_>>(),
        "laws": LAWS.iter().map(law).collect::<Vec<_>>(),
        "targets": catalogue::TARGETS,
    })
}

fn operation(operation: &Operation) -> Value {
    json!({
        "name": operation.name,
        "meaning": operation.meaning,
        "sites": catalogue::names(operation.sites),
        "facts": operation.facts,
        "truth": operation.truth,
    })
}

fn law(law: &Law) -> Value {
    json!({
        "name": law.name,
        "text": law.text,
        "source": law.source,
        "sites": catalogue::names(law.sites),
        "catches": law.catches,
    })
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
