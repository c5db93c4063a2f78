//! What C calls the things of the tables, where that does not follow from their own names.

use ptefuzz::pte::Config;
use ptefuzz::site::{Field, OutcomePart, SiteId, Use};

use SiteId::{
    Accessor, AnonPage, ChangeProt, ClearSoftDirty, DoSwapPage, FinishFault, FinishFaultRfc08, Fork, ForkRfc02,
    ForkRfc17, Gup, GupV3, HmmRfc, HmmV3, InstallUffdWp, KhugeScan, MadvFree, MadvFreeV3, Mctgt, MigrateCollect,
    MigrateCollectV3, Mincore, MincoreV3, NumaPage, PageMkclean, Pagemap, PteFault, PteFaultRfc08, RemoveMigration,
    Smaps, Unmap, Unuse, UnuseV3, WpPage, Zap,
};

/// What a site's parameter bits begin with; sites that read the same bits share it.
pub const fn prefix(site: SiteId) -> Option<&'static str> {
    Some(match site {
        ChangeProt => "CP",
        ClearSoftDirty => "CS",
        Pagemap => "PM",
        Smaps => "SM",
        KhugeScan => "KS",
        Mctgt => "MC",
        HmmRfc | HmmV3 => "HM",
        DoSwapPage => "DS",
        Fork | ForkRfc02 | ForkRfc17 => "FK",
        Zap => "Z",
        Unmap | PageMkclean => "TU",
        RemoveMigration => "RM",
        MigrateCollect | MigrateCollectV3 => "MG",
        Unuse | UnuseV3 => "UN",
        Mincore | MincoreV3 => "MI",
        MadvFree | MadvFreeV3 => "MF",
        Gup | GupV3 => "GU",
        NumaPage => "NP",
        WpPage => "WP",
        AnonPage => "AP",
        FinishFault | FinishFaultRfc08 => "FF",
        PteFault | PteFaultRfc08 => "DI",
        _ => return None,
    })
}

/// Parameter bits that C names otherwise than the table: prefix, field, name in C.
const EXCEPTIONS: [(&str, &str, &str); 5] = [
    ("CP", "mapcount2", "PG_MAPCOUNT2"),
    ("CP", "file_dirty", "PG_FILEDIRTY"),
    ("FK", "vm_maywrite", "MAYWRITE"),
    ("FK", "vm_shared", "SHARED"),
    ("NP", "vm_shared", "SHARED"),
];

/// Fields that have the kernel's own numbers and no names here: `TTU_*` and `FOLL_*`.
const KERNEL_NAMED: [&str; 2] = ["ttu_", "foll_"];

/// The name in C of a parameter bit, behind `PTEFUZZ_`, if it has one.
pub fn parameter(site: SiteId, field: &Field) -> Option<String> {
    let prefix = prefix(site)?;
    if field.bits != 1 || KERNEL_NAMED.iter().any(|begin| field.name.starts_with(begin)) {
        return None;
    }
    let exception = EXCEPTIONS.iter().find(|(p, name, _)| *p == prefix && *name == field.name);
    let name = exception.map_or_else(|| field.name.to_uppercase(), |(_, _, name)| name.to_string());
    Some(format!("{prefix}_{name}"))
}

/// What an implementation must know of a site beyond its row.
pub const NOTES: [(SiteId, &str); 8] = [
    (Fork, "pte: the parent's; result.pte: the child's, 0 where nothing was installed"),
    (Unmap, "p0: no other bit is inside the domain"),
    (Gup, "result.pte: what the table holds at the end: p2 after one wait, 0 after two"),
    (WpPage, "result.pte: with PTEFUZZ_WP_CHANGED the pte of the call, since the new one is not known"),
    (AnonPage, "pte: what stands in the table once the lock is held"),
    (PteFault, "result.pte: the pte of the call, unless handle_pte_fault() itself changes it"),
    (Accessor, "accessible is pte_accessible() with no TLB flush pending"),
    (InstallUffdWp, "pte: the value that was just cleared; result.pte: 0 or the special pte"),
];

