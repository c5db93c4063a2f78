//! The fields of a pte: which bits mean something in the encoding that it uses, and what they say.

use ptefuzz::model::{Model, Pte};
use ptefuzz::pte::{Class, SwapEntry, X86_64};

/// Some bits of a pte with the meaning that they have in its encoding.
#[derive(Clone, Debug)]
pub struct Field {
    /// The kernel's name.
    pub name: &'static str,
    /// Highest bit.
    pub high: u8,
    /// Lowest bit.
    pub low: u8,
    /// What the bits say: for an inverted field what is meant, not what is stored.
    pub value: u64,
    /// What that means here.
    pub meaning: String,
}

impl Field {
    /// The bit numbers: `2`, or `63-59`.
    pub fn bits(&self) -> String {
        if self.high == self.low { self.low.to_string() } else { format!("{}-{}", self.high, self.low) }
    }

    /// The value as text: decimal for a few bits, such as a swap type, and hexadecimal for many.
    pub fn value_text(&self) -> String {
        if self.high - self.low < 5 { self.value.to_string() } else { format!("{:#x}", self.value) }
    }

    fn new(name: &'static str, high: u8, low: u8, value: u64, meaning: impl Into<String>) -> Field {
        Field { name, high, low, value, meaning: meaning.into() }
    }

    /// A bit of `raw`, with what it says clear and set.
    fn bit(name: &'static str, raw: u64, bit: u8, words: [&str; 2]) -> Field {
        let value = raw >> bit & 1;
        Field::new(name, bit, bit, value, words[value as usize])
    }
}

/// The fields of this value, from the top bit down.
pub fn fields(model: &Model, raw: u64) -> Vec<Field> {
    match model.read(raw) {
        Pte::None(_) => none_fields(raw),
        Pte::Present(mapped) => present_fields(model, raw, mapped.pfn()),
        Pte::Swap(held) => swap_fields(model, raw, held.entry()),
        Pte::Special => special_fields(raw),
    }
}

fn none_fields(raw: u64) -> Vec<Field> {
    let words = |set| ["clear, as it should be", set];
    vec![
        Field::bit("_PAGE_DIRTY", raw, 6, words("left behind by hardware, and ignored")),
        Field::bit("_PAGE_ACCESSED", raw, 5, words("left behind by hardware, and ignored")),
    ]
}

fn special_fields(raw: u64) -> Vec<Field> {
    let mut fields = vec![Field::new(
        "UFFD_WP_SWP_PTE_SPECIAL",
        63,
        0,
        raw,
        "compared as a whole: no field or flag of it means anything by itself",
    )];
    if raw & X86_64.swp_uffd_wp != 0 {
        fields.push(Field::new("_PAGE_SWP_UFFD_WP", 2, 2, 1, "what the value is made of; not to be tested alone"));
    }
    if raw & X86_64.swp_soft_dirty != 0 {
        fields.push(Field::new("_PAGE_SWP_SOFT_DIRTY", 1, 1, 1, "a part of this shifted value; says nothing alone"));
    }
    fields
}

fn present_fields(model: &Model, raw: u64, pfn: u64) -> Vec<Field> {
    let hardware = raw & X86_64.present != 0;
    let has_wp = model.environment().has_uffd_wp();
    let bit = |name, number, clear, set| Field::bit(name, raw, number, [clear, set]);
    let mut fields = vec![
        bit("_PAGE_NX", 63, "executable", "not executable"),
        Field::new("_PAGE_PKEY_MASK", 62, 59, raw >> 59 & 0xf, "protection key"),
        bit("_PAGE_DEVMAP", 58, "not device memory with struct pages", "device memory with struct pages (ZONE_DEVICE)"),
    ];
    if raw >> 52 & 0x3f != 0 {
        let words = "nobody's: hardware ignores them, pte_modify() drops them";
        fields.push(Field::new("(no name)", 57, 52, raw >> 52 & 0x3f, words));
    }
    fields.push(Field::new("PTE_PFN_MASK", 51, 12, pfn, pfn_words(raw, pfn, hardware)));
    fields.extend([
        bit(
            "_PAGE_SOFT_DIRTY",
            11,
            "not written to since soft-dirty was last cleared",
            "written to since soft-dirty was last cleared",
        ),
        match has_wp {
            true => bit("_PAGE_UFFD_WP", 10, "not protected by userfaultfd", "write-protected by userfaultfd"),
            false => bit("_PAGE_UFFD_WP", 10, NO_WP, NO_WP),
        },
        bit(
            "_PAGE_SPECIAL",
            9,
            "a normal page",
            "no normal page behind it (pte_special(); nothing to do with the special swap pte)",
        ),
        match hardware {
            true => bit("_PAGE_GLOBAL", 8, "not global", "stays in the TLB when the address space is switched"),
            false => bit("_PAGE_PROTNONE", 8, "", "present for the kernel although bit 0 is clear"),
        },
        bit("_PAGE_PAT", 7, "memory type, with bits 4 and 3", "memory type, with bits 4 and 3; pte_modify() drops it"),
        bit("_PAGE_DIRTY", 6, "not written to", "written to"),
        bit("_PAGE_ACCESSED", 5, "not accessed", "accessed"),
        bit("_PAGE_PCD", 4, "memory type: cached", "memory type: cache disabled"),
        bit("_PAGE_PWT", 3, "memory type: write-back", "memory type: write-through"),
        bit("_PAGE_USER", 2, "for the kernel only", "user mode may use it"),
        match hardware {
            true => bit("_PAGE_RW", 1, "not writable", "writable"),
            false => bit("_PAGE_RW", 1, "not writable", "was writable before NUMA balancing hid it"),
        },
        match hardware {
            true => bit("_PAGE_PRESENT", 0, "", "present"),
            false => bit("_PAGE_PRESENT", 0, "hardware does not see it: every access faults", ""),
        },
    ]);
    fields
}

