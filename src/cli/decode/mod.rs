//! `ptefuzz decode`: what a raw pte is, bit by bit, and what a wrong reading would make of it.
//!
//! A [`Lesson`] gathers everything that there is to say about one value; `text` shows it to a person and `json` to a program.

mod advice;
mod fields;
mod json;
mod misread;
mod number;
mod ruler;
mod text;

use clap::Args;
use ptefuzz::model::Model;
use ptefuzz::pte::{Class, X86_64};

use super::Verdict;
use super::environment::EnvironmentOptions;
use super::error::{Failure, print_json, print_out};
use super::page::Page;

/// Say what a pte is, bit by bit, and what a wrong reading would make of it
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ptefuzz decode 0x4
  ptefuzz decode 0xe7ffffffffdb9604 --special migration
  ptefuzz decode --json 0 0x60 0x24")]
pub struct Options {
    /// Raw pte values: hexadecimal with 0x, binary with 0b, or decimal; `_` may separate digits
    #[arg(value_name = "PTE", required = true, allow_negative_numbers = true)]
    ptes: Vec<String>,
    #[command(flatten)]
    environment: EnvironmentOptions,
    /// Print one JSON object: the value's, or for several values {"values": [...]}
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// The first value that is no 64-bit number.
pub fn run(options: &Options) -> Result<Verdict, Failure> {
    let model = Model::new(options.environment.environment()?);
    let mut lessons = Vec::new();
    for text in &options.ptes {
        let number = number::parse(text).map_err(|message| Failure::new(format!("decode: {message}")))?;
        let mut lesson = Lesson::of(&model, number.value);
        if number.decimal && number.value >= 10_000_000 {
            lesson.notes.push(format!("Read as decimal. If {text} was meant in hexadecimal, write 0x{text}."));
        }
        lessons.push(lesson);
    }
    if options.json {
        print_json(&json::values(&lessons))?;
    } else {
        let mut page = Page::default();
        for (i, lesson) in lessons.iter().enumerate() {
            if i > 0 {
                page.blank();
            }
            text::print(&mut page, &model, lesson);
        }
        print_out(&page.into_text())?;
    }
    Ok(Verdict::Clean)
}

/// Everything that the command says about one value.
#[derive(Clone, Debug)]
struct Lesson {
    /// The value.
    raw: u64,
    /// The environment that it was read in, as in a vector file's first line.
    environment: String,
    /// Its class.
    class: Class,
    /// The class in words.
    words: String,
    /// The kernel's predicates, those on the entry only where there is one.
    predicates: Vec<(&'static str, bool)>,
    /// Its bits and fields, from the top bit down.
    fields: Vec<fields::Field>,
    /// The page protection that its bits are those of.
    protection: Option<Protection>,
    /// The generic `swp_entry_t`, where it holds an entry.
    swp_entry: Option<u64>,
    /// What else there is to know.
    notes: Vec<String>,
    /// What it must not be passed to.
    forbidden: Vec<advice::Forbidden>,
    /// What a wrong reading would make of it.
    misreadings: Vec<misread::Misreading>,
    /// For the special pte: the values around it, by class.
    neighbours: Vec<(Class, Vec<u64>)>,
    /// What the sites may do with it.
    uses: advice::SiteUses,
}

/// A page protection of the protection map.
#[derive(Clone, Copy, Debug)]
struct Protection {
    /// The name behind `PAGE_`.
    name: &'static str,
    /// Whether all bits apart from the pfn equal it, those included that `pte_modify()` keeps.
    exact: bool,
}

impl Lesson {
    fn of(model: &Model, raw: u64) -> Lesson {
        let class = model.class(raw);
        let entry = model.has_swap_entry(raw).then(|| model.decode(raw));
        Lesson {
            raw,
            environment: model.environment().to_string(),
            class,
            words: class_words(model, raw),
            predicates: predicates(model, raw),
            fields: fields::fields(model, raw),
            protection: protection(model, raw),
            swp_entry: entry.map(|e| (e.kind as u64) << X86_64.entry_type_shift | e.offset),
            notes: advice::notes(model, raw),
            forbidden: advice::forbidden(class),
            misreadings: misread::misreadings(model, raw),
            neighbours: advice::neighbours(model, raw),
            uses: advice::site_uses(class),
        }
    }
}

/// What the value is, in a sentence or two.
fn class_words(model: &Model, raw: u64) -> String {
    let entry = model.decode(raw);
    match model.class(raw) {
        Class::None => "Nothing is mapped here, and nothing is swapped out.".into(),
        Class::Present => "A page is mapped.".into(),
        Class::ProtNone => {
            "Present for the kernel, hidden from the hardware: PROT_NONE, or a NUMA hint. Every access faults.".into()
        }
        Class::Swap if entry.offset >> 32 != 0 => format!(
            "Taken for a page that is swapped out: area {}, slot {:#x}. No swap area has such a slot.",
            entry.kind, entry.offset
        ),
        Class::Swap => {
            format!("The page is swapped out: area {}, slot {:#x}. A fault brings it back.", entry.kind, entry.offset)
        }
        Class::MigrationRead => format!(
            "Page frame {:#x} is being migrated; it was mapped read-only. A fault waits for the end of it.",
            entry.offset
        ),
        Class::MigrationWrite => format!(
            "Page frame {:#x} is being migrated; it was mapped writable. A fault waits for the end of it.",
            entry.offset
        ),
        Class::DeviceWrite | Class::DeviceRead => format!(
            "The page lives in device-private memory, frame {:#x}, mapped {} there. A fault fetches it back.",
            entry.offset,
            if model.class(raw) == Class::DeviceWrite { "writable" } else { "read-only" }
        ),
        Class::HwPoison => {
            format!("Page frame {:#x} has a memory error. A fault ends in VM_FAULT_HWPOISON.", entry.offset)
        }
        Class::Special => "The special swap pte: not none, not present, and no swap entry in it. It keeps \
                           userfaultfd's write protection of a file page that is no longer mapped here."
            .into(),
        Class::BadType => "A non-swap entry of a type that nothing uses.".into(),
    }
}

/// A value's class in a few words, as the end of a sentence.
fn class_phrase(model: &Model, raw: u64) -> String {
    match model.class(raw) {
        Class::None => "none".into(),
        Class::Special => "the special pte".into(),
        class => format!("class {}", class.name()),
    }
}

/// What the kernel's predicates say; those on a swap entry are asked only where there is one.
fn predicates(model: &Model, raw: u64) -> Vec<(&'static str, bool)> {
    let class = model.class(raw);
    let is = |classes: &[Class]| classes.contains(&class);
    let mut list = vec![
        ("pte_none()", model.is_none(raw)),
        ("is_swap_pte()", model.is_swap(raw)),
        ("pte_present()", model.is_present(raw)),
        ("is_swap_special_pte()", model.is_special(raw)),
        ("pte_protnone()", is(&[Class::ProtNone])),
        ("pte_has_swap_entry()", model.has_swap_entry(raw)),
    ];
    if model.has_swap_entry(raw) {
        list.extend([
            ("non_swap_entry()", !is(&[Class::Swap])),
            ("is_hwpoison_entry()", is(&[Class::HwPoison])),
            ("is_migration_entry()", is(&[Class::MigrationRead, Class::MigrationWrite])),
            ("is_write_migration_entry()", is(&[Class::MigrationWrite])),
            ("is_device_private_entry()", is(&[Class::DeviceRead, Class::DeviceWrite])),
            ("is_write_device_private_entry()", is(&[Class::DeviceWrite])),
        ]);
    }
    list
}

/// The protection of the protection map that a present pte has, if it is one.
fn protection(model: &Model, raw: u64) -> Option<Protection> {
    if !model.is_present(raw) {
        return None;
    }
    let kept = X86_64.modify_keeps | if model.environment().has_uffd_wp() { X86_64.uffd_wp } else { 0 };
    let all = ptefuzz::site::PROTECTIONS.iter();
    let exact = all.clone().find(|(value, _)| *value == raw & !X86_64.pfn);
    let found = exact.or_else(|| all.clone().find(|(value, _)| value & !kept == raw & !kept));
    found.map(|(_, name)| Protection { name, exact: exact.is_some() })
}