/// Parts of a site's outcome that have names in C.
pub struct Codes {
    /// What their names begin with.
    pub prefix: &'static str,
    /// The site whose outcome they are parts of; its family shares them.
    pub site: SiteId,
    /// The words of the table and the name in C behind the prefix.
    pub names: &'static [(&'static str, &'static str)],
}

/// The outcomes with names, in the order of their sites.
pub const CODES: [Codes; 9] = [
    Codes {
        prefix: "SMO",
        site: Smaps,
        names: &[
            ("resident", "RESIDENT"),
            ("swap", "SWAP"),
            ("swap_pss", "SWAP_PSS"),
            ("young", "YOUNG"),
            ("dirty", "DIRTY"),
            ("xa_load", "XA_LOADED"),
        ],
    },
    Codes { prefix: "KV", site: KhugeScan, names: &[("continue", "CONTINUE")] },
    Codes {
        prefix: "HO",
        site: HmmRfc,
        names: &[
            ("ok", "OK"),
            ("-EBUSY", "EBUSY"),
            ("-EPERM", "EPERM"),
            ("-EFAULT", "EFAULT"),
            ("handle_mm_fault called", "FAULTED"),
            ("waited for migration", "MIGWAIT"),
        ],
    },
    Codes {
        prefix: "DSO",
        site: DoSwapPage,
        names: &[
            ("none", "NONE"),
            ("warn and bail out", "WARN_SPECIAL"),
            ("migration wait", "MIGRATION"),
            ("migrate_to_ram", "DEVPRIV"),
            ("hwpoison", "HWPOISON"),
            ("bad pte", "BAD_PTE"),
            ("swap in", "SWAPIN"),
        ],
    },
    Codes {
        prefix: "DSF",
        site: DoSwapPage,
        names: &[("then do_wp_page", "DO_WP_PAGE"), ("swap_free", "SWAP_FREE"), ("exclusive rmap", "EXCLUSIVE")],
    },
    Codes {
        prefix: "MIO",
        site: Mincore,
        names: &[("page cache lookup", "FILE_LOOKUP"), ("swap cache lookup", "SWAP_LOOKUP")],
    },
    Codes {
        prefix: "GUO",
        site: Gup,
        names: &[
            ("no page", "NO_PAGE"),
            ("no page table", "NO_PAGE_TABLE"),
            ("page", "PAGE"),
            ("error", "ERR"),
            ("not writable", "NOWRITE"),
        ],
    },
    Codes {
        prefix: "WPO",
        site: WpPage,
        names: &[("reused", "REUSE"), ("copy installed", "COPY"), ("handle_userfault", "UFFD")],
    },
    Codes {
        prefix: "DI",
        site: PteFaultRfc08,
        names: &[
            ("handle_pte_fault itself", "HERE"),
            ("do_anonymous_page", "ANON"),
            ("do_fault", "DO_FAULT"),
            ("do_swap_page", "SWAP"),
            ("do_numa_page", "NUMA"),
            ("do_wp_page", "WP"),
            ("do_fault with FAULT_FLAG_UFFD_WP", "DO_FAULT_UFFD_WP"),
            ("special pte cleared", "UFFD_CLEAR"),
            ("write flag still set", "AS_WRITE"),
        ],
    },
];

/// The value of a part of an outcome by its words, and where a number stands if not at bit 0.
pub fn code(outcome: &[OutcomePart], words: &str) -> Option<(u64, u8)> {
    outcome.iter().find_map(|part| match part {
        OutcomePart::Bit(bit, name) => (*name == words).then_some((1 << bit, 0)),
        OutcomePart::Number { shift, values, .. } => {
            values.iter().find(|(_, name)| *name == words).map(|(value, _)| (*value, *shift))
        }
    })
}

/// The name in C of a kind of use.
pub fn used(kind: Use) -> String {
    match kind {
        Use::SwapFault => "SWAP_FAULT".into(),
        kind => upper(kind.name()),
    }
}

/// The name in C of a configuration.
pub fn config(config: Config) -> String {
    upper(config.name())
}

/// A name in the letters of a C macro.
pub fn upper(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}