const NO_WP: &str = "no meaning in this configuration";

fn pfn_words(raw: u64, pfn: u64, hardware: bool) -> String {
    let mut words = String::from("page frame number");
    if !hardware {
        words += &format!(", stored inverted as {:#x} (against L1TF)", raw >> 12 & 0xff_ffff_ffff);
    }
    if pfn == X86_64.zero_pfn {
        words += "; the zero page of the recorded answers";
    }
    words
}

fn swap_fields(model: &Model, raw: u64, entry: SwapEntry) -> Vec<Field> {
    let class = model.entry_class(entry);
    let is_slot = class == Class::Swap;
    let offset_words = match is_slot {
        true => "slot in that area, stored inverted",
        false => "page frame number, stored inverted",
    };
    let mut fields = vec![
        Field::new("swp_type", 63, 59, entry.kind.into(), type_words(class, entry.kind)),
        Field::new("swp_offset", 58, 9, entry.offset, offset_words),
        Field::bit("_PAGE_PROTNONE", raw, 8, ["a 1 would make it present", ""]),
    ];
    for bit in (3..=7).rev().filter(|bit| raw >> bit & 1 != 0) {
        fields.push(Field::bit("(no name)", raw, bit, ["", stray_words(bit)]));
    }
    fields.push(match model.environment().has_uffd_wp() {
        true => Field::bit(
            "_PAGE_SWP_UFFD_WP",
            raw,
            2,
            ["not protected by userfaultfd", "write-protected by userfaultfd (on a present pte: user)"],
        ),
        false => Field::bit("_PAGE_SWP_UFFD_WP", raw, 2, [NO_WP; 2]),
    });
    fields.push(Field::bit(
        "_PAGE_SWP_SOFT_DIRTY",
        raw,
        1,
        ["not soft-dirty", "soft-dirty: written to since that was last cleared (on a present pte: writable)"],
    ));
    fields.push(Field::bit("_PAGE_PRESENT", raw, 0, ["a 1 would make it present", ""]));
    fields
}

/// What a bit says that the swap encoding leaves out.
fn stray_words(bit: u8) -> &'static str {
    match bit {
        3 => "neither encoded nor decoded (since v6.1: exclusive)",
        5 => "neither encoded nor decoded; hardware may set it (accessed)",
        6 => "neither encoded nor decoded; hardware may set it (dirty)",
        7 => "neither encoded nor decoded; pmd_present() would look at it",
        _ => "neither encoded nor decoded",
    }
}

fn type_words(class: Class, kind: u8) -> String {
    match class {
        Class::Swap => format!("swap area {kind} (types 0 to 26 are swap areas)"),
        Class::HwPoison => "hwpoison: a page with a memory error".into(),
        Class::MigrationRead => "migration, read: the page was mapped read-only".into(),
        Class::MigrationWrite => "migration, write: the page was mapped writable".into(),
        Class::DeviceWrite => "device private, write (30 is write, 31 read)".into(),
        Class::DeviceRead => "device private, read (31 is read, 30 write)".into(),
        _ => "no type that the kernel assigns".into(),
    }
}
