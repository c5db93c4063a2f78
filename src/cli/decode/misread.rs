//! What a wrong reading would make of a pte: the kernel's accessors applied where they must not be.
//!
//! The arithmetic here is that of the accessors themselves, which never look at the class; only the model says what a value really is.

use ptefuzz::model::Model;
use ptefuzz::pte::{Class, X86_64};

use super::class_phrase;

/// A function or a test, and what it would say of this value.
#[derive(Clone, Debug)]
pub struct Misreading {
    /// What is applied.
    pub reader: &'static str,
    /// What it would say.
    pub result: String,
}

/// The four operations on swap flags: name, bit, whether the bit is set, whether it needs uffd-wp.
const SWAP_OPERATIONS: [(&str, u64, bool, bool); 4] = [
    ("pte_swp_mksoft_dirty()", X86_64.swp_soft_dirty, true, false),
    ("pte_swp_clear_soft_dirty()", X86_64.swp_soft_dirty, false, false),
    ("pte_swp_mkuffd_wp()", X86_64.swp_uffd_wp, true, true),
    ("pte_swp_clear_uffd_wp()", X86_64.swp_uffd_wp, false, true),
];

/// The misreadings of one value.
pub fn misreadings(model: &Model, raw: u64) -> Vec<Misreading> {
    let mut list = List { model, raw, readings: Vec::new() };
    match model.class(raw) {
        Class::None => list.none(),
        Class::Present | Class::ProtNone => list.present(),
        Class::Special => list.special(),
        _ => list.swap(),
    }
    list.readings
}

/// The swap flag operations that would move this value into another class: (operation, result, class).
pub fn flag_steps(model: &Model, raw: u64) -> Vec<(&'static str, u64, Class)> {
    let class = model.class(raw);
    swap_operations(model, raw).map(|(name, to)| (name, to, model.class(to))).filter(|step| step.2 != class).collect()
}

/// The swap flag operations that change this value, with their results.
fn swap_operations(model: &Model, raw: u64) -> impl Iterator<Item = (&'static str, u64)> + use<> {
    let has_wp = model.environment().has_uffd_wp();
    SWAP_OPERATIONS
        .into_iter()
        .filter(move |(_, _, _, needs_wp)| has_wp || !needs_wp)
        .map(move |(name, bit, set, _)| (name, if set { raw | bit } else { raw & !bit }))
        .filter(move |(_, to)| *to != raw)
}

/// `pte_pfn()`, whatever the value is.
fn pte_pfn(raw: u64) -> u64 {
    let inverted = raw != 0 && raw & X86_64.present == 0;
    ((if inverted { !raw } else { raw }) & X86_64.pfn) >> X86_64.pfn_shift
}

struct List<'a> {
    model: &'a Model,
    raw: u64,
    readings: Vec<Misreading>,
}

