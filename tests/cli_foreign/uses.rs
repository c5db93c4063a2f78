//! What the complete C example reports of its uses: nothing wrong where it is right, also of the odd protections that raw calls have, and its
//! planted mistakes where they are made.

use super::support::{Workshop, code, ptefuzz, signatures, stderr};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The special value of each environment that the example is built for, and the configuration.
const VARIANTS: [(&str, &[&str]); 6] = [
    ("uffd-wp", &[]),
    ("migration", &["-DSHIM_SPECIAL=0xe7ffffffffdb9604ull"]),
    ("device", &["-DSHIM_SPECIAL=0xffffffffffdb9604ull"]),
    ("soft-dirty", &["-DSHIM_SPECIAL=0x6ull"]),
    ("no-arch", &["-DSHIM_CONFIG=1"]),
    ("no-uffd", &["-DSHIM_CONFIG=2"]),
];

/// examples/c/pte.c, compiled with these definitions.
fn example(shop: &Workshop, name: &str, defines: &[&str], change: impl Fn(String) -> String) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/c");
    std::fs::copy(from.join("ptefuzz_shim.h"), shop.dir.join("ptefuzz_shim.h")).expect("the shim");
    let source = std::fs::read_to_string(from.join("pte.c")).expect("pte.c");
    let changed = change(source);
    shop.compile(&format!("{name}.so"), &changed, &[&["-shared", "-fPIC"], defines].concat())
}

/// A text in which something that must be there has been replaced.
fn replaced(text: String, what: &str, with: &str) -> String {
    assert_eq!(text.matches(what).count(), 1, "{what}");
    text.replace(what, with)
}

fn json(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(output)))
}

/// A run of raw calls: the signatures.
fn raw(shop: &Workshop, library: &Path, execs: &str) -> Vec<String> {
    let (output, json) = shop.fuzz_with(library, execs, &["--call-time", "5s"]);
    assert!(json["site_calls"].as_u64() > Some(1000), "{}", stderr(&output));
    signatures(&json)
}

/// A walk over sites: how many calls diverge, by site.
fn walk(shop: &Workshop, library: &Path, sites: &[&str]) -> Vec<(String, u64)> {
    let subject = shop.subject(library);
    let mut arguments = vec!["exhaust", "--domain", "small", "--json", "--subject", &subject];
    for site in sites {
        arguments.extend(["--site", site]);
    }
    let report = json(&ptefuzz(&arguments));
    let rows = report["sites"].as_array().expect("sites").clone();
    let count = |row: &Value| (row["site"].as_str().expect("a name").to_string(), row["divergences"].as_u64());
    rows.iter().map(count).filter_map(|(site, n)| n.filter(|n| *n > 0).map(|n| (site, n))).collect()
}

