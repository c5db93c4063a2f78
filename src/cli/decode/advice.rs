//! What a pte must not be passed to, what else there is to know about it, and which sites would use it how.

use ptefuzz::model::Model;
use ptefuzz::pte::{Class, X86_64};
use ptefuzz::site::{SITES, Site, Use, Uses};

use super::{class_phrase, misread};

/// Functions that a pte must not be passed to, and why.
#[derive(Clone, Copy, Debug)]
pub struct Forbidden {
    /// The functions.
    pub functions: &'static str,
    /// Why not.
    pub why: &'static str,
}

const fn no(functions: &'static str, why: &'static str) -> Forbidden {
    Forbidden { functions, why }
}

const DECODE: &str = "pte_to_swp_entry()";
const FAULT: &str = "do_swap_page()";
const SWAP_FLAGS: &str = "pte_swp_*()";
const PRESENT_FLAGS: &str = "pte_write(), pte_young(), ...";
const PFN: &str = "pte_pfn(), vm_normal_page()";
const CHANGES: &str = "pte_modify(), pte_mk*()";
const SLOTS: &str = "swap_duplicate(), swap_free()";
const PAGES: &str = "migration_entry_to_page()";

/// What a pte of this class must not be passed to.
pub fn forbidden(class: Class) -> Vec<Forbidden> {
    match class {
        Class::None => vec![
            no(DECODE, "there is no entry in it"),
            no(FAULT, "nothing is swapped out"),
            no(PFN, "there is no page"),
            no(PRESENT_FLAGS, "accessed and dirty are noise here"),
        ],
        Class::Present | Class::ProtNone => vec![
            no(DECODE, "there is no entry in it, but a page frame"),
            no(SWAP_FLAGS, "their bits 1 and 2 are write and user here"),
            no(FAULT, "nothing is swapped out"),
        ],
        Class::Special => vec![
            no(DECODE, "there is no entry in it: illegal, and silently wrong"),
            no(FAULT, "warns, returns 0, and the same fault comes again"),
            no(SWAP_FLAGS, "changing a flag makes it another pte"),
            no(PRESENT_FLAGS, "there is no page"),
            no(PFN, "there is no page"),
        ],
        Class::Swap => {
            let mut list = not_present();
            list.push(no(PAGES, "the offset is a slot, not a page frame"));
            list
        }
        _ => {
            let mut list = not_present();
            list.push(no(SLOTS, "the offset is a page frame, not a slot: non_swap_entry() first"));
            list
        }
    }
}

/// What no pte with a swap entry must be passed to.
fn not_present() -> Vec<Forbidden> {
    vec![
        no(PFN, "nothing is mapped: the bits belong to the offset"),
        no(PRESENT_FLAGS, "bits 1, 5, 6 and 9 to 11 mean other things here"),
        no(CHANGES, "they would change type, offset or soft-dirty"),
    ]
}

/// What else there is to know about this value.
pub fn notes(model: &Model, raw: u64) -> Vec<String> {
    let mut notes = Vec::new();
    let class = model.class(raw);
    let has_wp = model.environment().has_uffd_wp();
    match class {
        Class::None => none_notes(model, raw, &mut notes),
        Class::Present if has_wp && raw & X86_64.uffd_wp != 0 && raw & X86_64.write != 0 => notes
            .push("Writable and uffd-wp at once: change_pte_range()'s shortcut for dirty pages can leave that.".into()),
        Class::Special => special_notes(model, raw, &mut notes),
        _ if model.has_swap_entry(raw) => entry_notes(model, raw, class, &mut notes),
        _ => {}
    }
    if raw == 0x4 && !has_wp {
        notes.push("With uffd-wp in full this is the special pte. In this configuration nothing makes it.".into());
    }
    if let Some(special) = model.environment().special.filter(|s| has_wp && is_near(*s, raw) && class != Class::None) {
        notes.push(format!(
            "NOT special: it differs from {special:#x} in {}, and is_swap_special_pte() compares the whole value.{}",
            bit_list(special ^ raw),
            if (special ^ raw) & !X86_64.erratum == 0 { " Only pte_none() overlooks accessed and dirty." } else { "" }
        ));
    }
    notes
}

fn none_notes(model: &Model, raw: u64, notes: &mut Vec<String>) {
    if raw != 0 {
        notes.push(
            "pte_none() overlooks accessed and dirty (_PAGE_KNL_ERRATUM_MASK): 0, 0x20, 0x40 and 0x60 are all none. \
             A comparison with 0 is not enough."
                .into(),
        );
        if model.environment().special == Some(0x4) {
            notes.push(format!("The same bits are not overlooked beside special: {:#x} is not special.", raw | 4));
        }
    }
    if model.is_special(raw) {
        notes.push(
            "Special too: without HAVE_ARCH_USERFAULTFD_WP the special value is __pte(0), so is_swap_special_pte() is \
             true of an empty pte. Version 4 of the series made it false."
                .into(),
        );
    }
}