impl List<'_> {
    fn add(&mut self, reader: &'static str, result: impl Into<String>) {
        self.readings.push(Misreading { reader, result: result.into() });
    }

    /// A flag accessor that looks at `bit`, which means something else here.
    fn flag(&mut self, reader: &'static str, bit: u8, what: &str) {
        self.add(reader, format!("{}: here bit {bit} is {what}", self.raw >> bit & 1));
    }

    fn decoded(&self) -> String {
        let entry = self.model.decode(self.raw);
        format!("type {}, offset {:#x}", entry.kind, entry.offset)
    }

    fn none(&mut self) {
        let entry = self.decoded();
        self.add("pte_to_swp_entry()", format!("{entry}: a swap slot, out of nothing"));
        let (pfn, why) = match self.raw {
            0 => (0, "page frame 0, which is somebody's"),
            _ => (pte_pfn(self.raw), "all ones: the value is not 0, so the field counts as inverted"),
        };
        self.add("pte_pfn()", format!("{pfn:#x}: {why}"));
        if self.raw != 0 {
            self.add("a test for 0", "not equal: taken for a swap pte");
        }
        if self.raw >> 5 & 1 != 0 {
            self.add("pte_young()", "1: accessed, though there is no page");
        }
        if self.raw >> 6 & 1 != 0 {
            self.add("pte_dirty()", "1: dirty, though there is no page");
        }
        for (operation, to) in swap_operations(self.model, self.raw) {
            self.add(operation, format!("{to:#x}: {}", class_phrase(self.model, to)));
        }
    }

    fn present(&mut self) {
        let class = self.model.entry_class(self.model.decode(self.raw));
        let entry = self.decoded();
        self.add("pte_to_swp_entry()", format!("{entry}: would pass for class {}", class.name()));
        self.flag("pte_swp_soft_dirty()", 1, "write");
        if self.model.environment().has_uffd_wp() {
            self.flag("pte_swp_uffd_wp()", 2, "user");
        }
        for (operation, _) in swap_operations(self.model, self.raw) {
            let effect = match operation {
                "pte_swp_mksoft_dirty()" => "makes the page writable",
                "pte_swp_clear_soft_dirty()" => "takes write permission away",
                "pte_swp_mkuffd_wp()" => "opens the page to user mode",
                _ => "takes the page from user mode",
            };
            self.add(operation, effect);
        }
        if self.raw & X86_64.present == 0 {
            let field = (self.raw & X86_64.pfn) >> X86_64.pfn_shift;
            self.add("bits 51 to 12 as they are", format!("{field:#x}: not the page frame, which is stored inverted"));
            self.add("a test of bit 0 alone", "not present: taken for a swap pte");
        }
    }

    fn swap(&mut self) {
        let offset = self.model.decode(self.raw).offset;
        self.add("pte_pfn()", format!("{:#x}: 40 bits of the offset, from bit 3 on", pte_pfn(self.raw)));
        self.flag("pte_write()", 1, "the soft-dirty flag");
        self.flag("pte_special()", 9, "offset bit 0, inverted");
        if self.model.environment().has_uffd_wp() {
            self.flag("pte_uffd_wp()", 10, "offset bit 1, inverted");
        }
        self.flag("pte_soft_dirty()", 11, "offset bit 2, inverted");
        for (reader, bit) in [("pte_young()", 5), ("pte_dirty()", 6)] {
            if self.raw >> bit & 1 != 0 {
                self.flag(reader, bit, "left over and nobody's");
            }
        }
        self.flag("pte_devmap()", 58, "the top bit of the offset, inverted");
        match self.raw & 2 {
            0 => self.add("pte_mkwrite()", "sets the soft-dirty flag"),
            _ => self.add("pte_wrprotect()", "clears the soft-dirty flag"),
        }
        let setters = [
            ("pte_mkuffd_wp()", "pte_clear_uffd_wp()", 1u64, self.model.environment().has_uffd_wp()),
            ("pte_mksoft_dirty()", "pte_clear_soft_dirty()", 2, true),
        ];
        for (set, clear, bit, applies) in setters {
            if applies {
                // The bit is stored inverted, so setting it in the pte clears it in the offset.
                let reader = if offset >> bit & 1 != 0 { set } else { clear };
                self.add(reader, format!("another offset: {:#x}", offset ^ 1 << bit));
            }
        }
    }

    fn special(&mut self) {
        let entry = self.model.decode(self.raw);
        let class = self.model.entry_class(entry).name();
        let mut words = format!("{}, class {class}", self.decoded());
        if entry.kind == 0 && entry.offset == X86_64.swp_offset {
            words += " (2^50-1, since the offset is stored inverted); \
                      the comment in RFC 06/30 says type 0, offset 0, which is wrong on x86_64";
        }
        self.add("pte_to_swp_entry()", words);
        let again = self.model.encode(entry);
        self.add("... and encoded again", format!("{again:#x}: {}", class_phrase(self.model, again)));
        for (operation, to) in swap_operations(self.model, self.raw) {
            self.add(operation, format!("{to:#x}: {}; the mark is lost", class_phrase(self.model, to)));
        }
        self.add("pte_pfn()", format!("{:#x}: no page of anybody's", pte_pfn(self.raw)));
        if self.raw & X86_64.swp_uffd_wp != 0 {
            self.add("a test of bit 2 alone", "also true of swap ptes with uffd-wp, and of user pages");
        }
        self.add("pte_none(), pte_present()", "neither: who asks no more takes it for a swap entry");
    }
}