#[test]
fn the_correct_library_is_blamed_for_no_use_in_raw_calls_of_any_environment() {
    let Some(shop) = Workshop::new("uses-clean") else { return };
    for (name, defines) in VARIANTS {
        let library = example(&shop, name, defines, |source| source);
        assert_eq!(raw(&shop, &library, "3000"), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_correct_library_is_blamed_for_no_use_in_the_walk_of_the_sites_that_build_ptes() {
    let Some(shop) = Workshop::new("uses-walk") else { return };
    for (name, defines) in [VARIANTS[0], VARIANTS[1], VARIANTS[2]] {
        let library = example(&shop, name, defines, |source| source);
        let sites = ["unmap", "page_mkclean", "change_prot", "unuse", "numa_page"];
        assert_eq!(walk(&shop, &library, &sites), [], "{name}");
    }
}

/// A mistake in the example that changes no answer: what it is, how it is made, at which site it shows as what, and whether operations meet it.
struct Mistake {
    name: &'static str,
    text: [&'static str; 2],
    sites: &'static [&'static str],
    signature: &'static str,
    /// Whether an operation meets it: none asks smaps about hugetlb pages.
    in_operations: bool,
}

/// Hunks of the patch taken back where 0x4 gives the right answer by luck, and a wrong accessor on a pte that the site has changed already.
const MISTAKES: [Mistake; 4] = [
    Mistake {
        name: "hugetlb",
        text: [
            "pte_has_swap_entry(c->pte)) {\n    swp_entry_t entry = pte_to_swp_entry(c->pte);\n\n    if (!is_migration_entry",
            "is_swap_pte(c->pte)) {\n    swp_entry_t entry = pte_to_swp_entry(c->pte);\n\n    if (!is_migration_entry",
        ],
        sites: &["smaps_hugetlb"],
        signature: "use/decode:special",
        in_operations: false,
    },
    Mistake {
        name: "wait",
        text: [
            "if (!pte_has_swap_entry(c->pte))\n    return;\n  entry = pte_to_swp_entry(c->pte);\n  if (!is_migration_entry(entry))\n    return;\n  c->outcome = c->p0",
            "if (!is_swap_pte(c->pte))\n    return;\n  entry = pte_to_swp_entry(c->pte);\n  if (!is_migration_entry(entry))\n    return;\n  c->outcome = c->p0",
        ],
        sites: &["migration_wait"],
        signature: "use/decode:special",
        in_operations: true,
    },
    Mistake {
        name: "check",
        text: [
            "pte_has_swap_entry(c->pte)) {\n    swp_entry_t entry = pte_to_swp_entry(c->pte);\n\n    if (c->p0 & PVMW_MIGRATION ?",
            "is_swap_pte(c->pte)) {\n    swp_entry_t entry = pte_to_swp_entry(c->pte);\n\n    if (c->p0 & PVMW_MIGRATION ?",
        ],
        sites: &["pvmw"],
        signature: "use/decode:special",
        in_operations: true,
    },
    Mistake {
        name: "young",
        text: [
            "plain = pte_swp_clear_soft_dirty(pte);",
            "plain = pte_swp_clear_soft_dirty(pte); (void)pte_young(plain);",
        ],
        sites: &["unuse", "unuse_v3"],
        signature: "use/present-flag:swap",
        in_operations: true,
    },
];

#[test]
fn a_use_that_no_answer_shows_is_seen_in_raw_calls_in_operations_and_in_the_walk() {
    let Some(shop) = Workshop::new("uses-mistakes") else { return };
    for Mistake { name, text: [right, wrong], sites, signature, in_operations } in MISTAKES {
        let library = example(&shop, name, &[], |source| replaced(source, right, wrong));
        let expected: Vec<String> = sites.iter().map(|site| format!("{site}/{signature}")).collect();
        assert_eq!(raw(&shop, &library, "3000"), expected, "{name}");
        let subject = shop.subject(&library);
        let fuzz = ["fuzz", "--subject", &subject, "--seed", "1", "--jobs", "1", "--execs", "4000", "--json"];
        let found = signatures(&json(&ptefuzz(&fuzz)));
        assert!(found.is_empty() != in_operations && found.iter().all(|s| expected.contains(s)), "{name}: {found:?}");
        let walked = walk(&shop, &library, &[sites, &["hmm_rfc"]].concat());
        assert_eq!(walked.iter().map(|(site, _)| site.as_str()).collect::<Vec<_>>(), sites, "{name}");
    }
}

#[test]
fn a_special_pte_that_is_decoded_is_seen_in_raw_calls_in_operations_and_in_the_walk() {
    let Some(shop) = Workshop::new("uses-hmm") else { return };
    let library = example(&shop, "hmm", &["-DMISTAKE_HMM"], |source| source);
    assert_eq!(raw(&shop, &library, "3000"), ["hmm_v3/use/decode:special"]);
    let subject = shop.subject(&library);
    let output = ptefuzz(&["fuzz", "--subject", &subject, "--seed", "1", "--jobs", "1", "--execs", "10000", "--json"]);
    assert_eq!((code(&output), signatures(&json(&output))), (1, vec!["hmm_v3/use/decode:special".to_string()]));
    let found = walk(&shop, &library, &["hmm_v3", "hmm_rfc"]);
    assert_eq!(found.iter().map(|(site, _)| site.as_str()).collect::<Vec<_>>(), ["hmm_v3"]);
}
