//! A lesson as JSON. Pte values and field values are strings in hexadecimal, because JSON readers round large numbers.

use serde_json::{Map, Value, json};

use super::Lesson;

/// The object of one value, or `{"values": [...]}` for several.
pub fn values(lessons: &[Lesson]) -> Value {
    match lessons {
        [one] => value(one),
        several => json!({ "values": several.iter().map(value).collect::<Vec<_>>() }),
    }
}

fn value(lesson: &Lesson) -> Value {
    let says = |name: &str| lesson.predicates.iter().any(|(n, value)| *n == name && *value);
    json!({
        "raw": hex(lesson.raw),
        "environment": lesson.environment,
        "class": lesson.class.name(),
        "words": lesson.words,
        "none": says("pte_none()"),
        "present": says("pte_present()"),
        "is_swap": says("is_swap_pte()"),
        "special": says("is_swap_special_pte()"),
        "has_swap_entry": says("pte_has_swap_entry()"),
        "predicates": lesson.predicates.iter().map(|(n, v)| (n.to_string(), json!(v))).collect::<Map<_, _>>(),
        "fields": lesson.fields.iter().map(|field| json!({
            "name": field.name,
            "bits": field.bits(),
            "value": hex(field.value),
            "meaning": field.meaning,
        })).collect::<Vec<_>>(),
        "protection": lesson.protection.map(|p| json!({ "name": format!("PAGE_{}", p.name), "exact": p.exact })),
        "swp_entry": lesson.swp_entry.map(hex),
        "notes": lesson.notes,
        "must_not": lesson.forbidden.iter().map(|f| json!({ "functions": f.functions, "why": f.why })).collect::<Vec<_>>(),
        "misreadings": lesson.misreadings.iter().map(|m| json!({ "reader": m.reader, "result": m.result })).collect::<Vec<_>>(),
        "neighbours": lesson.neighbours.iter()
            .map(|(class, values)| (class.name().to_string(), json!(values.iter().copied().map(hex).collect::<Vec<_>>())))
            .collect::<Map<_, _>>(),
        "uses": lesson.uses.kinds.iter().map(|(kind, sites)| (kind.name().to_string(), json!(sites))).collect::<Map<_, _>>(),
    })
}

fn hex(value: u64) -> String {
    format!("{value:#x}")
}
