//! The parts of the header that no table holds: structures, functions, and how they are to be understood.

use super::write::Header;

pub(super) use ptefuzz::foreign::ABI_VERSION;

/// What stands before everything else.
pub fn opening(header: &mut Header) {
    header.indented_comment(
        0,
        [
            "ptefuzz.h: what an implementation of the kernel's pte code looks like to ptefuzz. Made by `ptefuzz header` from the \
             fuzzer's own tables; change those and not this.",
            "",
            "Build a shared library that defines ptefuzz_abi_version() and ptefuzz_apply(); everything else is optional. ptefuzz calls \
             it beside its reference model and explains where the answers part.",
            "",
            "A call is a function of its arguments and nothing else: whatever the kernel would look up in a page, a vma or an mm is \
             a parameter bit. Calls may come from several threads at once.",
        ]
        .map(|text| (0, text.to_string()))
        .into_iter(),
    );
    header.raw("#ifndef PTEFUZZ_H\n#define PTEFUZZ_H\n\n#include <stdint.h>\n\n");
    header.define("ABI_VERSION", &format!("{ABI_VERSION}u"), "");
    header.raw("\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
}

/// The bytes of `struct ptefuzz_classify` behind the class: name, and what it is where the name alone does not say so.
const FLAGS: [(&str, &str); 22] = [
    ("none", "pte_none()"),
    ("present", "pte_present(): true of PROT_NONE too"),
    ("protnone", "pte_protnone()"),
    ("is_swap", "is_swap_pte(): neither none nor present"),
    ("special", "is_swap_special_pte()"),
    ("has_swap_entry", "pte_has_swap_entry()"),
    ("non_swap_entry", "from here to swp_type: read from the bits whatever the class"),
    ("migration", ""),
    ("write_migration", ""),
    ("devpriv", ""),
    ("write_devpriv", ""),
    ("hwpoison", ""),
    ("swp_type", "0 to 31"),
    ("soft_dirty", "from here to devmap: one bit each, whatever the class"),
    ("swp_soft_dirty", ""),
    ("uffd_wp", ""),
    ("swp_uffd_wp", ""),
    ("write", ""),
    ("dirty", ""),
    ("young", ""),
    ("pte_special", "pte_special(): no normal page; not the special swap pte"),
    ("devmap", ""),
];

/// The structures.
pub fn structures(header: &mut Header) {
    header.comment(&["The answer of a site."]);
    header.raw("struct ptefuzz_result {\n");
    header.remarked("  uint64_t pte;", "what stands in the slot afterwards; fork: in the child's");
    header.remarked("  uint64_t outcome;", "what the function returned and did, as the site says");
    header.remarked("  uint64_t aux;", "what it found or computed, as the site says");
    header.raw("};\n");
    header.comment(&["What the kernel's predicates say of one pte. Flags are 0 or 1."]);
    header.raw("struct ptefuzz_classify {\n");
    header.remarked("  uint8_t cls;", "enum ptefuzz_class");
    for (name, words) in FLAGS {
        header.remarked(&format!("  uint8_t {name};"), words);
    }
    header.remarked("  uint64_t swp_offset;", "swp_offset() of the decoded pte, whatever the class");
    header.remarked("  uint64_t pfn;", "pte_pfn(), whatever the class");
    header.raw("};\n");
}

/// The functions that a library must have.
pub fn functions(header: &mut Header) {
    header.comment(&[
        "Answers one call of the site `op` (enum ptefuzz_op). Returns 0 with the answer in *out; -1 for a site that the library does \
         not have, which is then left out; -2 for parameters that it holds to be outside the site's domain.",
    ]);
    header.raw(
        "int ptefuzz_apply(uint32_t op, uint64_t pte, uint64_t p0, uint64_t p1, uint64_t p2,\n                  struct ptefuzz_result *out);\n",
    );
    header.comment(&["Returns PTEFUZZ_ABI_VERSION: ptefuzz loads only a library of its own version."]);
    header.raw("uint32_t ptefuzz_abi_version(void);\n");
}

/// The functions that a library may have.
pub fn optional(header: &mut Header) {
    header.comment(&[
        "Optional. Without ptefuzz_config() a library counts as built for PTEFUZZ_CONFIG_UFFD_WP, without ptefuzz_special() its \
         special pte is 0x4.",
    ]);
    header.raw("uint32_t ptefuzz_config(void);\nuint64_t ptefuzz_special(void);\n");
    header.comment(&["Optional. Fills *out for a pte; each of its members is compared."]);
    header.raw("void ptefuzz_classify(uint64_t pte, struct ptefuzz_classify *out);\n");
    header.comment(&[
        "Optional. A library that notices what is done with a pte (that a special one is decoded, for instance) remembers `report` and \
         calls it each time, within ptefuzz_apply() and on its thread. `use` is an enum ptefuzz_use, `where` names the function.",
    ]);
    header.raw("typedef void (*ptefuzz_reporter)(uint32_t use, uint64_t pte, const char *where);\n");
    header.raw("void ptefuzz_set_reporter(ptefuzz_reporter report);\n");
}

/// What stands behind everything else.
pub fn closing(header: &mut Header) {
    header.raw("\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}

#[cfg(test)]
mod tests {
    use super::FLAGS;
    use ptefuzz::pte::Classification;

    #[test]
    fn the_structure_has_the_columns_of_a_classification_in_their_order() {
        let members: Vec<&str> = FLAGS.iter().map(|(name, _)| *name).chain(["swp_offset", "pfn"]).collect();
        assert_eq!(members, Classification::COLUMNS);
    }
}