fn special_notes(model: &Model, raw: u64, notes: &mut Vec<String>) {
    notes.push(
        "Legal in file-backed vmas only. RFC 07/30 itself never makes one; later patches leave it where a \
         write-protected page is unmapped."
            .into(),
    );
    if raw != 0x4 {
        let entry = model.decode(raw);
        notes.push(format!(
            "A shifted special value: x86_64's is 0x4. This one would decode to class {}, so that a forgotten test shows.",
            model.entry_class(entry).name()
        ));
    }
}

fn entry_notes(model: &Model, raw: u64, class: Class, notes: &mut Vec<String>) {
    let entry = model.decode(raw);
    if entry.kind == 0 && entry.offset == X86_64.swp_offset {
        notes.push(
            "No real pte: (type 0, offset 2^50-1) encodes to 0, so only its low bits keep this one from being none. \
             Real swap offsets stay below 2^32."
                .into(),
        );
    } else if class == Class::Swap && entry.offset >> 32 != 0 {
        notes.push("No real slot: swap offsets stay below 2^32.".into());
    } else if entry.offset >> 40 != 0 {
        notes.push("No real page: page frame numbers have 40 bits.".into());
    }
    if entry.kind == 0 && entry.offset == 0 {
        notes.push(
            "Slot 0 holds the area's header and is never given out; swp_entry_t.val is 0 here, which several callers \
             take for \"no entry\"."
                .into(),
        );
    }
    for (operation, to, _) in misread::flag_steps(model, raw) {
        notes.push(format!("One flag away: {operation} makes it {to:#x}, {}.", class_phrase(model, to)));
    }
}

/// Whether `raw` is one of the [`neighbours`] of `special`.
fn is_near(special: u64, raw: u64) -> bool {
    let apart = special ^ raw;
    apart.is_power_of_two() && apart < 1 << 9 || apart == X86_64.erratum
}

fn bit_list(bits: u64) -> String {
    let numbers: Vec<String> = (0..64).filter(|b| bits >> b & 1 != 0).map(|b| b.to_string()).collect();
    let names: Vec<&str> = numbers.iter().map(String::as_str).collect();
    format!("bit{} {}", if names.len() == 1 { "" } else { "s" }, crate::cli::page::list(&names))
}

/// The values that differ from a special pte in one of the low nine bits or in accessed and dirty together, by class.
pub fn neighbours(model: &Model, raw: u64) -> Vec<(Class, Vec<u64>)> {
    if model.class(raw) != Class::Special {
        return Vec::new();
    }
    let flips = (0..9).map(|bit| 1 << bit).chain([X86_64.erratum]);
    let mut near: Vec<u64> = flips.map(|flip| raw ^ flip).collect();
    near.sort_unstable();
    let of = |class| near.iter().copied().filter(|v| model.class(*v) == class).collect::<Vec<_>>();
    Class::ALL.into_iter().map(|class| (class, of(class))).filter(|(_, values)| !values.is_empty()).collect()
}

/// How the sites may use a pte of one class that they are called on.
#[derive(Clone, Debug, Default)]
pub struct SiteUses {
    /// The kinds of use, and the sites that may make it.
    pub kinds: Vec<(Use, Vec<&'static str>)>,
    /// Sites that look at the class and leave it at that.
    pub class_only: Vec<&'static str>,
    /// Sites that never see one.
    pub outside: Vec<&'static str>,
    /// Primitives that take any value.
    pub primitives: Vec<&'static str>,
}

/// How the 46 sites may use a pte of this class.
pub fn site_uses(class: Class) -> SiteUses {
    let mut uses = SiteUses::default();
    let may = |site: &Site, kind| Uses::one(kind, class).without(site.allowed_uses(class)).is_empty();
    for site in &SITES {
        match () {
            () if site.uses.is_empty() => uses.primitives.push(site.name),
            () if !site.domain.contains(class) => uses.outside.push(site.name),
            () if !Use::ALL.iter().any(|kind| may(site, *kind)) => uses.class_only.push(site.name),
            () => {}
        }
    }
    for kind in Use::ALL {
        let names = SITES.iter().filter(|s| s.domain.contains(class) && may(s, kind)).map(|s| s.name);
        let names: Vec<_> = names.collect();
        if !names.is_empty() {
            uses.kinds.push((kind, names));
        }
    }
    uses
}
