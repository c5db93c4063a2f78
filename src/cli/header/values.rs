//! The parts of the header that are numbers of the ABI, but not of one site: classes, configurations, uses, events, named values.

use ptefuzz::pte::{Class, Config, X86_64};
use ptefuzz::site::{EVENTS, OutcomePart, PROTECTIONS, SITES, Use};

use super::names;
use super::write::{Header, long, unsigned};

/// The classes.
pub fn classes(header: &mut Header) {
    header.comment(&["What a pte is. Every value has exactly one class."]);
    let classes = Class::ALL.into_iter().chain([Class::BadType]);
    header.enumeration(
        "class",
        classes.map(|class| (format!("CLASS_{}", class.abi_name()), class as u64, class_words(class).to_string())),
    );
}

fn class_words(class: Class) -> &'static str {
    match class {
        Class::None => "nothing there; accessed and dirty are overlooked",
        Class::Present => "a page, with the hardware's present bit",
        Class::ProtNone => "a page that hardware does not see",
        Class::Swap => "a slot of a swap area",
        Class::MigrationRead => "a page on the move that was not writable",
        Class::MigrationWrite => "a page on the move that was writable",
        Class::DeviceWrite => "a writable page in device-private memory",
        Class::DeviceRead => "a read-only page in device-private memory",
        Class::HwPoison => "a page with a memory error",
        Class::Special => "ptefuzz_special(), compared as a whole",
        Class::BadType => "a non-swap type without a use; does not occur",
    }
}

/// The configurations and the fixed facts of the environment.
pub fn environment(header: &mut Header) {
    header.comment(&["The kernel configuration that a library is built for."]);
    header.enumeration(
        "configuration",
        Config::ALL.into_iter().map(|config| {
            let words = match config {
                Config::UffdWp => "write protection by userfaultfd, as on x86_64",
                Config::NoArchUffdWp => "userfaultfd without it: __pte(0) is special",
                Config::NoUserfaultfd => "no userfaultfd: nothing is special",
            };
            (format!("CONFIG_{}", names::config(config)), config as u64, words.to_string())
        }),
    );
    header.comment(&["What a library can report that it does with a pte."]);
    header.enumeration(
        "use",
        Use::ALL.into_iter().map(|kind| (format!("USE_{}", names::used(kind)), kind as u64 + 1, kind.words().into())),
    );
    header.comment(&["Facts that every answer takes for granted."]);
    header.define("ZERO_PFN", &format!("{:#x}ull", X86_64.zero_pfn), "the zero page");
    header.define("HIGHEST_PFN", &long(1 << 50), "highest_memmap_pfn: no page frame is too high");
}

/// The events.
pub fn events(header: &mut Header) {
    header.comment(&[
        "In the outcome of every site from PTEFUZZ_FORK on: what happened on the way. What the names leave open:",
        "STORE is the child's slot in fork. Bit operations in place count: test_and_clear_young where the pte was accessed, \
         set_wrprotect always.",
        "PUT_PAGE is any reference that the function itself drops, of a page that it looked up or allocated as well; pages that zap \
         frees later are not meant.",
        "SWAP_FREE is set where a reference really goes, not where freeing is tried in vain.",
        "TLB covers spurious faults, and ranges that are flushed as a whole (PROT_NONE ptes then, too). ptep_clear_flush() flushes \
         only a pte with bit 0. A flush that unmap puts off for a batch is none.",
        "RETRY and NOMEM stand together where the memory for another try is not to be had. NOMEM is also set for VM_FAULT_OOM of \
         wp_page and anon_page, not where gup cannot grab a page.",
        "MMU_TLB: the write path of anon_page reports a lost race as MMU_CACHE instead.",
    ]);
    for (bit, name, words) in EVENTS {
        header.define(&format!("EV_{name}"), &long(1 << bit), words);
    }
}

/// Values that the kernel names: name, value as C writes it, words.
const NAMED: [(&str, &str, &str); 10] = [
    ("PAGEMAP_PFRAME", "((1ull << 55) - 1)", "page frame number, or swap type and offset << 5"),
    ("PAGEMAP_SOFT_DIRTY", "(1ull << 55)", "the pte or the whole vma is soft-dirty"),
    ("PAGEMAP_EXCLUSIVE", "(1ull << 56)", "mapped once"),
    ("PAGEMAP_FILE", "(1ull << 61)", "a page that is not anonymous"),
    ("PAGEMAP_SWAP", "(1ull << 62)", "a swap entry of any kind"),
    ("PAGEMAP_PRESENT", "(1ull << 63)", "a present pte"),
    ("HMM_VALID", "(1ull << 63)", "there is a page to read"),
    ("HMM_WRITE", "(1ull << 62)", "and to write"),
    ("HMM_ERROR", "(1ull << 61)", "no access at all"),
    ("HMM_UNWRITTEN", "0x123ull", "stands in *hmm_pfn until the site writes it"),
];

/// Values that the kernel names, wherever they occur.
pub fn named(header: &mut Header) {
    let mut faults: Vec<(u8, &str)> = Vec::new();
    for part in SITES.iter().flat_map(|site| site.outcome) {
        if let OutcomePart::Bit(bit, name) = part
            && name.starts_with("VM_FAULT_")
            && !faults.contains(&(*bit, *name))
        {
            faults.push((*bit, name));
        }
    }
    faults.sort_unstable();
    header.comment(&["vm_fault_t, in the outcomes of the sites that handle faults."]);
    for (bit, name) in faults {
        header.define(name, &unsigned(1 << bit), "");
    }
    for (words, prefix) in [("The aux word of pagemap.", "PAGEMAP"), ("The aux word of hmm_rfc and hmm_v3.", "HMM")] {
        header.comment(&[words]);
        for (name, value, words) in NAMED.iter().filter(|(name, ..)| name.starts_with(prefix)) {
            header.define(name, value, words);
        }
    }
    header
        .comment(&["Page protections of the protection map. PAGE_COPY is READONLY, PAGE_COPY_EXEC is READONLY_EXEC."]);
    for (value, name) in PROTECTIONS {
        header.define(&format!("PAGE_{name}"), &format!("{value:#x}ull"), "");
    }
}
